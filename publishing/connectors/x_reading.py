"""What X tells of posts, messages and people, in either style of its names (X6, X7)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from .base import Comment, Heard, Page, Told
from .http import dig, identifier_at, number_at, rows_at, text_at
from .x_text import as_written

# Milliseconds of X's first id since 1970 (X5).
EPOCH = 1_288_834_974_657
SEARCHED = timedelta(days=7) - timedelta(minutes=5)

# Spec 2.167 renamed selectors, fields and metrics; an answer is read in either style.
STYLES: dict[str, dict[str, str]] = {
    "tweet": {
        "selector": "tweet.fields",
        "fields": "attachments,author_id,conversation_id,created_at,entities,note_tweet,"
        "referenced_tweets,text",
        "expansions": "",
        "messages": "created_at,dm_conversation_id,event_type,id,sender_id,text",
    },
    "post": {
        "selector": "post.fields",
        "fields": "attachments,conversation_id,created_at,entities,note_post,text",
        "expansions": "referenced_posts",
        "messages": "created_at,dm_conversation_id,event_type,id,text",
    },
}
RENAMED = {"retweet_count": "repost_count", "repost_count": "retweet_count"}
# Only the owner may ask for these, and only for posts of the last 30 days.
OWNERS_METRICS = frozenset(
    {"url_link_clicks", "user_profile_clicks", "engagements", "url_clicks", "video_views"}
)
METRIC_GROUPS = ("public_metrics", "non_public_metrics", "organic_metrics")

ACTIVITIES = {
    "post.create": "post",
    "post.delete": "post",
    "post.mention.create": "mention",
    "post.quote.create": "mention",
    "post.reply.create": "comment",
    "dm.received": "message",
    "oauth.revoke": "revoked",
}
# The older Account Activity API, by the name of the array; its objects are in the v1.1 style.
OLDER_ACTIVITIES = {
    "tweet_create_events": "mention",
    "tweet_delete_events": "post",
    "direct_message_events": "message",
    "favorite_events": "other",
    "follow_events": "other",
}


def asked(*, authors: bool = False) -> dict[str, str]:
    """The fields of posts to ask for; every expanded author is billed (X3.3)."""
    style = STYLES[settings.X_FIELD_STYLE]
    expansions = [name for name in (style["expansions"], "author_id" if authors else "") if name]
    asked = {style["selector"]: style["fields"]}
    if expansions:
        asked["expansions"] = ",".join(expansions)
    if authors:
        asked["user.fields"] = "name,username"
    return asked


def asked_of_messages() -> dict[str, str]:
    return {
        "event_types": "MessageCreate",
        "dm_event.fields": STYLES[settings.X_FIELD_STYLE]["messages"],
        "expansions": "sender_id",
        "user.fields": "name,username",
    }


def clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parent_of(post: Mapping[str, Any]) -> str:
    """The id of the post that this one replies to."""
    rows = rows_at(post, "referenced_tweets") or rows_at(post, "referenced_posts")
    replied = (row for row in rows if text_at(row, "type") == "replied_to")
    return next((identifier_at(row, "id") for row in replied), "")


def comments(answer: Mapping[str, Any], own_id: str) -> Page[Comment]:
    names = _names(answer)
    posts = [row for row in rows_at(answer, "data") if identifier_at(row, "id")]
    return Page(
        tuple(_comment(post, names, own_id) for post in posts),
        text_at(answer, "meta", "next_token"),
    )


def _comment(post: Mapping[str, Any], names: Mapping[str, str], own_id: str) -> Comment:
    post_id, author = identifier_at(post, "id"), identifier_at(post, "author_id")
    conversation = identifier_at(post, "conversation_id")
    parent = parent_of(post)
    return Comment(
        id=post_id,
        text=as_written(post),
        at=moment(text_at(post, "created_at")) or _moment_in(post_id),
        author_id=author,
        author_name=names.get(author, ""),
        post_id=conversation if conversation != post_id else "",
        parent_id=parent if parent != conversation else "",
        conversation_id=conversation,
        permalink=f"https://x.com/i/web/status/{post_id}",
        is_own=author == own_id,
    )


def messages(answer: Mapping[str, Any], own_id: str) -> Page[Comment]:
    names = _names(answer)
    found = [
        Comment(
            id=identifier_at(row, "id"),
            text=text_at(row, "text"),
            at=moment(text_at(row, "created_at")) or _moment_in(identifier_at(row, "id")),
            author_id=identifier_at(row, "sender_id"),
            author_name=names.get(identifier_at(row, "sender_id"), ""),
            conversation_id=identifier_at(row, "dm_conversation_id"),
            is_own=identifier_at(row, "sender_id") == own_id,
        )
        for row in rows_at(answer, "data")
        if identifier_at(row, "id") and text_at(row, "event_type") in ("", "MessageCreate")
    ]
    return Page(tuple(found), text_at(answer, "meta", "next_token"))


def metrics(post: Mapping[str, Any]) -> dict[str, int]:
    """By our names, as settings.METRICS calls them; what X leaves out is left out."""
    groups = [group for name in METRIC_GROUPS if isinstance(group := post.get(name), dict)]
    found = {}
    for ours, theirs in settings.METRICS["x"].items():
        for name in (theirs, RENAMED.get(theirs, theirs)):
            holder = next((group for group in groups if name in group), None)
            if holder is not None and ours not in found:
                found[ours] = number_at(holder, name)
    return found


def metric_fields() -> dict[str, str]:
    needs_owner = OWNERS_METRICS & set(settings.METRICS["x"].values())
    selector = STYLES[settings.X_FIELD_STYLE]["selector"]
    return {selector: "public_metrics" + (",non_public_metrics" if needs_owner else "")}


def _names(answer: Mapping[str, Any]) -> dict[str, str]:
    users = rows_at(answer, "includes", "users")
    return {
        identifier_at(user, "id"): text_at(user, "name") or text_at(user, "username")
        for user in users
    }


def moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _moment_in(post_id: str) -> datetime | None:
    """An id carries its time."""
    if not post_id.isdecimal() or len(post_id) > 19:
        return None
    return datetime.fromtimestamp(((int(post_id) >> 22) + EPOCH) / 1000, UTC)


# --- callbacks ------------------------------------------------------------------------------------


def event_in(body: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def told(body: bytes) -> Iterator[Told]:
    event = event_in(body) or {}
    if isinstance(event.get("data"), dict):
        yield _activity(event["data"])
    else:
        yield from _older_activities(event)


def _activity(data: dict[str, Any]) -> Told:
    """One event of the X Activity API."""
    return Told(
        key=identifier_at(data, "event_uuid") or _digest(data),
        kind=ACTIVITIES.get(text_at(data, "event_type"), "other"),
        said=data,
        account=identifier_at(data, "filter", "user_id"),
        at=moment(text_at(data, "payload", "created_at")),
    )


def _older_activities(event: dict[str, Any]) -> Iterator[Told]:
    account = identifier_at(event, "for_user_id")
    for name, kind in OLDER_ACTIVITIES.items():
        for row in rows_at(event, name):
            own_id = identifier_at(row, "id_str") or identifier_at(row, "id")
            yield Told(
                key=f"{name}:{account}:{own_id or _digest(row)}",
                kind=_kind_of_post(row, account) if name == "tweet_create_events" else kind,
                said=row,
                account=account,
                at=_older_moment(row),
            )
    revoked = dig(event, "user_event", "revoke")
    if isinstance(revoked, dict):
        user = identifier_at(revoked, "source", "user_id")
        yield Told(f"revoke:{_digest(revoked)}", "revoked", revoked, user)


def _kind_of_post(row: Mapping[str, Any], account: str) -> str:
    if identifier_at(row, "user", "id_str") == account:
        return "post"
    return "comment" if identifier_at(row, "in_reply_to_user_id_str") == account else "mention"


def _older_moment(row: Mapping[str, Any]) -> datetime | None:
    milliseconds = number_at(row, "timestamp_ms") or number_at(row, "created_timestamp")
    if not 0 < milliseconds < 4_102_444_800_000:  # the year 2100
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _digest(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def heard(kind: str, said: Mapping[str, Any], account: str) -> Heard | None:
    """An event of the Activity API holds the whole post or message (X7); the older shapes are
    left to the next reading.
    """
    payload = said.get("payload")
    if not isinstance(payload, dict) or not identifier_at(payload, "id"):
        return None
    names = _names({"includes": said.get("includes")})
    if kind == "message":
        found = messages({"data": [payload], "includes": said.get("includes")}, account).items
        return Heard("message", "said", found[0]) if found else None
    return Heard(kind, "said", _comment(payload, names, account))
