import gzip
import json
import tracemalloc
from pathlib import Path

import pytest
from django.utils import translation

from schemes.importing import rows
from schemes.importing.rows import FileUnreadable, Problem, Row, read_rows

GOOD = {"slug": "a", "name_hi": "क"}


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def read(tmp_path: Path, name: str, content: bytes) -> list[Row | Problem]:
    file = tmp_path / name
    file.write_bytes(content)
    return list(read_rows(file))


def told(found: list[Row | Problem]) -> list[str]:
    """Row slugs and reasons, with their numbers."""
    return [
        f"{one.number} {one.values.get('slug')}"
        if isinstance(one, Row)
        else f"{one.number} {one.reason}"
        for one in found
    ]


def jsonl(*lines: bytes | dict) -> bytes:
    return b"\n".join(
        line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines
    )


def test_json_lines_bad_rows_are_named_and_the_rest_is_read(tmp_path):
    found = read(
        tmp_path,
        "f.jsonl",
        jsonl(
            GOOD,
            b"",
            b'{"slug": "\xff\xfe"}',
            b"[1, 2]",
            b"null",
            b'{"slug": NaN}',
            b'{"slug": "\x00"}',
            b"[" * 100_000,
            b'{"n": ' + b"9" * 5000 + b"}",
            {**GOOD, "slug": "b"},
            b'{"slug": "cut',
        ),
    )
    incomplete = "The row is not complete, valid JSON."
    assert told(found) == [
        "1 a",
        "3 The row is not in UTF-8.",
        "4 The row is not an object with named fields.",
        "5 The row is not an object with named fields.",
        f"6 {incomplete}",
        f"7 {incomplete}",
        "8 The row is nested too deeply.",
        f"9 {incomplete}",
        "10 b",
        f"11 {incomplete}",
    ]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("f.jsonl", jsonl(GOOD, {**GOOD, "slug": "b"})),
        ("f.json", json.dumps([GOOD, {**GOOD, "slug": "b"}]).encode()),
        ("f.csv", "slug,name_hi\r\na,क\r\nb,क\r\n".encode()),
        ("f.csv", "slug;name_hi\na;क\nb;क".encode()),
    ],
)
def test_every_form_is_read_packed_or_not_with_bom_or_not(tmp_path, pack, name, content):
    for start in (b"", b"\xef\xbb\xbf"):
        found = read(
            tmp_path, name + (".gz" if pack is gzip.compress else ""), pack(start + content)
        )
        assert [one.values["slug"] for one in found] == ["a", "b"]
        assert [one.values["name_hi"] for one in found] == ["क", "क"]


def test_an_enormous_line_is_skipped_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "LARGEST_ROW", 200_000)
    long_row = b'{"slug": "' + b"x" * 700_000 + b'"}'
    found = read(tmp_path, "f.jsonl", jsonl(GOOD, long_row, {**GOOD, "slug": "b"}, long_row))
    too_long = "The row is larger than 1 MB."
    assert told(found) == ["1 a", f"2 {too_long}", "3 b", f"4 {too_long}"]


