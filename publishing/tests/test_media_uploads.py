"""Large files in pieces: nothing is lost when the connection breaks, nothing is stored twice."""

from __future__ import annotations

import base64
import io
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from departments.models import Member
from departments.tests.factories import department, person
from publishing.media import adding, preparing, uploads
from publishing.media.adding import described, store_file
from publishing.media.preparing import LEASE, prepare_next, take_next
from publishing.media.uploads import OffsetConflict, append_piece, begin_upload, piece_path
from publishing.models import Media, Upload, Work

from .films import film, picture

pytestmark = pytest.mark.django_db
PIECE = "application/offset+octet-stream"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


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


def metadata(**said: str) -> str:
    return ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items()
    )


def announced(browser, home, content: bytes, kind: str = "video", **said: str):
    words = {"department": home.slug, "kind": kind, "alt_hi": "मेला", "rights": "own", **said}
    return browser.post(
        reverse("desk:uploads"),
        headers={"Upload-Length": str(len(content)), "Upload-Metadata": metadata(**words)},
    )


def sent(browser, address: str, offset: int, piece: bytes):
    return browser.patch(address, piece, content_type=PIECE, headers={"Upload-Offset": str(offset)})


def test_a_video_arrives_in_pieces_and_is_prepared(
    browser, home, django_capture_on_commit_callbacks
):
    content = film()
    answer = announced(browser, home, content)
    assert answer.status_code == 201
    address = answer["Location"]
    half = len(content) // 2
    assert sent(browser, address, 0, content[:half])["Upload-Offset"] == str(half)
    assert browser.head(address)["Upload-Offset"] == str(half)
    with django_capture_on_commit_callbacks(execute=True):
        assert sent(browser, address, half, content[half:]).status_code == 204
    told = browser.get(address).json()
    media = Media.objects.get()
    assert (told["state"], told["address"]) == ("ready", f"/desk/media/{media.pk}/")
    assert (media.kind, media.alt_hi) == ("video", "मेला")
    assert not piece_path(Upload.objects.get()).exists()


def test_a_piece_that_does_not_follow_is_a_conflict(browser, home):
    content = film()
    address = announced(browser, home, content)["Location"]
    sent(browser, address, 0, content[:100])
    answer = sent(browser, address, 50, content[50:])
    assert (answer.status_code, answer["Upload-Offset"]) == (409, "100")
    assert sent(browser, address, 0, content[:100]).status_code == 409


def test_more_than_was_announced_is_not_taken(browser, home):
    address = announced(browser, home, b"x" * 10)["Location"]
    assert sent(browser, address, 0, b"x" * 1000)["Upload-Offset"] == "10"
    assert piece_path(Upload.objects.get()).stat().st_size == 10


class Breaking(io.BytesIO):
    """A connection that ends in the middle."""

    def read(self, size: int | None = -1, /) -> bytes:
        block = super().read(30)
        if not block:
            raise ConnectionResetError
        return block


def test_what_came_before_the_connection_broke_counts(home, nodal):
    upload = begin_upload(home, kind="video", size=100, words={"alt_hi": "मेला"}, actor=nodal)
    append_piece(upload, 0, Breaking(b"x" * 60), actor=nodal)
    upload.refresh_from_db()
    assert upload.received == 60


def test_what_was_written_and_not_counted_is_written_anew(home, nodal):
    upload = begin_upload(home, kind="video", size=8, words={"alt_hi": "मेला"}, actor=nodal)
    append_piece(upload, 0, io.BytesIO(b"1234"), actor=nodal)
    with piece_path(upload).open("ab") as file:
        file.write(b"garbage of a killed process")
    append_piece(upload, 4, io.BytesIO(b"5678"), actor=nodal)
    assert piece_path(upload).read_bytes() == b"12345678"


def test_two_senders_of_one_file_do_not_mix(home, nodal):
    upload = begin_upload(home, kind="video", size=8, words={"alt_hi": "मेला"}, actor=nodal)
    with uploads._alone(upload), pytest.raises(OffsetConflict):
        append_piece(upload, 0, io.BytesIO(b"1234"), actor=nodal)


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ("0", {}),
        ("-5", {}),
        ("9" * 15, {}),
        ("1e9", {}),
        ("100", {"alt_hi": " "}),
        ("100", {"alt_hi": "क" * 500}),
        ("100", {"kind": "program"}),
        ("100", {"rights": "stolen"}),
        ("100", {"rights": "open", "rights_note": ""}),
        ("100", {"department": "other"}),
    ],
)
def test_what_cannot_be_taken_is_refused_in_words(browser, home, size, said):
    words = {"department": home.slug, "kind": "video", "alt_hi": "मेला", "rights": "own", **said}
    answer = browser.post(
        reverse("desk:uploads"),
        headers={"Upload-Length": size, "Upload-Metadata": metadata(**words)},
    )
    assert answer.status_code == 422
    assert len(answer.content.decode()) > 10
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    "header", ["", "department", "department %%%", ",,,", "x" * 20_000, "a 4pya"]
)
def test_metadata_that_cannot_be_read_is_refused(browser, header):
    answer = browser.post(
        reverse("desk:uploads"), headers={"Upload-Length": "10", "Upload-Metadata": header}
    )
    assert answer.status_code == 422


