"""The coverage map: which handle is missing, silent or expiring, and what to do next.

Counts come from rows of HandleWeek, so that the map reads the same few thousand rows however many
posts there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db.models import Max, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from departments.models import Department, Handle
from departments.platforms import Platform
from departments.states import HandleState
from publishing.models import Delivery, Operation
from publishing.states import DeliveryState

from .models import FORTNIGHT, HandleWeek, Norm, NormExemption

WEEKS = 52
SHOWN_WEEKS = 12  # beside each department
ENDING = timedelta(days=30)
FEW = 2  # required platforms; with fewer, a share says little

# From the worst to the best; the cell of several handles shows the best of them.
STATES: dict[str, tuple[Promise, str]] = {
    "missing": (_("No handle"), "bad"),
    "not_connected": (_("Not connected"), "bad"),
    "silent": (_("Silent"), "bad"),
    "expiring": (_("Access ends"), "care"),
    "below": (_("Too seldom"), "care"),
    "exempt": (_("Not needed"), "neutral"),
    "optional": (_("None, none needed"), "neutral"),
    "good": (_("Active"), "good"),
}
GAPS = ("missing", "not_connected", "silent", "expiring", "below")


@dataclass(frozen=True)
class Expected:
    """The norm of one platform."""

    is_required: bool = True
    posts_per_week: int = 1
    silent_after: int = FORTNIGHT


@dataclass(frozen=True)
class Cell:
    """A department on a platform."""

    department: Department
    platform: str
    state: str
    handles: tuple[Handle, ...] = ()
    last_at: datetime | None = None
    posts: int = 0  # in the last four weeks
    is_required: bool = True

    @property
    def label(self) -> str:
        return str(STATES[self.state][0])

    @property
    def tone(self) -> str:
        return STATES[self.state][1]

    @property
    def days(self) -> int | None:
        """Since the last post."""
        return (timezone.now() - self.last_at).days if self.last_at else None

    @property
    def sentence(self) -> str:
        """What is wrong, and what to do."""
        days = self.days
        if self.state == "silent" and days is None:
            return str(_("Nothing has been published there yet. Write the first post."))
        if self.state == "silent":
            return ngettext(
                "Nothing for %(days)d day. Write a post.",
                "Nothing for %(days)d days. Write a post.",
                days or 0,
            ) % {"days": days}
        return str(SENTENCES[self.state])

    @property
    def next_step(self) -> str:
        """Where that is done."""
        if self.state == "missing":
            return reverse("desk:handle_add")
        if self.state in ("not_connected", "expiring") and self.handles:
            return reverse("desk:handle", args=[self.handles[0].pk])
        return reverse("desk:post_add") if self.state in ("silent", "below") else ""


SENTENCES = {
    "missing": _("There is no handle on this platform. Register one."),
    "not_connected": _("The handle is not connected: nothing can go out. Connect it."),
    "expiring": _("Its access ends within a month, or it needs attention. Connect it anew."),
    "below": _("Less than the norm in the last four weeks. Write more often."),
    "exempt": _("The Directorate has said that it is not needed here."),
    "optional": _("It is not asked of departments."),
    "good": _("As it should be."),
}


@dataclass(frozen=True)
class Row:
    department: Department
    cells: tuple[Cell, ...]
    weeks: tuple[int, ...] = ()  # posts of the last twelve weeks, oldest first

    @property
    def gaps(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.state in GAPS]


@dataclass(frozen=True)
class Ranked:
    """`good` of `needed` required platforms; who has few of them is listed apart."""

    place: int
    department: Department
    good: int
    needed: int

    @property
    def share(self) -> float:
        return self.good / self.needed


@dataclass
class Map:
    rows: list[Row] = field(default_factory=list)
    week: date = date(2026, 1, 5)

    @property
    def without_gap(self) -> int:
        return sum(not row.gaps for row in self.rows)

    def count(self, state: str) -> int:
        return sum(cell.state == state for row in self.rows for cell in row.cells)


# --- the map -------------------------------------------------------------------------------------


def monday_of(moment: datetime) -> date:
    day = timezone.localtime(moment).date()
    return day - timedelta(days=day.weekday())


def expected() -> dict[str, Expected]:
    """A platform without a norm of its own has the national one."""
    found = {platform: Expected() for platform in Platform.values}
    for norm in Norm.objects.all():
        found[norm.platform] = Expected(norm.is_required, norm.posts_per_week, norm.silent_after)
    return found


def map_of(departments: QuerySet[Department], *, at: datetime | None = None) -> Map:
    """As it stands at a moment; four queries, whatever their number."""
    at = at or timezone.now()
    offices = list(departments)
    handles: dict[tuple[int, str], list[Handle]] = {}
    for handle in Handle.objects.filter(department__in=departments).exclude(
        state=HandleState.CLOSED
    ):
        handles.setdefault((handle.department_id, handle.platform), []).append(handle)
    weeks = _weeks(departments, at)
    norms, spared = expected(), _spared(at)
    rows = [
        Row(
            office,
            tuple(
                cell_of(
                    office,
                    platform,
                    handles.get((office.pk, platform), []),
                    weeks,
                    norms[platform],
                    is_spared=(office.pk, platform) in spared,
                    at=at,
                )
                for platform in Platform.values
            ),
            _line(weeks, _of(office, handles)),
        )
        for office in offices
    ]
    return Map(rows, monday_of(at))


@dataclass(frozen=True)
class Spoken:
    """What a handle has published: when last, and how much in each of the last twelve weeks."""

    last_at: datetime | None = None
    posts: tuple[int, ...] = (0,) * SHOWN_WEEKS  # oldest first


Weeks = Mapping[int, Spoken]


def _weeks(departments: QuerySet[Department], at: datetime) -> Weeks:
    """Two queries: the last post of each handle, and the rows of the weeks that are shown."""
    mine = HandleWeek.objects.filter(handle__department__in=departments, monday__lte=monday_of(at))
    until = mine.filter(last_at__lte=at).order_by().values_list("handle")
    last = dict(until.annotate(last=Max("last_at")))
    first = monday_of(at) - timedelta(weeks=SHOWN_WEEKS - 1)
    counts: dict[int, list[int]] = {}
    rows = mine.filter(monday__gte=first).values_list("handle", "monday", "posts")
    for handle_id, monday, posts in rows:
        line = counts.setdefault(handle_id, [0] * SHOWN_WEEKS)
        line[(monday - first).days // 7] += posts
    nothing = [0] * SHOWN_WEEKS
    return {key: Spoken(last.get(key), tuple(counts.get(key, nothing))) for key in {*last, *counts}}


def _spared(at: datetime) -> set[tuple[int, str]]:
    today = timezone.localtime(at).date()
    rows = NormExemption.objects.exclude(until__lt=today)
    return set(rows.values_list("department_id", "platform"))


def _of(office: Department, handles: Mapping[tuple[int, str], list[Handle]]) -> list[Handle]:
    return [one for name in Platform.values for one in handles.get((office.pk, name), [])]


def _line(weeks: Weeks, handles: Iterable[Handle]) -> tuple[int, ...]:
    lines = [weeks[handle.pk].posts for handle in handles if handle.pk in weeks]
    return tuple(map(sum, zip(*lines, strict=True))) if lines else Spoken().posts


def cell_of(
    office: Department,
    platform: str,
    handles: Sequence[Handle],
    weeks: Weeks,
    norm: Expected,
    *,
    is_spared: bool,
    at: datetime,
) -> Cell:
    mine = [weeks[handle.pk] for handle in handles if handle.pk in weeks]
    last = max((one.last_at for one in mine if one.last_at), default=None)
    posts = sum(sum(one.posts[-4:]) for one in mine)
    state = _state(handles, last, posts, norm, at=at)
    if state in GAPS and is_spared:
        state = "exempt"
    elif state == "missing" and not norm.is_required:
        state = "optional"
    needed = norm.is_required and not is_spared
    return Cell(office, platform, state, tuple(handles), last, posts, needed)


def _state(
    handles: Sequence[Handle],
    last: datetime | None,
    posts: int,
    norm: Expected,
    *,
    at: datetime,
) -> str:
    if not handles:
        return "missing"
    opened = [one for one in handles if one.state in (HandleState.CONNECTED, HandleState.ATTENTION)]
    if not opened:
        return "not_connected"
    if last is None or at - last > timedelta(days=norm.silent_after):
        return "silent"
    if all(_is_ending(one, at) for one in opened):
        return "expiring"
    return "below" if posts < 4 * norm.posts_per_week else "good"


def _is_ending(handle: Handle, at: datetime) -> bool:
    soon = handle.access_until is not None and handle.access_until <= at + ENDING
    return soon or handle.state == HandleState.ATTENTION


# --- the ranking ---------------------------------------------------------------------------------


def ranking(found: Map) -> tuple[list[Ranked], list[Ranked]]:
    """Those with more than FEW required platforms, and apart those with few: 1 of 1 is no feat.
    Equal shares have the same place.
    """
    counted = []
    for row in found.rows:
        needed = [cell for cell in row.cells if cell.is_required]
        if needed:
            good = sum(cell.state not in GAPS for cell in needed)
            counted.append(Ranked(0, row.department, good, len(needed)))
    many = [one for one in counted if one.needed > FEW]
    few = [one for one in counted if one.needed <= FEW]
    return _placed(many), _placed(few)


def _placed(counted: list[Ranked]) -> list[Ranked]:
    ordered = sorted(counted, key=lambda one: (-one.share, str(one.department)))
    placed: list[Ranked] = []
    for number, one in enumerate(ordered, 1):
        same = placed and placed[-1].share == one.share
        place = placed[-1].place if same else number
        placed.append(Ranked(place, one.department, one.good, one.needed))
    return placed


# --- the counts ----------------------------------------------------------------------------------


def refresh(*, at: datetime | None = None) -> None:
    """Called by the clock: the last two weeks anew; the first time, everything."""
    at = at or timezone.now()
    first = monday_of(at) - timedelta(weeks=1)
    if not HandleWeek.objects.exists():
        first = monday_of(at) - timedelta(weeks=WEEKS)
    count_since(first)


def count_since(monday: date) -> None:
    """Running it twice changes nothing."""
    begins = datetime.combine(monday, time.min, timezone.get_default_timezone())
    out = Delivery.objects.filter(
        sent_at__gte=begins,
        state__in=(DeliveryState.SENT, DeliveryState.EDITED, DeliveryState.REMOVED),
        operation__in=(Operation.PUBLISH, Operation.REPOST),
        recipient__isnull=True,
    )
    counts: dict[tuple[int, date], list[datetime]] = {}
    for handle_id, sent_at in out.values_list("handle_id", "sent_at").iterator(chunk_size=5000):
        if sent_at is not None:
            counts.setdefault((handle_id, monday_of(sent_at)), []).append(sent_at)
    HandleWeek.objects.bulk_create(
        (
            HandleWeek(handle_id=handle_id, monday=week, posts=len(sent), last_at=max(sent))
            for (handle_id, week), sent in counts.items()
        ),
        update_conflicts=True,
        update_fields=["posts", "last_at"],
        unique_fields=["handle", "monday"],
        batch_size=500,
    )


def by_week(departments: QuerySet[Department], at: datetime) -> list[tuple[date, dict[str, int]]]:
    """Posts by platform of each of the last 52 weeks, the newest first."""
    first = monday_of(at) - timedelta(weeks=WEEKS - 1)
    rows = HandleWeek.objects.filter(handle__department__in=departments, monday__gte=first)
    counts: dict[date, dict[str, int]] = {
        first + timedelta(weeks=number): dict.fromkeys(Platform.values, 0)
        for number in range(WEEKS)
    }
    grouped = rows.order_by().values_list("monday", "handle__platform")
    for week, platform, posts in grouped.annotate(total=Sum("posts")):
        if week in counts:
            counts[week][platform] = posts
    return sorted(counts.items(), reverse=True)


def last_counted() -> datetime | None:
    return HandleWeek.objects.aggregate(at=Max("last_at"))["at"]
