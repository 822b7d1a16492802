"""Copies that fit a platform: which are needed, and what comes out."""

from __future__ import annotations

import io
from datetime import timedelta
from fractions import Fraction
from typing import ClassVar

import av
import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from departments.tests.factories import department, person
from publishing.connectors.base import Fit
from publishing.content import attachment
from publishing.media import add_media, fitted, fitting_problems, fitting_state, want_fitting
from publishing.media.copies import CopyImpossible, laid_out, make_copy
from publishing.media.fitting import Recipe, recipe_for
from publishing.media.prepared import ignore
from publishing.media.preparing import LEASE, TRIES, LeaseLost, prepare, prepare_next, take_next
from publishing.models import Derivative, Media, Work
from publishing.seal import sealed_file

from .films import animation, film, picture, upload
from .scripted import Scripted

PHOTO_FIT = Fit(("image/jpeg", "image/png"), 8_388_608, 1440, 0.8, 1.91)
VIDEO_FIT = Fit(("video/mp4",), 300_000_000, 1920, 0.5, 2.0, seconds=140, fps=30)


def stored(kind: str = "photo", mime: str = "image/jpeg", **facts: object) -> Media:
    """Not in the database."""
    values = {"width": 800, "height": 600, "size": 1000, "duration": None, **facts}
    if kind == "video":
        values = {**values, "duration": facts.get("duration", 10.0)}
    return Media(kind=kind, mime=mime, **values)


H264 = {"video_codec": "h264", "audio_codec": "aac", "pix_fmt": "yuv420p", "fps": 25}

CASES = {
    "fits": (stored(), PHOTO_FIT, None),
    "not taken": (stored(), None, None),
    "too large": (stored(size=9_000_000), PHOTO_FIT, "jpeg-8388608-1440-0.8-1.91-0"),
    "too long a side": (stored(width=2048, height=1536), PHOTO_FIT, "jpeg-8388608-1440-0.8-1.91-0"),
    "too wide": (stored(width=2000, height=500), PHOTO_FIT, "jpeg-8388608-1440-0.8-1.91-0"),
    "nearly too wide": (stored(width=1340, height=700), PHOTO_FIT, None),
    "other format": (stored(), Fit(("image/png",), 5_000_000), "png-5000000-0-0-0-0"),
    "gif where photos are": (
        stored("animation", "image/gif"),
        Fit(("image/jpeg",), 5_000_000),
        "jpeg-5000000-0-0-0-0",
    ),
    "gif as a film": (
        stored("animation", "image/gif", duration=2.0),
        Fit(("video/mp4",), 5_000_000, fps=30),
        "mp4-5000000-0-0-0-30",
    ),
    "video fits": (stored("video", "video/mp4", facts=H264), VIDEO_FIT, None),
    "other codec": (
        stored("video", "video/mp4", facts={**H264, "video_codec": "hevc"}),
        VIDEO_FIT,
        "mp4-300000000-1920-0.5-2-30",
    ),
    "other sound": (
        stored("video", "video/mp4", facts={**H264, "audio_codec": "opus"}),
        VIDEO_FIT,
        "mp4-300000000-1920-0.5-2-30",
    ),
    "other container": (
        stored("video", "video/x-matroska", facts=H264),
        VIDEO_FIT,
        "mp4-300000000-1920-0.5-2-30",
    ),
    "too many frames": (
        stored("video", "video/mp4", facts={**H264, "fps": 60}),
        VIDEO_FIT,
        "mp4-300000000-1920-0.5-2-30",
    ),
    "too long to be helped": (
        stored("video", "video/x-matroska", facts=H264, duration=141.0),
        VIDEO_FIT,
        None,
    ),
    "video where photos are": (stored("video", "video/mp4", facts=H264), PHOTO_FIT, None),
}


@pytest.mark.parametrize(("media", "fit", "name"), CASES.values(), ids=CASES)
def test_a_copy_is_asked_for_where_one_helps(media, fit, name):
    recipe = recipe_for(media, fit)
    assert (recipe.name if recipe else None) == name


@given(
    st.builds(
        Recipe,
        st.sampled_from(["jpeg", "mp4"]),
        st.integers(1, 2**40),
        st.integers(0, 4096),
        st.sampled_from([0, 0.5, 0.5625, 0.8, 1.0]),
        st.sampled_from([0, 1.0, 1.778, 1.91, 10]),
        st.integers(0, 60),
    )
)
def test_a_recipe_is_read_back_from_its_name(recipe):
    assert Recipe.named(recipe.name) == recipe
    assert len(recipe.name) <= 40


