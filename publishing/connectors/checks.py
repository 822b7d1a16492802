"""Checks that several platforms share; each connector names its own limits."""

from collections.abc import Iterable
from typing import Any

from .base import Attachment, Content, Count, Fit, Problem

CODECS = frozenset({"h264", "hevc"})


def text_problems(content: Content, count: Count) -> list[Problem]:
    found = []
    if not content.text.strip() and not content.attachments:
        found.append(Problem("text_missing"))
    if count.over:
        values = {"length": count.length, "limit": count.limit, "over": count.over}
        found.append(Problem(f"text_too_long_{count.unit}", values=values))
    return found


def photo_problems(
    content: Content,
    *,
    mimes: Iterable[str],
    limit: int,
    photos_at_most: int = 1,
    takes_video: bool = False,
) -> list[Problem]:
    """`limit` in bytes. With `takes_video` videos are left to `video_problems`."""
    photos = [file for file in content.attachments if not (takes_video and file.is_video)]
    found = []
    if len(photos) > photos_at_most:
        values = {"count": len(photos), "limit": photos_at_most}
        found.append(Problem("too_many_attachments", values=values))
    for photo in photos:
        if photo.is_video:
            found.append(Problem("video_not_possible"))
        elif photo.mime not in mimes:
            found.append(Problem("photo_format", values={"format": photo.mime}))
        elif photo.size > limit:
            sizes = {"size": _megabytes(photo.size), "limit": _megabytes(limit)}
            found.append(Problem("photo_too_large", values=sizes))
        if not photo.alt.strip():
            found.append(Problem("alt_missing", level="warning"))
    return found


def video_problems(
    content: Content, fit: Fit, *, shortest: float = 1, stands_alone: bool = True
) -> list[Problem]:
    """`shortest` in seconds; a video that stands alone has no other file beside it."""
    videos = [file for file in content.attachments if file.is_video]
    found = [problem for video in videos for problem in _of_video(video, fit, shortest)]
    if videos and stands_alone and len(content.attachments) > 1:
        found.append(Problem("video_not_alone"))
    return found


def _of_video(video: Attachment, fit: Fit, shortest: float) -> list[Problem]:
    if video.mime not in fit.mimes:
        return [Problem("video_format", values={"format": video.mime})]
    shape = video.width / video.height if video.height else 0
    codec = str(video.facts.get("video_codec") or "h264")
    seconds = video.duration or 0
    rules: tuple[tuple[bool, str, dict[str, Any]], ...] = (
        (video.size > fit.bytes, "video_too_large", {}),
        (0 < fit.seconds < seconds, "video_too_long", {"limit": round(fit.seconds)}),
        (seconds < shortest, "video_too_short", {"limit": round(shortest)}),
        (codec not in CODECS, "video_codec", {"format": codec}),
        (0 < shape < fit.narrowest or 0 < fit.widest < shape, "video_shape", {}),
    )
    return [Problem(code, values=values) for broken, code, values in rules if broken]


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f}"
