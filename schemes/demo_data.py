"""Officers, rehearsal handles and readings for trying the portal out; never on a real one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from departments.actions import connect_handle, invite_officer, register_handle
from departments.credentials import CredentialMissing, Secrets, read_secrets
from departments.models import Department, Handle, Member, User
from departments.platforms import Platform
from departments.roles import DIRECTORATE, Role
from departments.states import HandleState
from publishing.rehearsal.store import Store
from schemes.models import Indicator, Progress, Scheme
from schemes.scheme_actions import add_indicator, confirm_progress, record_progress

SOURCE_HI = "प्रदर्शन हेतु काल्पनिक आँकड़े"
SOURCE_EN = "Demo data: invented figures"


@dataclass(frozen=True)
class DemoOfficer:
    mailbox: str
    name: str
    role: str
    department: str

    @property
    def email(self) -> str:
        return f"{self.mailbox}@demo.invalid"


@dataclass(frozen=True)
class DemoDepartment:
    slug: str
    handle: str  # the same name on every platform, clearly nobody's
    number: int  # makes the accounts' ids
    nodal_officer: str
    head: str


DEPARTMENTS = (
    DemoDepartment("social-welfare", "SamajKalyanDemo", 1, "अनीता वर्मा", "राजेश कुमार सिंह"),
    DemoDepartment("women-welfare", "NariKalyanDemo", 2, "सुनीता यादव", "मीनाक्षी त्रिपाठी"),
    DemoDepartment("agriculture", "KrishiDemo", 3, "रामप्रकाश मौर्य", "देवेन्द्र चौधरी"),
    DemoDepartment(DIRECTORATE, "SuchnaDemo", 4, "फ़ातिमा ख़ान", "हरीश चन्द्र पाण्डेय"),
)
ADMINISTRATOR = DemoOfficer("administrator", "विवेक श्रीवास्तव", Role.ADMINISTRATOR, DIRECTORATE)
STATE_OFFICERS = (
    DemoOfficer("deputy-director", "कविता मिश्रा", Role.DEPUTY_DIRECTOR, DIRECTORATE),
    DemoOfficer("joint-director", "संजय अग्रवाल", Role.JOINT_DIRECTOR, DIRECTORATE),
    DemoOfficer("director", "अरविन्द शुक्ला", Role.DIRECTOR, DIRECTORATE),
    DemoOfficer("secretary", "नीलम सक्सेना", Role.SECRETARY, DIRECTORATE),
    DemoOfficer("auditor", "मोहम्मद आरिफ़", Role.AUDITOR, DIRECTORATE),
)
# scheme, indicator and unit (hi, en), then (as on, target, achieved)
READINGS = (
    (
        "vridhavastha-pension",
        ("पेंशन पा रहे वृद्धजन", "Senior citizens drawing the pension"),
        ("व्यक्ति", "persons"),
        ((date(2026, 3, 31), 120_000, 96_500), (date(2026, 9, 30), 120_000, 108_250)),
    ),
    (
        "mukhyamantri-samuhik-vivah-yojana",
        ("कराए गए विवाह", "Weddings held"),
        ("जोड़े", "couples"),
        ((date(2026, 6, 30), 5_000, 1_840), (date(2026, 9, 30), 5_000, 3_125)),
    ),
    (
        "mukhyamantri-kanya-sumangala-yojana",
        ("लाभान्वित बालिकाएँ", "Girls who received the benefit"),
        ("बालिकाएँ", "girls"),
        ((date(2026, 3, 31), 40_000, 31_700), (date(2026, 9, 30), 40_000, 36_900)),
    ),
    (
        "khet-talab-yojana",
        ("बने खेत तालाब", "Farm ponds dug"),
        ("तालाब", "ponds"),
        ((date(2026, 9, 30), 2_500, 1_365),),
    ),
)


def load_demo_data() -> list[DemoOfficer]:
    """Create what is missing; the officers who can sign in with settings.DEMO_PASSWORD."""
    with transaction.atomic():
        officers = _officers()
        for department in DEPARTMENTS:
            _handles(department)
        _readings()
    _tell_rehearsal()
    return officers


def _officers() -> list[DemoOfficer]:
    administrator = _administrator()
    wanted = [*STATE_OFFICERS, *_department_officers()]
    known = set(User.objects.values_list("email", flat=True))
    departments = Department.objects.in_bulk(field_name="slug")
    for officer in wanted:
        if officer.email not in known:
            member = invite_officer(
                name=officer.name,
                email=officer.email,
                department=departments[officer.department],
                role=officer.role,
                actor=administrator,
            )
            _give_password(member.user)
    return [*_department_officers(), *STATE_OFFICERS, ADMINISTRATOR]


def _department_officers() -> list[DemoOfficer]:
    return [
        officer
        for one in DEPARTMENTS
        for officer in (
            DemoOfficer(f"nodal.{one.slug}", one.nodal_officer, Role.NODAL_OFFICER, one.slug),
            DemoOfficer(f"head.{one.slug}", one.head, Role.DEPARTMENT_HEAD, one.slug),
        )
    ]


def _administrator() -> User:
    """The first of them: nobody is there yet who could invite."""
    user = User.objects.filter(email=ADMINISTRATOR.email).first()
    if user is None:
        user = User.objects.create_user(ADMINISTRATOR.email, name=ADMINISTRATOR.name)
        directorate = Department.objects.get(slug=DIRECTORATE)
        Member.objects.create(user=user, department=directorate, role=Role.ADMINISTRATOR)
        _give_password(user)
    return user


def _give_password(user: User) -> None:
    user.set_password(settings.DEMO_PASSWORD)
    user.save()


# --- handles --------------------------------------------------------------------------------------


def _account_ids(number: int) -> dict[str, str]:
    """Ids in each platform's own form."""
    return {
        Platform.FACEBOOK: f"10000000000000{number}",
        Platform.X: f"90000000000{number}",
        Platform.YOUTUBE: f"UCdemo{number:016d}".ljust(24, "0"),
        Platform.INSTAGRAM: f"1784140000000000{number}",
        Platform.WHATSAPP: f"20000000000000{number}",
    }


