"""The composer through the front door: photos in order, variants, kept pages, lost sessions."""

from __future__ import annotations

import io
import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from departments.models import Handle
from departments.tests.factories import charge, department
from publishing.connectors.base import Option
from publishing.connectors.x import X
from publishing.media.fitting import needed
from publishing.models import Captions, Derivative, Media, Template, Work
from publishing.tests.factories import connected_handle, stored_photo
from schemes import actions
from schemes.draft_actions import MOST, sweep_drafts
from schemes.models import Draft, Post

from .post_factories import Office, draft, office
from .test_desk_posts import HOSTILE, client_of, photo, queries, typed

pytestmark = pytest.mark.django_db
NEW = "/desk/posts/new/"
AUTOSAVE = "/desk/posts/autosave/"


@pytest.fixture
def up() -> Office:
    return office()


def coloured(red: int, name: str = "photo.jpg") -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (800, 640), (red, 120, 60)).save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue(), content_type="image/jpeg")


def alts(post: Post) -> list[str]:
    return [media.alt_hi for media in post.ordered_photos]


# --- photos ---------------------------------------------------------------------------------------


def test_several_photos_come_in_the_order_of_their_choice(up):
    page = typed(up, photo_file=[coloured(1), coloured(90)], photo_alt_hi=["एक", "दो"])
    assert client_of(up.nodal).post(NEW, page).status_code == 302
    assert alts(Post.objects.get()) == ["एक", "दो"]


def test_each_photo_needs_its_own_description(up):
    files = [coloured(1), coloured(90, "two.jpg")]
    page = typed(up, photo_file=files, photo_alt_hi=["एक", ""], photo_alt_en=["", "Second"])
    answer = client_of(up.nodal).post(NEW, page)
    form = answer.context["form"]
    assert set(form.errors) == {"photo_alt_hi"}
    assert "two.jpg" in str(form.errors["photo_alt_hi"])
    assert [media.alt_hi for media in form.photo_rows()] == ["एक"]
    assert form.new_photos() == [("", "Second", "two.jpg")]


def three_photos(up: Office) -> tuple[Post, list[Media]]:
    photos = [stored_photo(up.department, content) for content in (b"a", b"b", b"c")]
    return draft(up, photos=photos), photos


def test_places_are_numbers_in_any_digits(up):
    post, (first, second, third) = three_photos(up)
    page = typed(
        up,
        route="policy",
        version=post.version,
        photos=[first.pk, second.pk, third.pk],
        photo_order=["३", "1", "x"],
    )
    assert client_of(up.nodal).post(f"/desk/posts/{post.pk}/edit/", page).status_code == 302
    assert post.ordered_photos == [second, first, third]


def test_a_photo_is_left_out_and_another_taken_from_the_library(up):
    post, (first, second, third) = three_photos(up)
    other = stored_photo(up.department, b"d")
    page = typed(
        up,
        route="policy",
        version=post.version,
        photos=[first.pk, second.pk, third.pk],
        photo_order=[1, 2, 3],
        photos_drop=[second.pk],
        photos_add=[other.pk],
    )
    client_of(up.nodal).post(f"/desk/posts/{post.pk}/edit/", page)
    assert post.ordered_photos == [first, third, other]


def test_another_department_s_photo_cannot_be_added(up):
    foreign = stored_photo(office().department)
    answer = client_of(up.nodal).post(NEW, typed(up, photos_add=[foreign.pk]))
    assert answer.status_code == 422
    assert not Post.objects.exists()


def test_the_library_finds_by_words_and_offers_nothing_retired(up):
    shown, retired = stored_photo(up.department, b"a"), stored_photo(up.department, b"b")
    Media.objects.filter(pk=retired.pk).update(is_retired=True)
    foreign = stored_photo(office().department, b"c")
    client = client_of(up.nodal)
    found = client.get("/desk/posts/library/", {"q": "शिवि"}).content.decode()
    assert f'value="{shown.pk}"' in found
    assert f'value="{retired.pk}"' not in found
    assert f'value="{foreign.pk}"' not in found
    assert "value=" not in client.get("/desk/posts/library/", {"q": "हाथी"}).content.decode()


def test_searching_without_script_saves_nothing_and_keeps_the_page(up):
    stored_photo(up.department)
    page = typed(up, title_hi="", text_hi="रखा जाए", find="1", library_q="शिविर")
    answer = client_of(up.nodal).post(NEW, page)
    assert answer.status_code == 200
    assert "रखा जाए</textarea>" in answer.content.decode()
    assert 'name="photos_add"' in answer.content.decode()
    assert not Post.objects.exists()


