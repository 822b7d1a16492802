"""What came with a button: short, and never trusted."""

from __future__ import annotations

from django.http import HttpRequest

from .text import tidy_line

LONGEST = 2000  # characters


def typed_line(request: HttpRequest, name: str) -> str:
    return tidy_line(request.POST.get(name, "")[:LONGEST])


def typed_version(request: HttpRequest) -> int:
    """What was on the officer's screen; 0, which no record has, if the page did not say."""
    digits = request.POST.get("version", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0
