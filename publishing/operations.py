"""How publishing stands, for the page of who watches over it: what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from departments.platforms import NAMES

from . import status
from .models import Circuit, CircuitState, Delivery
from .states import DeliveryState, Outcome, Rank
from .status import Row, Status

DAY = timedelta(days=1)
UNDECIDED_SHOWN = 10


@dataclass(frozen=True)
class Trouble:
    what: str | Promise
    to_do: str | Promise
    address: str
    link: str | Promise


@dataclass(frozen=True)
class OfPlatform:
    """One platform's row: what is open there, and whether it takes anything."""

    name: str | Promise
    circuit: Circuit | None
    limits: Row | None
    sending: int
    waiting: int
    processing: int
    unknown: int
    undecided: int
    held: int

    @property
    def mark(self) -> str:
        is_tried = self.circuit is not None and self.circuit.state == CircuitState.HALF_OPEN
        return "care" if is_tried else "bad"


@dataclass(frozen=True)
class Operations:
    now: Status
    urgent: list[Trouble]  # publishing itself suffers
    others: list[Trouble]
    queues: list[dict[str, Any]]
    platforms: list[OfPlatform]
    outcomes: list[tuple[str | Promise, list[int]]]
    not_published: list[dict[str, Any]]
    undecided: list[Delivery]


OUTCOMES = tuple(Outcome)


def read() -> Operations:
    now = status.read()
    return Operations(
        now=now,
        urgent=list(_urgent(now)),
        others=list(_others(now)),
        queues=[
            {**row, "name": _name(row["platform"]), "urgency": _urgency(row)} for row in now.queues
        ],
        platforms=list(_platforms(now)),
        outcomes=list(_outcomes(now)),
        not_published=[
            {**row, "name": _name(row["platform"])}
            for row in status.not_published_since(now.at - DAY)
        ],
        undecided=_undecided(),
    )


def _name(platform: str) -> str | Promise:
    return NAMES.get(platform, platform)


def _urgency(row: Row) -> str | Promise:
    return Rank(row["rank"]).label


# --- what is wrong, and the next step ------------------------------------------------------------


def _urgent(now: Status) -> Iterator[Trouble]:
    for code in now.troubles:
        yield {
            "no_publisher": Trouble(
                _("No publisher is running: nothing goes out."),
                _("Have the worker started on the server, and read its log if it ends again."),
                "#publishers",
                _("See the publishers"),
            ),
            "circuit_open": Trouble(
                _("A platform does not answer; what is meant for it waits."),
                _("The portal tries again by itself. If it lasts, ask the platform."),
                "#platforms",
                _("See which platform"),
            ),
            "queue_late": Trouble(
                _("Posts that are due have waited for more than 5 minutes."),
                _("See whether their platform answers, or publishers are missing."),
                "#queues",
                _("See the queues"),
            ),
            "unknown_long": Trouble(
                _("It has been unclear for more than 15 minutes whether some posts are out."),
                _("What the portal cannot settle, an officer looks up and decides."),
                "#unclear",
                _("See the unclear ones"),
            ),
        }[code]


def _others(now: Status) -> Iterator[Trouble]:
    handles = reverse("desk:handles")
    if now.access_ended or now.tokens_overdue:
        yield Trouble(
            _("The access to some handles has ended or could not be renewed."),
            _("Their departments have to connect them again."),
            f"{handles}?state=attention",
            _("See the handles"),
        )
    if now.access_ends_soon:
        yield Trouble(
            _("The access to some handles ends within 7 days."),
            _("Their departments should connect them again before that."),
            f"{handles}?state=connected",
            _("See the handles"),
        )
    if any(now.held.values()):
        yield Trouble(
            _("Stops hold posts back."),
            _("They go out after the release, unless it has become too late by then."),
            reverse("desk:stops"),
            _("See the stops"),
        )


# --- the tables ----------------------------------------------------------------------------------


def _platforms(now: Status) -> Iterator[OfPlatform]:
    circuits = {circuit.platform: circuit for circuit in now.circuits}
    limits = {row["platform"]: row for row in now.closed}
    for platform, name in NAMES.items():
        circuit = circuits.get(platform)
        yield OfPlatform(
            name=name,
            circuit=circuit if circuit and circuit.state != CircuitState.CLOSED else None,
            limits=limits.get(platform),
            sending=now.sending.get(platform, 0),
            waiting=now.waiting.get(platform, 0),
            processing=now.processing.get(platform, 0),
            unknown=now.unknown.get(platform, 0),
            undecided=now.undecided.get(platform, 0),
            held=now.held.get(platform, 0),
        )


def _outcomes(now: Status) -> Iterator[tuple[str | Promise, list[int]]]:
    counts = {(row["platform"], row["outcome"]): row["hour"] for row in now.outcomes}
    for platform, name in NAMES.items():
        row = [counts.get((platform, outcome.value), 0) for outcome in OUTCOMES]
        if any(row):
            yield name, row


def _undecided() -> list[Delivery]:
    """Those that have waited for a person's decision longest."""
    rows = Delivery.objects.filter(state=DeliveryState.UNKNOWN, next_try_at__isnull=True)
    related = ("message", "handle__department")
    return list(rows.select_related(*related).order_by("state_since", "pk")[:UNDECIDED_SHOWN])
