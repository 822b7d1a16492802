"""Subtitles of a video: read from SubRip or WebVTT, kept as clean WebVTT (M13)."""

from __future__ import annotations

import hashlib
import html
import re
from typing import NamedTuple

import pysubs2
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from departments.models import User
from portal.audit.actions import record
from publishing.models import Captions, Media, MediaKind

from .adding import may_add
from .prepared import MediaRefused

CAPTION_BYTES = 1024 * 1024
CAPTION_LINES = 10_000
LONGEST_LINE = 500  # characters
LANGUAGES = {"hi": _("Hindi"), "en": _("English"), "ur": _("Urdu")}
AFTER_END = 2  # seconds that a caption may outlast its video
_MARKS = re.compile(r"<[^<>]*>|\{[^{}]*\}")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufeff\u202a-\u202e\u2066-\u2069]")


class Cue(NamedTuple):
    starts: str  # HH:MM:SS
    words: str


def add_captions(media: Media, language: str, file: UploadedFile, actor: User) -> Captions:
    """Give a video its captions in one language, instead of those it had.

    Raises MediaRefused, NotPermitted.
    """
    may_add(actor, media.department)
    if media.kind != MediaKind.VIDEO:
        raise MediaRefused(_("Only a video has captions."))
    if language not in LANGUAGES:
        raise MediaRefused(_("Choose the language of the captions."))
    content = clean_captions(_text(file), media.duration or 0).encode()
    captions = Captions(
        media=media,
        language=language,
        sha256=hashlib.sha256(content).hexdigest(),
        added_by=actor,
    )
    captions.file.save("file", ContentFile(content), save=False)
    return _keep(captions)


@transaction.atomic
def _keep(captions: Captions) -> Captions:
    """The file of the earlier captions stays: a sealed post may be on its way with it."""
    media = Media.objects.select_for_update(of=("self",)).get(pk=captions.media_id)
    Captions.objects.filter(media=media, language=captions.language).delete()
    captions.save()
    data = {"language": captions.language, "sha256": captions.sha256}
    slug, actor = captions.media.department.slug, captions.added_by
    record("publishing.captions.added", media, actor=actor, department=slug, data=data)
    return captions


def _text(file: UploadedFile) -> str:
    if (file.size or 0) > CAPTION_BYTES:
        raise MediaRefused(_("The captions are larger than 1 MB."))
    content = file.read(CAPTION_BYTES + 1)
    try:
        return content.decode(
            "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
        )
    except UnicodeDecodeError:
        raise MediaRefused(_("The captions are not in Unicode. Save them as UTF-8.")) from None


def clean_captions(text: str, seconds: float) -> str:
    """WebVTT without markup, styles and positions. Raises MediaRefused."""
    is_vtt = text.lstrip().startswith("WEBVTT")
    try:
        read = pysubs2.SSAFile.from_string(text, format_="vtt" if is_vtt else "srt")
    except (pysubs2.exceptions.Pysubs2Error, ValueError, IndexError, OverflowError):
        raise _unreadable() from None
    lines = [(one.start, one.end, _plain(one.plaintext)) for one in read]
    lines = sorted(line for line in lines if line[2])
    if not lines:
        raise _unreadable()
    if len(lines) > CAPTION_LINES:
        raise MediaRefused(_("There are too many captions in this file."))
    for start, end, _words in lines:
        if not 0 <= start < end:
            raise MediaRefused(_("A caption ends before it begins. Correct the times."))
        if end > (seconds + AFTER_END) * 1000:
            raise MediaRefused(
                _("A caption is later than the end of the video. Is it for this video?")
            )
    cues = [f"{_moment(start)} --> {_moment(end)}\n{words}\n" for start, end, words in lines]
    return "\n".join(["WEBVTT\n", *cues])


def cues(captions: Captions) -> list[Cue]:
    """What it says and when, in order; nothing where its file is lost."""
    try:
        with captions.file.open("rb") as file:
            _head, *written = file.read(2 * CAPTION_BYTES).decode("utf-8", "replace").split("\n\n")
    except (FileNotFoundError, ValueError):
        return []
    parts = [one.strip().partition("\n") for one in written]
    return [Cue(times.partition(".")[0], html.unescape(words)) for times, _end, words in parts]


def _unreadable() -> MediaRefused:
    return MediaRefused(_("No captions can be read in this file. Use SubRip (.srt) or WebVTT."))


def _plain(text: str) -> str:
    """Lines of plain words; what WebVTT would take for markup or the end of a caption is not."""
    words = _INVISIBLE.sub("", _MARKS.sub("", text.replace("\\N", "\n")))
    words = words.replace("-->", "→").replace("&", "&amp;").replace("<", "&lt;")
    rows = (row.strip()[:LONGEST_LINE] for row in words.replace("\r", "").split("\n"))
    return "\n".join(row for row in rows if row)


def _moment(milliseconds: int) -> str:
    seconds, thousandths = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{thousandths:03}"
