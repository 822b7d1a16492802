"""Numbers that nobody should have to tell us, taken out before anything is stored (P4)."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

_AADHAAR = re.compile(r"(?<!\d)[2-9]\d{3}[\s-]?\d{4}[\s-]?\d{4}(?!\d)")
_ACCOUNT = re.compile(
    r"((?:खाता|खाते|account|a/c|acc)\D{0,25}?)(\d[\d\s-]{7,18}\d)(?!\d)", re.IGNORECASE
)
_DIGITS = {ord(digit): str(number) for number, digit in enumerate("०१२३४५६७८९")}
REMOVED = "[…]"


def scrub(text: str) -> tuple[str, bool]:
    """The text without Aadhaar and bank account numbers, and whether there were any."""
    found = [*_AADHAAR.finditer(text.translate(_DIGITS))]
    spans = [match.span() for match in found]
    spans += [match.span(2) for match in _ACCOUNT.finditer(text.translate(_DIGITS))]
    cleaned = text
    for start, end in sorted(set(spans), reverse=True):
        cleaned = cleaned[:start] + REMOVED + cleaned[end:]
    return cleaned, bool(spans)


NOTICE = _(
    "We removed numbers that look like an Aadhaar or a bank account number. Nobody needs them here."
)
