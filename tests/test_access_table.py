"""Every address and who may open it (S5): a row for each, and nobody else gets more than a 404.

A cell names the roles that are answered; everybody else who is signed in with a charge gets 404,
so that existence does not leak. Strangers are sent to sign-in, people without a charge are told so.
An address without a row fails the first test.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone, translation

from departments.models import Member, User
from departments.roles import Role
from departments.tests.factories import person, person_without_charge, registered_handle
from engagement.case_actions import Facts, open_case
from engagement.directive_actions import Kit, issue_directive
from engagement.models import Case, Conversation, Directive, Evidence, Reply
from engagement.tests.factories import waiting_comment, waiting_message
from publishing.audience_actions import Agreement, subscribe
from publishing.models import (
    Captions,
    Delivery,
    Derivative,
    Exemption,
    Media,
    Message,
    Stop,
    Subscriber,
    Upload,
)
from publishing.states import DeliveryState
from publishing.stop_actions import Target, press_stop
from publishing.tests.scripted import Scripted
from schemes.models import Scheme
from schemes.tests.factories import IndicatorFactory, ProgressFactory
from schemes.tests.post_factories import Office, approved_post, draft, office, submitted

THIRD_PARTY = ("account_", "mfa_", "usersessions:", "usersessions_")
PEOPLE = (
    "nodal",  # of the department whose records are asked for
    "head",
    "other_nodal",  # of another department
    "other_head",
    "deputy",
    "joint",
    "director",
    "secretary",
    "auditor",
    "administrator",
)
EVERYBODY = frozenset(PEOPLE)
OWN = frozenset({"nodal", "head"})
STATE = frozenset({"deputy", "joint", "director", "secretary", "auditor", "administrator"})
STOPPERS = frozenset({"deputy", "joint", "director"})
WRITERS = OWN | {"other_nodal", "other_head"}  # each in their own department
PUBLIC = "public"
ANSWERED = {200, 302, 409, 422}
OTHER_METHODS = {("desk:upload", "patch"), ("desk:upload", "delete")}  # tus 1.0.0


@dataclass(frozen=True)
class Row:
    who: frozenset[str] | str
    about: str = ""  # which record of the department fills the address
    post: bool = False
    language: bool = True  # exists under /en/ as well


@dataclass
class Records:
    """A department's records, one of each kind, and one person for each role."""

    office: Office
    arguments: dict[str, list[object]]
    people: dict[str, User]


