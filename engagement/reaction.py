"""How people react: what they write about, in which mood, where it suddenly becomes much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from django.db.models import Count, Max, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from departments.models import Department
from publishing.models import Delivery, Metric

from .models import Conversation, Remark

DAYS = 30
SPIKE_TIMES, SPIKE_LEAST = 3, 10  # of the usual day, and at least so many
TOP = 10


@dataclass(frozen=True)
class Day:
    day: date
    number: int
    share: int  # of the most in any day, in per cent: the length of its bar
    is_spike: bool


@dataclass(frozen=True)
class Asked:
    """A scheme, and how many conversations of each kind were about it."""

    title: str
    total: int
    kinds: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Seen:
    """A post on one handle with its newest numbers."""

    delivery: Delivery
    numbers: tuple[tuple[str, int], ...]


def since(at: datetime | None = None) -> datetime:
    return (at or timezone.now()) - timedelta(days=DAYS)


def days(departments: QuerySet[Department]) -> list[Day]:
    """What citizens wrote, day by day, by the platforms' clock."""
    rows = Remark.objects.filter(
        conversation__department__in=departments, is_own=False, at__gte=since()
    )
    counted = dict(rows.annotate(day=TruncDate("at")).values_list("day").annotate(Count("pk")))
    today = timezone.localdate()
    every = [today - timedelta(days=number) for number in range(DAYS)][::-1]
    numbers = [counted.get(day, 0) for day in every]
    usual, most = median(numbers), max(numbers) or 1
    return [
        Day(day, number, round(100 * number / most), is_spike(number, usual))
        for day, number in zip(every, numbers, strict=True)
    ]


def is_spike(number: int, usual: float) -> bool:
    return number >= SPIKE_LEAST and number > SPIKE_TIMES * max(usual, 1)


def counts_by(departments: QuerySet[Department], *names: str) -> list[tuple[object, ...]]:
    """Conversations of the last thirty days by these columns, the most first."""
    rows = Conversation.objects.filter(department__in=departments, last_at__gte=since())
    return list(rows.order_by().values_list(*names).annotate(n=Count("pk")).order_by("-n"))


def asked_about(departments: QuerySet[Department]) -> list[Asked]:
    """What is asked most, scheme by scheme."""
    rows = Conversation.objects.filter(
        department__in=departments, last_at__gte=since(), scheme__isnull=False
    ).select_related(None)
    grouped: dict[str, dict[str, int]] = {}
    counted = rows.order_by().values_list("scheme__title_hi", "scheme__title_en", "kind")
    for hindi, _english, kind, number in counted.annotate(n=Count("pk")):
        grouped.setdefault(hindi, {})[kind] = number
    found = [
        Asked(title, sum(kinds.values()), tuple(sorted(kinds.items(), key=lambda one: -one[1])))
        for title, kinds in grouped.items()
    ]
    return sorted(found, key=lambda one: -one.total)[:TOP]


def most_seen(departments: QuerySet[Department]) -> list[Seen]:
    """Posts of the last thirty days by their newest number of views."""
    views = Metric.objects.filter(
        name="views",
        delivery__message__department__in=departments,
        delivery__sent_at__gte=since(),
    )
    top = views.order_by().values("delivery").annotate(most=Max("value")).order_by("-most")[:TOP]
    keys = [row["delivery"] for row in top]
    found = Delivery.objects.filter(pk__in=keys).select_related("handle", "message")
    known = {one.pk: one for one in found.prefetch_related("metrics")}
    return [_seen(known[key]) for key in keys if key in known]


def _seen(delivery: Delivery) -> Seen:
    return Seen(delivery, tuple((one.name, one.value) for one in delivery.numbers))


def spikes(found: Sequence[Day]) -> list[Day]:
    return [day for day in found if day.is_spike]
