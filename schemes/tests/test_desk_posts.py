"""The officers' pages about posts, through the front door; rows are looked at afterwards."""

from __future__ import annotations

import io
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook
from PIL import Image

from departments.models import User
from departments.roles import Role
from departments.tests.factories import person
from publishing.models import Delivery, Media
from publishing.tests.factories import connected_handle
from schemes import actions
from schemes.models import Post, Review

from .post_factories import Office, approved_post, draft, office, post_at, submitted

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def up() -> Office:
    return office()


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def typed(up: Office, **fields: object) -> dict[str, object]:
    """What an officer sends from the composer."""
    return {
        "department": up.department.pk,
        "kind": "event",
        "route": "routine",
        "title_hi": "शिविर",
        "text_hi": "शिविर 5 दिसम्बर को।",
        "handles": [up.handle.pk],
        "form_key": str(uuid.uuid4()),
        **fields,
    }


def photo(name: str = "चित्र.jpg") -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (800, 640), (90, 120, 60)).save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue(), content_type="image/jpeg")


# --- writing ------------------------------------------------------------------------------------


def test_an_officer_writes_a_post(up):
    answer = client_of(up.nodal).post("/desk/posts/new/", typed(up))
    post = Post.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/desk/posts/{post.pk}/")
    assert (post.author, post.state, list(post.handles.all())) == (up.nodal, "draft", [up.handle])


@pytest.mark.parametrize(("prefix", "words"), [("", "चुनें"), ("/en", "Choose")])
def test_no_kind_is_chosen_beforehand(up, prefix, words):
    client = client_of(up.nodal)
    page = client.get(f"{prefix}/desk/posts/new/").content.decode()
    assert f'<option value="" selected>{words}</option>' in page
    answer = client.post(f"{prefix}/desk/posts/new/", typed(up, kind=""))
    assert list(answer.context["form"].errors) == ["kind"]


