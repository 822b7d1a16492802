"""/metrics: the numbers of status.py in the words of Prometheus, read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from . import status
from .models import CircuitState
from .states import Rank
from .status import Status

LOOPBACK = frozenset({"127.0.0.1", "::1"})


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_read(request):
        raise Http404
    registry = CollectorRegistry()
    registry.register(Publishing())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    """With the token; where none is set, from this machine itself and not through its proxy."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        return constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}")
    passed_on = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not passed_on


class Publishing(Collector):
    def collect(self) -> Iterator[Metric]:
        now = status.read()
        yield from _queues(now)
        yield from _by_platform(now)
        yield from _platforms(now)
        yield from _totals(now)


def _queues(now: Status) -> Iterator[Metric]:
    names = ["platform", "rank"]
    queued = _gauge("queued_deliveries", "Queued and not held by a stop", names)
    due = _gauge("due_deliveries", "Queued, and their time has come", names)
    age = _gauge("oldest_due_seconds", "How long the oldest due delivery has waited", names)
    for row in now.queues:
        labels = [row["platform"], Rank(row["rank"]).name.lower()]
        queued.add_metric(labels, row["queued"])
        due.add_metric(labels, row["due"])
        age.add_metric(labels, _age(now, row["oldest"]))
    yield from (queued, due, age)


def _by_platform(now: Status) -> Iterator[Metric]:
    for name, says, counts in (
        ("in_flight_deliveries", "Being sent now", now.sending),
        ("waiting_deliveries", "Waiting to be tried again", now.waiting),
        ("processing_deliveries", "Still processed by the platform", now.processing),
        ("unknown_deliveries", "Outcome unclear", now.unknown),
        ("undecided_deliveries", "Outcome unclear, and an officer has to decide", now.undecided),
        ("held_deliveries", "Queued, and held by a stop", now.held),
    ):
        gauge = _gauge(name, says, ["platform"])
        for platform, count in counts.items():
            gauge.add_metric([platform], count)
        yield gauge


def _platforms(now: Status) -> Iterator[Metric]:
    says = "Attempts begun in the window, by how they ended"
    outcomes = _gauge("attempts", says, ["platform", "outcome", "window"])
    for row in now.outcomes:
        outcomes.add_metric([row["platform"], row["outcome"], "5m"], row["minutes"])
        outcomes.add_metric([row["platform"], row["outcome"], "1h"], row["hour"])
    circuits = _gauge("circuit_state", "1 for the state it is in", ["platform", "state"])
    for circuit in now.circuits:
        for state in CircuitState.values:
            circuits.add_metric([circuit.platform, state], circuit.state == state)
    closed = _gauge("closed_allowances", "Limits that let nothing through now", ["platform", "of"])
    for row in now.closed:
        closed.add_metric([row["platform"], "handle"], row["handles"])
        closed.add_metric([row["platform"], "app"], row["rows"] - row["handles"])
    handles = _gauge("handles", "Handles by their state", ["state"])
    for state, count in now.handles.items():
        handles.add_metric([state], count)
    yield from (outcomes, circuits, closed, handles)


def _totals(now: Status) -> Iterator[Metric]:
    for name, says, value in (
        ("oldest_unknown_seconds", "Age of the oldest unclear outcome", now.oldest_unknown),
        ("last_sent_seconds", "Time since anything was published", now.last_sent),
    ):
        gauge = _gauge(name, says, [])
        if value:
            gauge.add_metric([], _age(now, value))
        yield gauge
    for name, says, count in (
        ("access_ends_soon_handles", "Access ends within 7 days", now.access_ends_soon),
        ("access_ended_handles", "Connected, but the access has ended", now.access_ended),
        ("tokens_overdue", "Tokens past the time by which to renew them", now.tokens_overdue),
        ("publishers_alive", "Publisher processes seen within 10 s", len(now.alive)),
        ("callbacks_waiting", "Callbacks stored and not yet heard", status.callbacks_waiting()),
    ):
        gauge = _gauge(name, says, [])
        gauge.add_metric([], count)
        yield gauge


def _gauge(name: str, says: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"samvad_{name}", says, labels=labels)


def _age(now: Status, moment: datetime | None) -> float:
    return (now.at - moment).total_seconds() if moment else 0.0
