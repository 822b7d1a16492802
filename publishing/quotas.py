"""How much the platforms let through, how much of that is taken, and what it costs.

A delivery that is planned holds its place: what was sent in a window and what will be sent in it
are counted together, from the deliveries themselves.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import DateTimeField, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from departments.models import Department, Handle

from .connectors import connector_class
from .connectors.base import Limit
from .models import Delivery, Operation

COUNTED = (Operation.PUBLISH, Operation.REPOST)
A_DAY = timedelta(days=1)
_WHERE = ("handle_id", "handle__platform")


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


def rooms(handles: Iterable[Handle], at: datetime) -> list[Room]:
    """What every limit of these handles leaves; two queries, however many they are."""
    wanted = [(handle, limit) for handle, limits in _limited(handles) for limit in limits]
    taken = _taken(wanted, at)
    used: dict[tuple[int | str, str], int] = {}  # what all handles share is counted once
    found = []
    for handle, limit in wanted:
        scope = _scope(handle, limit)
        place = (scope, limit.code)
        if place not in used:
            used[place] = _used(taken[scope], limit, at)
        found.append(Room(handle, limit, used[place]))
    return found


def without_room(
    handles: Sequence[Handle], at: datetime, *, wanted: Mapping[int, int] | None = None
) -> list[Room]:
    """The limits that would be passed if each of these handles sent one more at `at`, or as many
    as `wanted` says by its key.
    """
    asked: Counter[int | str] = Counter()
    for handle in handles:
        count = (wanted or {}).get(handle.pk, 1)
        asked[handle.pk] += count
        asked[handle.platform] += count
    return [
        room for room in rooms(handles, at) if room.left < asked[_scope(room.handle, room.limit)]
    ]


def next_room(room: Room, at: datetime) -> datetime:
    """When one more is possible by this limit."""
    if room.limit.zone:
        return _day(at, room.limit.zone)[1]
    span = timedelta(seconds=room.limit.seconds)
    taken = _taken([(room.handle, room.limit)], at)[_scope(room.handle, room.limit)]
    times = [moment for moment in taken if at - span < moment <= at]
    return times[max(0, len(times) - room.limit.amount)] + span if times else at


def hold_places(handles: Iterable[Handle]) -> None:
    """Makes approvals that count the same places wait for each other. Call in a transaction."""
    handles = list(handles)
    keys = {
        handle.pk
        for handle, limits in _limited(handles)
        if any(limit.per == "handle" for limit in limits)
    }
    # One row of each platform stands for the app that all its handles share.
    for platform in {handle.platform for handle in handles}:
        first = Handle.objects.filter(platform=platform).order_by("pk").values_list("pk", flat=True)
        keys.update(first[:1])
    locked = Handle.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk")
    list(locked.values_list("pk"))


def _limited(handles: Iterable[Handle]) -> Iterator[tuple[Handle, tuple[Limit, ...]]]:
    handles = list(handles)
    connectors = {one: connector_class(one) for one in {handle.platform for handle in handles}}
    for handle in handles:
        yield handle, connectors[handle.platform].limits(handle.facts)


def costs(departments: QuerySet[Department], month: datetime) -> list[Cost]:
    """Departments with any cost in the month of this moment (IST), the dearest first."""
    start = timezone.localtime(month).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = (start + timedelta(days=32)).replace(day=1)
    priced = Delivery.objects.filter(message__department__in=departments, price__gt=0)
    sent = _sums(priced.filter(sent_at__gte=start, sent_at__lt=end))
    planned = _sums(
        priced.planned().annotate(moment=_leaving()).filter(moment__gte=start, moment__lt=end)
    )
    known = departments.in_bulk([*{*sent, *planned}])
    zero = Decimal(0)
    found = [
        Cost(department, sent.get(key, zero), planned.get(key, zero))
        for key, department in known.items()
    ]
    return sorted(found, key=lambda cost: -(cost.sent + cost.planned))


# --- inside --------------------------------------------------------------------------------------


def _leaving() -> Greatest:
    """When an open delivery is meant to leave; one that is late leaves today."""
    meant = Coalesce("message__not_before", "message__created_at")
    now = Value(timezone.now(), output_field=DateTimeField())
    return Greatest(meant, now, output_field=DateTimeField())


def _sums(deliveries: QuerySet[Delivery]) -> dict[int, Decimal]:
    rows = deliveries.order_by().values("message__department").annotate(total=Sum("price"))
    return dict(rows.values_list("message__department", "total"))


def _scope(handle: Handle, limit: Limit) -> int | str:
    """Whose sending counts: the handle's own, or that of all handles of the platform."""
    return handle.pk if limit.per == "handle" else handle.platform


def _taken(wanted: list[tuple[Handle, Limit]], at: datetime) -> dict[int | str, list[datetime]]:
    """For each scope, when what counts was sent or is to be sent, in order, around `at`."""
    if not wanted:
        return {}
    span = max(timedelta(seconds=limit.seconds) for _handle, limit in wanted) + A_DAY
    scopes = {_scope(handle, limit) for handle, limit in wanted}
    counted = Delivery.objects.filter(
        Q(handle__in=[scope for scope in scopes if isinstance(scope, int)])
        | Q(handle__platform__in=[scope for scope in scopes if isinstance(scope, str)]),
        operation__in=COUNTED,
    ).order_by()
    sent = counted.filter(sent_at__gt=at - span, sent_at__lte=at + span)
    planned = counted.planned().filter(sent_at__isnull=True).annotate(moment=_leaving())
    planned = planned.filter(moment__gt=at - span, moment__lte=at + span)
    found: dict[int | str, list[datetime]] = {scope: [] for scope in scopes}
    for rows in (sent.values_list(*_WHERE, "sent_at"), planned.values_list(*_WHERE, "moment")):
        for handle, platform, moment in rows:
            for scope in (handle, platform):
                if scope in found:
                    found[scope].append(moment)
    return {scope: sorted(moments) for scope, moments in found.items()}


def _used(times: Sequence[datetime], limit: Limit, at: datetime) -> int:
    if not times:
        return 0
    if limit.zone:
        start, end = _day(at, limit.zone)
        return bisect_left(times, end) - bisect_left(times, start)
    return _fullest(times, at, timedelta(seconds=limit.seconds))


def _fullest(times: Sequence[datetime], at: datetime, span: timedelta) -> int:
    """The most of these moments that any window of this length with `at` in it has."""
    ends = [at, *(moment for moment in times if at < moment < at + span)]
    return max(bisect_right(times, end) - bisect_right(times, end - span) for end in ends)


def _day(at: datetime, zone: str) -> tuple[datetime, datetime]:
    """The platform's day in which the moment lies, from midnight to midnight there."""
    here = ZoneInfo(zone)
    day = at.astimezone(here).date()
    return (
        datetime.combine(day, time(), here),
        datetime.combine(day + timedelta(days=1), time(), here),
    )