def test_the_same_page_sent_twice_makes_one_post(up):
    client, page = client_of(up.nodal), typed(up)
    first, second = (client.post("/desk/posts/new/", page) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Post.objects.count() == 1


@pytest.mark.parametrize("wrong", [{"title_hi": ""}, {"publish_at": "कल"}, {"kind": "advisory"}])
def test_a_photo_is_kept_whatever_else_is_wrong(up, wrong):
    page = typed(up, photo_file=photo(), photo_alt_hi="शिविर", **wrong)
    answer = client_of(up.nodal).post("/desk/posts/new/", page)
    assert answer.status_code == 422
    media = Media.objects.get()
    assert f'name="photos" value="{media.pk}"' in answer.content.decode()


def test_a_photo_waits_until_all_of_its_description_is_right(up):
    wrong = {"photo_alt_hi": "शिविर", "photo_alt_en": "x" * 141}
    page = typed(up, photo_file=photo(), **wrong)
    answer = client_of(up.nodal).post("/desk/posts/new/", page)
    assert set(answer.context["form"].errors) == {"photo_alt_en", "photo_file"}
    assert not Media.objects.exists()


def test_a_page_with_a_photo_sent_twice_makes_one_post_and_one_photo(up):
    client, page = client_of(up.nodal), typed(up, photo_alt_hi="शिविर")
    sent = [client.post("/desk/posts/new/", {**page, "photo_file": photo()}) for _ in range(2)]
    assert [answer.status_code for answer in sent] == [302, 302]
    assert (Post.objects.count(), Media.objects.count()) == (1, 1)


def test_a_photo_without_a_description_is_asked_for_again(up):
    answer = client_of(up.nodal).post("/desk/posts/new/", typed(up, photo_file=photo()))
    assert set(answer.context["form"].errors) == {"photo_alt_hi"}
    assert not Media.objects.exists()


def test_the_last_moment_must_come_after_the_time_of_publishing(up):
    far = (timezone.now() + timedelta(days=2)).strftime("%d-%m-%Y %H:%M")
    near = (timezone.now() + timedelta(days=1)).strftime("%d-%m-%Y %H:%M")
    wrong = typed(up, publish_at=far, last_useful_at=near)
    assert client_of(up.nodal).post("/desk/posts/new/", wrong).status_code == 422


@pytest.mark.parametrize(
    "wrong",
    [
        {"title_hi": ""},
        {"text_hi": ""},
        {"text_hi": "क" * 20_001},
        {"title_hi": "क" * 101},
        {"kind": "song"},
        {"route": "shortcut"},
        {"handles": ["0"]},
        {"handles": ["9" * 25]},
        {"handles": ["x' OR 1=1"]},
        {"scheme": "999999999999999999999"},
        {"publish_at": "कल"},
        {"publish_at": "0001-01-01T00:00"},
        {"publish_at": "01-01-2001 10:00"},
        {"last_useful_at": "01-01-2001 10:00"},
        {"last_useful_at": "12-25-2030 10:00"},
        {"department": ""},
        {"photos": "7"},
        {"photos": ["x' OR 1=1", "9" * 25]},
        {"video": "7"},
        {"photo_alt_en": "x" * 141},
    ],
    ids="-".join,
)
def test_wrong_input_is_said_and_nothing_is_lost(up, wrong):
    answer = client_of(up.nodal).post("/desk/posts/new/", typed(up, title_en="kept", **wrong))
    assert answer.status_code == 422
    assert 'value="kept"' in answer.content.decode()
    assert not Post.objects.exists()


def test_a_file_that_is_no_photo_is_said_in_words(up):
    bad = SimpleUploadedFile("x.jpg", b"<svg onload=alert(1)>")
    page = typed(up, photo_file=bad, photo_alt_hi="शिविर")
    answer = client_of(up.nodal).post("/desk/posts/new/", page)
    assert answer.status_code == 422
    assert "photo_file" in answer.context["form"].errors


def test_another_department_s_handles_and_files_cannot_be_chosen(up):
    other = office()
    page = typed(up, handles=[other.handle.pk])
    assert client_of(up.nodal).post("/desk/posts/new/", page).status_code == 422
    page = typed(up, department=other.department.pk)
    assert client_of(up.nodal).post("/desk/posts/new/", page).status_code == 422


def test_times_are_day_first_in_any_digits_and_shown_as_typed(up):
    """N1, N2, H9."""
    client = client_of(up.nodal)
    client.post("/desk/posts/new/", typed(up, publish_at="०५-१२-२०३० १०:३०"))
    post = Post.objects.get()
    assert post.publish_at == datetime(2030, 12, 5, 5, 0, tzinfo=UTC)
    assert 'value="05-12-2030 10:30"' in client.get(f"/desk/posts/{post.pk}/edit/").content.decode()


def test_a_variant_gets_its_own_words_and_can_follow_again(up):
    post = draft(up)
    client, address = client_of(up.nodal), f"/desk/posts/{post.pk}/edit/"
    own = {"variant-x-text": "एक्स के लिए अलग शब्द।"}
    client.post(address, typed(up, version=post.version, route="policy", **own))
    assert post.variants.get().text == "एक्स के लिए अलग शब्द।"
    post.refresh_from_db()
    empty = {"variant-x-text": ""}
    client.post(address, typed(up, version=post.version, route="policy", **empty))
    assert post.variants.get().text == "शिविर 5 दिसम्बर को।"


def test_a_tab_that_outlived_the_draft_keeps_what_was_typed(up):
    post = submitted(up)
    answer = client_of(up.nodal).post(
        f"/desk/posts/{post.pk}/edit/", typed(up, text_hi="रखा जाए", version=post.version)
    )
    assert answer.status_code == 422
    assert "रखा जाए</textarea>" in answer.content.decode()


def test_a_page_sent_again_with_other_words_loses_neither(up):
    client, page = client_of(up.nodal), typed(up)
    client.post("/desk/posts/new/", page)
    answer = client.post("/desk/posts/new/", {**page, "text_hi": "बाद के शब्द"})
    assert answer.status_code == 422
    assert "बाद के शब्द</textarea>" in answer.content.decode()
    assert Post.objects.get().text_hi == page["text_hi"]


def test_line_ends_count_once(up):
    """A browser sends two characters for what its own counter calls one."""
    page = typed(up, text_hi="क\r\n" * 9_999 + "क")
    assert client_of(up.nodal).post("/desk/posts/new/", page).status_code == 302


def test_a_late_tab_keeps_what_was_typed_and_may_save_it_again(up):
    post = draft(up)
    client, address = client_of(up.nodal), f"/desk/posts/{post.pk}/edit/"
    page = typed(up, version=post.version, route="policy")
    assert client.post(address, page).status_code == 302
    late = {**page, "title_hi": "देर से लिखा"}
    answer = client.post(address, late)
    assert answer.status_code == 422
    assert "देर से लिखा" in answer.content.decode()
    late["version"] = answer.context["form"]["version"].value()
    assert client.post(address, late).status_code == 302
    post.refresh_from_db()
    assert post.title_hi == "देर से लिखा"


# --- previews ------------------------------------------------------------------------------------


def test_previews_come_from_the_rules_that_decide(up):
    page = typed(up, text_hi="क" * 281)
    answer = client_of(up.nodal).post("/desk/posts/preview/", page)
    preview = answer.context["previews"][0]
    assert (preview.count.length, preview.is_refused) == (281, True)
    assert not Post.objects.exists()


def test_previews_of_an_empty_page_are_empty(up):
    answer = client_of(up.nodal).post("/desk/posts/preview/", {})
    assert answer.status_code == 200
    assert answer.context["previews"] == []


def test_nothing_typed_becomes_markup(up):
    post = draft(up, title_hi=HOSTILE, text_hi=HOSTILE, text_en=HOSTILE)
    actions.submit_post(post, version=post.version, actor=up.nodal)
    post.refresh_from_db()
    client_of(up.head).post(
        f"/desk/posts/{post.pk}/return/", {"version": post.version, "comment": HOSTILE}
    )
    for address in (f"/desk/posts/{post.pk}/", "/desk/posts/", "/desk/"):
        said = client_of(up.nodal).get(address).content.decode()
        assert "<script>alert" not in said
        assert "<img src=x" not in said
    assert HOSTILE in Review.objects.last().comment


# --- deciding -------------------------------------------------------------------------------------


def test_a_decision_without_version_decides_nothing(up):
    post = submitted(up)
    for version in ("", "x", "-1", "0", "9" * 30):
        answer = client_of(up.head).post(f"/desk/posts/{post.pk}/approve/", {"version": version})
        assert answer.status_code in {409, 422}
    post.refresh_from_db()
    assert post.state == "with_department"


def test_a_double_click_approves_once(up):
    post = submitted(up)
    client, page = client_of(up.head), {"version": post.version}
    statuses = [client.post(f"/desk/posts/{post.pk}/approve/", page).status_code for _ in range(2)]
    assert statuses == [302, 409]
    assert Review.objects.filter(move="approve").count() == 1


def test_a_comment_that_is_too_long_is_kept_whole(up):
    post = submitted(up)
    answer = client_of(up.head).post(
        f"/desk/posts/{post.pk}/return/", {"version": post.version, "comment": "क" * 2500}
    )
    assert answer.status_code == 422
    assert f"{'क' * 2500}</textarea>" in answer.content.decode()


def test_a_refused_return_keeps_the_comment(up):
    post = submitted(up)
    answer = client_of(up.head).post(
        f"/desk/posts/{post.pk}/return/", {"version": post.version - 1, "comment": "लम्बी टिप्पणी"}
    )
    assert answer.status_code == 409
    assert "लम्बी टिप्पणी</textarea>" in answer.content.decode()
    assert post.reviews.filter(move="return").count() == 0


def test_the_address_of_a_refusal_leads_back_to_the_post(up):
    """Reloaded, or read in the other language."""
    post = submitted(up)
    answer = client_of(up.head).get(f"/en/desk/posts/{post.pk}/approve/")
    assert (answer.status_code, answer["Location"]) == (302, f"/en/desk/posts/{post.pk}/")


def test_a_returned_post_says_why_and_is_mended_in_one_step(up):
    post = submitted(up)
    actions.return_post(post, version=post.version, actor=up.head, comment="समय लिखें")
    client, address = client_of(up.nodal), f"/desk/posts/{post.pk}/"
    page = client.get(address).content.decode()
    assert page.index("समय लिखें") < page.index('class="ladder"')
    post.refresh_from_db()
    answer = client.post(f"{address}reopen/", {"version": post.version})
    assert answer["Location"] == f"{address}edit/"


def test_what_a_platform_refuses_is_said_by_its_name(up):
    post = draft(up, text_hi="क" * 281)
    answer = client_of(up.nodal).post(f"/desk/posts/{post.pk}/submit/", {"version": post.version})
    assert answer.status_code == 409
    assert "एक्स (X)" in str(next(iter(answer.context["messages"])))


def test_an_unknown_move_does_not_exist(up):
    post = submitted(up)
    assert client_of(up.head).post(f"/desk/posts/{post.pk}/release/", {}).status_code == 404
    assert client_of(up.head).post(f"/desk/posts/{post.pk}/seal/", {}).status_code == 404


def test_a_decision_needs_the_csrf_token(up):
    post = submitted(up)
    client = Client(enforce_csrf_checks=True)
    client.force_login(up.head)
    page = {"version": post.version}
    assert client.post(f"/desk/posts/{post.pk}/approve/", page).status_code == 403


# --- deliveries ---------------------------------------------------------------------------------


def unclear_delivery(up: Office) -> Delivery:
    post = approved_post(up)
    Delivery.objects.update(state="unknown", problem="needs_decision", next_try_at=None)
    return Delivery.objects.get(message__source_id=post.pk)


def test_an_officer_records_what_they_saw(up):
    delivery = unclear_delivery(up)
    page = {"is_out": "yes", "permalink": "https://x.com/i/web/status/1"}
    client_of(up.head).post(f"/desk/deliveries/{delivery.pk}/decide/", page)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.permalink) == ("sent", "https://x.com/i/web/status/1")


