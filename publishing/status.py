"""How publishing stands now: the numbers of /metrics, `publish_status` and the desk's page.

A few queries over the partial indexes of what is open, and over what was begun in the last hour:
what was finished earlier costs nothing, however much it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

from departments.models import Credential, Handle
from departments.states import HandleState

from . import clock, pulse
from .models import Allowance, Attempt, CallbackItem, Circuit, CircuitState, Delivery, Publisher
from .states import DeliveryState
from .stops import standing

LATE = timedelta(minutes=5)  # a queue that is older needs a person
UNCLEAR_LONG = timedelta(minutes=15)
ENDS_SOON = timedelta(days=7)
UNDER_WAY = (
    DeliveryState.SENDING,
    DeliveryState.WAITING,
    DeliveryState.PROCESSING,
    DeliveryState.UNKNOWN,
)
Row = Mapping[str, Any]


@dataclass
class Status:
    """`queues`: platform, rank, queued, due, oldest. `outcomes`: platform, outcome, hour, minutes
    (the last five); both count attempts by when they began.
    """

    at: datetime
    queues: list[Row] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)  # by stops, per platform
    sending: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    processing: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    undecided: dict[str, int] = field(default_factory=dict)
    oldest_unknown: datetime | None = None
    outcomes: Sequence[Row] = field(default_factory=list)
    circuits: list[Circuit] = field(default_factory=list)
    closed: Sequence[Row] = field(default_factory=list)  # platform, handles, apps, until
    handles: dict[str, int] = field(default_factory=dict)
    access_ends_soon: int = 0
    access_ended: int = 0
    tokens_overdue: int = 0
    publishers: list[Publisher] = field(default_factory=list)
    last_sent: datetime | None = None

    @property
    def alive(self) -> list[Publisher]:
        return [one for one in self.publishers if one.seen_at > self.at - pulse.ALIVE_FOR]

    @property
    def oldest_due(self) -> datetime | None:
        return min((row["oldest"] for row in self.queues if row["oldest"]), default=None)

    @property
    def troubles(self) -> list[str]:
        """Codes of what needs a person."""
        found = {
            "no_publisher": not self.alive,
            "unknown_long": _before(self.oldest_unknown, self.at - UNCLEAR_LONG),
            "circuit_open": any(one.state != CircuitState.CLOSED for one in self.circuits),
            "queue_late": _before(self.oldest_due, self.at - LATE),
        }
        return [code for code, is_so in found.items() if is_so]


def read() -> Status:
    now = clock.now()
    status = Status(now)
    _read_queues(status)
    _read_open(status)
    status.outcomes = outcomes(now)
    status.circuits = list(Circuit.objects.order_by("platform"))
    status.closed = list(
        Allowance.objects.filter(closed_until__gt=now)
        .values("platform")
        .annotate(handles=Count("handle"), rows=Count("pk"), until=Max("closed_until"))
        .order_by("platform")
    )
    _read_handles(status)
    status.publishers = list(Publisher.objects.all())
    return status


def callbacks_waiting() -> int:
    """Stored and not yet heard."""
    return CallbackItem.objects.filter(heard_at__isnull=True).count()


def outcomes(now: datetime) -> Sequence[Row]:
    """Of attempts begun in the last hour."""
    recent = Attempt.objects.filter(started_at__gt=now - timedelta(hours=1)).exclude(outcome="")
    minutes = Count("pk", filter=Q(started_at__gt=now - timedelta(minutes=5)))
    rows = recent.order_by().values("outcome", platform=F("delivery__platform"))
    return list(rows.annotate(hour=Count("pk"), minutes=minutes).order_by("platform", "outcome"))


def not_published_since(moment: datetime) -> Sequence[Row]:
    """platform, problem, count; the most frequent first."""
    rows = Delivery.objects.filter(state__in=("failed", "expired"), state_since__gte=moment)
    grouped = rows.order_by().values("platform", "problem").annotate(count=Count("pk"))
    return list(grouped.order_by("-count", "platform", "problem"))


# --- inside --------------------------------------------------------------------------------------


def _read_queues(status: Status) -> None:
    """What a stop holds is not late."""
    stops, now = standing(status.at), status.at
    is_held = Value(value=False, output_field=BooleanField())
    queued = Delivery.objects.filter(state=DeliveryState.QUEUED).order_by()
    rows = queued.annotate(
        held=Case(When(stops.held(), then=Value(value=True)), default=is_held) if stops else is_held
    )
    due = Q(next_try_at__lte=now)
    grouped = rows.values("platform", "rank", "held").annotate(
        queued=Count("pk"), due=Count("pk", filter=due), oldest=Min("due_at", filter=due)
    )
    for row in grouped.order_by("platform", "rank"):
        if row["held"]:
            status.held[row["platform"]] = status.held.get(row["platform"], 0) + row["queued"]
        else:
            status.queues.append(row)


def _read_open(status: Status) -> None:
    """In one query, of which each part goes by the index of its state."""
    rows = [_of_state(state) for state in UNDER_WAY]
    for row in rows[0].union(*rows[1:], all=True):
        getattr(status, row["state"])[row["platform"]] = row["count"]
        if row["state"] == DeliveryState.UNKNOWN:
            status.undecided[row["platform"]] = row["undecided"]
            status.oldest_unknown = min(status.oldest_unknown or row["oldest"], row["oldest"])


def _of_state(state: DeliveryState) -> QuerySet[Any, Any]:
    needs = Q(state=DeliveryState.UNKNOWN, next_try_at__isnull=True)
    rows = Delivery.objects.filter(state=state).order_by().values("state", "platform")
    return rows.annotate(
        count=Count("pk"), undecided=Count("pk", filter=needs), oldest=Min("state_since")
    )


def _read_handles(status: Status) -> None:
    now = status.at
    ended = Count("pk", filter=Q(access_until__lte=now))
    soon = Count("pk", filter=Q(access_until__gt=now, access_until__lte=now + ENDS_SOON))
    old = Credential.objects.filter(handle=OuterRef("pk"), token_until__lte=now)
    overdue = Count("pk", filter=Exists(old))
    sent = Delivery.objects.filter(sent_at__isnull=False).order_by("-sent_at")
    # The same on each row, and it saves a query: without handles nothing was ever sent.
    last_sent = Subquery(sent.values("sent_at")[:1])
    rows = Handle.objects.order_by().values("state", last_sent=last_sent)
    for row in rows.annotate(count=Count("pk"), ended=ended, soon=soon, overdue=overdue):
        status.handles[row["state"]], status.last_sent = row["count"], row["last_sent"]
        if row["state"] == HandleState.CONNECTED:
            status.access_ended, status.access_ends_soon = row["ended"], row["soon"]
            status.tokens_overdue = row["overdue"]


def _before(moment: datetime | None, limit: datetime) -> bool:
    return moment is not None and moment < limit
