"""Lists as files that a spreadsheet opens in Hindi and that run nothing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell

BOM = "\ufeff"  # or Excel reads UTF-8 as something else
# Also behind white space and signs without width, which a spreadsheet may leave out.
_RUNS = re.compile("[\t\r\n]|[\\s\u200b-\u200f\u2060\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20]")


def as_file(
    request: HttpRequest, name: str, headings: Iterable[Any], rows: Iterable[Iterable[Any]]
) -> HttpResponseBase | None:
    """The list in the format that the address asks for, or None: the page itself is wanted.

    `name` is ASCII, without ending. Rows are read while they are written.
    """
    write = {"csv": csv_response, "xlsx": xlsx_response}.get(request.GET.get("format", ""))
    return write(name, headings, rows) if write else None


def safe_cell(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula is marked as text; numbers stay numbers."""
    if value is None:
        return ""
    if _is_number(value):
        return value
    text = str(value)
    return "'" + text if _RUNS.match(text) else text


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_response(
    name: str, headings: Iterable[Any], rows: Iterable[Iterable[Any]]
) -> StreamingHttpResponse:
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield BOM + writer.writerow([safe_cell(cell) for cell in headings])
        for row in rows:
            yield writer.writerow([safe_cell(cell) for cell in row])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_dated(name)}.csv"'
    return response


def xlsx_response(
    name: str, headings: Iterable[Any], rows: Iterable[Iterable[Any]]
) -> FileResponse:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    for row in (headings, *rows):
        sheet.append([_cell(sheet, value) for value in row])
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{_dated(name)}.xlsx")


def _cell(sheet: Any, value: Any) -> Cell:
    """Text is marked as text, so that nothing in it is ever a formula."""
    if value is None or _is_number(value):
        return WriteOnlyCell(sheet, value)
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", str(value)))
    cell.data_type = "s"
    return cell


def _dated(name: str) -> str:
    return f"{name}-{timezone.localdate().isoformat()}"
