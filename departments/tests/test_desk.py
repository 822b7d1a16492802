"""The desk's pages about handles, departments, officers and the audit trail, as an officer."""

import csv
import re
from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from departments import actions
from departments.models import Handle, User
from departments.platforms import Platform
from departments.roles import Role
from departments.states import HandleState
from portal.audit.actions import record
from portal.audit.models import AuditEntry

from . import factories as make

pytestmark = pytest.mark.django_db

LISTS = ["handles", "departments", "people", "audit"]
OFFICERS = [Role.NODAL_OFFICER, Role.DEPARTMENT_HEAD]


def address(name: str, *args: object, **query: object) -> str:
    """In Hindi, whatever language the request before left behind."""
    with translation.override("hi"):
        return reverse(f"desk:{name}", args=args, query=query or None)


@pytest.fixture
def signed_in(client):
    def sign_in(person: User):
        client.force_login(person)
        return client

    return sign_in


def text_of(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def csv_of(response) -> list[list[str]]:
    content = b"".join(response.streaming_content).decode()
    assert content.startswith("\ufeff")
    return list(csv.reader(content.removeprefix("\ufeff").splitlines()))


def audited() -> int:
    return AuditEntry.objects.count()


# --- the door -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LISTS)
def test_a_visitor_signs_in_first(client, name):
    answer = client.get(address(name))
    assert answer.status_code == 302
    assert answer["Location"] == f"{reverse('account_login')}?next={address(name)}"


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("who", [make.person_without_charge, make.former_officer])
def test_someone_without_a_charge_is_told_so(signed_in, name, who):
    answer = signed_in(who()).get(address(name))
    assert answer.status_code == 403
    assert "desk/no_charge.html" in [t.name for t in answer.templates]


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("people", {Role.ADMINISTRATOR}),
        ("person_invite", {Role.ADMINISTRATOR}),
        ("audit", {Role.AUDITOR, Role.DIRECTOR, Role.SECRETARY}),
        ("handle_add", set(OFFICERS)),
        ("handles", set(Role)),
        ("departments", set(Role)),
    ],
)
def test_what_is_not_ones_own_page_is_not_there(signed_in, role, name, allowed):
    answer = signed_in(make.person(role)).get(address(name))
    assert answer.status_code == (200 if role in allowed else 404)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", ["handle", "handle_disconnect", "handle_close"])
def test_another_departments_handle_is_not_there(signed_in, name, method):
    handle = make.connected_handle()
    answer = getattr(signed_in(make.person()), method)(address(name, handle.pk))
    assert answer.status_code == (405 if method == "get" and name != "handle" else 404)
    handle.refresh_from_db()
    assert handle.state == HandleState.CONNECTED


@pytest.mark.parametrize("name", ["handle", "handle_disconnect", "handle_close"])
def test_who_only_reads_a_handle_cannot_write_it(signed_in, name):
    handle = make.connected_handle()
    client = signed_in(make.person(Role.DIRECTOR))
    assert client.get(address("handle", handle.pk)).status_code == 200
    assert client.post(address(name, handle.pk), {"name": "Other"}).status_code == 404
    assert audited() == 0


@pytest.mark.parametrize("role", sorted(set(Role.values) - {Role.ADMINISTRATOR}))
def test_only_an_administrator_reaches_people_and_departments(signed_in, role):
    other, department = make.person(), make.department()
    client = signed_in(make.person(role))
    for page in (
        client.get(address("person", other.pk)),
        client.post(address("person_resend", other.pk)),
        client.post(address("appoint", other.pk)),
        client.post(address("relieve", other.charges.get().pk)),
        client.get(address("department_edit", department.slug)),
        client.post(address("department_edit", department.slug)),
    ):
        assert page.status_code == 404
    assert audited() == 0


# --- handles --------------------------------------------------------------------------------------


def typed_handle(**changes: object) -> dict[str, object]:
    return {
        "platform": Platform.X,
        "name": "@UPTestHealth",
        "url": "https://x.com/UPTestHealth",
        "accountable_officer": "",
        "note": "",
        **changes,
    }


def test_a_nodal_officer_registers_a_handle(signed_in):
    department = make.department()
    officer = make.person(where=department)
    answer = signed_in(officer).post(
        address("handle_add"),
        typed_handle(department=department.pk, accountable_officer=officer.pk),
    )
    handle = Handle.objects.get()
    assert answer["Location"] == address("handle", handle.pk)
    assert (handle.name, handle.state) == ("UPTestHealth", HandleState.REGISTERED)
    assert handle.accountable_officer == officer
    assert audited() == 1