ROWS: dict[str, Row] = {
    # --- officers: posts
    "desk:home": Row(EVERYBODY),
    "desk:posts": Row(EVERYBODY),
    "desk:queue": Row(EVERYBODY),
    "desk:post_add": Row(WRITERS),
    "desk:post_preview": Row(WRITERS, post=True),
    "desk:post_autosave": Row(WRITERS, post=True),
    "desk:post_library": Row(WRITERS),
    "desk:post_handles_pick": Row(WRITERS, post=True),
    "desk:post_handles": Row(OWN, "draft"),
    "desk:post_progress": Row(OWN | STATE, "published_post"),
    "desk:post_requeue": Row(
        frozenset({"head", "deputy", "joint", "director"}), "published_post", post=True
    ),
    "desk:draft_discard": Row(WRITERS, "page", post=True),
    "desk:post": Row(OWN, "draft"),
    "desk:post_edit": Row(OWN, "draft"),
    "desk:post_move": Row(OWN | STATE, "submitted+approve", post=True),
    "desk:delivery_decide": Row(OWN | STATE, "delivery", post=True),
    "desk:delivery_change": Row(OWN | STATE, "delivery+requeue", post=True),
    "desk:delivery_confirm": Row(OWN | STATE, "delivery", post=True),
    "desk:post_take_down": Row(
        frozenset({"head", "deputy", "joint", "director"}), "published_post", post=True
    ),
    "desk:post_correct": Row(OWN, "published_post", post=True),
    "desk:post_pause": Row(
        frozenset({"head", "deputy", "joint", "director"}), "published_post", post=True
    ),
    "desk:limits": Row(EVERYBODY),
    # --- officers: what people say
    "desk:inbox": Row(EVERYBODY),
    "desk:view_save": Row(EVERYBODY, post=True),
    "desk:join_many": Row(frozenset(), post=True),  # needs a case's number besides
    "desk:conversation": Row(OWN | STATE, "conversation"),
    "desk:reply": Row(OWN, "conversation", post=True),
    "desk:sort": Row(OWN, "conversation", post=True),
    "desk:done": Row(OWN, "conversation", post=True),
    "desk:note": Row(OWN, "conversation", post=True),
    "desk:labels": Row(OWN, "conversation", post=True),
    "desk:case_open": Row(OWN, "conversation", post=True),
    "desk:case_join": Row(frozenset(), "conversation", post=True),  # a case's number besides
    "desk:presence": Row(OWN | STATE, "conversation"),
    "desk:reply_page": Row(OWN | STATE, "reply"),
    "desk:reply_decide": Row(OWN, "reply+approve", post=True),
    "desk:moderate": Row(OWN, "remark", post=True),
    "desk:address": Row(OWN, "contact", post=True),
    "desk:cases": Row(EVERYBODY),
    "desk:case": Row(OWN | STATE, "case"),
    "desk:case_act": Row(OWN | STATE, "case+begin", post=True),  # others are told why not
    "desk:case_file": Row(OWN | STATE, "case+file"),
    "desk:reaction": Row(EVERYBODY),
    "desk:coverage": Row(EVERYBODY),
    "desk:coverage_report": Row(STATE),
    "desk:norm": Row(STOPPERS, "norm", post=True),
    "desk:directives": Row(EVERYBODY),
    "desk:directive_add": Row(STOPPERS | {"secretary"}),
    "desk:directive": Row(OWN | STATE, "directive"),
    "desk:directive_act": Row(STOPPERS | {"secretary"}, "directive+nudge", post=True),
    "desk:task_act": Row(OWN, "task+accept", post=True),
    "desk:kit_file": Row(OWN | STATE, "kit"),
    # --- officers: stops
    "desk:stops": Row(EVERYBODY),
    "desk:operations": Row(STATE),
    "desk:freeze_add": Row(STOPPERS),
    "desk:stop": Row(OWN | STATE, "stop"),  # of one department
    "desk:stop_release": Row(STOPPERS, "stop", post=True),
    "desk:exemption_ask": Row(OWN | STATE, "stop", post=True),
    "desk:exemption_confirm": Row(STOPPERS, "exemption", post=True),
    # --- officers: schemes
    "desk:schemes": Row(EVERYBODY),
    "desk:scheme_add": Row(WRITERS),
    "desk:scheme_edit": Row(OWN | STATE, "scheme"),  # others read it
    "desk:scheme_show": Row(OWN, "scheme", post=True),
    "desk:scheme_hide": Row(OWN, "scheme", post=True),
    "desk:change_confirm": Row(OWN, "scheme", post=True),
    "desk:change_decline": Row(OWN, "scheme", post=True),
    "desk:progress": Row(OWN | STATE, "scheme"),
    "desk:progress_confirm": Row(OWN, "reading", post=True),
    "desk:progress_remove": Row(OWN, "reading", post=True),
    "desk:media": Row(EVERYBODY),
    "desk:media_add": Row(WRITERS),
    "desk:uploads": Row(WRITERS, post=True),
    "desk:upload": Row(frozenset({"nodal"}), "upload"),  # whoever sends it
    "desk:media_file": Row(OWN | STATE, "library"),
    "desk:media_retire": Row(OWN, "library", post=True),
    "desk:captions_add": Row(OWN, "library", post=True),
    # --- officers: handles, departments, people, audit
    "desk:handles": Row(EVERYBODY),
    "desk:handle_add": Row(WRITERS),
    "desk:handle": Row(OWN | STATE, "handle"),
    "desk:handle_connect": Row(OWN, "handle"),
    "desk:handle_choose": Row(OWN, "handle"),
    "desk:handle_by_hand": Row(OWN, "handle", post=True),
    "desk:handle_disconnect": Row(OWN, "handle", post=True),
    "desk:connect_return": Row(EVERYBODY, "platform"),  # with a state of one's own session only
    "desk:handle_close": Row(OWN, "handle", post=True),
    "desk:subscribers": Row(OWN | STATE, "whatsapp"),  # state-wide roles see how many
    "desk:subscriber_add": Row(OWN, "whatsapp"),
    "desk:subscribers_import": Row(OWN, "whatsapp"),
    "desk:subscriber_leave": Row(OWN, "subscriber", post=True),
    "desk:templates": Row(OWN | STATE, "whatsapp"),
    "desk:templates_read": Row(OWN, "whatsapp", post=True),
    "desk:departments": Row(EVERYBODY),
    "desk:department_edit": Row(frozenset({"administrator"}), "department"),
    "desk:people": Row(frozenset({"administrator"})),
    "desk:person_invite": Row(frozenset({"administrator"})),
    "desk:person": Row(frozenset({"administrator"}), "person"),
    "desk:person_resend": Row(frozenset({"administrator"}), "person", post=True),
    "desk:appoint": Row(frozenset({"administrator"}), "person", post=True),
    "desk:relieve": Row(frozenset({"administrator"}), "charge", post=True),
    "desk:audit": Row(frozenset({"director", "secretary", "auditor"})),
    # --- files
    "publishing:media": Row(OWN | STATE, "media", language=False),
    "publishing:media_copy": Row(OWN | STATE, "copy", language=False),
    "publishing:captions": Row(OWN | STATE, "captions", language=False),
    "publishing:media_for_platform": Row(frozenset(), "token", language=False),
    # --- platforms: a wrong signature is refused whoever asks
    "publishing:callback": Row(PUBLIC, "callback", language=False),
    # --- the machine that watches: by a token, or from this machine (publishing/prometheus.py)
    "publishing:metrics": Row(PUBLIC, language=False),
    # --- everyone
    "healthz": Row(PUBLIC, language=False),
    "readyz": Row(PUBLIC, language=False),
    "language": Row(PUBLIC, "language", language=False),
    "problems:start": Row(PUBLIC),
    "problems:track": Row(PUBLIC),
    "problems:problem": Row(PUBLIC, "case"),
    "problems:act": Row(frozenset(), "case+opinion", post=True),  # with the code only
    "problems:evidence": Row(frozenset(), "case+file"),
    "public:home": Row(PUBLIC),
    "public:scheme_list": Row(PUBLIC),
    "public:scheme": Row(PUBLIC, "public_scheme"),
    "public:department_list": Row(PUBLIC),
    "public:department": Row(PUBLIC, "department"),
    "public:post": Row(PUBLIC, "published_post"),
}