# --- where it goes --------------------------------------------------------------------------------


def test_all_handles_of_a_platform_are_chosen_at_once(up):
    second = connected_handle(up.department)
    connected_handle(up.department, platform="facebook")
    page = typed(up, handles=[], all_of=[f"{up.department.pk}-x"])
    client_of(up.nodal).post(NEW, page)
    assert set(Post.objects.get().handles.all()) == {up.handle, second}


@pytest.mark.parametrize("key", ["9-x", "x", "1-mastodon", "\x00"])
def test_an_unknown_group_chooses_nothing(up, key):
    client_of(up.nodal).post(NEW, typed(up, handles=[], all_of=[key]))
    assert not Post.objects.get().handles.exists()


# --- one platform's own part ----------------------------------------------------------------------


def test_own_words_of_a_new_page_are_kept(up):
    client_of(up.nodal).post(NEW, typed(up, **{"variant-x-text": "एक्स के लिए"}))
    assert Post.objects.get().variants.get().text == "एक्स के लिए"


def test_a_platform_with_titles_takes_its_own(up):
    handle = connected_handle(up.department, platform="youtube")
    own = {"variant-youtube-text": "", "variant-youtube-title": "अलग शीर्षक"}
    page = typed(up, handles=[handle.pk], **own)
    seen = client_of(up.nodal).post("/desk/posts/preview/", page).content.decode()
    assert 'name="variant-youtube-title" value="अलग शीर्षक"' in seen
    client_of(up.nodal).post(NEW, page)
    assert Post.objects.get().variants.get().title == "अलग शीर्षक"


def test_only_what_was_written_for_a_platform_stops_following_the_post(up):
    handle = connected_handle(up.department, platform="youtube")
    client = client_of(up.nodal)
    client.post(NEW, typed(up, handles=[handle.pk], title_hi="पहला"))
    post = Post.objects.get()
    address = f"/desk/posts/{post.pk}/edit/"
    page = client.get(address).content.decode()
    assert 'name="variant-youtube-title" value="" placeholder="पहला"' in page
    own = {"variant-youtube-text": "अलग पाठ", "variant-youtube-title": ""}
    changed = typed(up, handles=[handle.pk], title_hi="दूसरा", version=post.version, **own)
    client.post(address, changed)
    variant = post.variants.get()
    assert (variant.title, variant.text, variant.is_edited) == ("दूसरा", "अलग पाठ", True)
    assert 'placeholder="दूसरा"' in client.get(address).content.decode()


def test_a_choice_for_one_platform_is_stored_if_it_is_possible(up, monkeypatch):
    options = (Option("audience", ("all", "followers"), "all"), Option("list"))
    monkeypatch.setattr(X, "options", options)
    own = {
        "variant-x-text": "",
        "variant-x-option-audience": "followers",
        "variant-x-option-list": " सूची ",
        "variant-x-option-price": "0",
    }
    client = client_of(up.nodal)
    client.post(NEW, typed(up, **own))
    variant = Post.objects.get().variants.get()
    assert variant.options == {"audience": "followers", "list": "सूची"}
    assert not variant.is_edited
    page = client.get(f"/desk/posts/{variant.post_id}/edit/").content.decode()
    assert '<option value="followers" selected>' in page


@pytest.mark.parametrize("chosen", ["nobody", "all", ""])
def test_an_impossible_choice_is_as_none(up, chosen, monkeypatch):
    monkeypatch.setattr(X, "options", (Option("audience", ("all", "followers"), "all"),))
    own = {"variant-x-text": "", "variant-x-option-audience": chosen}
    client_of(up.nodal).post(NEW, typed(up, **own))
    assert Post.objects.get().variants.get().options == {}


def test_a_template_is_chosen_and_seen_as_its_recipients_read_it(up):
    handle = connected_handle(up.department, platform="whatsapp")
    Template.objects.create(
        handle=handle,
        name="camp",
        language="hi",
        category="UTILITY",
        status="APPROVED",
        body="सूचना: {{1}}",
        names=["1"],
        is_named=False,
    )
    own = {"variant-whatsapp-text": "", "variant-whatsapp-option-template": "camp:hi"}
    page = typed(up, handles=[handle.pk], title_hi="शिविर कल", **own)
    client = client_of(up.nodal)
    seen = client.post("/desk/posts/preview/", page)
    assert '<option value="camp:hi" selected>' in seen.content.decode()
    assert "सूचना: शिविर कल" in seen.content.decode()
    client.post(NEW, page)
    assert Post.objects.get().variants.get().options == {"template": "camp:hi"}