@pytest.mark.parametrize(
    "page",
    [
        {},
        {"is_out": "maybe"},
        {"is_out": "yes"},
        {"is_out": "yes", "permalink": "javascript:alert(1)"},
        {"is_out": "yes", "permalink": "https://x.com.evil.example/up/status/1"},
        {"is_out": "yes", "permalink": "https://www.facebook.com/1"},  # an X handle
    ],
)
def test_out_without_proof_is_not_recorded(up, page):
    delivery = unclear_delivery(up)
    client_of(up.head).post(f"/desk/deliveries/{delivery.pk}/decide/", page)
    delivery.refresh_from_db()
    assert delivery.state == "unknown"


def test_the_author_does_not_decide_about_deliveries(up):
    delivery = unclear_delivery(up)
    client_of(up.nodal).post(f"/desk/deliveries/{delivery.pk}/decide/", {"is_out": "no"})
    delivery.refresh_from_db()
    assert delivery.state == "unknown"


def test_a_failed_delivery_is_tried_again_after_mending(up):
    approved_post(up)
    Delivery.objects.update(state="failed", problem="reconnect", next_try_at=None)
    delivery = Delivery.objects.get()
    client_of(up.head).post(f"/desk/deliveries/{delivery.pk}/requeue/")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts_made) == ("queued", 0)


