"""How much the platforms let through, how much of that is taken, and what it costs.

A delivery that is planned holds its place: what was sent in a window and what will be sent in it
are counted together, from the deliveries themselves.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db.models import DateTimeField, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from departments.models import Department, Handle

from .connectors import connector_class
from .connectors.base import Limit
from .models import Delivery, Operation

COUNTED = (Operation.PUBLISH, Operation.REPOST)


@dataclass(frozen=True)
class Room:
    """What one limit still leaves to a handle at a moment."""

    handle: Handle
    limit: Limit
    used: int

    @property
    def left(self) -> int:
        return max(0, self.limit.amount - self.used)


@dataclass(frozen=True)
class Cost:
    """A department's month on the platforms that charge, in US dollars."""

    department: Department
    sent: Decimal
    planned: Decimal


def rooms(handle: Handle, at: datetime) -> list[Room]:
    limits = connector_class(handle.platform).limits(handle.facts)
    return [Room(handle, limit, _used(handle, limit, at)) for limit in limits]


def without_room(handles: Iterable[Handle], at: datetime, *, wanted: int = 1) -> list[Room]:
    """The limits that would be passed if each of these handles sent `wanted` more at `at`."""
    found = []
    by_platform = sorted(handles, key=lambda handle: handle.platform)
    for _platform, group in groupby(by_platform, key=lambda handle: handle.platform):
        together = list(group)
        for handle in together:
            for room in rooms(handle, at):
                share = wanted * (len(together) if room.limit.per == "app" else 1)
                if room.left < share:
                    found.append(room)
    return found


def next_room(room: Room, at: datetime) -> datetime:
    """When one more is possible by this limit."""
    if room.limit.zone:
        return _day(at, room.limit.zone)[1]
    span = timedelta(seconds=room.limit.seconds)
    times = sorted(_times(room.handle, room.limit, at - span, at))
    return times[max(0, len(times) - room.limit.amount)] + span if times else at


def hold_places(handles: Iterable[Handle]) -> None:
    """Makes approvals that count the same places wait for each other. Call in a transaction."""
    keys = {handle.pk for handle in handles}
    # One row of each platform stands for the app that all its handles share.
    for platform in {handle.platform for handle in handles}:
        first = Handle.objects.filter(platform=platform).order_by("pk").values_list("pk", flat=True)
        keys.update(first[:1])
    list(Handle.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk"))


def costs(departments: QuerySet[Department], month: datetime) -> list[Cost]:
    """Departments with any cost in the month of this moment (IST), the dearest first."""
    start = timezone.localtime(month).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = (start + timedelta(days=32)).replace(day=1)
    priced = Delivery.objects.filter(message__department__in=departments, price__gt=0)
    sent = _sums(priced.filter(sent_at__gte=start, sent_at__lt=end))
    planned = _sums(
        priced.open().annotate(moment=_MOMENT).filter(moment__gte=start, moment__lt=end)
    )
    known = departments.in_bulk([*{*sent, *planned}])
    zero = Decimal(0)
    found = [
        Cost(department, sent.get(key, zero), planned.get(key, zero))
        for key, department in known.items()
    ]
    return sorted(found, key=lambda cost: -(cost.sent + cost.planned))


# --- inside --------------------------------------------------------------------------------------

# When an open delivery is meant to leave.
_MOMENT = Coalesce("message__not_before", "message__created_at", output_field=DateTimeField())


def _sums(deliveries: QuerySet[Delivery]) -> dict[int, Decimal]:
    rows = deliveries.order_by().values("message__department").annotate(total=Sum("price"))
    return dict(rows.values_list("message__department", "total"))


def _used(handle: Handle, limit: Limit, at: datetime) -> int:
    if limit.zone:
        return len(_times(handle, limit, *_day(at, limit.zone)))
    span = timedelta(seconds=limit.seconds)
    return _fullest(sorted(_times(handle, limit, at - span, at + span)), at, span)


def _fullest(times: Sequence[datetime], at: datetime, span: timedelta) -> int:
    """The most of these moments that any window of this length with `at` in it has."""
    ends = [at, *(moment for moment in times if moment > at)]
    return max(bisect_right(times, end) - bisect_right(times, end - span) for end in ends)


def _times(handle: Handle, limit: Limit, start: datetime, end: datetime) -> list[datetime]:
    """When what counts was sent, or is to be sent."""
    scope = Q(handle=handle) if limit.per == "handle" else Q(handle__platform=handle.platform)
    counted = Delivery.objects.filter(scope, operation__in=COUNTED).order_by()
    sent = counted.filter(sent_at__gt=start, sent_at__lte=end).values_list("sent_at", flat=True)
    planned = counted.open().filter(sent_at__isnull=True).annotate(moment=_MOMENT)
    moments = planned.filter(moment__gt=start, moment__lte=end).values_list("moment", flat=True)
    return [moment for moment in (*sent, *moments) if moment]


def _day(at: datetime, zone: str) -> tuple[datetime, datetime]:
    """The platform's day in which the moment lies, from midnight to midnight there."""
    here = ZoneInfo(zone)
    day = at.astimezone(here).date()
    return (
        datetime.combine(day, time(), here),
        datetime.combine(day + timedelta(days=1), time(), here),
    )
