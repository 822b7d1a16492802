"""What people type into fields and addresses, and what leaves as CSV."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from openpyxl import load_workbook

from portal.web.export import csv_response, safe_cell, xlsx_response
from portal.web.fields import AmountField, DayField, LineField, MomentField, length_of
from portal.web.filters import read_day


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("05-10-2026", date(2026, 10, 5)),
        ("5/10/2026", date(2026, 10, 5)),
        (" ०५.१०.२०२६ ", date(2026, 10, 5)),
        ("2026-10-05", date(2026, 10, 5)),
        ("29-02-2028", date(2028, 2, 29)),
        ("29-02-2026", None),
        ("01-01-0001", None),
        ("31-12-9999", None),
        ("10-25-2026", None),
        ("05-10-26", None),
        ("", None),
        ("-" * 1000, None),
    ],
)
def test_a_day_is_read_day_first_in_any_digits(typed, day):
    assert read_day(typed) == day


@pytest.mark.parametrize("typed", ["31-02-2026", "tomorrow", "01-01-0001", "01-01-9999"])
def test_a_day_that_is_none_is_refused(typed):
    with pytest.raises(ValidationError):
        DayField().clean(typed)


@pytest.mark.parametrize(
    "typed", ["05-12-2030 10:30", "5/12/2030 10.30", " ०५.१२.२०३० १०:३० ", "2030-12-05T10:30"]
)
def test_a_moment_is_read_day_first_by_the_clock_of_the_state(typed):
    assert MomentField().clean(typed) == datetime(2030, 12, 5, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "typed", ["05-12-2030", "10:30", "05-12-2030 25:00", "12-25-2030 10:30", "कल"]
)
def test_a_moment_that_is_none_is_refused(typed):
    with pytest.raises(ValidationError):
        MomentField().clean(typed)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [("12,34,567.50", "1234567.50"), ("₹१,२३४", "1234"), ("0", "0"), (" 7 ", "7")],
)
def test_an_amount_is_read_with_commas_and_any_digits(typed, amount):
    assert AmountField().clean(typed) == Decimal(amount)


@pytest.mark.parametrize("typed", ["-1", "1.234", "NaN", "Infinity", "1e999", "a", "9" * 50])
def test_what_is_no_amount_is_refused(typed):
    with pytest.raises(ValidationError):
        AmountField().clean(typed)


@pytest.mark.parametrize(
    ("text", "length"), [("क्षत्रिय", 3), ("र्‍या", 1), ("ज़मीन", 3), ("abc", 3), ("", 0)]
)
def test_length_is_in_characters_as_people_count(text, length):
    assert length_of(text) == length


def test_a_line_is_as_long_as_people_count_and_as_the_column_holds():
    line = LineField(longest=3, stored=8)
    assert line.clean("  क्षत्रिय\n") == "क्षत्रिय"
    for too_long in ("abcd", "क्षत्रियय", "क्षक्षक्ष"):
        with pytest.raises(ValidationError):
            line.clean(too_long)


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@a", "\t=1", " =1", "＝1", "\r1", "\n=1", "\u200b=1"]
)
def test_a_cell_that_would_run_is_marked_as_text(text):
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize("value", [-5, 1.5, "क", "a=b", "1-2"])
def test_other_cells_stay(value):
    assert safe_cell(value) == value


def test_a_csv_file_opens_in_hindi():
    answer = csv_response("list", ["नाम"], [["क,ख"], ["=1"], [None]])
    assert b"".join(answer.streaming_content).decode() == '\ufeffनाम\r\n"क,ख"\r\n\'=1\r\n""\r\n'


def test_an_xlsx_file_keeps_numbers_and_runs_nothing():
    answer = xlsx_response("list", ["नाम"], [["क"], ["=1+1"], [12.5], [None], ["a\x00b\x0b"]])
    sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    cells = [row[0] for row in sheet.iter_rows()]
    assert [cell.value for cell in cells] == ["नाम", "क", "=1+1", 12.5, None, "ab"]
    assert cells[2].data_type == "s"
    assert answer["Content-Disposition"].endswith('.xlsx"')
