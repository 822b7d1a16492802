"""Whether a platform answers, and how much it lets through: read and written by all publishers.

A circuit opens after failures in a row of different handles, lets one delivery try after a while,
and closes with the first answer that makes sense.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from departments.models import Handle

from .connectors.base import Pace
from .connectors.errors import (
    AppLimited,
    ConnectorError,
    PersonLimited,
    RateLimited,
    Unavailable,
    Unknown,
)
from .models import Allowance, Circuit, CircuitState, Delivery
from .retry import WAITS

OPEN_FOR = (15, 30, 60, 120, 300)  # seconds until a probe, the first time, the second time ...
TOLD_HOLDS = 900  # seconds: the windows of X are the longest (X3.2)
# Failures that say nothing about the platform itself.
OWN_TROUBLES = frozenset({
    "media_processing_failed", "link_unreadable", "renewing", "several_matches", "foreign_address",
    "held_up",
})  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What one call taught about the platform: `error` as the connector raised it, the pace that
    its headers told.
    """

    delivery: Delivery
    error: ConnectorError | None
    paces: Sequence[Pace] = ()

    @property
    def is_failure(self) -> bool:
        failing = isinstance(self.error, Unavailable | Unknown)
        return failing and self.error is not None and self.error.code not in OWN_TROUBLES


# --- the circuit ----------------------------------------------------------------------------------


def locked_circuit(platform: str) -> Circuit:
    """Its lock makes those who claim on the platform wait for each other."""
    circuit, _ = Circuit.objects.select_for_update().get_or_create(platform=platform)
    return circuit


def may_claim(circuit: Circuit, now: datetime) -> bool:
    return circuit.state == CircuitState.CLOSED or (
        circuit.next_probe_at is not None and circuit.next_probe_at <= now
    )


def begin_probe(circuit: Circuit, now: datetime) -> None:
    """One delivery tries; if its worker is lost, another one may after the lease."""
    circuit.state = CircuitState.HALF_OPEN
    circuit.next_probe_at = now + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
    circuit.save()


def note(platform: str, told: Sequence[Told], now: datetime) -> None:
    """Learn from these answers, in their order. Call in a transaction."""
    learn_paces(platform, told, now)
    if not any(one.is_failure for one in told):
        known = Circuit.objects.filter(platform=platform).first()
        if known is None or (known.state == CircuitState.CLOSED and not known.failures):
            return
    circuit = locked_circuit(platform)
    for one in told:
        if one.is_failure:
            _failed(circuit, one, now)
        else:
            _worked(circuit)
    circuit.save()


def _worked(circuit: Circuit) -> None:
    circuit.state, circuit.failures, circuit.failed_handle = CircuitState.CLOSED, 0, None
    circuit.times_opened, circuit.opened_at, circuit.next_probe_at = 0, None, None


def _failed(circuit: Circuit, told: Told, now: datetime) -> None:
    assert told.error is not None
    handle, circuit.problem = told.delivery.handle_id, told.error.code
    if circuit.state == CircuitState.CLOSED:
        circuit.failures += circuit.failed_handle_id != handle
        circuit.failed_handle_id = handle
        if circuit.failures >= settings.CIRCUIT_OPENS_AFTER:
            _open(circuit, now)
    elif circuit.state == CircuitState.HALF_OPEN:
        _open(circuit, now)


def _open(circuit: Circuit, now: datetime) -> None:
    wait = OPEN_FOR[min(circuit.times_opened, len(OPEN_FOR) - 1)]
    circuit.state, circuit.times_opened = CircuitState.OPEN, min(circuit.times_opened + 1, 100)
    circuit.opened_at = circuit.opened_at or now
    circuit.next_probe_at = now + timedelta(seconds=wait)


# --- token buckets --------------------------------------------------------------------------------