def test_a_second_click_registers_nothing_and_says_so(signed_in):
    department = make.department()
    client = signed_in(make.person(where=department))
    client.post(address("handle_add"), typed_handle(department=department.pk))
    answer = client.post(address("handle_add"), typed_handle(department=department.pk))
    assert answer.status_code == 422
    assert answer.context["form"].non_field_errors()
    assert "UPTestHealth" in text_of(answer)
    assert Handle.objects.count() == 1


def test_a_long_name_is_advised_against_and_saved(signed_in):
    department = make.department()
    client = signed_in(make.person(where=department))
    name = "UttarPradeshHealthDepartment"
    typed = typed_handle(department=department.pk, platform=Platform.YOUTUBE, name=name, url="")
    answer = client.post(address("handle_add"), typed, follow=True)
    assert Handle.objects.get().name == name
    form = answer.context["form"]
    assert (form.name_length, form.is_name_long) == (28, True)
    assert "is-warning" in text_of(answer)


def test_the_form_says_the_rule_of_x_for_x_alone(signed_in):
    for platform, is_x in ((Platform.X, True), (Platform.FACEBOOK, False)):
        handle = make.registered_handle(platform=platform)
        client = signed_in(make.person(where=handle.department))
        page = text_of(client.get(address("handle", handle.pk)))
        assert ("अधिकतम 15 अक्षर" in page) is is_x


@pytest.mark.parametrize("name", ["UPHealthDepartment", "UP-Health", "स्वास्थ्य", "UP Health"])
def test_a_name_that_x_cannot_have_is_refused_beside_the_field(signed_in, name):
    department = make.department()
    client = signed_in(make.person(where=department))
    answer = client.post(address("handle_add"), typed_handle(department=department.pk, name=name))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["name"]
    assert "is-warning" not in text_of(answer)  # not advice beside the refusal
    assert not Handle.objects.exists()


@pytest.mark.parametrize(
    ("state", "said"),
    [(make.connected_handle, "असंबद्ध करें: "), (make.registered_handle, "बंद करें: ")],
)
def test_the_buttons_on_a_handle_say_what_they_do(signed_in, state, said):
    handle = state()
    client = signed_in(make.person(where=handle.department))
    page = text_of(client.get(address("handle", handle.pk)))
    assert f"<li>{said}" in page


@pytest.mark.parametrize(
    "url", ["http://x.com/a", "https://example.com/a", "javascript:alert(1)", "x.com/a", "https://"]
)
def test_a_link_elsewhere_is_refused_beside_the_field(signed_in, url):
    department = make.department()
    client = signed_in(make.person(where=department))
    answer = client.post(address("handle_add"), typed_handle(department=department.pk, url=url))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["url"]
    assert not Handle.objects.exists()


def test_a_handle_cannot_be_registered_for_another_department(signed_in):
    other = make.department()
    answer = signed_in(make.person()).post(address("handle_add"), typed_handle(department=other.pk))
    assert answer.status_code == 422
    assert "department" in answer.context["form"].errors
    assert not Handle.objects.exists()


def test_an_officer_of_elsewhere_cannot_be_made_accountable(signed_in):
    handle = make.registered_handle()
    client = signed_in(make.person(where=handle.department))
    answer = client.post(
        address("handle", handle.pk), typed_handle(accountable_officer=make.person().pk)
    )
    assert answer.status_code == 422
    assert "accountable_officer" in answer.context["form"].errors


def test_a_handle_is_changed(signed_in):
    handle = make.registered_handle()
    client = signed_in(make.person(where=handle.department))
    answer = client.post(address("handle", handle.pk), typed_handle(name="New", note="पुराना नाम"))
    assert answer.status_code == 302
    handle.refresh_from_db()
    assert (handle.name, handle.note) == ("New", "पुराना नाम")


def test_a_link_stored_before_does_not_stand_in_the_way(signed_in):
    handle = make.registered_handle(url="http://127.0.0.1:8100/")
    client = signed_in(make.person(where=handle.department))
    client.post(address("handle", handle.pk), typed_handle(name="New", url=handle.url))
    handle.refresh_from_db()
    assert (handle.name, handle.url) == ("New", "http://127.0.0.1:8100/")


