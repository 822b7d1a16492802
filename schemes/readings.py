"""The latest progress of a scheme, as the public reads it (12.5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from departments.models import in_language
from departments.names import name_order

from .models import Indicator, Progress, Scheme

MOST_PLACES = 100  # per scheme: the State has 75 districts


@dataclass
class IndicatorProgress:
    """One indicator: its latest reading for the State, and the latest of each district."""

    indicator: Indicator
    state: Progress | None = None
    districts: list[Progress] = field(default_factory=list)

    @property
    def unit(self) -> str:
        return in_language(self.indicator.unit_hi, self.indicator.unit_en)

    @property
    def rows(self) -> list[Progress]:
        return [self.state, *self.districts] if self.state else self.districts

    @property
    def bar(self) -> int:
        """The share as a bar can show it: full at 100."""
        return min(self.share or 0, 100)

    @property
    def share(self) -> int | None:
        """The State's achievement as per cent of its target, rounded down; None without one."""
        if self.state is None or not self.state.target:
            return None
        return int(self.state.achieved * Decimal(100) / self.state.target)


def progress_of(scheme: Scheme) -> list[IndicatorProgress]:
    found: dict[int, IndicatorProgress] = {}
    for reading in _latest(scheme):
        indicator = reading.indicator
        entry = found.setdefault(indicator.pk, IndicatorProgress(indicator))
        if reading.district_id is None:
            entry.state = reading
        elif len(entry.districts) < MOST_PLACES:
            entry.districts.append(reading)
    return sorted(found.values(), key=lambda entry: entry.indicator.pk)


def _latest(scheme: Scheme) -> QuerySet[Progress]:
    """One row per indicator and place: the database keeps a day's reading unique."""
    later = (
        Progress.objects.confirmed()
        .filter(indicator=OuterRef("indicator"), as_on__gt=OuterRef("as_on"))
        .annotate(place=Coalesce("district", 0))
    )
    return (
        Progress.objects.confirmed()
        .filter(indicator__scheme=scheme)
        .annotate(place=Coalesce("district", 0))
        .filter(~Exists(later.filter(place=OuterRef("place"))))
        .select_related("indicator", "district")
        .order_by(name_order("district__"), "pk")
    )