def test_a_photo_that_is_only_chosen_is_checked_and_shown(up):
    page = typed(up, photo_pending=["800x600x0"], photo_alt_hi=["शिविर"])
    answer = client_of(up.nodal).post("/desk/posts/preview/", page)
    assert 'data-chosen="photo-0"' in answer.content.decode()
    assert answer.context["previews"][0].problems == []
    assert not Media.objects.exists()


@pytest.mark.parametrize("told", ["", "x", "-1x2", "9999999999x1", "१x२", "1x1x1x1x1"])
def test_any_measure_of_a_chosen_file_is_taken(up, told):
    page = typed(up, photo_pending=[told], video_pending=told)
    assert client_of(up.nodal).post("/desk/posts/preview/", page).status_code == 200


def test_several_accounts_of_x_are_told_who_reposts(up):
    second = connected_handle(up.department)
    page = typed(up, handles=[up.handle.pk, second.pk])
    answer = client_of(up.nodal).post("/en/desk/posts/preview/", page)
    assert f"{second.name} repost it" in answer.content.decode()


# --- what stands on a page is kept --------------------------------------------------------------


def test_a_page_is_kept_and_taken_up_again(up):
    client, page = client_of(up.nodal), typed(up, title_hi="अधूरा", kind="", publish_at="कल")
    answer = client.post(AUTOSAVE, page)
    assert answer.status_code == 200
    offered = client.get(NEW).content.decode()
    assert "अधूरा" in offered
    again = client.get(NEW, {"draft": page["form_key"]})
    assert again.status_code == 200
    said = again.content.decode()
    assert 'value="अधूरा"' in said
    assert 'value="कल"' in said
    assert page["form_key"] in said
    assert f'value="{up.handle.pk}" checked' in said


def test_two_pages_are_kept_apart(up):
    client = client_of(up.nodal)
    for title in ("पहला", "दूसरा"):
        client.post(AUTOSAVE, typed(up, title_hi=title))
    assert sorted(one.title for one in Draft.objects.all()) == ["दूसरा", "पहला"]


def test_saving_the_post_ends_its_kept_page(up):
    client, page = client_of(up.nodal), typed(up)
    client.post(AUTOSAVE, page)
    client.post(NEW, page)
    assert not Draft.objects.exists()
    client.post(AUTOSAVE, page)  # came late, as the window closed
    assert not Draft.objects.exists()


def test_a_change_of_a_post_is_kept_with_the_post(up):
    post, client = draft(up), client_of(up.nodal)
    page = typed(up, post=post.pk, title_hi="बदलाव", version=post.version, route="policy")
    client.post(AUTOSAVE, page)
    address = f"/desk/posts/{post.pk}/edit/"
    assert "बदलाव" in client.get(address).content.decode()
    assert "बदलाव" not in client.get(NEW).content.decode()
    client.post(address, page)
    assert not Draft.objects.exists()


def test_nobody_else_sees_or_ends_what_was_kept(up):
    page = typed(up, title_hi="मेरा अधूरा")
    client_of(up.nodal).post(AUTOSAVE, page)
    head = client_of(up.head)
    assert "मेरा अधूरा" not in head.get(NEW, {"draft": page["form_key"]}).content.decode()
    head.post(f"/desk/posts/drafts/{page['form_key']}/discard/")
    assert Draft.objects.count() == 1


def test_what_was_kept_can_be_thrown_away(up):
    client, page = client_of(up.nodal), typed(up)
    client.post(AUTOSAVE, page)
    client.post(f"/desk/posts/drafts/{page['form_key']}/discard/")
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"text_hi": "क" * 250_000}, 413),
        ({"form_key": "x"}, 422),
        ({"form_key": ""}, 422),
        ({"post": "9" * 18}, 404),
        ({"post": "9" * 40}, 200),  # no number of a post: a page for a new one
    ],
)
def test_only_a_page_of_the_composer_is_kept(up, wrong, status):
    assert client_of(up.nodal).post(AUTOSAVE, typed(up, **wrong)).status_code == status


