"""The one gate before every call: what bars a delivery's way (design.md 4, Delivery 3).

What is the same for all deliveries of a message is asked once for all of them, and asked again
after CHECK_HOLDS.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from departments.states import HandleState

from . import clock
from .models import Delivery, Message, MessagePart, Operation
from .moving import begun, latest
from .seal import seal_of_message
from .states import OPEN, DeliveryState

CHECK_HOLDS = 1.0  # seconds after which the gate is asked once more
Bar = tuple[str, str]  # the next state, and the problem
# A post that will never be out takes its reposts along.
_ENDS_REPOSTS = {
    DeliveryState.EXPIRED.value: (DeliveryState.EXPIRED, "too_late"),
    DeliveryState.CANCELLED.value: (DeliveryState.CANCELLED, "withdrawn"),
}


class Gate:
    """`message` and `handle` of what it is shown were read a moment ago. Threads may share it."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._answers: dict[tuple[object, ...], tuple[float, Any]] = {}

    def bars(self, delivery: Delivery, *, by_hand: bool = False) -> Bar | None:
        """What bars the way, or None.

        An officer who posts by hand needs no connection, and no reminder that it is late;
        everything else is asked of them too.
        """
        if delivery.handle.state != HandleState.CONNECTED and not by_hand:
            return DeliveryState.FAILED, "handle_not_connected"
        if not by_hand and (changed := _of_another_account(delivery)):
            return changed
        if delivery.operation == Operation.REMOVE:  # says nothing new, so no seal stands before it
            return None if _is_out(delivery.target, any_of_it=True) else _without_target(delivery)
        if delivery.target is not None and not _is_out(delivery.target):
            return _without_target(delivery)
        if not by_hand and _is_stale(delivery, clock.now()):
            return DeliveryState.EXPIRED, "stale"
        return self._too_late_or_changed(delivery, clock.now())

    def _too_late_or_changed(self, delivery: Delivery, now: datetime) -> Bar | None:
        message = delivery.message
        if message.cancelled_at or self._is_being_taken_down(delivery):
            return DeliveryState.CANCELLED, "withdrawn"
        if message.not_after and message.not_after <= now:
            return DeliveryState.EXPIRED, "too_late"
        if delivery.recipient is not None and delivery.recipient.left_at:
            return DeliveryState.CANCELLED, "opted_out"
        if self.has_retired_file(delivery):
            return DeliveryState.FAILED, "media_retired"
        if not self.is_sealed(message):
            return DeliveryState.FAILED, "seal_broken"
        return None

    def lets_add(self, delivery: Delivery) -> bool:
        """May more be added to a post that is out: nothing that nobody approved."""
        if delivery.message.cancelled_at or self._is_being_taken_down(delivery):
            return False
        return not self.has_retired_file(delivery) and self.is_sealed(delivery.message)

    def _is_being_taken_down(self, delivery: Delivery) -> bool:
        """It, or what it reposts."""
        removed = self._asked(_removals, delivery.message_id)
        is_repost = delivery.operation == Operation.REPOST
        return delivery.pk in removed or (is_repost and delivery.target_id in removed)

    def has_retired_file(self, delivery: Delivery) -> bool:
        """In what its platform would get: those shown may have taken their consent back."""
        return bool(self._asked(_has_retired, delivery.message_id, delivery.handle.platform))

    def is_sealed(self, message: Message) -> bool:
        return bool(self._asked(_is_sealed, message.pk))

    def _asked(self, question: Callable[..., Any], *about: object) -> Any:
        """The answer of at most CHECK_HOLDS ago."""
        key = (question, *about)
        with self._asking:
            now = time.monotonic()
            at, answer = self._answers.get(key, (-CHECK_HOLDS, None))
            if now - at >= CHECK_HOLDS:
                if len(self._answers) > 1000:
                    self._answers.clear()
                answer = question(*about)
                self._answers[key] = now, answer
        return answer


def barrier(delivery: Delivery, *, by_hand: bool = False) -> Bar | None:
    """Asked for this delivery alone, just now."""
    return Gate().bars(delivery, by_hand=by_hand)


def _of_another_account(delivery: Delivery) -> Bar | None:
    """The handle opens another account now than when this was approved, or went out."""
    since = delivery.handle.account_since
    if since is None:
        return None
    if delivery.target is not None and (delivery.target.sent_at or since) < since:
        return DeliveryState.ASSISTED, "account_changed"
    if delivery.operation != Operation.REMOVE and delivery.message.created_at < since:
        return DeliveryState.FAILED, "account_changed"
    return None


def _is_out(target: Delivery | None, *, any_of_it: bool = False) -> bool:
    """`any_of_it`: with other words than its own, or a part of it."""
    if target is not None and any_of_it:
        target = latest(target)
        if begun(target) and target.state not in OPEN:
            return True
    return target is not None and target.state == DeliveryState.SENT


def _without_target(delivery: Delivery) -> Bar:
    """What was to be reposted, corrected or taken down is not out: not yet, or no longer."""
    if delivery.operation == Operation.REPOST and delivery.target is not None:
        ended = _ENDS_REPOSTS.get(delivery.target.state)
        return ended or (DeliveryState.FAILED, "original_not_out")
    return DeliveryState.CANCELLED, "no_longer_there"


def _is_stale(delivery: Delivery, now: datetime) -> bool:
    """So late, after an outage for instance, that an officer is asked first. A correction is
    wanted however late it comes.
    """
    limit = timedelta(seconds=settings.STALE_AFTER_SECONDS)
    return delivery.operation != Operation.EDIT and delivery.due_at + limit <= now


def _removals(message_id: int) -> set[int | None]:
    """Deliveries of the message that are being taken down."""
    removals = Delivery.objects.filter(message=message_id, operation=Operation.REMOVE)
    return set(removals.filter(state__in=OPEN).values_list("target", flat=True))


def _has_retired(message_id: int, platform: str) -> bool:
    parts = MessagePart.objects.filter(message=message_id, platform=platform)
    return parts.filter(attachments__media__is_retired=True).exists()


def _is_sealed(message_id: int) -> bool:
    """Both what was frozen and what it was made of must still be what was approved."""
    message = Message.objects.get(pk=message_id)
    source_seal = import_string(settings.MESSAGE_SOURCES[message.source])
    return message.seal == seal_of_message(message) == source_seal(message.source_id)
