"""What an address asks a list for. Anything not understood counts as not asked."""

from __future__ import annotations

import re
from collections.abc import Container
from datetime import date, datetime, time

from django.http import HttpRequest

from .text import plain_digits, tidy_line

LONGEST_QUERY = 200  # characters


def asked_text(request: HttpRequest, name: str) -> str:
    return tidy_line(request.GET.get(name, "")[:LONGEST_QUERY])


def asked_choice(request: HttpRequest, name: str, choices: Container[str]) -> str:
    value = request.GET.get(name, "")
    return value if value in choices else ""


def asked_number(request: HttpRequest, name: str) -> int | None:
    digits = plain_digits(request.GET.get(name, "")).strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None


def asked_day(request: HttpRequest, name: str) -> date | None:
    return read_day(request.GET.get(name, ""))


def read_day(text: str) -> date | None:
    """dd-mm-yyyy, dd/mm/yyyy, dd.mm.yyyy or yyyy-mm-dd, in any digits (N1, H9); no day of
    another age, at whose edges time zones run over.
    """
    text = plain_digits(text).strip()[:20].replace("/", "-").replace(".", "-")
    for pattern in ("%d-%m-%Y", "%Y-%m-%d"):
        try:
            day = datetime.strptime(text, pattern).date()  # noqa: DTZ007 a day has no zone
        except ValueError:
            continue
        return day if 1900 <= day.year <= 2200 else None
    return None


def read_time(text: str) -> time | None:
    """hh:mm by the clock of 24 hours, also hh.mm, in any digits."""
    found = re.fullmatch(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])", plain_digits(text).strip())
    return time(int(found[1]), int(found[2])) if found else None