def test_another_department_s_records_on_a_kept_page_are_not_shown(up):
    foreign = stored_photo(office().department)
    client, page = client_of(up.nodal), typed(up, photos=[foreign.pk], handles=["7" * 30])
    client.post(AUTOSAVE, page)
    again = client.get(NEW, {"draft": page["form_key"]})
    assert again.status_code == 200
    assert f"/media/{foreign.pk}/" not in again.content.decode()


def test_an_officer_has_so_many_kept_pages(up):
    client = client_of(up.nodal)
    for _ in range(MOST + 2):
        client.post(AUTOSAVE, typed(up))
    assert Draft.objects.count() == MOST


def test_what_nobody_came_back_to_is_swept(up):
    client = client_of(up.nodal)
    for _ in range(2):
        client.post(AUTOSAVE, typed(up))
    old = Draft.objects.first()
    Draft.objects.filter(pk=old.pk).update(saved_at=timezone.now() - timedelta(days=31))
    assert sweep_drafts() == 1
    assert not Draft.objects.filter(pk=old.pk).exists()


# --- no text is lost ----------------------------------------------------------------------------


def test_a_page_sent_after_the_session_ended_comes_back_whole(up):
    page = typed(up, text_hi=f"दो\nपंक्तियाँ {HOSTILE}", photo_file=photo(), photo_alt_hi="शिविर")
    answer = Client().post(NEW, page)
    said = answer.content.decode()
    assert answer.status_code == 403
    assert HOSTILE not in said
    assert "&lt;script&gt;" in said
    kept = dict(answer.context["typed"])
    again = client_of(up.nodal).post(NEW, kept)
    post = Post.objects.get()
    assert again["Location"] == f"/desk/posts/{post.pk}/"
    assert post.text_hi == f"दो\nपंक्तियाँ {HOSTILE}"


def sent_with_an_old_token(up: Office, **headers: str):
    client = Client(enforce_csrf_checks=True)
    client.force_login(up.nodal)
    return client.post(NEW, typed(up, text_hi="रखा जाए"), headers=headers)


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "same-origin"}, {"origin": "http://testserver"}]
)
def test_a_token_that_grew_old_gives_the_text_back(up, headers):
    answer = sent_with_an_old_token(up, **headers)
    assert answer.status_code == 403
    assert "रखा जाए" in answer.content.decode()
    assert "csrfmiddlewaretoken" in answer.content.decode()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://testserver"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_a_foreign_site_gets_nothing_back(up, headers):
    answer = sent_with_an_old_token(up, **headers)
    assert answer.status_code == 403
    assert "रखा जाए" not in answer.content.decode()


def test_other_pages_answer_an_old_token_as_before(up):
    client = Client(enforce_csrf_checks=True)
    answer = client.post(
        "/accounts/login/", {"login": "x"}, headers={"sec-fetch-site": "same-origin"}
    )
    assert answer.status_code == 403
    assert "desk/kept.html" not in [template.name for template in answer.templates]


# --- weight ---------------------------------------------------------------------------------------


def test_the_composer_stays_light_with_many_handles_and_files(up):
    """design.md 9: at most 20 queries and 100 kB."""
    one = stored_photo(up.department)
    copies = [Media(**{**_fields(one), "sha256": f"{number:064}"}) for number in range(1000)]
    Media.objects.bulk_create(copies)
    handles = [
        Handle(
            department=up.department,
            platform=("x", "facebook", "instagram", "youtube")[number % 4],
            name=f"UPDepartment{number}",
            external_id=str(number),
            state="connected",
        )
        for number in range(200)
    ]
    Handle.objects.bulk_create(handles)
    post = draft(up, photos=[one])
    client = client_of(up.nodal)
    for address in (NEW, f"/desk/posts/{post.pk}/edit/"):
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            page = client.get(address)
        assert len(captured) <= 20, [
            query["sql"].replace("\n", "")[-140:] for query in captured.captured_queries
        ]
        assert len(page.content) <= 100_000


def _fields(media: Media) -> dict[str, object]:
    return {
        field.attname: getattr(media, field.attname)
        for field in Media._meta.concrete_fields
        if field.name != "id"
    }


def test_an_approved_post_carries_its_photos_in_order(up):
    photos = [stored_photo(up.department, content) for content in (b"b", b"a")]
    post = draft(up, photos=photos, route="routine", kind="event")
    post = actions.submit_post(post, version=post.version, actor=up.nodal)
    for reviewer in (up.head, up.deputy):
        post = actions.approve_post(post, version=post.version, actor=reviewer)
    part = post.message.parts.get()
    assert [item.media for item in part.attachments.all()] == photos
    assert uuid.UUID(str(post.form_key))


