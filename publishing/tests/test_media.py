"""Photos and videos on their way in: only the picture survives the upload (S4, M10-M12)."""

import io
import re

import av
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation
from PIL import Image

from departments.tests.factories import department, person
from portal.errors import NotPermitted
from publishing.media import MediaRefused, add_media
from publishing.media.photos import PHOTO_BYTES, THUMBNAIL_SIDE
from publishing.models import Media

pytestmark = pytest.mark.django_db
ALT = "शिविर में पेंशन के आवेदन लेते अधिकारी"


@pytest.fixture
def home():
    return department()


@pytest.fixture
def nodal(home):
    return person("nodal_officer", home)


def picture(kind: str = "JPEG", size: tuple[int, int] = (800, 600), **options) -> bytes:
    out = io.BytesIO()
    mode = "RGBA" if kind == "PNG" else "RGB"
    Image.new(mode, size, (30, 90, 160)).save(out, kind, **options)
    return out.getvalue()


def upload(content: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def video(seconds: float = 2, codec: str = "libx264") -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        container.metadata["comment"] = "secret place"
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(int(seconds * 10)):
            shade = Image.new("RGB", (320, 240), (number, 90, 160))
            container.mux(stream.encode(av.VideoFrame.from_image(shade)))
        container.mux(stream.encode())
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_stored_as_a_new_jpeg(home, nodal, kind):
    media = add_media(home, upload(picture(kind)), kind="photo", alt_hi=ALT, actor=nodal)
    assert (media.kind, media.mime, media.width, media.height) == ("photo", "image/jpeg", 800, 600)
    with media.file.open() as file, Image.open(file) as stored:
        assert stored.format == "JPEG"


def test_metadata_is_left_behind(home, nodal):
    exif = Image.Exif()
    exif[0x010E] = "रहस्य"
    exif.get_ifd(0x8825)[1] = "N"
    media = add_media(home, upload(picture(exif=exif)), kind="photo", alt_hi=ALT, actor=nodal)
    with media.file.open() as file, Image.open(file) as stored:
        assert not stored.getexif()


def test_the_camera_s_turn_is_applied(home, nodal):
    exif = Image.Exif()
    exif[0x0112] = 6
    media = add_media(home, upload(picture(exif=exif)), kind="photo", alt_hi=ALT, actor=nodal)
    assert (media.width, media.height) == (600, 800)


def test_a_thumbnail_is_small(home, nodal):
    media = add_media(
        home, upload(picture(size=(2400, 1600))), kind="photo", alt_hi=ALT, actor=nodal
    )
    assert media.thumbnail.size <= 100_000
    with media.thumbnail.open() as file, Image.open(file) as small:
        assert max(small.size) == THUMBNAIL_SIDE
    assert max(media.width, media.height) == 2048


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a not allowed",
        b"<svg onload=alert(1)>",
        b"\xff\xd8\xff\xe0 cut",
        picture()[:500],
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
        b"\x00\x00\x00\x18ftypmp42 but no video at all",
    ],
    ids=["empty", "gif", "svg", "stub", "cut", "png-noise", "mp4-noise"],
)
def test_what_is_no_photo_or_video_is_refused_in_words(home, nodal, content):
    with pytest.raises(MediaRefused):
        add_media(home, upload(content), kind="photo", alt_hi=ALT, actor=nodal)
    assert not Media.objects.exists()


def test_too_many_bytes_are_refused(home, nodal):
    with pytest.raises(MediaRefused):
        add_media(
            home, upload(picture() + b"\x00" * PHOTO_BYTES), kind="photo", alt_hi=ALT, actor=nodal
        )


def test_too_many_pixels_are_refused(home, nodal):
    with pytest.raises(MediaRefused):
        add_media(
            home, upload(picture("PNG", (20_000, 9_000))), kind="photo", alt_hi=ALT, actor=nodal
        )


def test_a_picture_too_small_for_the_platforms_is_refused(home, nodal):
    with pytest.raises(MediaRefused):
        add_media(home, upload(picture(size=(200, 900))), kind="photo", alt_hi=ALT, actor=nodal)


def test_without_words_for_those_who_cannot_see_it_is_refused(home, nodal):
    with pytest.raises(MediaRefused):
        add_media(home, upload(picture()), kind="photo", alt_hi="  ", actor=nodal)


def test_the_file_name_leaves_no_trace(home, nodal):
    name = "../../etc/<script>alert(1)</script>.php"
    media = add_media(home, upload(picture(), name), kind="photo", alt_hi=ALT, actor=nodal)
    assert re.fullmatch(rf"{home.pk}/../{media.sha256}(_\w+)?\.jpg", media.file.name)


def test_another_department_may_not_add(nodal):
    with pytest.raises(NotPermitted):
        add_media(department(), upload(picture()), kind="photo", alt_hi=ALT, actor=nodal)


def test_a_video_is_remuxed_without_metadata(home, nodal):
    media = add_media(home, upload(video(), "film.mp4"), kind="video", alt_hi=ALT, actor=nodal)
    assert (media.kind, media.mime, media.width, media.duration) == ("video", "video/mp4", 320, 2.0)
    with media.file.open() as file:
        content = file.read()
    assert b"secret place" not in content
    assert content.index(b"moov") < content.index(b"mdat")  # players start before the end arrives


def test_a_video_in_another_codec_is_kept_as_it_is(home, nodal):
    content = upload(video(codec="mpeg4"), "film.mp4")
    media = add_media(home, content, kind="video", alt_hi=ALT, actor=nodal)
    assert media.facts["video_codec"] == "mpeg4"


def test_what_is_no_video_is_said_of_the_video(home, nodal):
    with pytest.raises(MediaRefused) as refusal:
        add_media(home, upload(b"<html>", "h.mp4"), kind="video", alt_hi=ALT, actor=nodal)
    with translation.override("en"):
        assert "not a video" in str(refusal.value.message)