def learn_paces(platform: str, told: Sequence[Told], now: datetime) -> None:
    """Store what headers said, and close what answered with a limit until it opens again."""
    app: Pace | None = None
    for one in told:
        for pace in one.paces:
            if pace.per == "app":
                app = pace
            else:
                _learn(platform, one.delivery.handle, pace, now)
        if isinstance(one.error, RateLimited) and not isinstance(one.error, PersonLimited):
            handle = None if isinstance(one.error, AppLimited) else one.delivery.handle
            wait = one.error.retry_after or WAITS[0]
            _close(platform, handle, now + timedelta(seconds=wait))
    if app:
        _learn(platform, None, app, now)


def _learn(platform: str, handle: Handle | None, pace: Pace, now: datetime) -> None:
    """What the platform says is left is left, whatever we had counted."""
    Allowance.objects.update_or_create(
        platform=platform,
        handle=handle,
        defaults={
            "capacity": max(pace.capacity, 1.0),
            "per_second": pace.per_second,
            "tokens": pace.left,
            "filled_at": now,
            "told_at": now,
            "closed_until": now + timedelta(seconds=pace.wait) if pace.left < 1 else None,
        },
    )


def _close(platform: str, handle: Handle | None, until: datetime) -> None:
    allowance, made = Allowance.objects.get_or_create(
        platform=platform,
        handle=handle,
        defaults={
            "capacity": 1,
            "per_second": 1,
            "tokens": 1,
            "closed_until": until,
            "told_at": until,
        },
    )
    if not made and (allowance.closed_until is None or allowance.closed_until < until):
        Allowance.objects.filter(pk=allowance.pk).update(closed_until=until)


def room_of_app(platform: str, wanted: int, now: datetime) -> int:
    """How many calls the app's bucket gives at once. The circuit's row is locked."""
    allowance = _app_bucket(platform, now)
    if allowance is None:
        return wanted
    if allowance.closed_until and allowance.closed_until > now:
        return 0
    return min(wanted, int(_filled(allowance, now)))


def take_from_app(platform: str, taken: int, now: datetime) -> None:
    allowance = _app_bucket(platform, now)
    if allowance is not None and taken:
        _take(allowance, taken, now)


def take_from_handles(handle_ids: Iterable[int], now: datetime) -> None:
    """One call each. Only handles that have a bucket of their own are concerned."""
    ids = list(handle_ids)
    for allowance in Allowance.objects.filter(handle__in=set(ids)):
        _take(allowance, ids.count(allowance.handle_id or 0), now)


def closed_handles(now: datetime) -> Q:
    """A condition on allowances: nothing may be sent through the handle yet."""
    return Q(handle__isnull=False, closed_until__gt=now)


def _app_bucket(platform: str, now: datetime) -> Allowance | None:
    """Of what headers told or, where none do, of the platform's published pace."""
    found = Allowance.objects.filter(platform=platform, handle__isnull=True).first()
    published = settings.APP_PACES.get(platform)
    if found is not None or not published:
        return found
    capacity, seconds = published
    return Allowance.objects.create(
        platform=platform,
        capacity=capacity,
        per_second=capacity / seconds,
        tokens=capacity,
        filled_at=now,
    )


def _filled(allowance: Allowance, now: datetime) -> float:
    seconds = max(0.0, (now - allowance.filled_at).total_seconds())
    return min(allowance.capacity, allowance.tokens + seconds * allowance.per_second)


def _take(allowance: Allowance, count: int, now: datetime) -> None:
    left = _filled(allowance, now) - count
    closed = allowance.closed_until
    if left < 1 and allowance.per_second:
        closed = now + timedelta(seconds=(1 - left) / allowance.per_second)
    Allowance.objects.filter(pk=allowance.pk).update(
        tokens=left, filled_at=now, closed_until=closed
    )


def forget_opened(now: datetime) -> None:
    """What a platform said some time ago says nothing any more, unless it is still closed."""
    is_open = Q(closed_until__isnull=True) | Q(closed_until__lte=now)
    Allowance.objects.filter(is_open, told_at__lt=now - timedelta(seconds=TOLD_HOLDS)).delete()
