"""What templates name must exist: a missing file would be a broken page in production only."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import get_template

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
STATIC = re.compile(r"""{%\s*static\s+["']([^"']+)["']""")
INCLUDED = re.compile(r"""{%\s*(?:include|extends)\s+["']([^"']+)["']""")


@pytest.mark.parametrize(
    "file", TEMPLATES, ids=lambda file: str(file.relative_to(settings.BASE_DIR / "templates"))
)
def test_a_template_compiles_and_names_only_what_exists(file: Path):
    source = file.read_text()
    get_template(str(file.relative_to(settings.BASE_DIR / "templates")))
    for name in INCLUDED.findall(source):
        get_template(name)
    assert [name for name in STATIC.findall(source) if not finders.find(name)] == []


def test_no_template_marks_text_as_safe():
    """One place only may say that markup is clean: schemes/templatetags/rich.py."""
    trusted = {"components/field.html"}  # Django's own help texts of password fields
    marked = {
        str(file.relative_to(settings.BASE_DIR / "templates"))
        for file in TEMPLATES
        if re.search(r"\|\s*safe\b|autoescape off", file.read_text())
    }
    assert marked <= trusted
