"""When a case is due, and when its time is over for good."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from .models import Holiday, Pace
from .working_time import after_days, after_working_days, end_of

__all__ = ["end_of", "times_of"]

WORKING, CALENDAR = "working", "calendar"


def holidays_from(day: date) -> set[date]:
    until = day + timedelta(days=120)
    return set(Holiday.objects.filter(day__gte=day, day__lte=until).values_list("day", flat=True))


def times_of(pace: str, start: datetime) -> tuple[datetime, datetime]:
    """The target and the limit, by settings.CASE_TIMES."""
    target, limit, unit = settings.CASE_TIMES[Pace(pace).value]
    holidays = holidays_from(timezone.localtime(start).date())
    count = after_working_days if unit == WORKING else after_days
    return count(start, target, holidays), count(start, limit, holidays)
