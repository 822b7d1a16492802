"""Every change to people, charges, departments and handles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.audit.actions import record
from portal.errors import MoveNotAllowed, NotPermitted

from . import access
from .credentials import Secrets, forget_secrets, store_secrets
from .models import Department, District, Handle, Member, User, Way
from .platforms import links_to, may_be_named
from .roles import DIRECTORATE, STATE_WIDE
from .states import HANDLE_MOVES, HandleState


@transaction.atomic
def invite_officer(
    *, name: str, email: str, department: Department, role: str, actor: User
) -> Member:
    """Create the account, without a password, and give it its first charge."""
    _require(access.can_manage_people(actor))
    if User.objects.filter(email__iexact=email).exists():
        raise MoveNotAllowed(_("An officer with this e-mail address already has an account."))
    user = User.objects.create_user(email, name=name, invited_by=actor)
    record("departments.user.invited", user, actor=actor, department=department.slug)
    return appoint(user, department=department, role=role, actor=actor)


@transaction.atomic
def appoint(
    user: User,
    *,
    department: Department,
    role: str,
    actor: User,
    from_date: date | None = None,
    to_date: date | None = None,
) -> Member:
    _require(access.can_manage_people(actor))
    if role in STATE_WIDE and department.slug != DIRECTORATE:
        raise MoveNotAllowed(_("This role is held in the Information Directorate only."))
    from_date = from_date or timezone.localdate()
    if to_date and to_date < from_date:
        raise MoveNotAllowed(_("The charge cannot end before it begins."))
    if _already_held(user, department, role, from_date, to_date):
        raise MoveNotAllowed(_("This officer already holds this charge."))
    try:
        with transaction.atomic():
            member = Member.objects.create(
                user=user, department=department, role=role, from_date=from_date, to_date=to_date
            )
    except IntegrityError:
        raise MoveNotAllowed(_("This officer already holds this charge.")) from None
    data = {"role": role, "from": from_date, "to": to_date}
    record(
        "departments.member.appointed", member, actor=actor, department=department.slug, data=data
    )
    return member


@transaction.atomic
def relieve(member: Member, *, actor: User, last_day: date | None = None) -> Member:
    _require(access.can_manage_people(actor))
    member = Member.objects.select_for_update().get(pk=member.pk)
    last_day = last_day or timezone.localdate()
    if member.to_date and member.to_date < timezone.localdate():
        raise MoveNotAllowed(_("This charge has already ended."))
    if last_day < member.from_date:
        raise MoveNotAllowed(_("The charge cannot end before it begins."))
    if member.to_date == last_day:
        return member
    old, member.to_date = member.to_date, last_day
    member.save()
    record(
        "departments.member.relieved",
        member,
        actor=actor,
        department=member.department.slug,
        data={"old": old, "new": last_day},
    )
    return member


@transaction.atomic
def change_department(department: Department, *, actor: User, **fields: Any) -> Department:
    _require(access.can_edit_department(actor))
    department = Department.objects.select_for_update().get(pk=department.pk)
    _must_not_be_above(department, fields.get("parent"))
    old = _assign(department, fields)
    if not old:
        return department
    department.save()
    record(
        "departments.department.changed",
        department,
        actor=actor,
        department=department.slug,
        data={"old": old, "new": {name: fields[name] for name in old}},
    )
    return department


@transaction.atomic
def register_handle(
    department: Department,
    *,
    platform: str,
    name: str,
    url: str = "",
    accountable_officer: User | None = None,
    district: District | None = None,
    note: str = "",
    actor: User,
) -> Handle:
    _require(access.can_edit_handles(actor, department.pk))
    _must_be_in(department, accountable_officer)
    _must_be_possible(platform, name)
    _must_lead_to(platform, url)
    try:
        with transaction.atomic():
            handle = Handle.objects.create(
                department=department,
                platform=platform,
                name=name,
                url=url,
                accountable_officer=accountable_officer,
                district=district,
                note=note,
            )
    except IntegrityError:
        raise MoveNotAllowed(_("This handle is already registered.")) from None
    record("departments.handle.registered", handle, actor=actor, department=department.slug)
    return handle


@transaction.atomic
def change_handle(handle: Handle, *, actor: User, **fields: Any) -> Handle:
    """Change name, link, accountable officer, district or note."""
    handle = _locked(handle)
    _require(access.can_edit_handles(actor, handle.department_id))
    _must_be_in(handle.department, fields.get("accountable_officer"))
    if fields.get("name", handle.name) != handle.name:
        _must_be_possible(handle.platform, fields["name"])
    if fields.get("url") != handle.url:
        _must_lead_to(handle.platform, fields.get("url", ""))
    if handle.state == HandleState.CLOSED:
        raise MoveNotAllowed(_("A closed handle is no longer changed."))
    old = _assign(handle, fields)
    if not old:
        return handle
    try:
        with transaction.atomic():
            handle.save()
    except IntegrityError:
        raise MoveNotAllowed(_("This handle is already registered.")) from None
    data = {"old": old, "new": {name: fields[name] for name in old}}
    record(
        "departments.handle.changed",
        handle,
        actor=actor,
        department=handle.department.slug,
        data=data,
    )
    return handle


@transaction.atomic
def connect_handle(
    handle: Handle,
    *,
    external_id: str,
    secrets: Secrets,
    url: str = "",
    facts: Mapping[str, Any] | None = None,
    actor: User | None,
) -> Handle:
    """Keep what opens the account. The new secrets replace the old ones in one step.

    `url` is where people see it, for a handle whose link nobody has entered.
    """
    handle = _locked(handle)
    if actor is not None:
        _require(access.can_edit_handles(actor, handle.department_id))
    old = handle.state
    if handle.external_id not in ("", external_id):
        handle.account_since = timezone.now()
    handle.external_id, handle.way = external_id, Way.API
    handle.url = handle.url or url
    handle.facts, handle.access_until, handle.checked_at = dict(facts or {}), None, None
    _move(handle, HandleState.CONNECTED)
    try:
        with transaction.atomic():
            handle.save()
    except IntegrityError:
        raise MoveNotAllowed(_("This account is already connected to another handle.")) from None
    store_secrets(handle, secrets)
    return _recorded(handle, "departments.handle.connected", old, actor)


@transaction.atomic
def publish_by_hand(handle: Handle, *, actor: User) -> Handle:
    """Posts are left to an officer, who publishes them on the platform and gives the link."""
    handle = _locked(handle)
    _require(access.can_edit_handles(actor, handle.department_id))
    if handle.way == Way.ASSISTED and handle.state == HandleState.CONNECTED:
        return handle
    old = handle.state
    handle.way, handle.access_until = Way.ASSISTED, None
    _move(handle, HandleState.CONNECTED)
    handle.save()
    forget_secrets(handle)
    return _recorded(handle, "departments.handle.by_hand", old, actor)


@transaction.atomic
def note_health(handle: Handle, *, ends_at: datetime | None, facts: Mapping[str, Any]) -> Handle:
    """What a check of the account read; nothing if the handle was linked anew meanwhile."""
    found = _locked(handle)
    if (found.state, found.external_id) != (HandleState.CONNECTED, handle.external_id):
        return found
    found.access_until, found.checked_at = ends_at, timezone.now()
    found.facts = {**found.facts, **facts}
    found.save()
    return found


@transaction.atomic
def mark_handle(handle: Handle, reason: str) -> Handle:
    """The platform refused the connection: an officer must look."""
    handle = _locked(handle)
    if handle.state != HandleState.CONNECTED:
        return handle
    old = handle.state
    _move(handle, HandleState.ATTENTION, reason)
    handle.save()
    return _recorded(handle, "departments.handle.needs_attention", old, None)


@transaction.atomic
def disconnect_handle(handle: Handle, *, actor: User) -> Handle:
    handle = _locked(handle)
    _require(access.can_edit_handles(actor, handle.department_id))
    old = handle.state
    _move(handle, HandleState.DISCONNECTED)
    handle.access_until = None
    handle.save()
    forget_secrets(handle)
    return _recorded(handle, "departments.handle.disconnected", old, actor)


@transaction.atomic
def close_handle(handle: Handle, *, actor: User) -> Handle:
    handle = _locked(handle)
    _require(access.can_edit_handles(actor, handle.department_id))
    old = handle.state
    _move(handle, HandleState.CLOSED)
    handle.external_id = ""  # another handle may have the account
    handle.save()
    return _recorded(handle, "departments.handle.closed", old, actor)


def _require(permitted: bool) -> None:
    if not permitted:
        raise NotPermitted(_("You may not do this."))


def _must_be_in(department: Department, officer: User | None) -> None:
    if officer and not Member.objects.current().filter(user=officer, department=department):
        raise MoveNotAllowed(_("The accountable officer must hold a charge in this department."))


def _must_be_possible(platform: str, name: str) -> None:
    if not may_be_named(platform, name):
        raise MoveNotAllowed(
            _("A name on X has at most 15 characters: Latin letters, digits and the underscore.")
        )


def _must_lead_to(platform: str, url: str) -> None:
    if url and not links_to(platform, url):
        raise MoveNotAllowed(_("The link must be an https address on the platform's own site."))


def _already_held(
    user: User, department: Department, role: str, from_date: date, to_date: date | None
) -> bool:
    """For a part of these days, at least."""
    held = Member.objects.filter(user=user, department=department, role=role)
    held = held.filter(Q(to_date__isnull=True) | Q(to_date__gte=from_date))
    return held.filter(from_date__lte=to_date).exists() if to_date else held.exists()


def _must_not_be_above(department: Department, parent: Department | None) -> None:
    """The new parent may not be the department itself or a body under it."""
    while parent is not None:
        if parent.pk == department.pk:
            raise MoveNotAllowed(_("A department cannot be under itself or under its own body."))
        parent = parent.parent


def _assign(record_: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """Set the fields; the old values of those that differ."""
    old = {}
    for name, value in fields.items():
        before = getattr(record_, name)
        if before != value:
            old[name] = before
            setattr(record_, name, value)
    return old


def _locked(handle: Handle) -> Handle:
    return (
        Handle.objects.select_for_update(of=("self",))
        .select_related("department")
        .get(pk=handle.pk)
    )


def _move(handle: Handle, to: str, reason: str = "") -> None:
    if to not in HANDLE_MOVES[handle.state]:
        raise MoveNotAllowed(_("The handle is not in a state in which this can be done."))
    handle.state, handle.state_reason, handle.state_since = to, reason, timezone.now()


def _recorded(handle: Handle, action: str, old: str, actor: User | None) -> Handle:
    data = {
        "old": old,
        "new": handle.state,
        "reason": handle.state_reason,
        "account": handle.external_id,
    }
    record(action, handle, actor=actor, department=handle.department.slug, data=data)
    return handle
