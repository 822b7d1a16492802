"""What WhatsApp sends to us, item by item (4.7)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from .base import Comment, Heard, Told
from .graph import clock
from .http import dig, identifier_at, rows_at, text_at

# A whole message that is one of these ends the consent; "stop" inside a sentence does not.
STOP_WORDS = frozenset({
    "stop", "stop all", "stop promotions", "unsubscribe", "opt out", "optout", "quit", "end",
    "रोकें", "रोको", "रोक दो", "रोक दें", "बंद", "बन्द", "बंद करें", "बन्द करें", "बंद करो",
    "बन्द करो", "मत भेजो", "मत भेजें", "न भेजें", "स्टॉप", "सदस्यता समाप्त करें",
    "band", "band karo", "band karen", "mat bhejo",
})  # fmt: skip
ACCOUNT_FIELDS = frozenset({
    "phone_number_quality_update", "phone_number_name_update", "business_capability_update",
    "account_update", "account_alerts", "account_review_update", "security",
})  # fmt: skip
TEMPLATE_FIELDS = frozenset({
    "message_template_status_update", "message_template_quality_update",
    "template_category_update",
})  # fmt: skip
TEMPLATE_STATES = frozenset({
    "PENDING", "APPROVED", "REJECTED", "PAUSED", "DISABLED", "IN_APPEAL", "PENDING_DELETION",
    "DELETED", "LIMIT_EXCEEDED", "ARCHIVED",
})  # fmt: skip


def items(body: bytes) -> Iterator[Told]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return
    for entry in rows_at(event, "entry"):
        for change in rows_at(entry, "changes"):
            if isinstance(dig(change, "value"), dict):
                yield from _of_change(entry, change)
            else:
                yield _plain("other", entry, change)


def is_stop(text: str) -> bool:
    """Said alone, whatever marks stand around it."""
    plain = " ".join(text.casefold().split())
    return plain in STOP_WORDS or plain.strip(" .,!?।'\"*_-") in STOP_WORDS


def words_of(message: Mapping[str, Any]) -> str:
    """What the person wrote or which button they pressed."""
    reply = dig(message, "interactive", text_at(message, "interactive", "type"))
    return (
        text_at(message, "text", "body")
        or text_at(message, "button", "text")
        or text_at(reply, "title")
    )


def heard(message: Mapping[str, Any]) -> Heard | None:
    """What a person wrote or sent; a reaction is no message, and who hides their number is known by
    another id (4.7).
    """
    kind = text_at(message, "type")
    wamid = identifier_at(message, "id")
    person = text_at(message, "from") or text_at(message, "from_user_id")
    if not wamid or not person or kind == "reaction":
        return None
    caption = text_at(message, kind, "caption") or text_at(message, kind, "filename")
    shown = words_of(message) or " ".join(part for part in (f"[{kind}]", caption) if part)
    comment = Comment(
        wamid,
        shown,
        clock(message.get("timestamp")),
        author_id=person,
        author_name=text_at(message, "contact", "profile", "name"),
        conversation_id=f"person:{person}",
    )
    return Heard("message", "said", comment)


def _of_change(entry: Mapping[str, Any], change: Mapping[str, Any]) -> Iterator[Told]:
    field, value = text_at(change, "field"), change["value"]
    if field == "messages":
        yield from _messages(value)
        yield from _statuses(value)
        yield from (_plain("account", entry, error) for error in rows_at(value, "errors"))
    elif field == "user_preferences":
        yield from _preferences(value)
    elif field in TEMPLATE_FIELDS:
        yield _template(entry, field, value)
    elif field.startswith("group_"):
        yield from _groups(entry, field, value)
    else:
        yield _plain("account" if field in ACCOUNT_FIELDS else "other", entry, change)


def _messages(value: Mapping[str, Any]) -> Iterator[Told]:
    """A person may hide their number: then `from` is missing and `from_user_id` names them."""
    contacts = rows_at(value, "contacts")
    for message in rows_at(value, "messages"):
        wamid = identifier_at(message, "id")
        if not wamid:
            continue
        yield Told(
            f"message:{wamid}",
            "message",
            {**message, "contact": _contact(message, contacts)},
            account=_number(value),
            at=clock(message.get("timestamp")),
        )


def _contact(message: Mapping[str, Any], contacts: list[dict[str, Any]]) -> Mapping[str, Any]:
    whom = {text_at(message, "from"), text_at(message, "from_user_id")} - {""}
    names = ("wa_id", "user_id")
    return next((one for one in contacts if whom & {text_at(one, name) for name in names}), {})


def _statuses(value: Mapping[str, Any]) -> Iterator[Told]:
    """One message has several, in a group also several of one kind: each under its own key."""
    names = ("recipient_participant_id", "participant_recipient_id", "recipient_id",
             "recipient_user_id")  # fmt: skip
    for status in rows_at(value, "statuses"):
        whom = next(filter(None, (text_at(status, name) for name in names)), "")
        yield Told(
            f"status:{text_at(status, 'id')}:{text_at(status, 'status')}:{whom}",
            "status",
            status,
            account=_number(value),
            reference=text_at(status, "biz_opaque_callback_data"),
            at=clock(status.get("timestamp")),
        )


def _preferences(value: Mapping[str, Any]) -> Iterator[Told]:
    for said in rows_at(value, "user_preferences"):
        whom = text_at(said, "wa_id") or text_at(said, "user_id")
        choice = f"{text_at(said, 'category')}:{text_at(said, 'value')}:{said.get('timestamp')}"
        yield Told(
            f"preference:{whom}:{choice}",
            "preference",
            said,
            account=_number(value),
            at=clock(said.get("timestamp")),
        )


def _template(entry: Mapping[str, Any], field: str, value: Mapping[str, Any]) -> Told:
    """By the keys in it: Meta's own sample of a quality update has the status field's name."""
    which = identifier_at(value, "message_template_id")
    what = text_at(value, "event") or field
    return Told(
        f"template:{which}:{what}:{entry.get('time')}",
        "template",
        value,
        account=identifier_at(entry, "id"),
        at=clock(entry.get("time")),
    )


def _groups(entry: Mapping[str, Any], field: str, value: Mapping[str, Any]) -> Iterator[Told]:
    for group in rows_at(value, "groups"):
        which = text_at(group, "request_id") or text_at(group, "group_id")
        what = text_at(group, "type") or field
        yield Told(
            f"group:{which}:{what}:{group.get('timestamp')}",
            "group",
            {**group, "field": field},
            account=_number(value) or identifier_at(entry, "id"),
            at=clock(group.get("timestamp")),
        )


def _plain(kind: str, entry: Mapping[str, Any], said: Mapping[str, Any]) -> Told:
    """Without an id of its own: what it says, and when, is its key."""
    text = json.dumps([entry.get("id"), entry.get("time"), said], sort_keys=True)
    return Told(
        f"{kind}:{hashlib.sha256(text.encode()).hexdigest()}",
        kind,
        said,
        account=identifier_at(entry, "id"),
        at=clock(entry.get("time")),
    )


def _number(value: Mapping[str, Any]) -> str:
    return identifier_at(value, "metadata", "phone_number_id")