def test_nobody_else_sees_or_touches_it(browser, home):
    address = announced(browser, home, film())["Location"]
    for other in (person("nodal_officer", home), person("director")):
        client = Client()
        client.force_login(other)
        for answer in (client.get(address), sent(client, address, 0, b"x"), client.delete(address)):
            assert answer.status_code == 404


def test_a_sender_whose_charge_ended_sends_no_more(browser, home, nodal):
    address = announced(browser, home, film())["Location"]
    Member.objects.filter(user=nodal).delete()
    assert sent(browser, address, 0, b"x").status_code in {403, 404}


def test_one_that_is_given_up_leaves_nothing(browser, home):
    address = announced(browser, home, film())["Location"]
    sent(browser, address, 0, b"x" * 10)
    path = piece_path(Upload.objects.get())
    assert browser.delete(address).status_code == 204
    assert not path.exists()
    assert browser.get(address).status_code == 404


def test_what_is_no_video_is_refused_in_the_reader_s_language(browser, home):
    address = announced(browser, home, b"<html>" * 20)["Location"]
    sent(browser, address, 0, b"<html>" * 20)
    prepare_next()
    told = browser.get(address).json()
    assert told["state"] == "refused"
    assert told["problem"] in browser.get(reverse("desk:media")).content.decode()
    english = browser.get(f"/en{address}").json()["problem"]
    assert english.startswith("This file is not a video")
    assert told["problem"] != english


@pytest.mark.parametrize("page", ["media_add", "media", "uploads"])
def test_what_was_interrupted_is_shown_with_its_words_and_how_far_it_is(browser, home, nodal, page):
    upload = begin_upload(
        home, kind="video", size=10, words=described(alt_hi="शिविर की झलक"), actor=nodal
    )
    append_piece(upload, 0, io.BytesIO(b"1234"), actor=nodal)
    with translation.override("hi"):
        address, sent_to = reverse(f"desk:{page}"), reverse("desk:upload", args=[upload.key])
    shown = browser.get(address).content.decode()
    assert "शिविर की झलक" in shown
    assert "100 में से 40 भाग" in shown
    assert shown.count(sent_to) == 2  # go on, throw away
    client = Client()
    client.force_login(person("nodal_officer", home))
    assert "शिविर की झलक" not in client.get(address).content.decode()


def test_each_kind_of_file_is_given_its_own_limit(browser, settings):
    settings.MEDIA_LARGEST = 700 * 1024**2
    with translation.override("hi"):
        address = reverse("desk:media_add")
    shown = browser.get(address).content.decode()
    for limit in ("5 MB तक", "15 MB तक", "700 MB तक"):
        assert limit in shown


def test_abandoned_ones_are_swept(home, nodal):
    upload = begin_upload(home, kind="video", size=8, words={"alt_hi": "मेला"}, actor=nodal)
    append_piece(upload, 0, io.BytesIO(b"1234"), actor=nodal)
    uploads.sweep_uploads(timezone.now())
    assert Upload.objects.exists()
    uploads.sweep_uploads(timezone.now() + timedelta(hours=25))
    assert not Upload.objects.exists()
    assert not piece_path(upload).exists()


def test_a_killed_worker_is_followed_by_another(browser, home):
    content = picture()
    address = announced(browser, home, content, kind="photo")["Location"]
    sent(browser, address, 0, content)
    now = timezone.now()
    assert take_next(now)
    assert take_next(now) is None
    preparing.prepare(take_next(now + LEASE + timedelta(seconds=1)))
    assert Upload.objects.get().state == Work.READY
    assert Media.objects.count() == 1


def test_the_same_file_stored_by_another_request_meanwhile_is_kept_once(home, nodal, tmp_path):
    (tmp_path / "in").write_bytes(picture())
    words = described("मेला")
    first = store_file(home, tmp_path / "in", "photo", words, nodal)
    late = Media.objects.get()
    late.pk, late._state.adding = None, True
    same = {"department": home, "sha256": first.sha256, "alt_hi": "मेला", "alt_en": ""}
    assert adding._keep(late, same) == first
    assert store_file(home, tmp_path / "in", "photo", words, nodal) == first
    assert Media.objects.count() == 1
