"""Whatever any app records can be read in the audit trail, in words and in Hindi (I4, H18)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.conf import settings
from django.utils import translation
from django.utils.module_loading import import_string

from departments.forms import DepartmentForm, HandleForm
from portal.audit.models import AuditEntry
from portal.audit.names import REFERENCES
from portal.audit.wording import Wording, names_for
from schemes.importing.actions import ImportResult
from schemes.post_forms import PostForm
from schemes.scheme_actions import CLEANERS
from schemes.tests.factories import (
    CategoryFactory,
    DistrictFactory,
    IndicatorFactory,
    PersonaFactory,
)

APPS = ("departments", "publishing", "schemes")


def sources() -> Iterator[ast.Module]:
    """Every module that imports `record`, or what wraps it."""
    for app in APPS:
        for file in (settings.BASE_DIR / app).glob("**/*.py"):
            text = file.read_text(encoding="utf-8")
            recording = "portal.audit.actions import record" in text or "recorded" in text
            if "tests" not in file.parts and recording:
                yield ast.parse(text)


def records(function: ast.FunctionDef) -> bool:
    """A call of `record`, or of a module's own `_record...` around it or for it."""
    return function.name.startswith("_recorded") or any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id.lstrip("_").startswith("record")
        for node in ast.walk(function)
    )


def written_keys() -> set[str]:
    """Every key that is spelled out in a function that records."""
    functions = (
        node
        for tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and records(node)
    )
    keys = (
        key.value
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    )
    return set(keys) - {"old", "new"}


def test_every_key_that_is_recorded_has_a_label():
    keys = written_keys()
    assert {"role", "reason", "seal", "handles", "is_out", "here", "indicator", "sha256"} <= keys
    every = [Wording(model._meta.label_lower) for app in APPS
             for model in apps.get_app_config(app).get_models()]  # fmt: skip
    assert {key for key in keys if not any(words.known_label(key) for words in every)} == set()


@pytest.mark.parametrize(
    ("target", "keys"),
    [
        ("schemes.scheme", [*CLEANERS, "indicator"]),
        ("schemes.post", [*PostForm.Meta.fields, "state", "seal", "comment"]),
        ("departments.department", [*DepartmentForm.base_fields, "file", "here", "whole_file"]),
        ("departments.department", ImportResult().counts()),
        ("departments.handle", [*HandleForm.base_fields, "state", "reason"]),
        ("departments.member", ["role", "from", "to"]),
        ("publishing.media", ["sha256", "size"]),
        ("publishing.message", ["seal", "handles", "reason"]),
        ("publishing.delivery", ["state", "problem", "link", "is_out", "permalink"]),
    ],
)
def test_every_field_that_is_recorded_has_a_label_in_hindi(target, keys):
    words = Wording(target)
    with translation.override("hi"):
        labels = {key: words.known_label(key) or key for key in keys}
    assert {key: label for key, label in labels.items() if re.search("[A-Za-z_]", label)} == {}


def test_what_is_named_by_the_trail_is_there():
    for model, column in REFERENCES.values():
        assert apps.get_model(model)._meta.get_field("id" if column == "pk" else column)
    for place, speaker in settings.AUDIT_WORDS.items():
        model, _dot, key = place.rpartition(".")
        assert Wording(model).known_label(key)
        value = {"too_late": 2} if place == "publishing.message.problems" else "anything"
        assert isinstance(import_string(speaker)(value), str)


@pytest.mark.django_db
def test_records_are_named_with_a_query_for_each_kind(django_assert_num_queries):
    DistrictFactory(slug="agra", name_hi="आगरा")
    CategoryFactory(slug="health", name_hi="स्वास्थ्य")
    PersonaFactory(slug="farmer", name_hi="किसान")
    old = {"districts": ["agra"], "categories": ["health", "gone"], "personas": []}
    entries = [
        AuditEntry(data={"old": old, "new": {"personas": ["farmer"]}}),
        AuditEntry(data={"old": "x", "new": None}),
        AuditEntry(data={"district": "agra", "categories": {"odd": 1}}),
    ]
    with translation.override("hi"), django_assert_num_queries(4):
        names = names_for(entries)
    assert names == {
        ("districts", "agra"): "आगरा",
        ("district", "agra"): "आगरा",
        ("categories", "health"): "स्वास्थ्य",
        ("personas", "farmer"): "किसान",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(("second", "names"), [("मकान", {"मकान"}), ("आवास", set())])
def test_a_name_that_two_records_could_mean_is_not_guessed(second, names):
    for hindi in ("मकान", second):
        IndicatorFactory(name_hi=hindi, name_en="Houses")
    with translation.override("hi"):
        found = names_for([AuditEntry(data={"indicator": "Houses"})])
    assert set(found.values()) == names
