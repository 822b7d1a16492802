"""What platforms send to us: verify the signature over the raw bytes, store, answer; then act.

A replay has the same key and changes nothing. Facts: platforms/meta.md 1.9 and 4.7.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from .models import CallbackEvent, CallbackMention

LARGEST_BODY = 1024 * 1024
MOST_MENTIONS = 1000  # Meta batches at most this many changes in one call


def is_genuine(platform: str, body: bytes, signature: str) -> bool:
    """Does `signature` (sha256=<hex>) fit these bytes and this platform's app secret?"""
    secret = settings.CALLBACK_SECRETS.get(platform, "")
    if not secret:
        return False
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


def is_our_subscription(query: Mapping[str, str]) -> bool:
    """The handshake with which Meta proves that we asked for its callbacks."""
    token = settings.CALLBACK_VERIFY_TOKEN
    return (
        bool(token)
        and query.get("hub.mode") == "subscribe"
        and hmac.compare_digest(query.get("hub.verify_token", "").encode(), token.encode())
    )


def store_event(platform: str, body: bytes) -> bool:
    """Keep the raw event; False if it was stored before."""
    key = hashlib.sha256(body).hexdigest()
    text = body.decode("utf-8", "replace").replace("\x00", "�")
    try:
        with transaction.atomic():
            event = CallbackEvent.objects.create(platform=platform, key=key, body=text)
            CallbackMention.objects.bulk_create(
                CallbackMention(event=event, reference=reference, said=said)
                for reference, said in _mentions(text)
            )
    except IntegrityError:
        return False
    return True


def heard_about(reference: str) -> tuple[Mapping[str, Any], ...]:
    """What callbacks said about this delivery, oldest first."""
    mentions = CallbackMention.objects.filter(reference=reference).order_by("pk")
    return tuple(mentions.values_list("said", flat=True)[:MOST_MENTIONS])


def _mentions(text: str) -> Iterator[tuple[uuid.UUID, dict[str, Any]]]:
    """The statuses in a WhatsApp callback that echo one of our references."""
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return
    found = 0
    for entry in _list(event, "entry"):
        for change in _list(entry, "changes"):
            value = change.get("value") if isinstance(change, dict) else None
            for status in _list(value, "statuses"):
                reference = _reference(status)
                if reference and found < MOST_MENTIONS:
                    found += 1
                    yield reference, status


def _list(holder: Any, key: str) -> list[Any]:
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, list) else []


def _reference(status: Any) -> uuid.UUID | None:
    said = status.get("biz_opaque_callback_data") if isinstance(status, dict) else None
    try:
        return uuid.UUID(said) if isinstance(said, str) else None
    except ValueError:
        return None
