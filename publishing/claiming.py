"""Which deliveries go next, and taking them: in batches, in order, one at a time per handle.

Whoever claims on a platform holds the row of its circuit, so that all publishers on all hosts agree
on the order, on what the platform lets through and on the stops.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from . import clock, traffic
from .models import Allowance, Attempt, CircuitState, Delivery
from .states import DeliveryState
from .stops import standing

IN_THE_LANE = ("queued", "sending", "waiting", "unknown")
Claimed = tuple[Delivery, Attempt]
_RELATED = ("message__department", "handle", "target", "recipient")


@transaction.atomic
def claim_next(platform: str, *, limit: int, worker: str) -> list[Claimed]:
    """Take up to `limit` deliveries whose turn it is, for as long as the lease lasts.

    The attempts' rows are the intent: whatever happens to this worker, they say that one was begun.
    """
    circuit = traffic.locked_circuit(platform)
    now = clock.now()
    if not traffic.may_claim(circuit, now):
        return []
    is_probe = circuit.state != CircuitState.CLOSED
    room = traffic.room_of_app(platform, 1 if is_probe else limit, now)
    if room < 1:
        return []
    rows = next_in_order(platform, now).values_list("pk", "handle")[:room]
    chosen = dict(rows)
    if not chosen:
        return []
    if is_probe:
        traffic.begin_probe(circuit, now)
    traffic.take_from_app(platform, len(chosen), now)
    traffic.take_from_handles(list(chosen.values()), now)
    return _take(list(chosen), worker, now, is_counted=not is_probe)


@transaction.atomic
def claim(delivery_id: int, *, worker: str) -> Claimed | None:
    """The same for a delivery that somebody names; None if its turn has not come."""
    platform = Delivery.objects.values_list("platform", flat=True).get(pk=delivery_id)
    circuit = traffic.locked_circuit(platform)
    now = clock.now()
    turn = next_in_order(platform, now).filter(pk=delivery_id)
    if circuit.state != CircuitState.CLOSED or not turn.exists():
        return None
    return _take([delivery_id], worker, now)[0]


def next_in_order(platform: str, now: datetime) -> QuerySet[Delivery]:
    """Due, not stopped, and nothing of the same handle, or to the same person, comes before.

    Answers wait for those of their own conversation only, and no post waits for an answer.
    """
    held = standing(now)
    due = Delivery.objects.filter(
        platform=platform, state=DeliveryState.QUEUED, next_try_at__lte=now
    )
    # The states, once more, as the index delivery_lane names them: only then is it used.
    earlier = Delivery.objects.filter(_in_the_way(now), state__in=IN_THE_LANE)
    if held:
        due, earlier = (
            due.exclude(held.held()),
            earlier.exclude(held.held() & ~Q(state=DeliveryState.SENDING)),
        )
    on_handle = earlier.filter(
        handle=OuterRef("handle"), thread=OuterRef("thread"), recipient__isnull=True
    )
    to_person = earlier.filter(recipient=OuterRef("recipient"))
    closed = Allowance.objects.filter(traffic.closed_handles(now), handle=OuterRef("handle"))
    return (
        due.filter(
            Q(recipient__isnull=True) & ~Exists(on_handle)
            | Q(recipient__isnull=False) & ~Exists(to_person)
        )
        .exclude(Exists(closed))
        .order_by("rank", "due_at", "pk")
    )


def _in_the_way(now: datetime) -> Q:
    """What is being sent now, and what comes first and still waits to be sent or looked for."""
    first = (
        Q(rank__lt=OuterRef("rank"))
        | Q(rank=OuterRef("rank"), due_at__lt=OuterRef("due_at"))
        | Q(rank=OuterRef("rank"), due_at=OuterRef("due_at"), pk__lt=OuterRef("pk"))
    )
    waits = (
        Q(state=DeliveryState.QUEUED, next_try_at__isnull=False, due_at__lte=now)
        | Q(state=DeliveryState.WAITING)
        # Left to a person, it holds nothing up.
        | Q(state=DeliveryState.UNKNOWN, next_try_at__isnull=False)
    )
    return Q(state=DeliveryState.SENDING) | first & waits


def _take(
    ids: Sequence[int], worker: str, now: datetime, *, is_counted: bool = True
) -> list[Claimed]:
    """A probe of a platform that does not answer uses up no try."""
    Delivery.objects.filter(pk__in=ids, state=DeliveryState.QUEUED).update(
        state=DeliveryState.SENDING,
        state_since=now,
        fence=F("fence") + 1,
        attempts_made=F("attempts_made") + int(is_counted),
        lease_until=now + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS),
        next_try_at=None,
        armed_at=None,
        looks_made=0,
    )
    # Of a campaign most are of one message: it is read once, not joined to each of its rows.
    taken = Delivery.objects.prefetch_related(*_RELATED).in_bulk(ids)
    deliveries = [taken[pk] for pk in ids]
    attempts = Attempt.objects.bulk_create(
        Attempt(delivery=one, fence=one.fence, worker=worker, started_at=now) for one in deliveries
    )
    return list(zip(deliveries, attempts, strict=True))
