import ast
from pathlib import Path

import pytest
from django.utils import translation

from publishing import connectors, problems
from publishing.connectors import errors

FOLDER = Path(connectors.__file__).parent
KINDS = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.ConnectorError)
}
NAMING = {*KINDS, "Problem", "unclear", "kind"}


def codes_of(tree):
    """Every code that a module raises, reports or has in a table of (error, code)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            candidates = node.args[:1] if name in NAMING else []
        elif isinstance(node, ast.Tuple) and len(node.elts) == 2:
            candidates = node.elts[1:] if getattr(node.elts[0], "id", "") in KINDS else []
        else:
            candidates = []
        for found in candidates:
            if isinstance(found, ast.Constant) and isinstance(found.value, str):
                yield found.value


def used_codes():
    used = {value.code for name, value in vars(errors).items() if name in KINDS}
    for file in FOLDER.glob("*.py"):
        used |= set(codes_of(ast.parse(file.read_text())))
    return used | {f"text_too_long_{unit}" for unit in ("characters", "weighted", "bytes")}


def test_codes_are_found_in_calls_and_tables():
    assert {"several_matches", "photo_missing", "reconnect", "timed_out"} <= used_codes()


def test_every_code_has_its_sentence():
    assert used_codes() - set(problems.PROBLEMS) == set()


@pytest.mark.parametrize("code", problems.PROBLEMS)
def test_sentence_is_filled_and_whole(code):
    values = dict.fromkeys(("length", "limit", "over", "count", "size", "width", "format"), "7")
    with translation.override("en"):
        sentence = problems.label(code, values)
    assert "%" not in sentence
    assert sentence.endswith(".")


def test_unknown_code_and_missing_values_never_break_a_page():
    with translation.override("en"):
        unknown = problems.label("never heard of", {})
        assert problems.label("photo_format", {}) == unknown
        assert "administrator" in unknown
