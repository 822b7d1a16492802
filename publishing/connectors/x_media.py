"""Photos, animations and videos on X: what it takes (X3.1), and how they get there (X2.2)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pysubs2
from pysubs2.exceptions import Pysubs2Error

from .base import Attachment, CaptionFile, Content, Fit, Journal, Problem
from .checks import photo_problems, video_problems
from .errors import ContentRefused, Refused, Unavailable
from .http import dig, identifier_at, needed, number_at, path, text_at
from .steps import keep_for, kept

PHOTO = Fit(("image/jpeg", "image/png", "image/webp"), 5_000_000)
ANIMATION = Fit(("image/gif",), 15_000_000, longest_side=1280)
VIDEO = Fit(
    ("video/mp4", "video/quicktime"),
    512_000_000,
    longest_side=1280,
    narrowest=1 / 3,
    widest=3,
    seconds=140,
    fps=60,
)
MOST_PHOTOS = 4
SHORTEST_VIDEO = 0.5  # seconds
ANIMATION_FRAMES = 350
ALT_LIMIT = 1_000

PIECE = 1024 * 1024
MOST_PIECES = 1_000
KEEP_EVERY = 8  # pieces
MEDIA_KEPT = 20 * 3600  # shortest expiry seen is 24 hours
WAIT_LONGEST = 5  # seconds between looks at an upload
LOOKS = 3  # then the worker is free for others
LOOK_AGAIN = 20
UPLOADED = "all"  # instead of the number of pieces

Call = Callable[..., dict[str, Any]]


def fit(mime: str) -> Fit | None:
    return next((fit for fit in (PHOTO, ANIMATION, VIDEO) if mime in fit.mimes), None)


def media_problems(content: Content) -> list[Problem]:
    files = content.attachments
    photos = [file for file in files if not file.is_video and not file.is_animation]
    return [
        *photo_problems(
            Content("", attachments=tuple(photos)),
            mimes=PHOTO.mimes,
            limit=PHOTO.bytes,
            photos_at_most=MOST_PHOTOS,
        ),
        *[problem for file in files if file.is_animation for problem in _of_animation(file, files)],
        *video_problems(content, VIDEO, shortest=SHORTEST_VIDEO),
        *[problem for file in files if file.is_video for problem in _of_video(file)],
        *[
            Problem("alt_too_long", values={"limit": ALT_LIMIT})
            for file in files
            if len(file.alt) > ALT_LIMIT
        ],
    ]


def _of_animation(file: Attachment, files: tuple[Attachment, ...]) -> list[Problem]:
    found = []
    if len(files) > 1:
        found.append(Problem("animation_not_alone"))
    too_many = number_at(file.facts, "frames") > ANIMATION_FRAMES
    too_wide = file.width > ANIMATION.longest_side or file.height > 1080
    if file.size > ANIMATION.bytes or too_many or too_wide:
        found.append(Problem("animation_too_large"))
    if not file.alt.strip():
        found.append(Problem("alt_missing", level="warning"))
    return found


def _of_video(file: Attachment) -> list[Problem]:
    found = []
    fps = file.facts.get("fps")
    if isinstance(fps, int | float) and fps > VIDEO.fps:
        found.append(Problem("video_fps", values={"limit": VIDEO.fps}))
    if max(file.width, file.height) > 1280 or min(file.width, file.height) > 1024:
        found.append(Problem("video_pixels", values={"longer": 1280, "shorter": 1024}))
    return found


class Upload:
    """Brings the files of one delivery to X. Nothing here is visible, so all may be repeated.

    Kept for file n: `upload<n>` its id there, `pieces<n>` how far it got, `media<n>` the id once
    it can be attached.
    """

    def __init__(self, call: Call, journal: Journal) -> None:
        self._call = call
        self._journal = journal

    def media_id(self, number: int, attachment: Attachment) -> str:
        """The id to attach; Unavailable while X still processes the file."""
        if ready := kept(self._journal, f"media{number}"):
            return ready
        known = kept(self._journal, f"upload{number}")
        try:
            media = known or self._begin(number, attachment)
            self._bring(number, media, attachment)
        except (ContentRefused, Refused) as refusal:
            if known and type(refusal) in (ContentRefused, Refused):
                self.forget(number)  # it may only have expired; the next try starts anew
                raise Unavailable("media_processing_failed", detail=refusal.detail) from None
            raise
        keep_for(self._journal, f"media{number}", media, MEDIA_KEPT)
        return media

    def forget(self, number: int) -> None:
        self._journal.keep(**{f"media{number}": "", f"upload{number}": ""})

    def _begin(self, number: int, attachment: Attachment) -> str:
        answer = self._call(
            "POST",
            "2/media/upload/initialize",
            json={
                "media_type": attachment.mime,
                "total_bytes": attachment.size,
                "media_category": _category(attachment),
            },
        )
        media = needed(identifier_at(answer, "data", "id"))
        self._journal.keep(**{f"pieces{number}": "0"})
        keep_for(self._journal, f"upload{number}", media, MEDIA_KEPT)
        return media

    def _bring(self, number: int, media: str, attachment: Attachment) -> None:
        if self._journal.get(f"pieces{number}") == UPLOADED:
            answer = self._status(media)
        else:
            self._append(number, media, attachment)
            answer = self._call("POST", path("2", "media", "upload", media, "finalize"))
            self._journal.keep(**{f"pieces{number}": UPLOADED})
        self._await(media, answer, attachment)
        if attachment.alt and not attachment.is_video:
            text = {"text": attachment.alt[:ALT_LIMIT]}
            body = {"id": media, "metadata": {"alt_text": text}}
            self._call("POST", "2/media/metadata", json=body)
        for captions in attachment.captions:
            self._add_captions(media, captions)

    def _append(self, number: int, media: str, attachment: Attachment) -> None:
        """Pieces by their number: one that arrives twice replaces itself."""
        done = number_at({"pieces": self._journal.get(f"pieces{number}")}, "pieces")
        piece_size = max(PIECE, -(-attachment.size // MOST_PIECES))
        with attachment.file.open("rb") as file:
            file.seek(done * piece_size)
            for index, piece in enumerate(iter(lambda: file.read(piece_size), b""), done):
                self._call(
                    "POST",
                    path("2", "media", "upload", media, "append"),
                    data={"segment_index": str(index)},
                    files={"media": ("piece", piece, "application/octet-stream")},
                )
                if index % KEEP_EVERY == KEEP_EVERY - 1:
                    self._journal.keep(**{f"pieces{number}": str(index + 1)})

    def _status(self, media: str) -> dict[str, Any]:
        return self._call("GET", "2/media/upload", params={"command": "STATUS", "media_id": media})

    def _await(self, media: str, answer: dict[str, Any], attachment: Attachment) -> None:
        """No processing_info means ready; an error counts even while it says `in_progress`."""
        for look in range(LOOKS + 1):
            processing = dig(answer, "data", "processing_info")
            state = text_at(processing, "state")
            if not processing or state == "succeeded":
                return
            if state == "failed" or dig(processing, "error"):
                detail = str(dig(processing, "error"))[:500]
                raise ContentRefused(refused_code(attachment), detail=detail)
            if look < LOOKS:
                time.sleep(min(max(number_at(processing, "check_after_secs"), 0), WAIT_LONGEST))
                answer = self._status(media)
        raise Unavailable("still_processing", retry_after=LOOK_AGAIN)

    def _add_captions(self, media: str, captions: CaptionFile) -> None:
        """X wants SubRip and a language of two capital letters."""
        answer = self._call(
            "POST",
            "2/media/upload",
            data={"media_category": "subtitles"},
            files={"media": ("captions.srt", _as_subrip(captions), "application/octet-stream")},
        )
        subtitles = {
            "id": needed(identifier_at(answer, "data", "id")),
            "language_code": captions.language[:2].upper(),
            "display_name": NAMES.get(captions.language, captions.language),
        }
        body = {"id": media, "media_category": "TweetVideo", "subtitles": subtitles}
        self._call("POST", "2/media/subtitles", json=body)


NAMES = {"hi": "हिन्दी", "en": "English", "ur": "اردو"}


def refused_code(attachment: Attachment) -> str:
    return "video_refused" if attachment.is_video else "photo_refused"


def _category(attachment: Attachment) -> str:
    if attachment.is_video:
        return "tweet_video"
    return "tweet_gif" if attachment.is_animation else "tweet_image"


def _as_subrip(captions: CaptionFile) -> bytes:
    with captions.file.open("rb") as file:
        text = file.read().decode("utf-8-sig", "replace")
    try:
        return pysubs2.SSAFile.from_string(text, format_="vtt").to_string("srt").encode()
    except (Pysubs2Error, ValueError) as error:
        raise ContentRefused("captions_refused", detail=str(error)[:200]) from None
