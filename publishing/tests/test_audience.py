"""People who agreed to be written to: consent with proof, the way out, and what callbacks say."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as project
from django.core.management import call_command
from django.utils import timezone
from django.utils.formats import date_format
from openpyxl import Workbook

from departments.credentials import Secrets, store_secrets
from departments.models import Handle
from departments.tests import factories as make
from portal.audit.models import AuditEntry
from portal.errors import MoveNotAllowed, NotPermitted
from publishing import audience, hearing, tasks, template_reading
from publishing.actions import accept, queue_message
from publishing.audience_actions import (
    Agreement,
    come_back,
    import_subscribers,
    leave,
    store_templates,
    subscribe,
    take_out,
)
from publishing.audience_files import MOST_ROWS, Line, lines
from publishing.callbacks import store_event
from publishing.claiming import claim
from publishing.connectors.base import Content, ReadTemplate, Receipt
from publishing.connectors.errors import Refused
from publishing.models import CallbackEvent, CallbackItem, Delivery, Subscriber, Template
from publishing.rehearsal.faults import add_fault
from publishing.seal import SealedPart, compute_seal
from publishing.sending import send, sweep
from publishing.states import DeliveryState
from publishing.tests.test_whatsapp import BUSINESS

pytestmark = pytest.mark.django_db
NUMBER, DIGITS = "+919000000001", "919000000001"
DAY = timedelta(days=1)


@pytest.fixture
def officer():
    return make.person()


@pytest.fixture
def handle(officer) -> Handle:
    department = officer.charges.get().department
    return make.connected_handle(
        department, platform="whatsapp", external_id="1001", facts={"business": BUSINESS}
    )


def agreed(days_ago: int = 1) -> Agreement:
    return Agreement("camp", "फ़ाइल 12/2026", timezone.now() - days_ago * DAY)


@pytest.fixture
def person(handle, officer) -> Subscriber:
    return subscribe(handle, NUMBER, agreed(), actor=officer)


# --- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    ["9000000001", "09000000001", "+91 90000 00001", "0091-9000000001", "919000000001",
     "९००००००००१", "(+91) 90000-00001", " +91 ९०००० ००००१ "],
)  # fmt: skip
def test_a_number_of_india_in_every_way_it_is_written(written):
    assert audience.international(written) == NUMBER


@pytest.mark.parametrize("written", ["", "123", "5000000001", "+91 5000000001", "९०००", "abc",
                                     "9000000001x", "+0123456789", "9.0e9"])  # fmt: skip
def test_what_is_no_mobile_number(written):
    assert audience.international(written) == ""


def test_a_number_of_another_country():
    assert audience.international("+977 9841-234567") == "+9779841234567"


# --- consent -----------------------------------------------------------------------------------


def test_the_number_is_sealed_and_nowhere_shown(person):
    stored = Subscriber.objects.get()
    assert audience.address_of(stored) == NUMBER
    row = json.dumps(list(Subscriber.objects.values()), default=str)
    trail = json.dumps(list(AuditEntry.objects.values()), default=str)
    for shown in (row, trail, repr(stored), str(stored), repr(vars(stored))):
        assert DIGITS not in shown
        assert NUMBER[3:] not in shown
    assert stored.ending == "0001"


def test_new_keys_take_over_and_the_person_is_still_known(person, handle, settings):
    old, new = project.CREDENTIAL_KEYS[0], Fernet.generate_key().decode()
    settings.CREDENTIAL_KEYS = [new, old]
    settings.SECRET_KEY = "another-secret-key-of-the-same-length-as-before"
    call_command("rotate_credentials")
    settings.CREDENTIAL_KEYS = [new]
    assert audience.address_of(audience.known_as(handle, NUMBER).get()) == NUMBER
    settings.CREDENTIAL_KEYS = [old]
    with pytest.raises(Refused) as caught:
        audience.address_of(Subscriber.objects.get())
    assert caught.value.code == "recipient_unreadable"


@pytest.mark.parametrize(
    ("number", "agreement"),
    [
        ("12", agreed()),
        (NUMBER, Agreement("camp", " ", timezone.now())),
        (NUMBER, Agreement("hearsay", "फ़ाइल", timezone.now())),
        (NUMBER, agreed(days_ago=-1)),
    ],
)
def test_nobody_without_proof(handle, officer, number, agreement):
    with pytest.raises(MoveNotAllowed):
        subscribe(handle, number, agreement, actor=officer)
    assert not Subscriber.objects.exists()


def test_each_person_once(person, handle, officer):
    with pytest.raises(MoveNotAllowed):
        subscribe(handle, "०९००००००००१", agreed(), actor=officer)
    assert Subscriber.objects.count() == 1


def test_who_left_comes_back_only_by_a_newer_consent(person, handle, officer):
    take_out(person, actor=officer)
    assert not audience.recipients_of(handle).exists()
    with pytest.raises(MoveNotAllowed):
        subscribe(handle, NUMBER, agreed(days_ago=2), actor=officer)
    with pytest.raises(MoveNotAllowed):  # with the proof of before
        subscribe(handle, NUMBER, agreed(days_ago=0), actor=officer)
    anew = Agreement("camp", "फ़ाइल 13/2026", timezone.now())
    again = subscribe(handle, NUMBER, anew, actor=officer)
    assert (again.pk, again.left_at) == (person.pk, None)


@pytest.mark.parametrize("role", ["secretary", "auditor", "director"])
def test_state_wide_roles_change_nothing(person, handle, role):
    stranger = make.person(role)
    with pytest.raises(NotPermitted):
        subscribe(handle, "9000000002", agreed(), actor=stranger)
    with pytest.raises(NotPermitted):
        take_out(person, actor=stranger)


def test_leaving_and_coming_back_in_any_order(person):
    """The newest word counts, however late an older one arrives."""
    stop, resume = person.agreed_at + timedelta(hours=1), person.agreed_at + timedelta(hours=2)
    assert come_back(person, at=resume).left_at is None
    assert leave(person, how="stopped", at=stop).left_at is None
    assert leave(person, how="stopped", at=resume + DAY).left_at == resume + DAY
    assert come_back(person, at=resume).left_at is not None
    assert come_back(person, at=resume + 2 * DAY).left_at is None


# --- files -------------------------------------------------------------------------------------


def imported(handle, officer, content: bytes):
    rows = lines(io.BytesIO(content))
    return import_subscribers(handle, rows, agreed(), file="list.csv", actor=officer)


def test_a_list_with_bad_rows_is_taken_as_far_as_it_is_good(handle, officer):
    text = (
        "\ufeffक्रम,मोबाइल,प्रमाण\n1,9000000001,रजिस्टर 7\n2,९०००००००02,\n3,xyz,\n\n4,09000000001,\n"
    )
    done = imported(handle, officer, text.encode())
    assert (done.added, done.known, [row for row, _why in done.refused]) == (2, 1, [4])
    proofs = set(Subscriber.objects.values_list("ending", "proof"))
    assert proofs == {("0001", "रजिस्टर 7"), ("0002", "फ़ाइल 12/2026")}
    entry = AuditEntry.objects.get(action="publishing.subscriber.imported")
    assert (entry.data["people"], entry.data["refused"]) == (2, 1)
    assert "9000000001" not in json.dumps(entry.data)


def test_a_sheet_without_a_heading(handle, officer):
    book, file = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet()
    for number in (9000000001, 9000000002.0, "+91 90000 00003", None):
        sheet.append([number, "रजिस्टर"])
    book.save(file)
    done = imported(handle, officer, file.getvalue())
    assert (done.added, len(done.refused)) == (3, 1)


def test_a_list_brings_nobody_back_who_left(person, handle, officer):
    left = timezone.now() - timedelta(hours=2)  # yesterday, in the night's first hours
    leave(person, how="wrote", at=left)
    rows = [Line(1, NUMBER, "रजिस्टर 7"), Line(2, "9000000002", "रजिस्टर 7")]
    today = Agreement("camp", "फ़ाइल 13/2026", timezone.now() - timedelta(minutes=1))
    done = import_subscribers(handle, rows, today, file="list.csv", actor=officer)
    ((row, why),) = done.refused
    assert (done.added, row) == (1, 1)
    assert date_format(timezone.localtime(left), "d-m-Y") in why
    assert [one.ending for one in audience.recipients_of(handle)] == ["0002"]


def workbook(packing: int = zipfile.ZIP_DEFLATED, /, **changed: bytes) -> bytes:
    """A sheet with one good row, some of its parts written by an enemy."""
    book, file = Workbook(write_only=True), io.BytesIO()
    book.create_sheet().append([9000000001, "रजिस्टर"])
    book.save(file)
    made = io.BytesIO()
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(made, "w", packing) as new:
        parts = {name: whole.read(name) for name in whole.namelist()}
        for name, content in {**parts, **changed}.items():
            new.writestr(name, content)
    return made.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
BOMB = (
    b'<!DOCTYPE a [<!ENTITY a "9000000002">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + at, b"&%c;" % (97 + at) * 10) for at in range(8))
    + b"]>"
)
ROW = b'<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>%s</t></is></c></row></sheetData>'
BEGIN = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'


@pytest.mark.parametrize(
    "part",
    [
        BOMB + BEGIN + ROW % b"&i;" + b"</worksheet>",
        b'<?xml version="1.0"?>' + b" " * 70_000 + BOMB + BEGIN + ROW % b"&a;" + b"</worksheet>",
        ("\ufeff" + (BOMB + BEGIN + ROW % b"&a;" + b"</worksheet>").decode()).encode("utf-16"),
        BEGIN + ROW % b"9000000002",
        b"no xml",
        b"",
        BEGIN
        + b'<sheetData><row r="x"><c r="??" t="n"><v>9e999</v></c></row></sheetData></worksheet>',
        b" " * 25_000_000,
    ],
    ids=["entities", "late", "other letters", "cut off", "no xml", "empty", "nonsense", "large"],
)
@pytest.mark.parametrize("name", [SHEET, "xl/workbook.xml", "[Content_Types].xml"])
def test_a_hostile_sheet_is_refused_in_words(handle, officer, name, part):
    with pytest.raises(MoveNotAllowed):
        imported(handle, officer, workbook(**{name: part}))
    assert not Subscriber.objects.exists()


def test_a_sheet_packed_to_explode_is_refused(handle, officer):
    with pytest.raises(MoveNotAllowed):
        imported(handle, officer, workbook(zipfile.ZIP_LZMA))
    assert imported(handle, officer, workbook(zipfile.ZIP_STORED)).added == 1


def test_a_sheet_that_lies_about_its_size_is_refused(handle, officer):
    part = BEGIN + b" " * 25_000_000 + ROW % b"9000000002" + b"</worksheet>"
    true, said = (size.to_bytes(4, "little") for size in (len(part), 1000))
    with pytest.raises(MoveNotAllowed):
        imported(handle, officer, workbook(**{SHEET: part}).replace(true, said))
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04 no zip", b"\xff\xfe\x00", b"9000000001\n" * (MOST_ROWS + 1), b"1" * 2_100_000],
    ids=["broken sheet", "not text", "too many", "too large"],
)
def test_a_bad_file_adds_nobody(handle, officer, content):
    with pytest.raises(MoveNotAllowed):
        imported(handle, officer, content)
    assert not Subscriber.objects.exists()


# --- templates ---------------------------------------------------------------------------------


def template(handle, **fields) -> Template:
    values = {
        "name": "soochna_sandesh",
        "language": "hi",
        "category": "UTILITY",
        "status": "APPROVED",
        "body": "नमस्ते, सूचना: {{title}}। {{text}} अधिक जानकारी: {{link}} सूचना विभाग, उत्तर प्रदेश।",
        "names": ["title", "text", "link"],
        **fields,
    }
    return Template.objects.create(handle=handle, **values)


def test_templates_are_read_by_a_worker(handle, rehearsal, settings):
    settings.PLATFORM_URLS = {**settings.PLATFORM_URLS, "whatsapp": f"{rehearsal.url}/whatsapp"}
    rehearsal.store.add_account("whatsapp", "1001", "विभाग", "token", {"business": BUSINESS})
    store_secrets(handle, Secrets("token", {"business": BUSINESS}))
    old = template(handle, name="gone")
    tasks.read_templates(handle.pk)
    assert not Template.objects.filter(pk=old.pk).exists()
    assert [value for value, _label in audience.approved_templates([handle])] == [
        "soochna_sandesh:hi", "yojana_photo:hi"
    ]  # fmt: skip
    add_fault(rehearsal.store, "whatsapp", "error_before", where="read")
    tasks.read_templates(handle.pk)
    assert Template.objects.count() == 4


def test_only_what_all_handles_may_send_is_offered(handle, officer):
    other = make.connected_handle(handle.department, platform="whatsapp", external_id="1002")
    template(handle)
    template(handle, name="own")
    template(other)
    template(other, name="paused", status="PAUSED")
    assert audience.approved_templates([handle, other]) == [
        ("soochna_sandesh:hi", "soochna_sandesh (hi)")
    ]
    assert audience.approved_templates([]) == []


def test_one_name_with_different_words_is_no_choice_for_both(handle):
    other = make.connected_handle(handle.department, platform="whatsapp", external_id="1002")
    template(handle)
    template(other, body="{{title}} {{text}} {{link}} कुछ और")
    assert audience.approved_templates([handle, other]) == []
    content = Content("पाठ", options={"template": "soochna_sandesh:hi"})
    assert audience.with_template(content, [handle, other]).template is None
    assert audience.with_template(content, [other]).template is not None


@pytest.mark.parametrize("fields", [{"header": "other"}, {"names": ["price"]}, {"status": "X"}])
def test_what_a_post_cannot_fill_is_not_offered(handle, fields):
    template(handle, **fields)
    assert audience.approved_templates([handle]) == []


def test_title_text_and_link_go_where_they_belong(handle):
    template(handle)
    text = "*शिविर कल*\n\nसुबह 10 बजे।\n\nदेखें: https://up.gov.in/a."
    content = Content(text, options={"template": "soochna_sandesh:hi"})
    filled = audience.with_template(content, [handle]).template
    assert filled is not None
    assert dict(filled.values) == {
        "title": "शिविर कल",
        "text": "सुबह 10 बजे। देखें: https://up.gov.in/a.",
        "link": "https://up.gov.in/a",
    }
    unnamed = template(handle, name="b", names=["1", "2"], body="{{1}} {{2}}", is_named=False)
    assert audience.template_text(unnamed, "शीर्षक", "पाठ", "").text == "शीर्षक पाठ"


def test_a_template_that_is_no_longer_approved_fills_nothing(handle):
    template(handle, status="PAUSED")
    content = Content("पाठ", options={"template": "soochna_sandesh:hi"})
    assert audience.with_template(content, [handle]).template is None


def test_reading_replaces_what_was_read(handle):
    store_templates(handle, [ReadTemplate("a", "hi", "UTILITY", "PENDING", "पाठ")])
    store_templates(handle, [ReadTemplate("a", "hi", "UTILITY", "APPROVED", "पाठ")])
    assert Template.objects.get().status == "APPROVED"


# --- callbacks ---------------------------------------------------------------------------------


def event(field: str, at: datetime, **value) -> bytes:
    about = {"metadata": {"phone_number_id": "1001"}, **value}
    entry = {
        "id": BUSINESS,
        "time": int(at.timestamp()),
        "changes": [{"field": field, "value": about}],
    }
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def message(text: str, at: datetime, number: str = "2", **more: Any) -> bytes:
    said = {
        "from": DIGITS,
        "id": f"wamid.IN{number}",
        "timestamp": str(int(at.timestamp())),
        "type": "text",
        "text": {"body": text},
        **more,
    }
    return event("messages", at, messages=[said])


def status(delivery: Delivery, state: str, at: datetime, **more: Any) -> bytes:
    told = {
        "id": "wamid.OUT1",
        "status": state,
        "timestamp": str(int(at.timestamp())),
        "recipient_id": DIGITS,
        "biz_opaque_callback_data": str(delivery.reference),
        **more,
    }
    return event("messages", at, statuses=[told])


def hear(*bodies: bytes) -> None:
    for body in bodies:
        store_event("whatsapp", body)
    tasks.hear_callbacks()


def test_a_word_to_stop_is_honoured(person):
    hear(message("नमस्ते", timezone.now(), "1"))
    assert Subscriber.objects.agreed().exists()
    hear(message("बंद करें", timezone.now(), "2"))
    left = Subscriber.objects.get()
    assert (left.left_how, bool(left.left_at)) == ("wrote", True)
    assert not CallbackItem.objects.filter(heard_at__isnull=True).exists()


def test_a_word_from_before_the_consent_changes_nothing(person):
    hear(message("STOP", person.agreed_at - DAY))
    assert Subscriber.objects.agreed().exists()


def test_a_replay_changes_nothing(person, handle, officer):
    body = message("STOP", timezone.now() - timedelta(minutes=5))
    hear(body)
    anew = Agreement("camp", "फ़ाइल 13/2026", timezone.now())
    subscribe(handle, NUMBER, anew, actor=officer)
    hear(body, body)
    for item in CallbackItem.objects.all():
        hearing.hear(item)
    assert Subscriber.objects.agreed().exists()


def test_somebody_else_who_stops_changes_nothing(person):
    hear(message("STOP", timezone.now(), **{"from": "919000000099"}))
    assert Subscriber.objects.agreed().exists()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_switch_in_the_app_counts_by_its_time(person, order):
    at = timezone.now()
    choices = [
        event(
            "user_preferences",
            when,
            user_preferences=[
                {
                    "wa_id": DIGITS,
                    "category": "marketing_messages",
                    "value": value,
                    "timestamp": int(when.timestamp()),
                }
            ],
        )
        for value, when in (("stop", at - timedelta(hours=2)), ("resume", at - timedelta(hours=1)))
    ]
    hear(*(choices[place] for place in order))
    assert Subscriber.objects.agreed().exists()
    hear(choices[0])
    assert Subscriber.objects.agreed().exists()


def test_a_lost_wake_up_loses_nothing(person):
    """In tests a task runs at once; a callback of this minute has a wake-up of its own."""
    store_event("whatsapp", message("STOP", timezone.now()))
    hearing.wake_hearing()
    assert Subscriber.objects.agreed().exists()
    CallbackEvent.objects.update(received_at=timezone.now() - timedelta(minutes=2))
    hearing.wake_hearing()
    assert not Subscriber.objects.agreed().exists()


def test_templates_are_read_every_day(handle, platform):
    template_reading.wake_reading(at=timezone.now())
    assert handle.templates.count() == 1
    Template.objects.update(read_at=timezone.now() - 2 * DAY)
    template_reading.wake_reading(at=timezone.now())
    assert handle.templates.count() == 4


def test_a_template_status_is_told(handle):
    found = template(handle)
    news = {
        "event": "PAUSED",
        "message_template_id": 7,
        "message_template_name": found.name,
        "message_template_language": "hi",
    }
    old = {**news, "event": "REJECTED"}
    hear(event("message_template_status_update", timezone.now() + DAY, **news))
    hear(event("message_template_status_update", timezone.now() - DAY, **old))
    found.refresh_from_db()
    assert found.status == "PAUSED"


# --- messages ----------------------------------------------------------------------------------


@pytest.fixture
def platform(handle, rehearsal, settings):
    settings.PLATFORM_URLS = {**settings.PLATFORM_URLS, "whatsapp": f"{rehearsal.url}/whatsapp"}
    settings.MESSAGE_SOURCES = {"post": "publishing.tests.test_audience.seal_of_source"}
    rehearsal.store.add_account("whatsapp", "1001", "विभाग", "token", {"business": BUSINESS})
    store_secrets(handle, Secrets("token", {"business": BUSINESS}))
    template(handle)
    return rehearsal


SEALS: dict[int, str] = {}


def seal_of_source(source_id: int) -> str:
    return SEALS[source_id]


def queued(handle, officer, number: int = 1) -> list[Delivery]:
    options = (("template", "soochna_sandesh:hi"),)
    part = SealedPart("whatsapp", "*शिविर*\n\nकल। https://up.gov.in/a", "", (), (), options)
    SEALS[number] = compute_seal([part], [handle.pk], None, None)
    made = queue_message(
        department=handle.department,
        source="post",
        source_id=number,
        parts=[part],
        media={},
        handles=[handle],
        not_before=None,
        not_after=None,
        seal=SEALS[number],
        actor=officer,
    )
    return list(made.deliveries.all())


def test_a_template_that_is_approved_anew_is_read_before_it_is_used(platform, handle):
    """Its words may be others: the platform tells only that it looked at them again."""
    approved = Template.objects.get().body
    Template.objects.update(status="PENDING", body="पुराना")
    news = {
        "event": "APPROVED",
        "message_template_id": 7,
        "message_template_name": "soochna_sandesh",
        "message_template_language": "hi",
    }
    add_fault(platform.store, "whatsapp", "error_before", where="read")
    hear(event("message_template_status_update", timezone.now() + DAY, **news))
    assert Template.objects.get().status == "PENDING"
    hear(event("message_template_status_update", timezone.now() + 2 * DAY, **news))
    found = Template.objects.get(name="soochna_sandesh", language="hi")
    assert (found.status, found.body) == ("APPROVED", approved)


def test_each_person_who_agreed_gets_one_message(platform, person, handle, officer):
    gone = subscribe(handle, "9000000002", agreed(), actor=officer)
    take_out(gone, actor=officer)
    (delivery,) = queued(handle, officer)
    send(delivery.pk)
    send(delivery.pk)
    (post,) = platform.store.posts("whatsapp")
    assert post.text == (
        "नमस्ते, सूचना: शिविर। कल। https://up.gov.in/a अधिक जानकारी: https://up.gov.in/a"
        " सूचना विभाग, उत्तर प्रदेश।"
    )
    delivery.refresh_from_db()
    assert (delivery.state, delivery.platform_id) == (DeliveryState.SENT, post.id)


def test_who_left_meanwhile_gets_nothing(platform, person, handle, officer):
    (delivery,) = queued(handle, officer)
    hear(message("STOP", timezone.now()))
    send(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.problem) == (DeliveryState.CANCELLED, "opted_out")
    assert platform.store.posts("whatsapp") == []


@pytest.mark.parametrize(
    ("code", "how"), [("131050", "stopped"), ("131026", "unreachable"), ("131047", "")]
)
def test_a_refusal_says_who_is_written_to_no_more(platform, person, handle, officer, code, how):
    (delivery,) = queued(handle, officer)
    add_fault(platform.store, "whatsapp", "code", detail=code)
    send(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.FAILED
    assert Subscriber.objects.get().left_how == how


def test_a_paused_template_stops_the_campaign_without_asking_again(
    platform, person, handle, officer
):
    subscribe(handle, "9000000002", agreed(), actor=officer)
    first, second = queued(handle, officer)
    add_fault(platform.store, "whatsapp", "code", detail="132015")
    send(first.pk)
    send(second.pk)
    states = set(Delivery.objects.values_list("state", "problem"))
    assert states == {("failed", "template_paused"), ("failed", "template_unusable")}
    assert platform.store.posts("whatsapp") == []
    handle.refresh_from_db()
    assert handle.state == "connected"


@pytest.mark.parametrize("change", [{"body": "कुछ और {{title}} {{text}} {{link}}"},
                                    {"names": ["text", "title", "link"]}])  # fmt: skip
def test_a_template_with_other_words_than_were_approved_is_not_sent(
    platform, person, handle, officer, change
):
    (delivery,) = queued(handle, officer)
    Template.objects.update(**change)
    send(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.problem) == (DeliveryState.FAILED, "seal_broken")
    assert not platform.store.posts("whatsapp")


def test_a_capped_person_waits_a_day(platform, person, handle, officer):
    (delivery,) = queued(handle, officer)
    add_fault(platform.store, "whatsapp", "code", detail="131049")
    send(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.WAITING
    assert delivery.next_try_at is not None
    assert delivery.next_try_at - timezone.now() > timedelta(hours=23, minutes=59)


def test_how_far_it_got_never_goes_back(platform, person, handle, officer):
    (delivery,) = queued(handle, officer)
    send(delivery.pk)
    at = timezone.now()
    hear(status(delivery, "read", at + timedelta(seconds=9)))
    hear(status(delivery, "sent", at), status(delivery, "delivered", at))
    hear(status(delivery, "failed", at, errors=[{"code": 131026}]))
    delivery.refresh_from_db()
    assert (delivery.reached, delivery.state, delivery.problem) == ("read", "sent", "")


def test_a_late_failure_is_written_beside_what_was_sent(platform, person, handle, officer):
    (delivery,) = queued(handle, officer)
    send(delivery.pk)
    hear(status(delivery, "failed", timezone.now(), errors=[{"code": 131050}]))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.problem) == ("sent", "opted_out")
    assert Subscriber.objects.get().left_how == "stopped"


def test_a_failure_told_before_the_answer_was_stored_is_not_lost(platform, person, handle, officer):
    (delivery,) = queued(handle, officer)
    claimed, attempt = claim(delivery.pk, worker="slow")
    error = {"code": 131026, "title": "Message undeliverable"}
    hear(status(delivery, "failed", timezone.now(), errors=[error]))
    accept(claimed, attempt, Receipt("wamid.OUT1"))
    tasks.hear_callbacks()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.problem) == (DeliveryState.SENT, "recipient_unreachable")


def test_a_status_settles_what_was_unclear(platform, person, handle, officer):
    (delivery,) = queued(handle, officer)
    add_fault(platform.store, "whatsapp", "cut_after")
    send(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.UNKNOWN
    hear(status(delivery, "delivered", timezone.now()))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.platform_id, delivery.reached) == (
        "sent", "wamid.OUT1", "delivered"
    )  # fmt: skip
    sweep()
    assert len(platform.store.posts("whatsapp")) == 1


def test_a_hidden_number_stops_by_answering(platform, person, handle, officer):
    (delivery,) = queued(handle, officer)
    send(delivery.pk)
    delivery.refresh_from_db()
    context = {"id": delivery.platform_id}
    hear(
        message("STOP", timezone.now(), **{"from": "", "from_user_id": "IN.1", "context": context})
    )
    assert not Subscriber.objects.agreed().exists()


def test_nothing_to_nobody(platform, handle, officer):
    with pytest.raises(MoveNotAllowed) as refused:
        queued(handle, officer)
    assert str(handle) in str(refused.value.message)