@given(
    st.integers(320, 4096), st.integers(320, 4096), st.sampled_from([1, 2]), st.integers(320, 2048)
)
def test_a_layout_keeps_the_whole_picture_in_an_allowed_shape(width, height, step, side):
    recipe = Recipe("jpeg", 1, side, 0.8, 1.91)
    box = laid_out(width, height, recipe, side, step)
    assert box.width <= box.canvas_width
    assert box.height <= box.canvas_height
    assert 0.79 <= box.canvas_width / box.canvas_height <= 1.93
    assert max(box.canvas_width, box.canvas_height) <= side + step
    assert box.canvas_width % step == box.canvas_height % step == 0


# --- what comes out -------------------------------------------------------------------------------


def copied(content: bytes, media: Media, recipe: Recipe, folder):
    source = folder / "in"
    source.write_bytes(content)
    return make_copy(source, media, recipe, folder, ignore)


def test_a_wide_photo_is_padded_with_white(tmp_path):
    made = copied(
        picture(size=(2000, 500)), stored(width=2000, height=500),
        Recipe("jpeg", 8_388_608, 1440, 0.8, 1.91), tmp_path,
    )  # fmt: skip
    with Image.open(made.path) as copy:
        assert copy.size == (made.width, made.height) == (1440, 754)
        assert min(copy.getpixel((5, 5))) > 250
        assert copy.getpixel((720, 377))[2] > 150


def test_a_photo_is_made_small_enough(tmp_path):
    noise = Image.effect_noise((1600, 1200), 90).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=95)
    made = copied(
        out.getvalue(), stored(width=1600, height=1200), Recipe("jpeg", 150_000), tmp_path
    )
    assert made.path.stat().st_size <= 150_000
    assert abs(made.width / made.height - 4 / 3) < 0.01


def test_no_photo_fits_into_nothing(tmp_path):
    with pytest.raises(CopyImpossible) as refusal:
        copied(picture(), stored(), Recipe("jpeg", 100), tmp_path)
    assert refusal.value.code == "media_cannot_shrink"


def added(content: bytes) -> Media:
    home = department()
    actor = person("nodal_officer", home)
    return add_media(home, upload(content), kind="video", alt_hi="मेला", actor=actor)


FILMS = {
    "vp9 in webm": {"codec": "libvpx-vp9", "form": "webm", "sound": "libopus"},
    "mpeg4 in mov": {"codec": "mpeg4", "form": "mov", "sound": "pcm_s16le"},
    "h264 in mkv": {"form": "matroska", "sound": "aac"},
    "60 frames": {"fps": 60},
}