def test_disconnecting_twice_is_said_and_done_once(signed_in):
    handle = make.connected_handle()
    client = signed_in(make.person(where=handle.department))
    for _click in range(2):
        answer = client.post(address("handle_disconnect", handle.pk), follow=True)
        assert answer.status_code == 200
        assert len(list(answer.context["messages"])) == 1
    assert audited() == 1


def test_a_registered_handle_offers_connecting_and_closing(signed_in):
    handle = make.registered_handle()
    answer = signed_in(make.person(where=handle.department)).get(address("handle", handle.pk))
    assert address("handle_close", handle.pk) in text_of(answer)
    assert address("handle_disconnect", handle.pk) not in text_of(answer)
    assert address("handle_connect", handle.pk) in text_of(answer)
    assert address("handle_by_hand", handle.pk) in text_of(answer)


def test_handles_are_filtered_by_the_address(signed_in):
    first = make.connected_handle(platform=Platform.FACEBOOK, name="UPHealth")
    second = make.registered_handle(platform=Platform.X, name="UPRoads")
    client = signed_in(make.person(Role.DIRECTOR))
    for query, found in [
        ({"platform": "facebook"}, [first]),
        ({"state": "registered"}, [second]),
        ({"department": first.department.slug}, [first]),
        ({"q": "@uproads"}, [second]),
        ({"q": second.department.name_hi}, [second]),
        ({"q": "nothing"}, []),
        ({"platform": "orkut", "state": "asleep", "page": "-7"}, [first, second]),
        ({"q": "\x00" * 3, "department": ""}, [first, second]),
    ]:
        page = client.get(address("handles", **query)).context["page"]
        assert set(page.object_list) == set(found), query


# --- departments ----------------------------------------------------------------------------------


def test_an_administrator_changes_a_department(signed_in):
    department = make.department()
    client = signed_in(make.person(Role.ADMINISTRATOR))
    typed = {
        "name_hi": "चिकित्सा विभाग",
        "name_en": "Medical Department",
        "kind": "department",
        "parent": "",
        "website": "",
        "source": "",
    }
    assert client.post(address("department_edit", department.slug), typed).status_code == 302
    department.refresh_from_db()
    assert department.name_hi == "चिकित्सा विभाग"
    assert AuditEntry.objects.get().data["old"]["name_en"].startswith("Test Department")
    answer = client.post(address("department_edit", department.slug), {**typed, "name_hi": ""})
    assert answer.status_code == 422
    assert "name_hi" in answer.context["form"].errors


def test_departments_that_lack_something_are_found(signed_in):
    bare, served = make.department(), make.department()
    make.person(where=served)
    make.registered_handle(served)
    client = signed_in(make.person(Role.ADMINISTRATOR))
    for lacking in ("officers", "handles"):
        page = client.get(address("departments", lacking=lacking)).context["page"]
        assert bare in page.object_list
        assert served not in page.object_list


# --- officers -------------------------------------------------------------------------------------

PASSWORD = "गंगा-यमुना-2026-पुल"


def invite(client, capture=None, **changes: object):
    """`capture` runs what waits for the commit where the test itself is in a transaction."""
    typed = {
        "name": "श्री क ख",
        "email": "Invited@example.gov.in",
        "department": make.department().pk,
        "role": Role.NODAL_OFFICER,
        **changes,
    }
    with capture(execute=True) if capture else nullcontext():
        return client.post(address("person_invite"), typed, follow=True)


def test_an_invited_officer_sets_a_password_and_works(
    signed_in, client, django_capture_on_commit_callbacks
):
    answer = invite(signed_in(make.person(Role.ADMINISTRATOR)), django_capture_on_commit_callbacks)
    assert "invited@example.gov.in" in text_of(answer)
    message = mail.outbox[0]
    assert message.to == ["invited@example.gov.in"]
    addresses = re.findall(r"http://testserver(\S+)", message.body)
    assert len(addresses) == 2  # in Hindi and in English
    client.logout()
    form = client.get(addresses[0], follow=True)
    client.post(
        form.request["PATH_INFO"], {"password1": PASSWORD, "password2": PASSWORD}, follow=True
    )
    invited = User.objects.get(email="invited@example.gov.in")
    assert invited.check_password(PASSWORD)
    client.logout()
    client.get(addresses[1], follow=True)
    invited.refresh_from_db()
    assert invited.check_password(PASSWORD)  # the address worked once


def test_an_invitation_is_in_both_languages(signed_in, django_capture_on_commit_callbacks):
    invite(signed_in(make.person(Role.ADMINISTRATOR)), django_capture_on_commit_callbacks)
    hindi, english = mail.outbox[0].body.split("\n---\n")
    assert "परीक्षण विभाग" in hindi
    assert "Test Department" in english