def addresses(
    patterns: list[URLPattern | URLResolver] | None = None, space: str = ""
) -> Iterator[str]:
    """The names of all addresses, with their namespace."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from addresses(pattern.url_patterns, inner)
        else:
            yield f"{space}{pattern.name}"


def is_ours(name: str) -> bool:
    return not name.startswith(THIRD_PARTY) and not name.startswith("web:")


def test_every_address_has_its_row():
    assert {name for name in addresses() if is_ours(name)} == set(ROWS)


# --- the records ------------------------------------------------------------------------------


@pytest.fixture
def records(db, settings) -> Records:
    scripted = dict.fromkeys(settings.CONNECTORS, "publishing.tests.scripted.Scripted")
    settings.CONNECTORS = scripted | {"whatsapp": settings.CONNECTORS["whatsapp"]}
    Scripted.start()
    up, other = office(), office()
    out = approved_post(up)
    delivery = Delivery.objects.get(message__source="post", message__source_id=out.pk)
    sent = {"state": DeliveryState.SENT, "platform_id": "1", "sent_at": delivery.state_since}
    Delivery.objects.filter(pk=delivery.pk).update(**sent)
    waiting = approved_post(up)
    scheme = _scheme(up, "hidden-scheme", is_public=False)
    library = _media(up)
    charge = Member.objects.get(user=up.nodal)
    talk = waiting_message(up.department)
    directive = _directive(up, library)
    reply = _reply(up, talk)
    case = open_case(waiting_comment(up.department), Facts("हैंडपंप"), actor=up.nodal)
    return Records(
        up,
        {
            "": [],
            "page": [uuid.uuid4()],
            "conversation": [talk.pk],
            "directive": [directive.number],
            "norm": ["set"],
            "directive+nudge": [directive.number, "nudge"],
            "task+accept": [directive.tasks.get().pk, "accept"],
            "kit": [directive.number, library.pk],
            "reply": [reply.pk],
            "reply+approve": [reply.pk, "approve"],
            "remark": [talk.remarks.get().pk],
            "contact": [talk.contact_id],
            "case": [case.number],
            "case+begin": [case.number, "begin"],
            "case+opinion": [case.number, "opinion"],
            "case+file": [case.number, _evidence(case).pk],
            "draft": [draft(up).pk],
            "submitted+approve": [submitted(up).pk, "approve"],
            "delivery": [
                Delivery.objects.get(message__source="post", message__source_id=waiting.pk).pk
            ],
            "delivery+requeue": [
                Delivery.objects.get(message__source="post", message__source_id=waiting.pk).pk,
                "requeue",
            ],
            "scheme": [scheme.slug],
            "public_scheme": [_scheme(up, "shown-scheme", is_public=True).slug],
            "reading": [ProgressFactory(indicator=IndicatorFactory(scheme=scheme)).pk],
            "handle": [registered_handle(up.department).pk],
            "whatsapp": [_subscriber(up).handle_id],
            "subscriber": [_subscriber(up).pk],
            "department": [up.department.slug],
            "person": [up.nodal.pk],
            "charge": [charge.pk],
            "media": [library.pk, "small"],
            "library": [library.pk],
            "upload": [_upload(up).key],
            "copy": [_copy(library).pk],
            "captions": [_captions(library).pk],
            "token": ["forged"],
            "callback": ["whatsapp"],
            "platform": ["x"],
            "language": ["en"],
            "published_post": [out.pk],
            "stop": [_stop(up).pk],
            "exemption": [_exemption(up, delivery.message).pk],
        },
        {
            "nodal": up.nodal,
            "head": up.head,
            "other_nodal": other.nodal,
            "other_head": other.head,
            "deputy": up.deputy,
            "joint": up.joint,
            "director": up.director,
            "secretary": person(Role.SECRETARY),
            "auditor": person(Role.AUDITOR),
            "administrator": person(Role.ADMINISTRATOR),
        },
    )


def _subscriber(up: Office) -> Subscriber:
    handle = registered_handle(up.department, platform="whatsapp")
    agreement = Agreement("camp", "फ़ाइल 12", timezone.now())
    return subscribe(handle, "9000000001", agreement, actor=up.nodal)


def _reply(up: Office, talk: Conversation) -> Reply:
    return Reply.objects.create(conversation=talk, text="उत्तर", written_by=up.nodal)


def _directive(up: Office, media: Media) -> Directive:
    return issue_directive(
        title="शिविर",
        instruction="शिविर की सूचना दें।",
        kind="scheme_information",
        deadline=timezone.now() + timedelta(days=5),
        departments=[up.department],
        kit=Kit(),
        media=[media],
        actor=up.director,
    )


def _evidence(case: Case) -> Evidence:
    kept = Evidence(case=case, mime="image/jpeg", size=1)
    kept.file.save("file", ContentFile(b"x"), save=False)
    kept.save()
    return kept


def _stop(up: Office) -> Stop:
    return press_stop(
        Target("department", department=up.department), reason="शोक", actor=up.director
    )


def _exemption(up: Office, message: Message) -> Exemption:
    now = timezone.now()
    freeze = Stop.objects.create(
        scope="department",
        department=up.department,
        starts_at=now - timedelta(days=2),
        ends_at=now - timedelta(days=1),
        reason="शोक",
        pressed_by=up.director,
    )
    return Exemption.objects.create(stop=freeze, message=message, reason="बाढ़", asked_by=up.head)


def _scheme(up: Office, slug: str, *, is_public: bool) -> Scheme:
    return Scheme.objects.create(
        slug=slug,
        department=up.department,
        title_hi="योजना",
        title_en="Scheme",
        summary_hi="लाभ",
        summary_en="Benefit",
        is_public=is_public,
    )


def _media(up: Office) -> Media:
    media = Media(
        department=up.department,
        kind="photo",
        sha256="a" * 64,
        mime="image/jpeg",
        suffix=".jpg",
        size=1,
        width=1,
        height=1,
        alt_hi="चित्र",
        added_by=up.nodal,
    )
    media.file.save("file", ContentFile(b"x"), save=False)
    media.thumbnail.save("file", ContentFile(b"x"), save=False)
    media.save()
    return media


def _upload(up: Office) -> Upload:
    return Upload.objects.create(department=up.department, kind="photo", size=1, added_by=up.nodal)


def _copy(media: Media) -> Derivative:
    copy = Derivative(media=media, recipe="png-1-0-0-0-0", state="ready", sha256="a" * 64)
    copy.mime, copy.suffix = "image/png", ".png"
    copy.file.save("file", ContentFile(b"x"))
    return copy


def _captions(media: Media) -> Captions:
    captions = Captions(media=media, language="hi", sha256="a" * 64, added_by=media.added_by)
    captions.file.save("file", ContentFile(b"WEBVTT"))
    return captions


def ask(client: Client, row: Row, address: str):
    answer = client.post(address) if row.post else client.get(address)
    if answer.streaming:
        answer.getvalue()  # read to its end, which closes the file but not the test's connection
    return answer


def addresses_of(name: str, row: Row, records: Records) -> list[str]:
    with translation.override("hi"):  # the last answer may have been in English
        hindi = reverse(name, args=records.arguments[row.about])
    return [hindi, f"/en{hindi}"] if row.language else [hindi]


# --- the table, cell by cell --------------------------------------------------------------------


def forbidden_cells(records: Records, expected: Callable[[str, Row], set[int]]) -> list[str]:
    """Every cell whose answer is not the expected one, in words."""
    wrong = []
    for name, row in ROWS.items():
        for who, user in records.people.items():
            client = Client()
            client.force_login(user)
            for address in addresses_of(name, row, records):
                status = ask(client, row, address).status_code
                if status not in expected(who, row):
                    wrong.append(f"{who} {address}: {status}")
    return wrong


def expected_of_people(who: str, row: Row) -> set[int]:
    if row.about == "callback":
        return {403}
    if row.who == PUBLIC or who in row.who:
        return ANSWERED | {503}  # readyz has no worker here
    return {404}


def test_each_role_gets_what_its_row_says(records):
    assert forbidden_cells(records, expected_of_people) == []


def test_strangers_are_sent_to_sign_in(records):
    wrong = []
    for name, row in ROWS.items():
        for address in addresses_of(name, row, records):
            answer = ask(Client(), row, address)
            if name.startswith("desk:"):
                fine = answer.status_code == 302 and "/accounts/login/" in answer["Location"]
            elif row.who == PUBLIC:
                fine = answer.status_code in expected_of_people("", row)
            else:
                fine = answer.status_code == 404
            if not fine:
                wrong.append(f"{address}: {answer.status_code}")
    assert wrong == []


def test_people_without_a_charge_get_no_desk_page(records):
    client = Client()
    client.force_login(person_without_charge())
    for name, row in ROWS.items():
        if name.startswith("desk:"):
            for address in addresses_of(name, row, records):
                assert ask(client, row, address).status_code == 403, address


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace"])
def test_no_address_takes_an_unknown_method(records, method):
    client = Client()
    client.force_login(records.people["nodal"])
    for name, row in ROWS.items():
        for address in addresses_of(name, row, records):
            if (name, method) not in OTHER_METHODS:
                assert getattr(client, method)(address).status_code in {404, 405}, address


def test_nothing_answers_with_an_error_page_of_its_own_to_third_party_addresses(records):
    """allauth's pages: no 500 for anyone, and no open registration (K1)."""
    for user in (None, person_without_charge(), records.people["nodal"]):
        client = Client()
        if user:
            client.force_login(user)
        for name in {name for name in addresses() if name.startswith(THIRD_PARTY)}:
            try:
                address = reverse(name)
            except NoReverseMatch:  # needs a key that only allauth can make
                continue
            assert client.get(address).status_code < 500, address
    assert b"password1" not in Client().get("/accounts/signup/").content
