"""Rows of a CSV, JSON or JSON Lines file, one at a time; whatever is wrong becomes a Problem.

Nothing here trusts the file: a row, and what a packed file unpacks to, have a largest size, and
memory never holds more than one row and one buffer.
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import ijson  # type: ignore[import-untyped]
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LARGEST_ROW = 1024 * 1024  # bytes
LARGEST_FILE = 512 * 1024 * 1024  # bytes, unpacked
_BUFFER = 64 * 1024
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Row:
    """`number` is the line of a JSON Lines file, the place in a JSON list, the row of a sheet."""

    number: int
    values: dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """Why a row was refused; a note if it was taken all the same."""

    number: int
    field: str
    reason: str | Promise
    is_note: bool = False


class FileUnreadable(Exception):
    """Nothing in the file can be read; the message says why."""

    def __init__(self, message: str | Promise) -> None:
        self.message = message
        super().__init__(message)


class _CutOff(Exception):
    """The rest of the file cannot be read."""

    def __init__(self, reason: str | Promise) -> None:
        self.reason = reason
        super().__init__(reason)


def read_rows(path: Path) -> Iterator[Row | Problem]:
    """Raises FileUnreadable, also while iterating only before the first row."""
    try:
        with path.open("rb") as packed:
            yield from _read(packed, path.name.lower())
    except OSError as error:
        raise FileUnreadable(error.strerror or _("The file cannot be read.")) from error


def _read(packed: BinaryIO, name: str) -> Iterator[Row | Problem]:
    source = _Source(packed)
    name = name.removesuffix(".gz")
    start = source.start()
    if not start.strip():
        raise FileUnreadable(_("The file is empty."))
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileUnreadable(_("The file is in UTF-16; save it as UTF-8."))
    reader = _reader_for(name, start.lstrip()[:1])
    last = 0
    try:
        for found in reader(source):
            last = found.number
            yield found
    except _CutOff as cut:
        yield Problem(last + 1, "", cut.reason)


def _reader_for(name: str, first: bytes) -> Callable[[_Source], Iterator[Row | Problem]]:
    if name.endswith((".jsonl", ".ndjson")):
        return _json_lines
    if name.endswith(".json"):
        if first != b"[":
            raise FileUnreadable(_("A JSON file must hold a list of objects."))
        return _json_list
    if name.endswith(".csv"):
        return _csv
    raise FileUnreadable(_("The file must be CSV, JSON or JSON Lines, packed with gzip or not."))


class _Source:
    """Bytes of the file, unpacked and counted; a BOM at the start is skipped."""

    def __init__(self, packed: BinaryIO) -> None:
        magic = packed.read(2)
        packed.seek(0)
        self._file: Any = gzip.GzipFile(fileobj=packed) if magic == b"\x1f\x8b" else packed
        self._ahead = b""
        self._total = 0
        self.since_row = 0

    def start(self) -> bytes:
        try:
            self._ahead = self._bytes(4096).removeprefix(_BOM)
        except _CutOff as cut:
            raise FileUnreadable(cut.reason) from cut
        return self._ahead

    def read(self, size: int = _BUFFER) -> bytes:
        """Raises _CutOff at the limits, and where the packing is damaged."""
        if size == 0:
            return b""
        piece, self._ahead = self._ahead or self._bytes(size), b""
        self.since_row += len(piece)
        if self.since_row > LARGEST_ROW + 2 * _BUFFER:
            raise _CutOff(_("A row is larger than 1 MB; the rest of the file was not read."))
        return piece

    def _bytes(self, size: int) -> bytes:
        try:
            piece: bytes = self._file.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise _CutOff(_("The packed file is damaged or cut off from here.")) from None
        self._total += len(piece)
        if self._total > LARGEST_FILE:
            raise _CutOff(_("The file is larger than 512 MB; the rest was not read."))
        return piece

    def lines(self) -> Iterator[bytes | None]:
        """Lines without their end; None for one that is too long, which is skipped."""
        rest, too_long = b"", False
        while True:
            self.since_row = 0
            piece = self.read()
            if not piece:
                break
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield None if too_long or len(line) > LARGEST_ROW else line
                too_long = False
            if len(rest) > LARGEST_ROW:
                rest, too_long = b"", True
        if too_long:
            yield None
        elif rest:
            yield rest


# --- JSON ---------------------------------------------------------------------------------------


def _json_lines(source: _Source) -> Iterator[Row | Problem]:
    for number, line in enumerate(source.lines(), start=1):
        if line is None:
            yield Problem(number, "", _("The row is larger than 1 MB."))
        elif line.strip():
            yield _json_row(number, line)


def _json_row(number: int, line: bytes) -> Row | Problem:
    try:
        value = json.loads(line.decode(), parse_constant=_no_such_number)
    except UnicodeDecodeError:
        return Problem(number, "", _("The row is not in UTF-8."))
    except RecursionError:
        return Problem(number, "", _("The row is nested too deeply."))
    except ValueError:
        return Problem(number, "", _("The row is not complete, valid JSON."))
    return _object(number, value)


def _no_such_number(name: str) -> NoReturn:
    raise ValueError(name)


def _object(number: int, value: Any) -> Row | Problem:
    if not isinstance(value, dict):
        return Problem(number, "", _("The row is not an object with named fields."))
    return Row(number, value)


def _json_list(source: _Source) -> Iterator[Row | Problem]:
    number = 0
    try:
        for value in ijson.items(source, "item", use_float=True, buf_size=_BUFFER):
            number += 1
            source.since_row = 0
            yield _object(number, value)
    except (ijson.JSONError, UnicodeDecodeError, RecursionError, OverflowError):
        yield Problem(
            number + 1, "", _("The list is not valid JSON from here; nothing after it was read.")
        )


# --- CSV ----------------------------------------------------------------------------------------


class _Texts:
    """The lines of a CSV file for csv.reader, which may ask for several per row."""

    def __init__(self, source: _Source) -> None:
        self._lines = source.lines()
        self.too_long = False

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            if line is None:
                self.too_long = True
                yield "\n"
            else:
                # What is not UTF-8 is kept recognisable until its row is known.
                yield line.decode(errors="surrogateescape") + "\n"


def _csv(source: _Source) -> Iterator[Row | Problem]:
    texts = _Texts(source)
    lines = iter(texts)
    header = next(lines)
    separator = max(",;\t", key=header.count)
    names = next(csv.reader([header], delimiter=separator), [])
    names = [name.strip() for name in names]
    if len(set(names)) != len(names) or not all(names):
        raise FileUnreadable(_("The first row must name every column, each name once."))
    reader = csv.reader(lines, delimiter=separator, strict=True)
    number = 1
    while True:
        number += 1
        try:
            cells = next(reader, None)
        except csv.Error:
            texts.too_long = False
            yield Problem(number, "", _("A quotation mark is not closed, or a field is too long."))
            continue
        if cells is None:
            return
        if texts.too_long:
            texts.too_long = False
            yield Problem(number, "", _("The row is larger than 1 MB."))
        elif any(cells):
            yield _csv_row(number, names, cells)


def _csv_row(number: int, names: list[str], cells: list[str]) -> Row | Problem:
    if len(cells) != len(names):
        reason = _("The row has %(found)d columns instead of %(expected)d.")
        return Problem(number, "", reason % {"found": len(cells), "expected": len(names)})
    whole = "".join(cells)
    if "\0" in whole:
        return Problem(number, "", _("The row holds NUL characters: the file is damaged here."))
    if any("\ud800" <= letter <= "\udfff" for letter in whole):
        return Problem(number, "", _("The row is not in UTF-8."))
    return Row(number, dict(zip(names, cells, strict=True)))


def rows_of(values: Iterable[dict[str, Any]]) -> Iterator[Row]:
    """Rows made by a program."""
    return (Row(number, value) for number, value in enumerate(values, start=1))
