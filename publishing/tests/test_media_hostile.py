"""Files made to harm: a sentence for the officer in bounded time and memory, nothing stored."""

from __future__ import annotations

import io
import resource
import struct
import time
import zlib

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from departments.tests.factories import department, person
from publishing.media import MediaRefused, add_media
from publishing.media.photos import ANIMATION_FRAMES, prepare_photo
from publishing.media.videos import prepare_video
from publishing.models import Media

from .films import animation, film, picture, upload


def bomb() -> bytes:
    """A PNG of some kilobytes that says it is 60000 pixels in square."""

    def chunk(name: bytes, content: bytes) -> bytes:
        whole = name + content
        return struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\x00" * 10_000_000)
    start = b"\x89PNG\r\n\x1a\n"
    return start + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def long_animation() -> bytes:
    """Of little more than nothing a picture."""
    return animation(ANIMATION_FRAMES + 5, (320, 320))


def zero_sized() -> bytes:
    head = struct.pack("<HH", 0, 0)
    return b"GIF89a" + head + b"\x80\x00\x00" + b"\x00" * 6 + b"\x2c" + b"\x00" * 9 + b"\x02\x00;"


PHOTOS = {
    "pixel bomb": bomb(),
    "too many pictures": long_animation(),
    "zero sized": zero_sized(),
    "cut gif": animation()[:60],
    "cut webp": picture("WEBP")[:40],
    "script": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 900 900\n(/etc/passwd) run\n",
    "bitmap": b"BM" + b"\x00" * 1000,
}


@pytest.mark.parametrize("content", PHOTOS.values(), ids=PHOTOS)
def test_hostile_photos_are_refused(tmp_path, content):
    (tmp_path / "in").write_bytes(content)
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(MediaRefused):
        prepare_photo(tmp_path / "in", tmp_path)
    assert time.monotonic() - started < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 700_000  # kB


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def said_to_last(seconds: float) -> bytes:
    """A film whose header tells another length than its pictures."""
    content = film()
    at = content.index(b"mvhd") + 4 + 12
    scale = struct.unpack(">I", content[at : at + 4])[0]
    wrong = struct.pack(">I", min(int(seconds * scale), 2**32 - 1))
    return content[: at + 4] + wrong + content[at + 8 :]


def many_tracks() -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as container:
        streams = []
        for _number in range(20):
            stream = container.add_stream("mpeg4", rate=5)
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
            streams.append(stream)
        for stream in streams:
            frame = av.VideoFrame.from_image(Image.new("RGB", (64, 64)))
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return out.getvalue()


PLAYLIST = b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
VIDEOS = {
    "playlist": PLAYLIST,
    "playlist with a film's head": b"\x00\x00\x00\x18ftypmp42" + PLAYLIST,
    "concat script": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "half": film()[:3000],
    "head only": film()[:60],
    "noise": b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 40,
    "matroska noise": b"\x1a\x45\xdf\xa3" + b"\xff" * 4000,
    "many tracks": many_tracks(),
    "a moment": film(seconds=0.3),
    "an animation": animation(),
    "tiny": film(size=(16, 16)),
    "an empty box": box(b"ftyp", b"isom") + box(b"moov", b""),
    "a box of two gigabytes": b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 12 + b"\x7f\xff\xff\xffmoov",
}


@pytest.mark.parametrize("content", VIDEOS.values(), ids=VIDEOS)
def test_hostile_videos_are_refused(tmp_path, content):
    (tmp_path / "in").write_bytes(content)
    started = time.monotonic()
    with pytest.raises(MediaRefused) as refusal:
        prepare_video(tmp_path / "in", tmp_path)
    assert str(refusal.value.message)
    assert time.monotonic() - started < 20


def test_a_length_is_measured_not_believed(tmp_path):
    (tmp_path / "in").write_bytes(said_to_last(400_000_000))
    assert prepare_video(tmp_path / "in", tmp_path).duration == 2.0


def test_a_photo_that_is_also_a_page_keeps_only_the_picture(tmp_path):
    (tmp_path / "in").write_bytes(picture() + b"<script>alert(1)</script><?php system('id'); ?>")
    made = prepare_photo(tmp_path / "in", tmp_path)
    assert b"script" not in made.path.read_bytes()


def test_an_animation_keeps_its_pictures_and_no_words(tmp_path):
    (tmp_path / "in").write_bytes(animation(5))
    made = prepare_photo(tmp_path / "in", tmp_path)
    assert (made.kind, made.mime, made.facts["frames"], made.duration) == (
        "animation", "image/gif", 5, 1.0,
    )  # fmt: skip
    assert b"secret" not in made.path.read_bytes()


def test_a_gif_of_one_picture_is_a_photo(tmp_path):
    (tmp_path / "in").write_bytes(picture("GIF"))
    assert prepare_photo(tmp_path / "in", tmp_path).mime == "image/jpeg"


GIF, CLIP = animation(), film()


@pytest.mark.parametrize(("prepare", "whole"), [(prepare_photo, GIF), (prepare_video, CLIP)])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(places=st.lists(st.tuples(st.integers(12, 2000), st.binary(min_size=1, max_size=8))))
def test_a_file_changed_anywhere_is_taken_or_refused_but_never_breaks(
    tmp_path, prepare, whole, places
):
    content = bytearray(whole)
    for place, other in places:
        content[place : place + len(other)] = other
    (tmp_path / "in").write_bytes(bytes(content))
    try:
        made = prepare(tmp_path / "in", tmp_path)
    except MediaRefused:
        return
    assert made.path.stat().st_size


@pytest.mark.django_db
def test_nothing_of_a_refused_file_is_stored():
    home = department()
    actor = person("nodal_officer", home)
    with pytest.raises(MediaRefused):
        add_media(home, upload(PLAYLIST), kind="video", alt_hi="मेला", actor=actor)
    assert not Media.objects.exists()
