"""Captions: whatever is uploaded becomes plain WebVTT that belongs to its video, or is refused."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from departments.tests.factories import department, person
from portal.audit.models import AuditEntry
from portal.errors import NotPermitted
from publishing.content import attachment
from publishing.media import MediaRefused, add_captions, add_media
from publishing.media.captions import CAPTION_BYTES, clean_captions
from publishing.models import Captions
from publishing.seal import sealed_file

from .films import film, picture, upload

SRT = """1
00:00:00,200 --> 00:00:01,000
<i>नमस्ते</i> & <script>alert(1)</script>

2
00:00:01,000 --> 00:00:01,900
{\\an8}दूसरी पंक्ति
और तीसरी
"""
CLEAN = """WEBVTT

00:00:00.200 --> 00:00:01.000
नमस्ते &amp; alert(1)

00:00:01.000 --> 00:00:01.900
दूसरी पंक्ति
और तीसरी
"""


def test_subrip_becomes_plain_webvtt():
    assert clean_captions(SRT, 2) == CLEAN


def test_webvtt_loses_styles_and_places():
    styled = (
        "WEBVTT\n\nSTYLE\n::cue { color: red }\n\nNOTE who wrote it\n\n"
        "00:00.200 --> 00:01.000 line:0 position:20%\n<v Roger>नमस्ते</v>\n"
    )
    assert clean_captions(styled, 2) == "WEBVTT\n\n00:00:00.200 --> 00:00:01.000\nनमस्ते\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "WEBVTT\n",
        "no captions at all",
        "1\n00:00:01,000 --> 00:00:00,500\nउल्टा\n",
        "1\n00:00:01,000 --> 00:09:00,000\nबहुत देर\n",
        "1\n99:99:99,999 --> 99:99:99,999\nकभी नहीं\n",
        "\x00" * 2000,
    ],
    ids=["nothing", "only a head", "no captions", "backwards", "too late", "absurd", "zeros"],
)
def test_what_makes_no_captions_is_refused_in_words(text):
    with pytest.raises(MediaRefused):
        clean_captions(text, 2)


@given(st.text(max_size=300))
def test_whatever_is_typed_between_two_times_stays_inside_its_caption(words):
    text = f"1\n00:00:00,000 --> 00:00:01,000\nक {words}\n"
    try:
        clean = clean_captions(text, 2)
    except MediaRefused:
        return
    times = [line for line in clean.split("\n") if "-->" in line]
    assert all(line.startswith("00:00:0") for line in times)
    assert "<" not in clean


@pytest.fixture
def clip(db):
    home = department()
    return add_media(
        home, upload(film()), kind="video", alt_hi="मेला", actor=person("nodal_officer", home)
    )


def file(text: str | bytes = SRT) -> SimpleUploadedFile:
    return SimpleUploadedFile("c.srt", text.encode() if isinstance(text, str) else text)


def test_they_go_out_with_the_video_and_are_sealed(clip):
    bare = sealed_file(clip, "मेला", platform="youtube")
    stored = add_captions(clip, "hi", file(), clip.added_by)
    (sent,) = attachment(clip, "मेला", platform="youtube").captions
    with sent.file.open("rb") as opened:
        assert opened.read().decode() == CLEAN
    assert (sent.language, sent.sha256) == ("hi", stored.sha256)
    sealed = sealed_file(clip, "मेला", platform="youtube")
    assert sealed != bare
    with stored.file.open("wb") as opened:
        opened.write(b"WEBVTT\n\nother")
    assert sealed_file(clip, "मेला", platform="youtube") != sealed
    assert AuditEntry.objects.filter(action="publishing.captions.added").count() == 1


def test_newer_ones_take_the_place_of_older_ones(clip):
    add_captions(clip, "hi", file(), clip.added_by)
    newer = add_captions(clip, "hi", file(SRT.replace("दूसरी", "नई")), clip.added_by)
    add_captions(clip, "en", file(), clip.added_by)
    assert [one.language for one in clip.captions.all()] == ["en", "hi"]
    assert clip.captions.get(language="hi") == newer


@pytest.mark.parametrize(
    ("language", "content"),
    [
        ("fr", SRT.encode()),
        ("hi", b"\xff\xfe\xff"),
        ("hi", b"\x80" * 100),
        ("hi", b" " * (CAPTION_BYTES + 1)),
    ],
    ids=["language", "cut utf-16", "not unicode", "too large"],
)
def test_wrong_files_are_refused(clip, language, content):
    with pytest.raises(MediaRefused):
        add_captions(clip, language, file(content), clip.added_by)
    assert not Captions.objects.exists()


def test_utf_16_is_read(clip):
    add_captions(clip, "hi", file(SRT.encode("utf-16")), clip.added_by)
    assert Captions.objects.get().language == "hi"


def test_a_photo_has_none_and_a_stranger_adds_none(clip):
    home = clip.department
    photo = add_media(home, upload(picture()), kind="photo", alt_hi="शिविर", actor=clip.added_by)
    with pytest.raises(MediaRefused):
        add_captions(photo, "hi", file(), clip.added_by)
    with pytest.raises(NotPermitted):
        add_captions(clip, "hi", file(), person("nodal_officer", department()))