def test_inviting_the_same_address_again_says_so(signed_in, django_capture_on_commit_callbacks):
    client = signed_in(make.person(Role.ADMINISTRATOR))
    invite(client, django_capture_on_commit_callbacks)
    answer = invite(client, django_capture_on_commit_callbacks, email="INVITED@example.gov.in")
    assert answer.status_code == 422
    assert "श्री क ख" in text_of(answer)
    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_cannot_be_sent_is_said_and_can_be_sent_again(signed_in, settings):
    settings.EMAIL_BACKEND = f"{__name__}.Unreachable"
    client = signed_in(make.person(Role.ADMINISTRATOR))
    answer = invite(client)
    assert [m.level_tag for m in answer.context["messages"]] == ["error"]
    invited = User.objects.get(email="invited@example.gov.in")
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    client.post(address("person_resend", invited.pk))
    assert mail.outbox[0].to == [invited.email]


class Unreachable(EmailBackend):
    def send_messages(self, messages):
        raise ConnectionRefusedError


def test_who_has_a_password_is_not_invited_again(signed_in, django_capture_on_commit_callbacks):
    person = make.person()
    with django_capture_on_commit_callbacks(execute=True):
        signed_in(make.person(Role.ADMINISTRATOR)).post(address("person_resend", person.pk))
    assert mail.outbox == []


def test_a_charge_is_given_and_ended_with_devanagari_days(signed_in):
    person, department = make.person_without_charge(), make.department()
    client = signed_in(make.person(Role.ADMINISTRATOR))
    typed = {
        "department": department.pk,
        "role": Role.DEPARTMENT_HEAD,
        "from_date": "०१-०४-२०२६",
        "to_date": "",
    }
    assert client.post(address("appoint", person.pk), typed).status_code == 302
    charge = person.charges.get()
    assert charge.from_date.isoformat() == "2026-04-01"
    client.post(address("relieve", charge.pk), {"last_day": "30/9/2026"})
    charge.refresh_from_db()
    assert charge.to_date.isoformat() == "2026-09-30"


def test_a_charge_that_ends_today_says_so_and_has_no_button(signed_in):
    person = make.person()
    client = signed_in(make.person(Role.ADMINISTRATOR))
    before = text_of(client.get(address("person", person.pk)))
    assert "खाली छोड़ने पर आज अंतिम दिन होगा" in before
    assert "कार्यमुक्त करें" in before
    client.post(address("relieve", person.charges.get().pk), {"last_day": ""})
    assert person.charges.get().to_date == timezone.localdate()
    after = text_of(client.get(address("person", person.pk)))
    assert "प्रभार आज समाप्त हो रहा है" in after
    assert "कार्यमुक्त करें" not in after


def test_a_day_that_is_none_is_said_beside_the_field(signed_in):
    person = make.person_without_charge()
    client = signed_in(make.person(Role.ADMINISTRATOR))
    typed = {
        "department": make.department().pk,
        "role": Role.NODAL_OFFICER,
        "from_date": "31-02-2026",
    }
    answer = client.post(address("appoint", person.pk), typed)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["from_date"]
    assert "31-02-2026" in text_of(answer)


def test_a_state_wide_role_outside_the_directorate_is_refused_in_words(signed_in):
    person = make.person_without_charge()
    typed = {"department": make.department().pk, "role": Role.DIRECTOR}
    answer = signed_in(make.person(Role.ADMINISTRATOR)).post(address("appoint", person.pk), typed)
    assert answer.status_code == 422
    assert answer.context["form"].non_field_errors()
    assert not person.charges.exists()


def test_officers_are_filtered_by_the_address(signed_in):
    administrator = make.person(Role.ADMINISTRATOR)
    nodal, former = make.person(), make.former_officer()
    client = signed_in(administrator)
    for query, found in [
        ({"role": "nodal_officer"}, {nodal}),
        ({"department": nodal.charges.get().department.slug}, {nodal}),
        ({"standing": "none"}, {former}),
        ({"standing": "current", "role": "administrator"}, {administrator}),
        ({"q": nodal.email}, {nodal}),
        ({"role": "king"}, {administrator, nodal, former}),
    ]:
        assert set(client.get(address("people", **query)).context["page"].object_list) == found


# --- audit trail ----------------------------------------------------------------------------------