@pytest.mark.parametrize("options", FILMS.values(), ids=FILMS)
@pytest.mark.django_db
def test_a_video_becomes_what_every_player_takes(tmp_path, options):
    media = added(film(**options))
    with media.file.open("rb") as file:
        content = file.read()
    assert b"secret place" not in content
    made = copied(content, media, Recipe("mp4", 5_000_000, 1280, 0.5, 2, 30), tmp_path)
    with av.open(str(made.path)) as copy:
        shown = copy.streams.video[0]
        assert (shown.codec_context.name, shown.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert shown.average_rate <= Fraction(30)
        assert [one.codec_context.name for one in copy.streams.audio] == (
            ["aac"] if options.get("sound") else []
        )
        assert abs(copy.duration / av.time_base - 2) < 0.3
    assert abs(made.duration - 2) < 0.15
    written = made.path.read_bytes()
    assert written.index(b"moov") < written.index(b"mdat")


@pytest.mark.django_db
def test_a_turned_video_stands_upright(tmp_path):
    media = added(film(turned=90))
    assert (media.width, media.height) == (240, 320)
    with media.file.open("rb") as file:
        content = file.read()
    with av.open(io.BytesIO(content)) as kept:
        assert abs(next(kept.decode(video=0)).rotation) == 90
    made = copied(content, media, Recipe("mp4", 5_000_000), tmp_path)
    with av.open(str(made.path)) as copy:
        frame = next(copy.decode(video=0))
        assert (frame.width, frame.height, frame.rotation) == (240, 320, 0)


def test_an_animation_becomes_a_film(tmp_path):
    media = stored("animation", "image/gif", width=400, height=320, duration=0.6)
    made = copied(animation(), media, Recipe("mp4", 5_000_000, 0, 0, 0, 30), tmp_path)
    assert (made.mime, made.width, made.height) == ("video/mp4", 400, 320)


def test_a_video_with_too_little_room_is_refused(tmp_path):
    media = stored("video", "video/mp4", width=320, height=240, duration=600.0)
    with pytest.raises(CopyImpossible):
        copied(film(), media, Recipe("mp4", 1_000_000), tmp_path)


# --- in the background ----------------------------------------------------------------------------


class Narrow(Scripted):
    """Takes small PNGs only."""

    fits: ClassVar[dict[str, Fit]] = {"image/jpeg": Fit(("image/png",), 5_000_000, 400)}

    @classmethod
    def fit(cls, mime: str) -> Fit | None:
        return cls.fits.get(mime)


@pytest.fixture
def photo(db, settings) -> Media:
    settings.CONNECTORS = {
        "x": "publishing.tests.test_media_copies.Narrow",
        "facebook": "publishing.tests.scripted.Scripted",
    }
    home = department()
    actor = person("nodal_officer", home)
    return add_media(home, upload(picture()), kind="photo", alt_hi="शिविर", actor=actor)


def test_a_copy_is_made_once_and_goes_out(photo, django_capture_on_commit_callbacks):
    assert fitting_state(photo, "x") == Work.WAITING
    with django_capture_on_commit_callbacks(execute=True):
        want_fitting([photo], ["x", "facebook"])
        want_fitting([photo], ["x"])
    copy = Derivative.objects.get()
    assert (copy.state, copy.progress, fitted(photo, "x")) == (Work.READY, 100, copy)
    sent = attachment(photo, "शिविर", platform="x")
    assert (sent.mime, sent.width, sent.sha256) == ("image/png", 400, copy.sha256)
    assert sealed_file(photo, "शिविर", platform="x").sha256 == copy.sha256
    assert attachment(photo, "शिविर", platform="facebook").sha256 == photo.sha256
    assert fitting_problems(photo, "x") == []


def test_until_it_is_ready_it_is_a_problem(photo):
    assert [one.code for one in fitting_problems(photo, "x")] == ["media_being_prepared"]
    assert fitting_problems(photo, "facebook") == []


def test_a_changed_copy_breaks_the_seal(photo, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        want_fitting([photo], ["x"])
    before = sealed_file(photo, "शिविर", platform="x")
    with Derivative.objects.get().file.open("wb") as file:
        file.write(b"other")
    assert sealed_file(photo, "शिविर", platform="x") != before


def test_a_file_that_cannot_be_copied_is_refused_in_words(photo):
    want_fitting([photo], ["x"])
    with photo.file.open("wb") as file:
        file.write(b"broken")
    prepare_next()
    copy = Derivative.objects.get()
    assert (copy.state, copy.problem) == (Work.REFUSED, "media_unreadable")
    assert [one.code for one in fitting_problems(photo, "x")] == ["media_unreadable"]
    assert fitting_state(photo, "x") == Work.REFUSED


def test_a_killed_worker_is_followed_by_another(photo):
    want_fitting([photo], ["x"])
    now = timezone.now()
    lost = take_next(now)
    assert lost
    assert take_next(now) is None
    again = take_next(now + LEASE + timedelta(seconds=1))
    assert again == lost
    prepare(again)
    assert fitted(photo, "x")


def test_a_worker_that_wakes_up_late_writes_nothing(photo):
    want_fitting([photo], ["x"])
    now = timezone.now()
    late = take_next(now)
    assert take_next(now + LEASE + timedelta(seconds=1))
    with pytest.raises(LeaseLost):
        prepare(late)
    assert Derivative.objects.get().state == Work.RUNNING


def test_what_kills_every_worker_is_given_up(photo):
    want_fitting([photo], ["x"])
    at = timezone.now()
    for _try in range(TRIES + 1):
        job = take_next(at)
        at += LEASE + timedelta(seconds=1)
    prepare(job)
    copy = Derivative.objects.get()
    assert (copy.state, copy.problem) == (Work.REFUSED, "media_too_hard")


def test_only_so_many_are_prepared_at_once(photo, settings):
    settings.MEDIA_AT_ONCE = 1
    other = Derivative.objects.create(media=photo, recipe="jpeg-1000000-0-0-0-0")
    want_fitting([photo], ["x"])
    assert take_next(timezone.now()) == other
    assert take_next(timezone.now()) is None
