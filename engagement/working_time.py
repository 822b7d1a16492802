"""Offices' hours: what a working day is, and when so many of them are over (standards.md 13.3)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.utils import timezone

MOST_DAYS = 400


def is_working_day(day: date, holidays: Collection[date]) -> bool:
    """Monday to Saturday without the second Saturday of a month (settings.WORKING_DAYS)."""
    if day in holidays or day.weekday() not in settings.WORKING_DAYS:
        return False
    return not (day.weekday() == 5 and 8 <= day.day <= 14)


def end_of(day: date) -> datetime:
    return _at(day, settings.WORKING_HOURS[1])


def after_working_days(start: datetime, days: int, holidays: Collection[date]) -> datetime:
    """When `days` working days are over: at the end of the last. What comes outside of hours counts
    from the next working day.
    """
    day = timezone.localtime(start).date()
    if timezone.localtime(start).time() >= _clock(settings.WORKING_HOURS[1]):
        day += timedelta(days=1)
    counted = 0
    for _ in range(MOST_DAYS):
        if is_working_day(day, holidays):
            counted += 1
            if counted > days:
                return end_of(day)
            if days == 0:
                return end_of(day)
        day += timedelta(days=1)
    raise ValueError("no working day in more than a year: look at the holidays")


def after_days(start: datetime, days: int, holidays: Collection[date]) -> datetime:
    """Calendar days; what would fall on a day off is due at the end of the next working day."""
    day = timezone.localtime(start).date() + timedelta(days=days)
    while not is_working_day(day, holidays):
        day += timedelta(days=1)
    return end_of(day)


def _at(day: date, clock: str) -> datetime:
    return datetime.combine(day, _clock(clock), timezone.get_default_timezone())


def _clock(text: str) -> time:
    return time.fromisoformat(text)