def wide_photo(up: Office, content: bytes) -> Media:
    """Wider than Instagram takes it: a copy has to be made."""
    media = stored_photo(up.department, content)
    Media.objects.filter(pk=media.pk).update(width=3000, height=900)
    media.refresh_from_db()
    return media


def test_a_post_waits_for_the_copies_that_fit_its_platforms(up):
    handle = connected_handle(up.department, platform="instagram")
    post = draft(up, handles=[handle], photos=[wide_photo(up, b"a")])
    address = f"/desk/posts/{post.pk}/"
    client = client_of(up.nodal)
    problems = client.get(address).context["previews"][0].problems
    assert [problem.code for problem in problems] == ["media_being_prepared"]
    answer = client.post(f"{address}submit/", {"version": post.version})
    assert answer.status_code == 409


def test_more_photos_that_wait_ask_no_more_of_the_database(up):
    platforms = ("instagram", "facebook", "x")
    handles = [connected_handle(up.department, platform=platform) for platform in platforms]
    client = client_of(up.nodal)
    counts = []
    for number in (1, 4):
        photos = [wide_photo(up, f"{number}{place}".encode()) for place in range(number)]
        post = draft(up, handles=handles, photos=photos)
        counts.append(queries(client, f"/desk/posts/{post.pk}/edit/"))
    assert counts[0] == counts[1] <= 20


# --- files that did not come ----------------------------------------------------------------------


def test_a_page_taken_up_again_says_which_files_are_to_be_chosen_again(up):
    said = {"photo_alt_hi": ["एक", "", ""], "photo_alt_en": ["", "", ""]}
    page = typed(up, photo_name=["one.jpg", "two.jpg", ""], video_name="film.mp4", **said)
    client = client_of(up.nodal)
    client.post(AUTOSAVE, page)
    answer = client.get(NEW, {"draft": page["form_key"]})
    form = answer.context["form"]
    assert form.lost == ["one.jpg", "two.jpg", "film.mp4"]
    assert form.new_photos() == [("एक", "", "one.jpg"), ("", "", "two.jpg")]
    (problem, *_others) = answer.context["previews"][0].problems
    assert problem.values == {"names": "one.jpg, two.jpg, film.mp4"}


def test_nothing_is_saved_while_a_chosen_file_is_not_there(up):
    page = typed(up, photo_file=[coloured(1)], photo_alt_hi=["एक", "दो"])
    answer = client_of(up.nodal).post(NEW, page | {"photo_name": ["photo.jpg", "two.jpg"]})
    form = answer.context["form"]
    assert answer.status_code == 422
    assert "two.jpg" in str(form.errors["photo_file"])
    assert [media.alt_hi for media in form.photo_rows()] == ["एक"]
    assert form.new_photos() == [("दो", "", "two.jpg")]


def test_files_on_their_way_are_not_lost(up):
    page = typed(up, photo_pending=["800x600x0"], photo_name=["one.jpg"], photo_alt_hi=["एक"])
    page |= {"video_pending": "640x480x9", "video_name": "film.mp4", "captions_pending": "1"}
    answer = client_of(up.nodal).post("/desk/posts/preview/", page)
    assert answer.context["previews"][0].problems == []


@pytest.mark.parametrize("platform", ["facebook", "x", "youtube", "instagram"])
def test_every_platform_says_that_a_chosen_video_lacks_captions(up, platform):
    handle = connected_handle(up.department, platform=platform)
    client = client_of(up.nodal)

    def said(**more: str) -> list[str]:
        page = typed(up, handles=[handle.pk], video_pending="1280x720x9", **more)
        answer = client.post("/desk/posts/preview/", page)
        return [problem.code for problem in answer.context["previews"][0].problems]

    assert "captions_missing" in said()
    assert "captions_missing" not in said(captions_pending="1")


def test_files_of_a_page_without_a_department_are_named(up):
    connected_handle(up.department)
    other = department()
    charge(up.nodal, "nodal_officer", other)
    page = typed(up, department="", photo_file=[coloured(1)], photo_alt_hi=["एक"])
    form = client_of(up.nodal).post(NEW, page).context["form"]
    assert "photo.jpg" in str(form.errors["photo_file"])
    assert form.new_photos() == [("एक", "", "photo.jpg")]


