"""What YouTube takes of a video, its words, its files and the choices beside them (Y2.2, Y3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .base import Attachment, Content, Count, Fit, Option, Problem
from .checks import video_problems

TITLE_LIMIT = 100  # UTF-16 units
DESCRIPTION_LIMIT = 5_000  # bytes
TAGS_LIMIT = 500
LONG = 15 * 60  # seconds; a longer video needs a verified channel
SHORT = 3 * 60  # seconds; an upright or square video up to this becomes a Short
VIDEO = Fit(("video/mp4",), 256 * 10**9, seconds=12 * 3600)
THUMBNAIL = Fit(("image/jpeg", "image/png"), 2_000_000, longest_side=1920)

YES, NO = "yes", "no"
OPTIONS = (
    Option("privacy", ("public", "unlisted", "private"), "public"),
    # Numbers that YouTube gives its categories in India.
    Option("category", ("22", "25", "27", "28", "29"), "25"),
    Option("made_for_kids", (NO, YES), NO),
    Option("synthetic", (NO, YES), NO),
    Option("notify", (YES, NO), YES),
    Option("playlist"),
)
_PLAYLIST = re.compile(r"[A-Za-z0-9_-]{10,64}")


def count(text: str) -> Count:
    return Count(len(text.encode()), DESCRIPTION_LIMIT, "bytes")


def chosen(content: Content, key: str) -> str:
    """What the officer chose, or what holds without a choice."""
    default = next(option.default for option in OPTIONS if option.key == key)
    return content.options.get(key, "") or default


def marker(reference: str) -> str:
    """Our own tag: it finds the video again if the session is lost (Y5)."""
    return f"ref-{reference.replace('-', '')[:16]}"


def resource(content: Content, reference: str) -> dict[str, Any]:
    """The video as videos.insert wants it: nothing is left to the platform's defaults."""
    return {
        "snippet": {
            "title": content.title,
            "description": content.text,
            "tags": [*content.tags, marker(reference)],
            "categoryId": chosen(content, "category"),
            "defaultLanguage": content.language,
        },
        "status": {
            "privacyStatus": chosen(content, "privacy"),
            "selfDeclaredMadeForKids": chosen(content, "made_for_kids") == YES,
            "containsSyntheticMedia": chosen(content, "synthetic") == YES,
        },
    }


# --- what may be changed later ------------------------------------------------------------------

# Every mutable property of the two parts: what is not sent again is erased (Y2.2).
_MUTABLE = {
    "snippet": (
        "title",
        "description",
        "tags",
        "categoryId",
        "defaultLanguage",
        "defaultAudioLanguage",
    ),
    "status": (
        "privacyStatus",
        "publishAt",
        "license",
        "embeddable",
        "publicStatsViewable",
        "selfDeclaredMadeForKids",
        "containsSyntheticMedia",
    ),
}


def corrected(video: Mapping[str, Any], content: Content) -> dict[str, dict[str, Any]]:
    """The two parts of a video as they are, with what the correction says; our tag stays."""
    parts: dict[str, dict[str, Any]] = {}
    for part, names in _MUTABLE.items():
        found = video.get(part)
        known = found if isinstance(found, dict) else {}
        parts[part] = {name: known[name] for name in names if name in known}
    wanted = resource(content, "")
    known_tags = parts["snippet"].get("tags")
    tags = known_tags if isinstance(known_tags, list) else []
    ours = [tag for tag in tags if isinstance(tag, str) and tag.startswith("ref-")]
    wanted["snippet"]["tags"] = [*content.tags, *ours]
    return {part: {**known, **wanted[part]} for part, known in parts.items()}


# --- before approval ----------------------------------------------------------------------------


def check(content: Content) -> list[Problem]:
    return [
        *_word_problems(content),
        *_film_problems(content),
        *_thumbnail_problems(content.thumbnail),
        *_choice_problems(content),
    ]


def _word_problems(content: Content) -> list[Problem]:
    found = []
    length = count(content.text)
    if length.over:
        values = {"length": length.length, "limit": length.limit, "over": length.over}
        found.append(Problem("text_too_long_bytes", values=values))
    title = len(content.title.encode("utf-16-le")) // 2
    if not content.title.strip():
        found.append(Problem("title_missing"))
    if title > TITLE_LIMIT:
        values = {"length": title, "limit": TITLE_LIMIT, "over": title - TITLE_LIMIT}
        found.append(Problem("title_too_long", values=values))
    if any(sign in content.title + content.text for sign in "<>"):
        found.append(Problem("angle_brackets"))
    tags = _tags_length((*content.tags, marker("0" * 32)))
    if tags > TAGS_LIMIT:
        found.append(Problem("tags_too_long", values={"length": tags, "limit": TAGS_LIMIT}))
    return found


def _tags_length(tags: tuple[str, ...]) -> int:
    """Commas count, and quotes around a tag that has a space."""
    return sum(len(tag) + (2 if " " in tag else 0) for tag in tags) + max(0, len(tags) - 1)


def _film_problems(content: Content) -> list[Problem]:
    videos = [file for file in content.attachments if file.is_video]
    if not videos:
        return [Problem("video_missing")]
    return [*video_problems(content, VIDEO), *_of_first(videos[0])]


def _of_first(video: Attachment) -> list[Problem]:
    found = []
    seconds = video.duration or 0
    if not video.captions:
        found.append(Problem("captions_missing"))  # standards M13
    if seconds > LONG:
        found.append(Problem("video_needs_verified_channel", level="warning"))
    if 0 < seconds <= SHORT and 0 < video.width <= video.height:
        found.append(Problem("becomes_short", level="warning"))
    return found


def _thumbnail_problems(thumbnail: Attachment | None) -> list[Problem]:
    if thumbnail is None:
        return []
    if thumbnail.mime not in THUMBNAIL.mimes:
        return [Problem("photo_format", values={"format": thumbnail.mime})]
    if thumbnail.size > THUMBNAIL.bytes:
        sizes = {"size": f"{thumbnail.size / 1_000_000:.1f}", "limit": "2"}
        return [Problem("photo_too_large", values=sizes)]
    return []


def _choice_problems(content: Content) -> list[Problem]:
    found = [
        Problem("choice_not_possible")
        for option in OPTIONS
        if option.choices and chosen(content, option.key) not in option.choices
    ]
    playlist = chosen(content, "playlist")
    if playlist and not _PLAYLIST.fullmatch(playlist):
        found.append(Problem("playlist_not_valid"))
    return found
