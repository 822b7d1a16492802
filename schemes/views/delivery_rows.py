"""What a post's page shows of its deliveries: work done by hand, and messages to many people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from publishing.connectors import connector_class
from publishing.models import Delivery, Message, Operation
from publishing.states import DeliveryState


@dataclass(frozen=True)
class HandWork:
    """What an officer needs to do one delivery by hand: nothing but what was approved."""

    delivery: Delivery
    title: str
    parts: list[str]
    files: list[Any]


@dataclass(frozen=True)
class Broadcast:
    """How a message to many people stands, one row for each handle."""

    handle: str
    total: int
    sent: int
    delivered: int
    read: int
    waiting: int
    failed: int


def hand_work(deliveries: list[Delivery]) -> list[HandWork]:
    return [_work(one) for one in deliveries if one.state == DeliveryState.ASSISTED]


def _work(delivery: Delivery) -> HandWork:
    if delivery.operation not in (Operation.PUBLISH, Operation.EDIT):
        return HandWork(delivery, "", [], [])
    part = delivery.message.parts.filter(platform=delivery.handle.platform).first()
    if part is None:
        return HandWork(delivery, "", [], [])
    parts = connector_class(part.platform).parts(part.text)
    return HandWork(delivery, part.title, parts, list(part.attachments.select_related("media")))


def broadcasts(message: Message | None) -> list[Broadcast]:
    rows = (
        Delivery.objects.filter(message=message, recipient__isnull=False)
        .values("handle__name")
        .annotate(
            total=Count("pk"),
            sent=Count("pk", Q(state=DeliveryState.SENT)),
            delivered=Count("pk", Q(reached__in=("delivered", "read"))),
            read=Count("pk", Q(reached="read")),
            failed=Count("pk", Q(state__in=("failed", "expired", "cancelled"))),
        )
        .order_by("handle__name")
    )
    return [
        Broadcast(
            row["handle__name"],
            row["total"],
            row["sent"],
            row["delivered"],
            row["read"],
            row["total"] - row["sent"] - row["failed"],
            row["failed"],
        )
        for row in rows
    ]
