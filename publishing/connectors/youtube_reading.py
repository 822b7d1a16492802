"""What YouTube says of itself: comments and numbers (Y6), and news by WebSub (Y7)."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as Xml

from .base import Comment, Told
from .http import dig, identifier_at, number_at, rows_at, text_at
from .youtube_answers import moment

HIDDEN = frozenset({"heldForReview", "likelySpam", "rejected"})
STATISTICS = frozenset({"viewCount", "likeCount", "commentCount", "favoriteCount", "dislikeCount"})
TOPIC = re.compile(
    r"https://www\.youtube\.com/(?:xml/)?feeds/videos\.xml\?channel_id=([\w-]{1,64})"
)
ATOM = "{http://www.w3.org/2005/Atom}"
YT = "{http://www.youtube.com/xml/schemas/2015}"
DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
_CHALLENGE = re.compile(r"[\w.~:+/=-]{1,200}", re.ASCII)
_CHANNEL_PAGE = re.compile(r"https?://www\.youtube\.com/channel/([\w-]{1,64})")
_NAME = re.compile(r"[\w-]{1,64}", re.ASCII)


# --- comments -----------------------------------------------------------------------------------


def comment(
    row: Mapping[str, Any], own: str, video: str, permalink: Callable[[str], str]
) -> Comment:
    """`own` is the id of the channel itself. textOriginal is sure for own comments only."""
    said = row.get("snippet")
    found, author = identifier_at(row, "id"), identifier_at(said, "authorChannelId", "value")
    return Comment(
        id=found,
        text=text_at(said, "textDisplay") or text_at(said, "textOriginal"),
        at=moment(text_at(said, "publishedAt")),
        author_id=author,
        author_name=text_at(said, "authorDisplayName"),
        post_id=video,
        parent_id=identifier_at(said, "parentId"),
        permalink=permalink(f"https://www.youtube.com/watch?v={video}&lc={found}"),
        is_own=author == own,
        is_hidden=text_at(said, "moderationStatus") in HIDDEN,
    )


def replies_embedded(thread: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The replies that came with the thread, or None if there are more (Y6)."""
    rows = rows_at(thread, "replies", "comments")
    return rows if number_at(thread, "snippet", "totalReplyCount") <= len(rows) else None


def changed_at(row: Mapping[str, Any]) -> datetime | None:
    return moment(text_at(row, "snippet", "updatedAt")) or moment(
        text_at(row, "snippet", "publishedAt")
    )


# --- numbers ------------------------------------------------------------------------------------


def statistics(video: Any, names: Mapping[str, str]) -> dict[str, int]:
    """Counts come as text, and not at all where the channel hides them."""
    return {
        ours: number_at(video, "statistics", theirs)
        for ours, theirs in names.items()
        if isinstance(dig(video, "statistics", theirs), str)
    }


def report(answer: Any, names: Mapping[str, str]) -> dict[str, int]:
    """Columns are known by name, never by place; a video with little traffic has no row."""
    columns = [text_at(row, "name") for row in rows_at(answer, "columnHeaders")]
    values = dig(answer, "rows", 0)
    row = dict(zip(columns, values, strict=False)) if isinstance(values, list) else {}
    return {
        ours: round(row[theirs])
        for ours, theirs in names.items()
        if isinstance(row.get(theirs), int | float)
    }


# --- WebSub -------------------------------------------------------------------------------------


def handshake(query: Mapping[str, str], verify: str) -> str | None:
    """Anybody can ask the hub to ask us: `unsubscribed` names what must not be confirmed then."""
    topic = TOPIC.fullmatch(query.get("hub.topic", ""))
    said = query.get("hub.verify_token", verify).encode()
    challenge = query.get("hub.challenge", "")
    known = hmac.compare_digest(said, verify.encode())
    if query.get("hub.mode") not in ("subscribe", "unsubscribe") or not topic or not known:
        return None
    return challenge if _CHALLENGE.fullmatch(challenge) else None


def unsubscribed(query: Mapping[str, str]) -> str:
    topic = TOPIC.fullmatch(query.get("hub.topic", ""))
    return topic.group(1) if topic and query.get("hub.mode") == "unsubscribe" else ""


def is_genuine(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    expected = "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    return hmac.compare_digest(expected.encode(), headers.get("x-hub-signature", "").encode())


def told(body: bytes) -> Iterator[Told]:
    """A hint that a video is new, has changed or is gone; nothing here is taken as proof."""
    feed = _feed(body)
    if feed is None:
        return
    for entry in feed.iter(f"{ATOM}entry"):
        video, channel = _name(entry, f"{YT}videoId"), _name(entry, f"{YT}channelId")
        updated = entry.findtext(f"{ATOM}updated", "")[:40]
        if video:
            said = {"video": video, "title": entry.findtext(f"{ATOM}title", "")[:500]}
            said |= {"published": entry.findtext(f"{ATOM}published", "")[:40], "updated": updated}
            yield Told(f"{video}:{updated}", "post", said, channel, at=moment(updated))
    for entry in feed.iter(DELETED):
        video, when = entry.get("ref", "").rpartition(":")[2], entry.get("when", "")[:40]
        page = _CHANNEL_PAGE.fullmatch(entry.findtext(f".//{ATOM}uri", ""))
        if _NAME.fullmatch(video):
            account = page.group(1) if page else ""
            yield Told(
                f"deleted:{video}:{when}", "other", {"deleted": video}, account, at=moment(when)
            )


def _feed(body: bytes) -> Xml.Element | None:
    """None for what is no feed. A document that declares types or entities is never parsed."""
    try:
        text = body.decode("utf-8-sig")
        if "<!doctype" in text.lower() or "<!entity" in text.lower():
            return None
        return Xml.fromstring(text)  # noqa: S314 - as text, so no other encoding hides entities
    except (UnicodeDecodeError, Xml.ParseError, ValueError):
        return None


def _name(entry: Xml.Element, tag: str) -> str:
    found = entry.findtext(tag, "")
    return found if _NAME.fullmatch(found) else ""