def written(count: int) -> Handle:
    """A handle renamed `count` times."""
    handle = make.registered_handle(name="Name0")
    officer = make.person(where=handle.department)
    for number in range(1, count + 1):
        actions.change_handle(handle, name=f"Name{number}", actor=officer)
    return handle


def numbers(answer) -> list[int]:
    return [row["entry"].number for row in answer.context["entries"]]


def test_the_trail_is_read_backwards_and_forwards_by_number(signed_in):
    written(120)
    client = signed_in(make.person(Role.AUDITOR))
    first = client.get(address("audit"))
    assert numbers(first) == list(range(120, 70, -1))
    second = client.get(address("audit", before=first.context["older"]))
    assert numbers(second) == list(range(70, 20, -1))
    assert numbers(client.get(address("audit", before=21))) == list(range(20, 0, -1))
    assert client.get(address("audit", before=21)).context["older"] is None
    back = client.get(address("audit", after=second.context["newer"]))
    assert numbers(back) == list(range(120, 70, -1))
    assert back.context["newer"] is None


def test_old_and_new_are_shown_in_words(signed_in):
    handle = make.connected_handle()
    actions.disconnect_handle(handle, actor=make.person(where=handle.department))
    row = signed_in(make.person(Role.AUDITOR)).get(address("audit")).context["entries"][0]
    change = row["changes"][0]
    assert (change.old, change.new) == (
        str(HandleState.CONNECTED.label),
        str(HandleState.DISCONNECTED.label),
    )


def recorded(action: str, target, data: dict) -> None:
    with transaction.atomic():
        record(action, target, actor=None, department=target.department.slug, data=data)


def test_handles_are_named_not_numbered(signed_in):
    handle = make.registered_handle(name="UPGovt")
    recorded("departments.handle.changed", handle, {"handles": [handle.pk, "hostile", 10**30]})
    row = signed_in(make.person(Role.AUDITOR)).get(address("audit")).context["entries"][0]
    with translation.override("hi"):
        assert row["changes"][0].new == f"{handle}, hostile, {10**30}"


def test_a_seal_is_shortened_and_a_hostile_value_does_no_harm(signed_in):
    seal, hostile = "ab" * 32, "<script>alert(1)</script>"
    handle = make.registered_handle()
    recorded("departments.handle.changed", handle, {"seal": seal, "comment": hostile})
    recorded("departments.handle.changed", handle, {"seal": '"><script>', "<b>": {"<i>": 1}})
    page = text_of(signed_in(make.person(Role.AUDITOR)).get(address("audit")))
    assert f'<code title="{seal}">{seal[:12]}…</code>' in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert [tag for tag in ("<script>", "<b>", "<i>") if tag in page] == []


def test_the_file_says_what_the_page_says(signed_in):
    handle = make.connected_handle()
    department = handle.department
    actions.disconnect_handle(handle, actor=make.person(where=department))
    recorded("departments.handle.changed", handle, {"handles": [handle.pk], "seal": "ab" * 32})
    client = signed_in(make.person(Role.AUDITOR))
    newest, before = csv_of(client.get(address("audit", format="csv")))[1:3]
    with translation.override("hi"):
        assert newest[3:5] == ["स्वयं पोर्टल", department.name]
        # The order is the database's own.
        assert set(newest[6].split("; ")) == {f"हैंडल: {handle}", f"मुहर: {'ab' * 32}"}
        account = f"प्लेटफ़ॉर्म पर खाता: {handle.external_id}"
        assert before[6] == f"स्थिति: संबद्ध → असंबद्ध; {account}"


def test_a_changed_entry_is_pointed_out(signed_in):
    written(3)
    client = signed_in(make.person(Role.AUDITOR))
    assert client.get(address("audit")).context["broken"] == []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER USER")
        else:
            cursor.execute("DROP TRIGGER audit_entry_no_update")
    AuditEntry.objects.filter(number=2).update(actor_name="Someone else")
    assert client.get(address("audit")).context["broken"] == [2]


def test_the_trail_is_filtered_by_the_address(signed_in):
    handle = written(2)
    other = make.registered_handle()
    officer = make.person(where=other.department)
    actions.close_handle(other, actor=officer)
    client = signed_in(make.person(Role.AUDITOR))
    tomorrow = (timezone.localdate() + timedelta(days=1)).strftime("%d-%m-%Y")
    for query, found in [
        ({"department": handle.department.slug}, [2, 1]),
        ({"action": "departments.handle.closed"}, [3]),
        ({"person": officer.pk}, [3]),
        ({"person": officer.name}, [3]),
        ({"target": f"departments.handle:{handle.pk}"}, [2, 1]),
        ({"from": tomorrow}, []),
        ({"to": tomorrow, "from": "nonsense"}, [3, 2, 1]),
    ]:
        assert numbers(client.get(address("audit", **query))) == found, query