def test_what_is_stale_is_published_when_an_officer_says_so(up):
    post = approved_post(up)
    Delivery.objects.update(state="expired", problem="stale", next_try_at=None)
    delivery, button = Delivery.objects.get(), "फिर भी प्रकाशित करें"
    assert button not in client_of(up.nodal).get(f"/desk/posts/{post.pk}/").content.decode()
    assert button in client_of(up.head).get(f"/desk/posts/{post.pk}/").content.decode()
    client_of(up.head).post(f"/desk/deliveries/{delivery.pk}/requeue/")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.problem) == ("queued", "")


# --- lists ---------------------------------------------------------------------------------------


def test_a_list_downloads_without_formulas(up):
    draft(up, title_hi="=HYPERLINK(1)")
    answer = client_of(up.nodal).get("/desk/posts/", {"format": "csv"})
    said = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "'=HYPERLINK" in said


def test_the_queue_and_the_posts_download_as_sheets(up):
    post = submitted(up)
    for address in ("/desk/posts/", "/desk/queue/"):
        answer = client_of(up.head).get(address, {"format": "xlsx"})
        sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
        assert [row[0].value for row in sheet.iter_rows(min_row=2)] == [post.pk]


def test_a_row_says_on_how_many_handles_a_post_is_out(up):
    second = connected_handle(up.department, platform="facebook")
    post = approved_post(up, handles=[up.handle, second])
    sent = {"state": "sent", "platform_id": "1", "sent_at": timezone.now()}
    Delivery.objects.filter(handle=up.handle).update(**sent)
    Delivery.objects.filter(handle=second).update(state="failed", problem="refused")
    page = client_of(up.director).get("/en/desk/posts/").content.decode()
    assert "published on 1 of 2" in page
    assert "1 needs a look" in page
    assert Post.objects.with_outcome().get(pk=post.pk).delivery_count == 2


