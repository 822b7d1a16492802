"""News from below. Nothing that must happen depends on it: note_all_sent looks again."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from publishing.models import Delivery
from publishing.signals import delivery_moved
from publishing.states import DeliveryState

from .reply_actions import note_sent


@receiver(delivery_moved)
def note_reply(sender: type[Delivery], delivery: Delivery, **kwargs: Any) -> None:
    if delivery.state == DeliveryState.SENT and delivery.message.source == "reply":
        note_sent(delivery.message_id)
