"""The weekly report for the Additional Chief Secretary: sentences first, then the gaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from departments.models import Department

from . import coverage
from .coverage import Cell, Ranked

MOST_GAPS = 500


@dataclass(frozen=True)
class Report:
    monday: date
    sentences: list[str]
    newly_silent: list[Cell]
    newly_active: list[Cell]
    gaps: list[Cell]
    ranking: list[Ranked]
    ranking_few: list[Ranked]
    posts: dict[str, int]  # of the week before, by platform


def report_of(departments: QuerySet[Department], *, at: datetime) -> Report:
    """As it stands, beside how it stood a week before."""
    now = coverage.map_of(departments, at=at)
    before = coverage.map_of(departments, at=at - timedelta(weeks=1))
    was = {(c.department.pk, c.platform): c.state for row in before.rows for c in row.cells}
    cells = [cell for row in now.rows for cell in row.cells]
    newly_silent = [
        cell
        for cell in cells
        if cell.state == "silent" and was.get((cell.department.pk, cell.platform)) != "silent"
    ]
    newly_active = [
        cell
        for cell in cells
        if cell.state in ("good", "below")
        and was.get((cell.department.pk, cell.platform)) in ("silent", "missing", "not_connected")
    ]
    gaps = [cell for cell in cells if cell.state in coverage.GAPS]
    order = list(coverage.GAPS)
    gaps.sort(key=lambda cell: (order.index(cell.state), -(cell.days or 9999)))
    many, few = coverage.ranking(now)
    weeks = dict(coverage.by_week(departments, at))
    posts = weeks.get(now.week - timedelta(weeks=1), {})
    return Report(
        now.week,
        _sentences(now, newly_silent, newly_active, sum(posts.values())),
        newly_silent,
        newly_active,
        gaps[:MOST_GAPS],
        many,
        few,
        posts,
    )


def _sentences(now: coverage.Map, silent: list[Cell], active: list[Cell], posts: int) -> list[str]:
    all_of = len(now.rows)
    return [
        _("%(number)d of %(all)d departments have no gap.")
        % {"number": now.without_gap, "all": all_of},
        ngettext(
            "%(number)d handle is missing where one is needed.",
            "%(number)d handles are missing where they are needed.",
            now.count("missing"),
        )
        % {"number": now.count("missing")},
        ngettext(
            "%(number)d is silent longer than the norm allows.",
            "%(number)d are silent longer than the norm allows.",
            now.count("silent"),
        )
        % {"number": now.count("silent")},
        _("Since last week %(silent)d fell silent and %(active)d speak again.")
        % {"silent": len(silent), "active": len(active)},
        ngettext(
            "%(number)d post went out last week.",
            "%(number)d posts went out last week.",
            posts,
        )
        % {"number": posts},
    ]
