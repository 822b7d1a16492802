"""The desk's pages about people who agreed, and about templates."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from departments.credentials import Secrets, store_secrets
from departments.models import Handle
from departments.tests import factories as make
from publishing.audience_actions import Agreement, subscribe, take_out
from publishing.models import Subscriber, Template

pytestmark = pytest.mark.django_db
DIGITS = "9000000001"
AGREEMENT = {"way": "camp", "proof": "फ़ाइल 12", "agreed_on": ""}


@pytest.fixture
def officer():
    return make.person()


@pytest.fixture
def handle(officer) -> Handle:
    return make.connected_handle(officer.charges.get().department, platform="whatsapp")


@pytest.fixture
def desk(officer) -> Client:
    client = Client()
    client.force_login(officer)
    return client


@pytest.fixture
def person(handle, officer) -> Subscriber:
    agreement = Agreement("paper", "रजिस्टर 7", timezone.now())
    return subscribe(handle, DIGITS, agreement, actor=officer)


def address(name: str, *arguments: object) -> str:
    return reverse(f"desk:{name}", args=arguments)


def test_the_list_shows_the_way_and_four_digits(desk, handle, person):
    page = desk.get(address("subscribers", handle.pk)).content.decode()
    assert "…0001" in page
    assert "रजिस्टर 7" in page
    assert person.get_way_display() in page
    assert DIGITS not in page


def test_who_left_can_be_shown_alone(desk, handle, person, officer):
    other = subscribe(
        handle, "9000000002", Agreement("web", "पंजीकरण", timezone.now()), actor=officer
    )
    take_out(other, actor=officer)
    here = desk.get(address("subscribers", handle.pk), {"here": "agreed"}).content.decode()
    gone = desk.get(address("subscribers", handle.pk), {"here": "left"}).content.decode()
    assert ("…0001" in here, "…0002" in here) == (True, False)
    assert ("…0001" in gone, "…0002" in gone) == (False, True)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_export_has_no_numbers(desk, handle, person, form):
    answer = desk.get(address("subscribers", handle.pk), {"format": form})
    content = b"".join(answer.streaming_content)
    assert answer["Content-Disposition"].startswith("attachment")
    assert DIGITS.encode() not in content
    if form == "csv":
        assert "0001" in content.decode()


def test_state_wide_roles_see_how_many_and_nobody(handle, person):
    client = Client()
    client.force_login(make.person("director"))
    where = address("subscribers", handle.pk)
    for answer in (client.get(where), client.get(where, {"format": "csv"})):
        assert answer.status_code == 200
        page = answer.content.decode()
        assert "0001" not in page
        assert "रजिस्टर" not in page


def test_the_list_costs_the_same_however_long_it_is(
    desk, handle, officer, django_assert_max_num_queries
):
    agreement = Agreement("camp", "फ़ाइल", timezone.now())
    for number in range(60):
        subscribe(handle, f"90000001{number:02}", agreement, actor=officer)
    desk.get(address("subscribers", handle.pk))  # a session's first page counts what waits
    with django_assert_max_num_queries(20):
        desk.get(address("subscribers", handle.pk))


def test_a_person_is_added_and_taken_out(desk, handle):
    where = address("subscriber_add", handle.pk)
    assert desk.get(where).status_code == 200
    answer = desk.post(where, {"number": "९०००००००01", **AGREEMENT})
    assert answer.status_code == 302
    person = Subscriber.objects.get()
    again = desk.post(where, {"number": "09000000001", **AGREEMENT})
    assert again.status_code == 422
    assert "09000000001" in again.content.decode()  # what was typed is kept
    desk.post(address("subscriber_leave", person.pk))
    person.refresh_from_db()
    assert person.left_how == "asked"


@pytest.mark.parametrize(
    "wrong", [{"number": "12"}, {"proof": ""}, {"way": "hearsay"}, {"agreed_on": "31-12-2999"}]
)
def test_what_is_wrong_is_said_and_kept(desk, handle, wrong):
    answer = desk.post(
        address("subscriber_add", handle.pk), {"number": DIGITS, **AGREEMENT, **wrong}
    )
    assert answer.status_code == 422
    assert "error-summary" in answer.content.decode()
    assert not Subscriber.objects.exists()


def test_a_file_is_imported_and_its_bad_rows_named(desk, handle):
    where = address("subscribers_import", handle.pk)
    assert desk.get(where).status_code == 200
    file = SimpleUploadedFile("list.csv", "नंबर\n9000000001\n77\n9000000001\n".encode())
    answer = desk.post(where, {"file": file, **AGREEMENT})
    assert answer.status_code == 200
    done = answer.context["done"]
    assert (done.added, done.known, [row for row, _why in done.refused]) == (1, 1, [3])
    bad = desk.post(where, {"file": SimpleUploadedFile("a.xlsx", b"PK no zip"), **AGREEMENT})
    assert bad.status_code == 422


def test_templates_are_shown_and_read_again(desk, handle, rehearsal, settings):
    """In tests a task runs at once."""
    settings.PLATFORM_URLS = {**settings.PLATFORM_URLS, "whatsapp": f"{rehearsal.url}/whatsapp"}
    account, extra = handle.external_id, {"business": "5001"}
    rehearsal.store.add_account("whatsapp", account, "विभाग", "token", extra)
    store_secrets(handle, Secrets("token", extra))
    Template.objects.create(
        handle=handle, name="soochna", language="hi", category="UTILITY", status="PAUSED",
        body="नमस्ते {{title}} जी", names=["title"], header="other",
    )  # fmt: skip
    page = desk.get(address("templates", handle.pk)).content.decode()
    assert "soochna" in page
    assert "प्लेटफ़ॉर्म ने रोका है" in page
    answer = desk.post(address("templates_read", handle.pk))
    assert answer.status_code == 302
    page = desk.get(answer["Location"]).content.decode()
    assert "soochna_sandesh" in page
    assert handle.templates.count() == 4


def test_the_places_and_the_language_of_a_template_are_said_in_words(desk, handle):
    Template.objects.create(
        handle=handle, name="a", language="hi", category="UTILITY", status="REJECTED",
        body="<b>नमस्ते</b> {{title}}, {{ 2 }} {{नाम}}", names=["title", "2", "नाम"],
    )  # fmt: skip
    page = desk.get(address("templates", handle.pk)).content.decode()
    assert "{{" not in page
    assert "&lt;b&gt;नमस्ते" in page
    for word in (">शीर्षक</span>", ">पाठ</span>", ">अज्ञात: नाम</span>", ">हिंदी</div>"):
        assert word in page


def test_what_is_wrong_is_said_at_its_field(desk, handle, person):
    known = {"number": DIGITS, **AGREEMENT}
    late = {**known, "number": "9000000002", "agreed_on": "01-01-2099"}
    where = address("subscriber_add", handle.pk)
    for typed, field in (({**known, "number": "77"}, "number"), (known, "number"),
                         (late, "agreed_on")):  # fmt: skip
        assert list(desk.post(where, typed).context["form"].errors) == [field]
    file = SimpleUploadedFile("a.xlsx", b"PK no zip")
    answer = desk.post(address("subscribers_import", handle.pk), {"file": file, **AGREEMENT})
    assert list(answer.context["form"].errors) == ["file"]


def test_the_sample_for_the_import_is_read_and_adds_nobody(desk, handle):
    where = address("subscribers_import", handle.pk)
    assert "samples/numbers" in desk.get(where).content.decode()
    sample = settings.BASE_DIR / "static/samples/numbers.csv"
    file = SimpleUploadedFile("numbers.csv", sample.read_bytes())
    done = desk.post(where, {"file": file, **AGREEMENT}).context["done"]
    assert (done.added, [row for row, _why in done.refused]) == (0, [2, 3])


def test_other_platforms_have_no_such_pages(desk, officer):
    other = make.connected_handle(officer.charges.get().department, platform="x")
    for name in ("subscribers", "templates", "subscriber_add"):
        assert desk.get(address(name, other.pk)).status_code == 404


def test_the_page_of_a_handle_leads_there(desk, handle, officer):
    page = desk.get(address("handle", handle.pk)).content.decode()
    assert address("subscribers", handle.pk) in page
    other = make.connected_handle(handle.department, platform="x")
    assert (
        address("subscribers", other.pk)
        not in desk.get(address("handle", other.pk)).content.decode()
    )
