"""The library's pages: found, described, captioned, retired, and never slow."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from departments.tests.factories import department, person
from portal.audit.models import AuditEntry
from publishing.media import add_media, fitting_problems, want_fitting
from publishing.models import Captions, Derivative, Media, Upload

from .films import film, picture, upload
from .test_media_captions import SRT

pytestmark = pytest.mark.django_db
FACTS = {"rights": "own", "rights_note": "", "consent_reference": ""}


@pytest.fixture
def home():
    return department()


@pytest.fixture
def nodal(home):
    return person("nodal_officer", home)


@pytest.fixture
def browser(nodal):
    client = Client()
    client.force_login(nodal)
    return client


def shelved(home, actor, number: int = 0, **facts: object) -> Media:
    """In the library without a real file."""
    media = Media(
        department=home, kind="photo", mime="image/jpeg", suffix=".jpg", size=1000, width=800,
        height=600, sha256=f"{number:064d}", alt_hi=f"चित्र {number}", added_by=actor,
    )  # fmt: skip
    for name, value in facts.items():
        setattr(media, name, value)
    media.file.save("file", ContentFile(b"x"), save=False)
    media.save()
    return media


def listed(browser, **asked: str) -> set[str]:
    page = browser.get(reverse("desk:media"), asked).context["page"]
    return {media.alt_hi for media in page}


def test_it_is_found_by_words_kind_rights_and_use(browser, home, nodal):
    shelved(home, nodal, 1)
    shelved(home, nodal, 2, kind="video", mime="video/mp4")
    shelved(home, nodal, 3, rights="open", rights_note="CC BY")
    shelved(home, nodal, 4, is_retired=True)
    assert listed(browser, q="चित्र 1") == {"चित्र 1"}
    assert listed(browser, kind="video") == {"चित्र 2"}
    assert listed(browser, rights="open") == {"चित्र 3"}
    assert listed(browser, use="retired") == {"चित्र 4"}
    assert listed(browser, use="usable") == {"चित्र 1", "चित्र 2", "चित्र 3"}
    assert listed(browser, rights="nonsense", kind="x") == {f"चित्र {n}" for n in range(1, 5)}


def test_the_list_tells_rights_and_consent(browser, home, nodal):
    shelved(home, nodal, 1, rights="permitted", rights_note="राम", consent_reference="प. 12")
    answer = browser.get(reverse("desk:media"), {"format": "csv"})
    text = b"".join(answer.streaming_content).decode()
    assert "राम" in text
    assert "प. 12" in text


def test_many_cost_no_more_queries_than_few(browser, home, nodal, django_assert_max_num_queries):
    for number in range(40):
        media = shelved(home, nodal, number)
        Derivative.objects.create(media=media, recipe="png-1-0-0-0-0")
        Upload.objects.create(department=home, kind="video", size=5, added_by=nodal)
    browser.get(reverse("desk:media"))  # a session's first page counts what waits
    with django_assert_max_num_queries(20):
        browser.get(reverse("desk:media"))
    with django_assert_max_num_queries(20):
        browser.get(reverse("desk:media_file", args=[media.pk]))


def test_a_photo_is_added_without_script(browser, home):
    answer = browser.post(
        reverse("desk:media_add"),
        {**FACTS, "department": home.slug, "file": upload(picture()), "alt_hi": "शिविर"},
    )
    media = Media.objects.get()
    assert answer["Location"] == reverse("desk:media_file", args=[media.pk])
    page = browser.get(answer["Location"]).content.decode()
    assert "शिविर" in page
    assert "600" in page


def test_what_a_file_is_decides_its_kind_not_its_name(browser, home):
    browser.post(
        reverse("desk:media_add"),
        {**FACTS, "department": home.slug, "file": upload(film(), "a.jpg"), "alt_hi": "मेला"},
    )
    assert Media.objects.get().kind == "video"


@pytest.mark.parametrize(
    "wrong",
    [
        {"alt_hi": ""},
        {"department": "elsewhere"},
        {"rights": "open"},
        {"file": upload(b"<html>")},
        {"alt_hi": "क" * 200},
    ],
)
def test_what_is_wrong_is_said_and_nothing_stored(browser, home, wrong):
    fields = {**FACTS, "department": home.slug, "file": upload(picture()), "alt_hi": "शिविर"}
    answer = browser.post(reverse("desk:media_add"), {**fields, **wrong})
    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert not Media.objects.exists()


def test_rights_are_stated_and_audited(browser, home, nodal):
    media = shelved(home, nodal)
    address = reverse("desk:media_file", args=[media.pk])
    assert browser.post(address, {**FACTS, "rights": "permitted"}).status_code == 422
    said = {"rights": "permitted", "rights_note": "मोहन", "consent_reference": "प. 7"}
    assert browser.post(address, said).status_code == 302
    media.refresh_from_db()
    assert (media.rights, media.rights_note, media.consent_reference) == tuple(said.values())
    entry = AuditEntry.objects.get(action="publishing.media.rights_changed")
    assert entry.data["new"]["rights_note"] == "मोहन"


def test_it_is_retired_and_taken_up_again(browser, home, nodal):
    media = shelved(home, nodal)
    address = reverse("desk:media_retire", args=[media.pk])
    for answer, retired in (("yes", True), ("yes", True), ("no", False)):
        browser.post(address, {"is_retired": answer})
        media.refresh_from_db()
        assert media.is_retired is retired
    actions = AuditEntry.objects.filter(action__startswith="publishing.media.re")
    assert [one.action for one in actions.order_by("number")] == [
        "publishing.media.retired",
        "publishing.media.restored",
    ]


def test_captions_are_added_shown_and_fetched(browser, home, nodal):
    media = add_media(home, upload(film()), kind="video", alt_hi="मेला", actor=nodal)
    address = reverse("desk:captions_add", args=[media.pk])
    browser.post(address, {"language": "hi", "file": upload(b"nothing", "c.srt")})
    assert not Captions.objects.exists()
    browser.post(address, {"language": "hi", "file": upload(SRT.encode(), "c.srt")})
    fetched = browser.get(reverse("publishing:captions", args=[Captions.objects.get().pk]))
    assert b"".join(fetched.streaming_content).startswith(b"WEBVTT")
    page = browser.get(reverse("desk:media_file", args=[media.pk])).content.decode()
    assert '<track kind="captions" srclang="hi"' in page


def test_a_video_without_captions_and_a_retired_file_are_problems(home, nodal):
    video = shelved(home, nodal, 1, kind="video", mime="video/mp4")
    codes = [problem.code for problem in fitting_problems(video, "facebook")]
    assert codes[:1] == ["captions_missing"]
    photo = shelved(home, nodal, 2, is_retired=True)
    (problem,) = fitting_problems(photo, "facebook")
    assert (problem.code, problem.level) == ("media_retired", "error")


def test_what_each_platform_gets_is_shown(browser, home, nodal, django_capture_on_commit_callbacks):
    wide = add_media(home, upload(picture(size=(2000, 500))), kind="photo", alt_hi="क", actor=nodal)
    with django_capture_on_commit_callbacks(execute=True):
        want_fitting([wide], ["instagram"])
    copy = Derivative.objects.get()
    assert copy.state == "ready"
    page = browser.get(reverse("desk:media_file", args=[wide.pk])).content.decode()
    assert reverse("publishing:media_copy", args=[copy.pk]) in page


def test_an_auditor_reads_and_changes_nothing(home, nodal):
    media = shelved(home, nodal)
    client = Client()
    client.force_login(person("auditor"))
    page = client.get(reverse("desk:media_file", args=[media.pk]))
    assert page.status_code == 200
    assert reverse("desk:media_retire", args=[media.pk]) not in page.content.decode()
    assert client.post(reverse("desk:media_file", args=[media.pk]), FACTS).status_code == 404
