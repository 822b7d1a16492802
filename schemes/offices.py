"""Departments as the public looks them up."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from departments.models import Department, DepartmentKind, Handle
from departments.names import name_order
from departments.states import HandleState

from .cleaning import plain
from .models import Scheme
from .search.fold import fold

LONGEST_QUERY = 200
KIND_TITLES: dict[str, Promise] = {
    DepartmentKind.DEPARTMENT: _("Departments"),
    DepartmentKind.OFFICE: _("Offices"),
    DepartmentKind.DIRECTORATE: _("Directorates"),
    DepartmentKind.COMMISSIONERATE: _("Commissionerates"),
    DepartmentKind.POLICE: _("Police"),
    DepartmentKind.BOARD: _("Boards"),
    DepartmentKind.CORPORATION: _("Corporations"),
    DepartmentKind.AUTHORITY: _("Authorities"),
    DepartmentKind.MISSION: _("Missions"),
    DepartmentKind.SOCIETY: _("Societies"),
    DepartmentKind.LOCAL_BODY: _("Local bodies"),
    DepartmentKind.DISTRICT_ADMINISTRATION: _("District administrations"),
}
_ORDER_OF_KINDS = {kind: place for place, kind in enumerate(KIND_TITLES)}


@dataclass(frozen=True)
class KindGroup:
    kind: str
    title: Promise | str
    departments: list[Department]


def readable(text: str) -> str:
    """What someone typed into the search box, made searchable."""
    return plain(text[: LONGEST_QUERY * 10])[:LONGEST_QUERY].strip()


def counted() -> QuerySet[Any]:
    """By name, with `scheme_count` and `verified_count` (handles connected to the portal)."""
    schemes = Scheme.objects.public().filter(department=OuterRef("pk"))
    handles = Handle.objects.shown_to_public().filter(department=OuterRef("pk"))
    return Department.objects.annotate(
        scheme_count=_count_of(schemes),
        verified_count=_count_of(handles.filter(state=HandleState.CONNECTED)),
    ).order_by(name_order())


def with_schemes() -> QuerySet[Any]:
    """Those that run schemes, the busiest first."""
    return counted().filter(scheme_count__gt=0).order_by("-scheme_count", name_order())


def departments_named(text: str) -> list[Department]:
    """Whose name in either language has every word of the text, in any spelling of H10."""
    wanted = fold(text).split()
    return [one for one in counted() if _has_all(wanted, fold(f"{one.name_hi} {one.name_en}"))]


def by_kind(departments: list[Department]) -> list[KindGroup]:
    ordered = sorted(departments, key=lambda one: _ORDER_OF_KINDS.get(one.kind, 99))
    return [
        KindGroup(kind, KIND_TITLES.get(kind, kind), members)
        for kind, members in ((k, list(g)) for k, g in groupby(ordered, lambda one: one.kind))
    ]


def _has_all(wanted: list[str], name: str) -> bool:
    return all(word in name for word in wanted)


def _count_of(rows: QuerySet[Any]) -> Coalesce:
    counts = rows.order_by().values("department").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counts, output_field=IntegerField()), 0)
