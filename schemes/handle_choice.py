"""Choosing among thousands of handles: groups by filter, single ones, and what is chosen so far.

A page names what is chosen by `chosen` (portal.web.key_runs); of the boxes on it, `shown` says
which those are and `handles` which of them are ticked. So a page of a campaign stays small, and
works without script. A filter is only a way to choose: what is stored is the handles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.http import QueryDict

from departments.models import Department, DepartmentKind, District, Handle
from departments.names import name_order
from departments.platforms import Platform
from portal.web import key_runs
from portal.web.fields import LONGEST_KEY
from portal.web.text import tidy_line

MANY = 100  # handles, from which on boxes for all of them are no help
BOXES = 30
FILTERS = {
    "handle_platform": "platform",
    "handle_department": "department__slug",
    "handle_kind": "department__kind",
    "handle_district": "district__slug",
}


class Share(NamedTuple):
    """How many of the chosen handles belong there."""

    label: str
    number: int


class Shares(NamedTuple):
    """Where a post goes, the most first."""

    number: int
    platforms: list[Share]
    departments: list[Share]


class HandleRow(NamedTuple):
    pk: int
    platform: str
    department: int
    district: int | None


class HandleChoice:
    """`usable` are the handles that may be chosen."""

    def __init__(self, usable: QuerySet[Handle]) -> None:
        self.usable = usable

    @cached_property
    def rows(self) -> list[HandleRow]:
        found = self.usable.order_by("pk")
        return [HandleRow(*row) for row in found.values_list(*HandleRow._fields)]

    def is_campaign(self, own: Collection[int]) -> bool:
        """Are they too many for a box each, or of other departments than these as well?"""
        return len(self.rows) > MANY or any(row.department not in own for row in self.rows)

    @cached_property
    def _keys(self) -> list[int]:
        return [row.pk for row in self.rows]

    def settled(self, page: QueryDict) -> list[str]:
        """Keys that the page chooses, after the button that was pressed on it."""
        pick, ticked = page.get("pick"), page.getlist("handles")
        if pick == "none":
            return []
        keys = set(key_runs.those_in(page.get("chosen", ""), self._keys))
        keys -= set(key_runs.those_in(page.get("shown", ""), self._keys))
        chosen = dict.fromkeys([*map(str, sorted(keys)), *ticked])
        if pick == "add":
            chosen |= dict.fromkeys(map(str, self._matching_keys(page)))
        if pick == "drop":
            for key in self._matching_keys(page):
                chosen.pop(str(key), None)
        return list(chosen)

    def offered(self, page: QueryDict, chosen: Iterable[object]) -> Offer:
        """What the page shows, with these keys chosen."""
        keys = {int(str(key)) for key in chosen if _is_key(str(key))}
        order = (name_order("department__"), "platform", "name", "pk")
        first = self._matching(page).select_related("department").order_by(*order)[:BOXES]
        return Offer(
            self,
            _asked(page),
            [row for row in self.rows if row.pk in keys],
            [(handle, handle.pk in keys) for handle in first],
            len(self._matching_keys(page)),
        )

    def _matching(self, page: QueryDict) -> QuerySet[Handle]:
        asked, found = _asked(page), self.usable
        if name := asked["handle_q"].removeprefix("@"):
            found = found.filter(
                Q(name__icontains=name)
                | Q(department__name_hi__icontains=name)
                | Q(department__name_en__icontains=name)
            )
        return found.filter(**{FILTERS[key]: asked[key] for key in FILTERS if asked[key]})

    def _matching_keys(self, page: QueryDict) -> list[int]:
        if not any(_asked(page).values()):
            return self._keys
        return list(self._matching(page).order_by().values_list("pk", flat=True))

    # --- the filters ------------------------------------------------------------------------------

    @cached_property
    def departments(self) -> list[Department]:
        there = {row.department for row in self.rows}
        return list(Department.objects.filter(pk__in=there).order_by(name_order()))

    @property
    def platforms(self) -> list[tuple[str, str]]:
        there = {row.platform for row in self.rows}
        return [(value, str(label)) for value, label in Platform.choices if value in there]

    @property
    def kinds(self) -> list[tuple[str, str]]:
        there = {department.kind for department in self.departments}
        return [(value, str(label)) for value, label in DepartmentKind.choices if value in there]

    @cached_property
    def districts(self) -> list[tuple[str, str]]:
        there = {row.district for row in self.rows if row.district is not None}
        found = District.objects.filter(pk__in=there).order_by(name_order()) if there else ()
        return [(one.slug, one.name) for one in found]


@dataclass(frozen=True)
class Offer:
    """What a page shows: what is chosen, and boxes for the first of `count` that match."""

    choice: HandleChoice
    asked: dict[str, str]
    rows: Sequence[HandleRow]
    boxes: list[tuple[Handle, bool]]  # each with whether it is chosen
    count: int

    @property
    def chosen(self) -> str:
        return key_runs.written(row.pk for row in self.rows)

    @property
    def shown(self) -> str:
        return key_runs.written(handle.pk for handle, _chosen in self.boxes)

    @property
    def number(self) -> int:
        return len(self.rows)

    @property
    def more(self) -> int:
        return self.count - len(self.boxes)

    @property
    def is_filtered(self) -> bool:
        return any(self.asked.values())

    @property
    def shares(self) -> Shares:
        return _shares(self.rows, self.choice.departments)


def shares_of(handles: Sequence[Handle]) -> Shares:
    """Of those of a stored post; each then knows its department."""
    rows = [HandleRow(one.pk, one.platform, one.department_id, None) for one in handles]
    departments = Department.objects.in_bulk({row.department for row in rows})
    for handle in handles:
        handle.department = departments[handle.department_id]
    return _shares(rows, departments.values())


def _shares(rows: Sequence[HandleRow], departments: Iterable[Department]) -> Shares:
    names = {one.pk: one.name for one in departments}
    on, of = Counter(row.platform for row in rows), Counter(row.department for row in rows)
    return Shares(
        len(rows),
        [Share(str(Platform(one).label), number) for one, number in on.most_common()],
        [Share(names[one], number) for one, number in of.most_common()],
    )


def _asked(page: QueryDict) -> dict[str, str]:
    return {name: tidy_line(page.get(name, "")[:200]) for name in ("handle_q", *FILTERS)}


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_KEY
