"""Which deliveries may not leave now, because somebody stopped them (models/stop.py)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from .models import Delivery, DeliveryQuerySet, Exemption, Operation, Scope, Stop
from .states import RECALLABLE, DeliveryState

_ON_THE_WAY = (DeliveryState.SENDING, DeliveryState.PROCESSING, DeliveryState.UNKNOWN)


class Standing:
    """The stops in force at a moment, read once for a whole batch."""

    def __init__(self, stops: Iterable[Stop], exempt: Iterable[tuple[int, int]]) -> None:
        """`exempt` are pairs of a stop's and a message's key."""
        self._stops = list(stops)
        self._exempt: dict[int, set[int]] = defaultdict(set)
        for stop, message in exempt:
            self._exempt[stop].add(message)

    def __bool__(self) -> bool:
        return bool(self._stops)

    def holds(self, delivery: Delivery) -> bool:
        """A take-down is never held: it says nothing new."""
        return delivery.operation != Operation.REMOVE and any(
            self._is_within(stop, delivery) for stop in self._stops
        )

    def _is_within(self, stop: Stop, delivery: Delivery) -> bool:
        message = delivery.message
        within = {
            Scope.EVERYTHING: True,
            Scope.PLATFORM: stop.platform == delivery.platform,
            Scope.DEPARTMENT: stop.department_id == message.department_id,
            Scope.TOPIC: bool(stop.topic) and stop.topic == message.topic,
            Scope.MESSAGE: stop.message_id == message.pk,
        }
        return within[Scope(stop.scope)] and message.pk not in self._exempt[stop.pk]

    def held(self) -> Q:
        """The same as a condition on deliveries."""
        found = Q(pk__in=[])
        for stop in self._stops:
            found |= _within(stop) & ~Q(message__in=self._exempt[stop.pk])
        return found & ~Q(operation=Operation.REMOVE)


def standing(at: datetime) -> Standing:
    stops = list(Stop.objects.in_force(at))
    if not stops:
        return Standing((), ())
    exempt = Exemption.objects.filter(stop__in=stops, confirmed_at__isnull=False)
    return Standing(stops, exempt.values_list("stop", "message"))


def caught_by(stop: Stop) -> DeliveryQuerySet:
    """What waits to leave, or to be posted by hand, and may not because of this stop."""
    exempt = stop.exemptions.filter(confirmed_at__isnull=False).values_list("stop", "message")
    waiting = Delivery.objects.filter(state__in=RECALLABLE)
    return waiting.filter(Standing([stop], exempt).held())


def out_in_spite_of(stop: Stop, since: datetime, at: datetime) -> DeliveryQuerySet:
    """In its scope: what went out from `since` until it ended, or is on its way while it holds."""
    if stop.is_in_force(at):
        gone = Q(sent_at__gte=since) | Q(state__in=_ON_THE_WAY)
    else:  # what went out after its end is no concern of it
        gone = Q(sent_at__gte=since, sent_at__lt=stop.released_at or stop.ends_at or at)
    return Delivery.objects.filter(gone, _within(stop)).exclude(operation=Operation.REMOVE)


def _within(stop: Stop) -> Q:
    return {
        Scope.EVERYTHING: Q(),
        Scope.PLATFORM: Q(platform=stop.platform),
        Scope.DEPARTMENT: Q(message__department=stop.department_id),
        Scope.TOPIC: Q(message__topic=stop.topic),
        Scope.MESSAGE: Q(message=stop.message_id),
    }[Scope(stop.scope)]
