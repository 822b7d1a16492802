"""What platforms send to us: verify over the raw bytes, store, answer; then take apart and act.

The raw event is kept once, and each item in it once under the platform's own key: a replay, a
second delivery or another order changes nothing. How a platform signs and what it tells is its
connector's knowledge.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
import uuid
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_q.tasks import async_task

from departments.models import Handle, Way
from departments.states import HandleState

from .connectors import connector_class
from .connectors.base import Told
from .models import CallbackEvent, CallbackItem

log = logging.getLogger(__name__)

LARGEST_BODY = 3 * 1024 * 1024  # Meta's largest (platform sheet 4.7)
FORGOTTEN_AT_ONCE = 200  # events
WAKES_AFTER = 1.0  # seconds
_woken = [-WAKES_AFTER]
MOST_ITEMS = 1000  # Meta batches at most this many changes in one call


def answer_to_handshake(platform: str, query: Mapping[str, str]) -> str | None:
    """What proves to the platform that we asked for its callbacks; None if we did not."""
    kind = connector_class(platform)
    if (account := kind.unsubscribed(query)) and _is_linked(platform, account):
        return None
    return kind.handshake(
        query,
        secret=settings.CALLBACK_SECRETS.get(platform, ""),
        verify=settings.CALLBACK_VERIFY_TOKEN,
    )


def _is_linked(platform: str, account: str) -> bool:
    states = (HandleState.CONNECTED, HandleState.ATTENTION)
    handles = Handle.objects.filter(platform=platform, external_id=account, way=Way.API)
    return handles.filter(state__in=states).exists()


def is_genuine(platform: str, body: bytes, headers: Mapping[str, str]) -> bool:
    secret = settings.CALLBACK_SECRETS.get(platform, "")
    named = {name.lower(): value for name, value in headers.items()}
    return bool(secret) and connector_class(platform).is_genuine(body, named, secret=secret)


def store_event(platform: str, body: bytes) -> bool:
    """Keep the raw event, by a single statement; False if it was stored before."""
    key = hashlib.sha256(body).hexdigest()
    text = body.decode("utf-8", "replace").replace("\x00", "�")
    # A transaction of its own would cost as much again; a caller's must survive the refusal.
    guard = transaction.atomic if transaction.get_connection().in_atomic_block else nullcontext
    try:
        with guard():
            CallbackEvent.objects.create(platform=platform, key=key, body=text)
    except IntegrityError:
        return False
    transaction.on_commit(_wake)
    return True


def take_apart() -> int:
    """The items of what was stored, each once; how many events that were."""
    waiting = CallbackEvent.objects.filter(apart_at__isnull=True).order_by("pk")
    events = list(waiting[:MOST_ITEMS])
    for event in events:
        try:
            _take_apart(event)
        except Exception:  # whatever one event holds, the others are heard
            log.exception("callback %d could not be taken apart", event.pk)
    return len(events)


@transaction.atomic
def _take_apart(event: CallbackEvent) -> None:
    told = islice(connector_class(event.platform).told(event.body.encode()), MOST_ITEMS)
    CallbackItem.objects.bulk_create((_item(event, one) for one in told), ignore_conflicts=True)
    CallbackEvent.objects.filter(pk=event.pk).update(apart_at=timezone.now())


def _wake() -> None:
    """At most once in WAKES_AFTER for each process, however many come; losing it loses nothing:
    what was not heard is looked for again by the clock.
    """
    now = time.monotonic()
    if now - _woken[0] < WAKES_AFTER:
        return
    _woken[0] = now
    async_task("publishing.tasks.hear_callbacks", task_name="hear-callbacks")


def forget_old(*, at: datetime | None = None) -> int:
    """Delete the oldest raw events, with their items, once they were kept long enough (P10).

    They hold what people wrote and their numbers; what they meant was carried out long ago. Should
    one be sent again afterwards, hearing it once more changes nothing. Returns how many events.
    """
    before = (at or timezone.now()) - timedelta(days=settings.CALLBACK_KEPT_DAYS)
    oldest = CallbackEvent.objects.order_by("pk").values_list("pk", "received_at")[
        :FORGOTTEN_AT_ONCE
    ]
    old = [pk for pk, received_at in oldest if received_at < before]
    if old:
        CallbackEvent.objects.filter(pk__in=old).delete()
        log.info("%d callbacks from before %s deleted", len(old), before.date())
    return len(old)


def heard_about(reference: str) -> tuple[Mapping[str, Any], ...]:
    """What callbacks said about this delivery, oldest first."""
    take_apart()
    items = CallbackItem.objects.filter(reference=reference).order_by("pk")
    return tuple(items.values_list("said", flat=True)[:MOST_ITEMS])


def _item(event: CallbackEvent, told: Told) -> CallbackItem:
    return CallbackItem(
        event=event,
        platform=event.platform,
        key=_clean(told.key)[:300],
        kind=told.kind,
        account=_clean(told.account)[:100],
        reference=_reference(told.reference),
        at=told.at,
        said=_storable(told.said),
    )


def _storable(said: Mapping[str, Any]) -> Any:
    """Without what no database holds: half letters, NUL in a text, numbers without end."""
    try:
        plain = json.dumps(said, ensure_ascii=False, allow_nan=False)
        plain.encode()
    except ValueError:  # rare; UnicodeEncodeError is one
        plain = "\\u0000"
    if "\\u0000" not in plain:
        return said
    text = _clean(json.dumps(said, ensure_ascii=False)).replace("\\u0000", "\\ufffd")
    return json.loads(text, parse_constant=lambda _name: None)


def _clean(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _reference(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