def test_a_route_that_is_too_short_is_named(up):
    answer = client_of(up.nodal).post(f"/en{NEW}", typed(up, kind="advisory", route="routine"))
    assert "“Policy”" in str(answer.context["form"].errors["route"])


# --- what an approver sees ------------------------------------------------------------------------


def stored_video(up: Office, *, captions: bool = True) -> Media:
    media = stored_photo(up.department, b"film")
    Media.objects.filter(pk=media.pk).update(
        kind="video", mime="video/mp4", width=1280, height=720, duration=20
    )
    media.refresh_from_db()
    if captions:
        Captions.objects.create(media=media, language="hi", sha256="0" * 64, added_by=up.nodal)
    return media


def with_copy(media: Media, platform: str) -> Derivative:
    recipe = needed(media, platform)
    assert recipe
    return Derivative.objects.create(
        media=media, recipe=recipe.name, state=Work.READY, width=1900, height=1000, sha256="0" * 64
    )


def test_an_approver_can_watch_the_video_with_its_captions(up):
    video = stored_video(up)
    post = draft(up, video=video)
    page = client_of(up.head).get(f"/desk/posts/{post.pk}/").content.decode()
    assert '<video controls preload="none"' in page
    assert f'<source src="/media/{video.pk}/full/"' in page
    assert f'src="/media/captions/{video.captions.get().pk}/"' in page


def test_the_preview_shows_the_copy_that_is_sent(up):
    handle = connected_handle(up.department, platform="instagram")
    media = wide_photo(up, b"a")
    copy = with_copy(media, "instagram")
    post = draft(up, photos=[media], handles=[handle])
    answer = client_of(up.head).get(f"/desk/posts/{post.pk}/")
    assert f'href="/media/copies/{copy.pk}/"' in answer.content.decode()
    assert answer.context["previews"][0].crop_height == round(1000 / 1.9)


def test_an_approver_sees_what_was_chosen_for_a_platform(up):
    handle = connected_handle(up.department, platform="youtube")
    post = draft(up, handles=[handle], video=stored_video(up))
    post.variants.update(options={"privacy": "unlisted", "playlist": "PL123"})
    page = client_of(up.head).get(f"/en/desk/posts/{post.pk}/").content.decode()
    assert "<dd>Everyone who has the link</dd>" in page
    assert "<dd>PL123</dd>" in page


def test_who_speaks_is_the_same_before_and_after_saving(up):
    by_hand = connected_handle(up.department, name="A")
    Handle.objects.filter(pk=by_hand.pk).update(way="assisted")
    first, second = (connected_handle(up.department, name=name) for name in ("Z", "B"))
    up.handle.delete()
    handles = [by_hand.pk, second.pk, first.pk]
    client, page = client_of(up.nodal), typed(up, handles=handles)
    before = client.post("/desk/posts/preview/", page).context["previews"][0]
    client.post(NEW, page)
    after = client.get(f"/desk/posts/{Post.objects.get().pk}/").context["previews"][0]
    assert before.handles == after.handles == [first, by_hand, second]
    assert before.reposting == after.reposting == [second]
    assert before.price == after.price


def test_a_copy_being_made_is_no_fault(up):
    handle = connected_handle(up.department, platform="instagram")
    post = draft(up, handles=[handle], photos=[wide_photo(up, b"a")])
    page = client_of(up.nodal).get(f"/en/desk/posts/{post.pk}/").content.decode()
    assert '<p class="preview-problem is-moving">' in page
    assert "is being made: 0 %" in page
    assert "data-moving" in page


def test_choices_stand_outside_of_the_own_words(up):
    handle = connected_handle(up.department, platform="youtube")
    post = draft(up, handles=[handle])
    post.variants.update(options={"privacy": "unlisted"})
    page = client_of(up.nodal).get(f"/desk/posts/{post.pk}/edit/").content.decode()
    choice = page.index('name="variant-youtube-option-privacy"')
    assert choice < page.index('<details class="preview-edit" id="variant-youtube">')


def test_the_composer_tells_what_is_stored_of_a_video(up):
    with_captions = draft(up, video=stored_video(up))
    client = client_of(up.nodal)
    page = client.get(f"/en/desk/posts/{with_captions.pk}/edit/").content.decode()
    assert "Captions in Hindi are stored" in page
    assert "at most 64 MB here" in page
    with_captions.video.captions.all().delete()
    page = client.get(f"/en/desk/posts/{with_captions.pk}/edit/").content.decode()
    assert "It has no captions yet." in page
