"""Rows of a list of people who agreed: CSV or XLSX, read without trust."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from django.utils.translation import gettext_lazy as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from portal.errors import MoveNotAllowed
from portal.web.text import tidy_line

LARGEST_FILE = 2 * 1024 * 1024  # bytes, and ten times that when it is unpacked
MOST_ROWS = 5_000
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What reading a sheet raises that somebody wrote by hand.
UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError),
    *(InvalidFileException, ParseError, ValueError, TypeError, AttributeError),
    *(LookupError, ArithmeticError),
)
NUMBER = ("number", "mobile", "phone", "मोबाइल", "नंबर", "मोबाइल नंबर", "फ़ोन")
PROOF = ("proof", "प्रमाण")


@dataclass(frozen=True)
class Line:
    row: int  # as the spreadsheet counts, from 1
    number: str
    proof: str


def lines(file: BinaryIO) -> Iterator[Line]:
    """A heading names the columns; without one the first column is the number, the second the
    proof. Raises MoveNotAllowed for a file that cannot be read or has too much in it.
    """
    content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise MoveNotAllowed(_("The file is too large. Split it."))
    number, proof = 0, 1
    rows = _sheet(content) if content.startswith(b"PK") else _csv(content)
    for place, cells in enumerate(rows, 1):
        if place > MOST_ROWS:
            raise MoveNotAllowed(_("The file has too many rows. Split it."))
        heading = [cell.casefold() for cell in cells]
        if place == 1 and any(name in NUMBER for name in heading):
            number = next(at for at, name in enumerate(heading) if name in NUMBER)
            proof = next((at for at, name in enumerate(heading) if name in PROOF), len(heading))
        elif any(cells):
            yield Line(place, _cell(cells, number), _cell(cells, proof))


def _cell(cells: list[str], at: int) -> str:
    return cells[at] if at < len(cells) else ""


def _csv(content: bytes) -> Iterator[list[str]]:
    try:
        text = content.decode("utf-8-sig")
        for row in csv.reader(io.StringIO(text, newline="")):
            yield [tidy_line(cell) for cell in row]
    except (UnicodeDecodeError, csv.Error):
        raise _unreadable() from None


def _sheet(content: bytes) -> Iterator[list[str]]:
    try:
        _check_parts(content)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        for row in book.worksheets[0].iter_rows(values_only=True, max_col=20):
            yield [_written(cell) for cell in row]
    except UNREADABLE:
        raise _unreadable() from None


def _check_parts(content: bytes) -> None:
    """No part declares entities: a few letters of them stand for as much as they please."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if sum(part.file_size for part in packed.infolist()) > 10 * LARGEST_FILE:
            raise MoveNotAllowed(_("The file is too large. Split it."))
        for part in packed.infolist():
            if part.compress_type not in PACKINGS:  # these alone are unpacked piece by piece
                raise _unreadable()
            reader = expat.ParserCreate()
            reader.StartDoctypeDeclHandler = _refuse_declarations
            with suppress(expat.ExpatError):  # a picture; or a part that is found broken later
                reader.ParseFile(packed.open(part))


def _refuse_declarations(*declared: object) -> NoReturn:
    raise _unreadable()


def _unreadable() -> MoveNotAllowed:
    return MoveNotAllowed(_("The file cannot be read. Save it as CSV (UTF-8) or XLSX."))


def _written(cell: Any) -> str:
    """A spreadsheet keeps a number without its plus sign, and perhaps as 9.0."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else tidy_line(str(cell))
