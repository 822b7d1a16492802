"""Checks that several platforms share; each connector names its own limits."""

from collections.abc import Iterable

from .base import Content, Count, Problem


def text_problems(content: Content, count: Count) -> list[Problem]:
    found = []
    if not content.text.strip() and not content.attachments:
        found.append(Problem("text_missing"))
    if count.over:
        values = {"length": count.length, "limit": count.limit, "over": count.over}
        found.append(Problem(f"text_too_long_{count.unit}", values=values))
    return found


def photo_problems(content: Content, *, mimes: Iterable[str], limit: int) -> list[Problem]:
    """`limit` in bytes. One photo is what a post carries today."""
    found = []
    if len(content.attachments) > 1:
        values = {"count": len(content.attachments), "limit": 1}
        found.append(Problem("too_many_attachments", values=values))
    for attachment in content.attachments:
        if attachment.is_video:
            found.append(Problem("video_not_possible"))
        elif attachment.mime not in mimes:
            found.append(Problem("photo_format", values={"format": attachment.mime}))
        elif attachment.size > limit:
            sizes = {"size": _megabytes(attachment.size), "limit": _megabytes(limit)}
            found.append(Problem("photo_too_large", values=sizes))
        if not attachment.alt.strip():
            found.append(Problem("alt_missing", level="warning"))
    return found


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f}"
