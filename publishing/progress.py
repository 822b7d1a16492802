"""How far a message is: numbers for all of its deliveries at once, and the list behind them.

Two queries by the message's own index, however many deliveries there are and however old the
table is. A take-down is no part of it: what is removed stands with the delivery that was out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Min, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from departments.platforms import Platform

from . import clock
from .models import Delivery, Message, Operation
from .states import DeliveryState
from .stops import Standing, standing

S = DeliveryState
RATE_OVER = timedelta(seconds=60)


class Group(NamedTuple):
    """States that are one thing to an officer; `tone` as of a badge."""

    label: Promise
    states: tuple[str, ...]
    tone: str


GROUPS = {
    "sent": Group(_("Published"), (S.SENT, S.EDITED), "good"),
    "leaving": Group(_("Being sent"), (S.SENDING, S.PROCESSING), "moving"),
    "waiting": Group(_("Waiting"), (S.QUEUED, S.WAITING), "waiting"),
    "held": Group(_("Held by a stop"), (), "care"),  # of what waits: whatever a stop holds now
    "by_hand": Group(_("To be posted by hand"), (S.ASSISTED,), "care"),
    "unclear": Group(_("Outcome unclear"), (S.UNKNOWN,), "care"),
    "refused": Group(_("Refused"), (S.FAILED,), "bad"),
    "late": Group(_("Too late"), (S.EXPIRED,), "care"),
    "cancelled": Group(_("Cancelled"), (S.CANCELLED,), "neutral"),
    "removed": Group(_("Taken down"), (S.REMOVED,), "neutral"),
}
_GROUP_OF = {state: name for name, group in GROUPS.items() for state in group.states}
MOVING = ("leaving", "waiting")  # goes on by itself
WITH_REASONS = ("refused", "late", "unclear")


class Line(NamedTuple):
    """How many deliveries of a platform are alike."""

    platform: str
    group: str
    problem: str
    number: int


@dataclass(frozen=True)
class Progress:
    at: datetime
    lines: list[Line]
    first_sent: datetime | None
    recently: int  # sent within RATE_OVER

    @property
    def total(self) -> int:
        return sum(line.number for line in self.lines)

    def count(self, *groups: str) -> int:
        return sum(line.number for line in self.lines if line.group in groups)

    @property
    def sent(self) -> int:
        return self.count("sent")

    @property
    def is_moving(self) -> bool:
        return bool(self.count(*MOVING))

    @property
    def is_watched(self) -> bool:
        """Its numbers may change at any moment, once a stop is released as well."""
        return bool(self.count(*MOVING, "held"))

    @property
    def is_open(self) -> bool:
        return bool(self.count(*MOVING, "held", "unclear", "by_hand"))

    @property
    def groups(self) -> list[tuple[str, Group, int]]:
        """Those there are."""
        counts = Counter[str]()
        for line in self.lines:
            counts[line.group] += line.number
        return [(name, group, counts[name]) for name, group in GROUPS.items() if counts[name]]

    @property
    def platforms(self) -> list[tuple[str, list[int]]]:
        """Each with its number in every group there is, in the order of `groups`."""
        counts = Counter[tuple[str, str]]()
        for line in self.lines:
            counts[line.platform, line.group] += line.number
        names = [name for name, _group, _count in self.groups]
        there = {line.platform for line in self.lines}
        return [
            (str(Platform(one).label), [counts[one, name] for name in names])
            for one in Platform.values
            if one in there
        ]

    @property
    def reasons(self) -> list[tuple[str, str, int]]:
        """(group, problem, how many) of what went wrong, the most first."""
        counts = Counter[tuple[str, str]]()
        for line in self.lines:
            if line.group in WITH_REASONS:
                counts[line.group, line.problem] += line.number
        return [(group, problem, count) for (group, problem), count in counts.most_common()]

    @property
    def per_minute(self) -> int:
        if self.first_sent is None or not self.recently:
            return 0
        over = min(max(self.at - self.first_sent, timedelta(seconds=1)), RATE_OVER)
        return round(self.recently * RATE_OVER / over)

    @property
    def ends_at(self) -> datetime | None:
        """When all would be sent if it went on like this."""
        left = self.count(*MOVING)
        if not left or not self.per_minute:
            return None
        return self.at + timedelta(minutes=left / self.per_minute)


def progress_of(message: Message) -> Progress:
    at = clock.now()
    held = _held_platforms(message, standing(at))
    rows = (
        deliveries_of(message)
        .values("platform", "state", "problem")
        .annotate(
            number=Count("pk"),
            first=Min("sent_at"),
            recently=Count("pk", Q(sent_at__gt=at - RATE_OVER)),
        )
    )
    lines, moments, recently = [], [], 0
    for row in rows:
        group = _group(row["state"], row["platform"], held)
        lines.append(Line(row["platform"], group, row["problem"], row["number"]))
        moments += [row["first"]] if row["first"] else []
        recently += row["recently"]
    return Progress(at, lines, min(moments, default=None), recently)


def deliveries_of(message: Message) -> QuerySet[Delivery]:
    return message.deliveries.exclude(operation=Operation.REMOVE).order_by()


def in_group(message: Message, name: str) -> Q:
    """The condition for what `progress_of` counts under this name."""
    held = _held_platforms(message, standing(clock.now()))
    if name == "held":
        return Q(state__in=GROUPS["waiting"].states, platform__in=held)
    found = Q(state__in=GROUPS[name].states)
    return found & ~Q(platform__in=held) if name == "waiting" and held else found


def _held_platforms(message: Message, stops: Standing) -> Collection[str]:
    """A stop holds all of a message on a platform, or nothing of it."""
    if not stops:
        return ()
    some = {one: Delivery(message=message, platform=one) for one in Platform.values}
    return [platform for platform, delivery in some.items() if stops.holds(delivery)]


def _group(state: str, platform: str, held: Collection[str]) -> str:
    name = _GROUP_OF[state]
    return "held" if name == "waiting" and platform in held else name
