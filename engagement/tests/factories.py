"""What people wrote, for tests, named by its state."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from departments.models import Department, Handle
from engagement.models import Conversation, Remark
from engagement.remark_actions import take
from publishing.connectors.base import Comment, Heard
from publishing.tests.factories import connected_handle

_numbers = itertools.count(1)
NINE = datetime.fromisoformat("2026-11-24T09:00:00+05:30")


def comment(text: str = "हैंडपंप ख़राब है।", minute: int = 0, **fields: Any) -> Comment:
    number = next(_numbers)
    values: dict[str, Any] = {
        "id": f"c{number}",
        "at": NINE + timedelta(minutes=minute),
        "author_id": f"u{number}",
        "author_name": "रामसेवक",
        "post_id": "p1",
        **fields,
    }
    return Comment(text=text, **values)


def told(
    handle: Handle,
    said: Comment,
    act: str = "said",
    way: str = "comment",
    minute: int | None = None,
) -> Remark:
    at = NINE + timedelta(minutes=minute) if minute is not None else (said.at or timezone.now())
    remark = take(handle, Heard(way, act, said), told_at=at)
    assert remark is not None
    return remark


def waiting_comment(
    owner: Department, text: str = "हैंडपंप ख़राब है।", platform: str = "facebook", **fields: Any
) -> Conversation:
    """On a connected handle, unanswered."""
    handle = fields.pop("handle", None) or connected_handle(owner, platform)
    return told(handle, comment(text, **fields)).conversation


def waiting_message(owner: Department, text: str = "पेंशन कब आएगी?", **fields: Any) -> Conversation:
    handle = fields.pop("handle", None) or connected_handle(owner, "whatsapp")
    values = {"author_id": "919876543210", "post_id": "", "at": timezone.now(), **fields}
    return told(handle, comment(text, **values), way="message").conversation