@pytest.mark.parametrize("name", ["f.csv.gz", "f.jsonl.gz", "f.json.gz"])
def test_a_packed_bomb_costs_neither_memory_nor_a_traceback(tmp_path, monkeypatch, name):
    monkeypatch.setattr(rows, "LARGEST_FILE", 20 * 1024 * 1024)
    start = {"f.csv.gz": b"slug,name_hi\n", "f.jsonl.gz": b"", "f.json.gz": b'[{"slug": "'}[name]
    bomb = gzip.compress(start + b"a" * 50 * 1024 * 1024)
    assert len(bomb) < 100_000
    tracemalloc.start()
    found = read(tmp_path, name, bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found
    assert not [one for one in found if isinstance(one, Row)]
    assert "was not read" in told(found)[-1]
    assert peak < 12 * 1024 * 1024


@pytest.mark.parametrize("name", ["f.jsonl.gz", "f.csv.gz"])
def test_a_cut_packed_file_gives_what_is_whole(tmp_path, name):
    lines = [json.dumps({**GOOD, "slug": f"s{n}", "x": str(n * 7919)}) for n in range(20_000)]
    if "csv" in name:
        lines = ["slug,x", *(f"s{n},{n * 7919}" for n in range(20_000))]
    packed = gzip.compress("\n".join(lines).encode())
    found = read(tmp_path, name, packed[: len(packed) // 2])
    assert isinstance(found[0], Row)
    assert "The packed file is damaged or cut off from here." in told(found)[-1]


def test_a_json_list_that_breaks_off_gives_what_came_before(tmp_path):
    content = json.dumps([GOOD, 5, {**GOOD, "slug": "b"}, {**GOOD, "slug": "c"}])[:-12].encode()
    found = told(read(tmp_path, "f.json", content))
    assert found[:3] == ["1 a", "2 The row is not an object with named fields.", "3 b"]
    assert found[3].startswith("4 The list is not valid JSON from here")
    assert len(found) == 4


def test_an_enormous_item_ends_the_reading_of_a_list(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "LARGEST_ROW", 200_000)
    content = json.dumps([GOOD, {"slug": "x" * 3_000_000}, GOOD]).encode()
    found = told(read(tmp_path, "f.json", content))
    assert found == ["1 a", "2 A row is larger than 1 MB; the rest of the file was not read."]


def test_csv_bad_rows_are_named_and_the_rest_is_read(tmp_path):
    content = b"\r\n".join(
        [
            b"slug,name_hi,note",
            'a,क,"दो\r\nपंक्तियाँ, और ""उद्धरण"""'.encode(),
            b"b,k",
            b"c,k,n,extra",
            b"d,\xe0\xa4,n",
            b"e,\x00,n",
            b",,",
            b'f,"k"x,n',
            b"g,k,n",
            b'h,"cut',
        ]
    )
    found = read(tmp_path, "f.csv", content)
    assert found[0].values["note"] == 'दो\r\nपंक्तियाँ, और "उद्धरण"'
    open_quote = "A quotation mark is not closed, or a field is too long."
    assert told(found) == [
        "2 a",
        "3 The row has 2 columns instead of 3.",
        "4 The row has 4 columns instead of 3.",
        "5 The row is not in UTF-8.",
        "6 The row holds NUL characters: the file is damaged here.",
        f"8 {open_quote}",
        "9 g",
        f"10 {open_quote}",
    ]


def test_an_enormous_csv_row_is_skipped_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "LARGEST_ROW", 200_000)
    content = b"slug,name_hi\na,k\nb," + b"x" * 500_000 + b'\nc,k\nd,"' + b"y" * 150_000 + b'"\ne,k'
    found = told(read(tmp_path, "f.csv", content))
    assert [line.split()[0] for line in found] == ["2", "3", "4", "5", "6"]
    assert found[1] == "3 The row is larger than 1 MB."
    assert found[3] == "5 A quotation mark is not closed, or a field is too long."
    assert (found[0], found[2], found[4]) == ("2 a", "4 c", "6 e")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("f.csv", b"", "The file is empty."),
        ("f.json", b" \n ", "The file is empty."),
        ("f.json", b'{"a": 1}', "A JSON file must hold a list of objects."),
        ("f.jsonl", "slug".encode("utf-16"), "The file is in UTF-16; save it as UTF-8."),
        ("f.csv", b"slug,slug\na,b", "The first row must name every column, each name once."),
        ("f.csv", b"slug,\na,b", "The first row must name every column, each name once."),
        ("f.xlsx", b"PK", "The file must be CSV, JSON or JSON Lines, packed with gzip or not."),
        ("f.jsonl.gz", b"\x1f\x8bnonsense", "The packed file is damaged or cut off from here."),
    ],
)
def test_a_file_of_which_nothing_can_be_read_says_why(tmp_path, name, content, reason):
    with pytest.raises(FileUnreadable) as refused:
        read(tmp_path, name, content)
    assert str(refused.value.message) == reason


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(FileUnreadable, match="No such file"):
        list(read_rows(tmp_path / "none.csv"))
    with pytest.raises(FileUnreadable, match="directory"):
        list(read_rows(tmp_path))


def test_a_long_file_needs_no_more_memory_than_a_short_one(tmp_path):
    line = json.dumps({**GOOD, "text": "ठ" * 500})
    file = tmp_path / "f.jsonl"
    file.write_text("\n".join([line] * 20_000))
    assert file.stat().st_size > 50_000_000
    tracemalloc.start()
    count = sum(1 for _row in read_rows(file))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 3_000_000