# --- every list -----------------------------------------------------------------------------------


def offered(page: str, name: str) -> list[str]:
    """The choices of a pull-down, without the empty one."""
    choices = re.search(rf'<select[^>]* name="{name}".*?</select>', page, re.DOTALL)
    assert choices
    return re.findall(r"<option[^>]*>([^<]*)</option>", choices[0])[1:]


@pytest.mark.parametrize("name", ["handles", "people", "audit", "person_invite"])
def test_departments_are_offered_in_the_alphabet_of_the_page(signed_in, name):
    role = Role.AUDITOR if name == "audit" else Role.ADMINISTRATOR
    client = signed_in(make.person(role))
    make.department(name_hi="कृषि", name_en="Zeta")
    make.department(name_hi="वन", name_en="Alpha")
    hindi = offered(client.get(address(name)).content.decode(), "department")
    english = offered(client.get("/en" + address(name)).content.decode(), "department")
    assert hindi == ["कृषि", "वन", "सूचना निदेशालय"]
    assert english == ["Alpha", "Information Directorate", "Zeta"]


@pytest.mark.parametrize(("language", "words"), [("", "चुनें"), ("/en", "Choose")])
def test_an_empty_choice_says_what_to_do(signed_in, language, words):
    page = text_of(
        signed_in(make.person(Role.ADMINISTRATOR)).get(language + address("person_invite"))
    )
    assert re.findall(r'<option value="" selected>([^<]*)', page) == [words, words]


def test_the_top_bar_names_the_directorate_once(signed_in):
    page = text_of(signed_in(make.person(Role.DIRECTOR)).get(address("handles")))
    assert "<span>निदेशक, सूचना</span>" in page
    department = make.department()
    page = text_of(signed_in(make.person(where=department)).get(address("handles")))
    assert f"<span>नोडल अधिकारी, {department.name_hi}</span>" in page


def grow(count: int) -> None:
    for _number in range(count):
        department = make.department(parent=make.directorate())
        officer = make.person(where=department)
        handle = make.connected_handle(department, accountable_officer=officer)
        actions.change_handle(handle, name=f"Renamed{handle.pk}", actor=officer)


@pytest.mark.parametrize("name", LISTS)
def test_a_longer_list_takes_no_more_queries(signed_in, name):
    role = Role.AUDITOR if name == "audit" else Role.ADMINISTRATOR
    client = signed_in(make.person(role))
    client.get(address(name))
    counts = []
    for _round in range(2):
        grow(6)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(address(name)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 20


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_exported_without_formulas(signed_in, name):
    handle = make.registered_handle(name='=HYPERLINK("https://example.org")')
    officer = make.person(where=handle.department, name="+91 98765")
    department = handle.department
    actions.change_handle(handle, url="https://x.com/a", actor=officer)
    actions.change_department(
        department, actor=make.person(Role.ADMINISTRATOR), name_hi="@SUM(A1)", name_en="-1+2"
    )
    role = Role.AUDITOR if name == "audit" else Role.ADMINISTRATOR
    answer = signed_in(make.person(role)).get(address(name, format="csv"))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="')
    rows = csv_of(answer)
    assert len(rows) > 1
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell[:1] in "=+-@" and cell]
    assert [cell for cell in cells if cell.startswith("'")]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("language", ["", "/en"])
def test_an_empty_filter_result_leads_back(signed_in, name, language):
    role = Role.AUDITOR if name == "audit" else Role.ADMINISTRATOR
    query = {"person": "nobody"} if name == "audit" else {"q": "nothing-like-it"}
    answer = signed_in(make.person(role)).get(language + address(name, **query))
    assert answer.status_code == 200
    assert 'class="empty"' in text_of(answer)
    assert f'href="{language}{address(name)}"' in text_of(answer)


@pytest.mark.parametrize("query", [{"from": "01-01-0001"}, {"to": "31-12-9999"}])
def test_the_audit_trail_takes_days_of_any_age(signed_in, query):
    answer = signed_in(make.person(Role.AUDITOR)).get(address("audit", **query))
    assert answer.status_code == 200
