"""Lists as CSV files that a spreadsheet opens in Hindi and that run nothing."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone

BOM = "\ufeff"  # or Excel reads UTF-8 as something else
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe_cell(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula is marked as text; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = str(value)
    if text.startswith(("\t", "\r", "\n")) or text.lstrip().startswith(_STARTS_A_FORMULA):
        return "'" + text
    return text


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_response(
    name: str, headings: Iterable[Any], rows: Iterable[Iterable[Any]]
) -> StreamingHttpResponse:
    """`name` is ASCII, without ending. Rows are read while they are sent."""
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield BOM + writer.writerow([safe_cell(cell) for cell in headings])
        for row in rows:
            yield writer.writerow([safe_cell(cell) for cell in row])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    day = timezone.localdate().isoformat()
    response["Content-Disposition"] = f'attachment; filename="{name}-{day}.csv"'
    return response