def test_the_desk_shows_where_our_posts_are(up):
    post = submitted(up)
    page = client_of(up.nodal).get("/en/desk/").content.decode()
    assert page.index("Our posts in approval") < page.index(f"/desk/posts/{post.pk}/")


def test_an_administrator_is_told_whom_visitors_do_not_find(up, settings):
    """F16."""
    settings.OFFICIALS = {"web_information_manager": {"name_hi": "श्री राम", "name_en": "Shri Ram"}}
    page = client_of(person(Role.ADMINISTRATOR)).get("/en/desk/").content.decode()
    assert "First Appellate Authority" in page
    assert "Web Information Manager" not in page
    assert "First Appellate Authority" not in client_of(up.nodal).get("/en/desk/").content.decode()


def test_only_who_writes_has_a_tab_for_drafts(up):
    draft(up)
    for officer, shown in ((up.nodal, True), (up.director, False)):
        page = client_of(officer).get("/desk/posts/").content.decode()
        assert ("?tab=draft" in page) is shown
        answer = client_of(officer).get("/desk/posts/", {"tab": "draft"})
        assert len(answer.context["page"].object_list) == shown


@pytest.mark.parametrize(
    "query",
    [
        {"tab": "nothing", "page": "-1"},
        {"page": "9" * 40},
        {"q": "\x00" + "क" * 10_000},
        {"q": "%_'\"\\"},
        {"kind": "x", "department": "x" * 5000},
        {"step": "with_nobody"},
    ],
)
def test_lists_take_any_address(up, query):
    for address in ("/desk/posts/", "/desk/queue/", "/en/desk/posts/"):
        assert client_of(up.head).get(address, query).status_code == 200


def queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.mark.parametrize("address", ["/desk/", "/desk/posts/", "/desk/queue/"])
def test_pages_ask_the_database_no_more_for_more_rows(up, address):
    """design.md 9: at most 20 queries at every size."""
    submitted(up)
    client = client_of(up.head)
    few = queries(client, address)
    for _ in range(12):
        submitted(up)
    assert queries(client, address) == few <= 20


def test_a_post_s_page_asks_no_more_for_more_handles(up):
    one = approved_post(up, route="routine")
    client = client_of(up.nodal)
    few = queries(client, f"/desk/posts/{one.pk}/")
    many_handles = [up.handle, *(connected_handle(up.department) for _ in range(6))]
    many = approved_post(up, route="routine", handles=many_handles)
    assert queries(client, f"/desk/posts/{many.pk}/") <= few + 1
    assert few <= 25


def test_the_queue_says_since_when_and_until_when(up):
    post = post_at("with_deputy_director", up)
    Post.objects.filter(pk=post.pk).update(state_since=timezone.now() - timedelta(days=9))
    page = client_of(up.deputy).get("/desk/queue/").content.decode()
    assert 'class="late"' in page


def test_the_directorate_finds_a_post_by_word_kind_and_department(up):
    submitted(up)
    submitted(office(), title_hi="दूसरी बात", kind="notable_work")

    def found(query: dict) -> int:
        answer = client_of(up.director).get("/desk/posts/", query)
        return answer.context["page"].paginator.count

    assert found({}) == 2
    assert found({"q": "दूसरी"}) == 1
    assert found({"kind": "notable_work"}) == 1
    assert found({"department": up.department.slug}) == 1