def _handles(one: DemoDepartment) -> None:
    department = Department.objects.get(slug=one.slug)
    nodal_officer = User.objects.get(email=f"nodal.{one.slug}@demo.invalid")
    known = {handle.platform: handle for handle in Handle.objects.filter(name=one.handle)}
    for platform, account in _account_ids(one.number).items():
        handle = known.get(platform) or _registered(department, platform, one.handle, nodal_officer)
        if _lacks_secrets(handle):
            connect_handle(handle, external_id=account, secrets=_new_secrets(platform), actor=None)


def _registered(department: Department, platform: str, name: str, officer: User) -> Handle:
    handle = register_handle(
        department, platform=platform, name=name, accountable_officer=officer, actor=officer
    )
    # No officer may link a handle to an address outside its platform; here the rehearsal is it.
    handle.url = f"http://127.0.0.1:{settings.REHEARSAL_PORT}/"
    handle.save(update_fields=["url"])
    return handle


def _lacks_secrets(handle: Handle) -> bool:
    """New, or connected with a key that this machine no longer has. Left alone if disconnected."""
    if handle.state == HandleState.REGISTERED:
        return True
    if handle.state != HandleState.CONNECTED:
        return False
    try:
        read_secrets(handle)
    except CredentialMissing:
        return True
    return False


def _new_secrets(platform: str) -> Secrets:
    extra = {"group": "demo-group"} if platform == Platform.WHATSAPP else {}
    return Secrets(token=secrets.token_urlsafe(24), extra=extra)


def _demo_handles() -> Iterator[Handle]:
    names = [one.handle for one in DEPARTMENTS]
    yield from Handle.objects.filter(name__in=names, state=HandleState.CONNECTED)


def _tell_rehearsal() -> None:
    """The rehearsal knows the same accounts and tokens, also when its store was thrown away."""
    with closing(Store(settings.REHEARSAL_STORE)) as store:
        for handle in _demo_handles():
            known = read_secrets(handle)
            store.add_account(
                handle.platform, handle.external_id, handle.name, known.token, known.extra
            )


# --- progress -------------------------------------------------------------------------------------


def _readings() -> None:
    for slug, name, unit, values in READINGS:
        scheme = Scheme.objects.filter(slug=slug).select_related("department").first()
        if scheme is None or Progress.objects.filter(indicator__scheme=scheme).exists():
            continue
        actor = User.objects.get(email=f"nodal.{scheme.department.slug}@demo.invalid")
        head = User.objects.get(email=f"head.{scheme.department.slug}@demo.invalid")
        indicator = _indicator(scheme, actor, name, unit)
        for as_on, target, achieved in values:
            reading = record_progress(
                indicator,
                actor=actor,
                target=Decimal(target),
                achieved=Decimal(achieved),
                as_on=as_on,
                source_hi=SOURCE_HI,
                source_en=SOURCE_EN,
            )
            confirm_progress(reading, actor=head)


def _indicator(
    scheme: Scheme, actor: User, name: tuple[str, str], unit: tuple[str, str]
) -> Indicator:
    known = scheme.indicators.filter(name_hi=name[0]).first()
    return known or add_indicator(
        scheme,
        actor=actor,
        name_hi=name[0],
        name_en=name[1],
        unit_hi=unit[0],
        unit_en=unit[1],
    )
