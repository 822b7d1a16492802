"""The reader's language, and lists of names in its alphabet (H12)."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import F
from django.db.models.functions import Collate
from django.utils.translation import get_language


def reader_language() -> str:
    return "en" if get_language() == "en" else "hi"


def name_order(place: str = "") -> Any:
    """By name in the reader's language; `place` leads to the named record, as `district__`."""
    return collated(f"{place}name_{reader_language()}")


def collated(column: str) -> Any:
    """In Hindi by the Hindi collation where there is one.

    SQLite has none: there the order is by code point, wrong only among nukta and nasal marks.
    """
    if connection.vendor == "postgresql":
        return Collate(column, "hi-x-icu" if reader_language() == "hi" else "en-x-icu")
    return F(column)
