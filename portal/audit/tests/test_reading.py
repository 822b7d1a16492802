import pytest
from django.utils import translation

from portal.audit.models import AuditEntry
from portal.audit.reading import changes

OLD_LINK = '<p><a href="https://up.gov.in">Apply</a></p>'
NEW_LINK = '<p><a href="https://example.org">Apply</a></p>'


@pytest.mark.parametrize(
    ("target", "data", "said"),
    [
        ("departments.handle", {"old": "connected", "new": "closed"}, [("Connected", "Closed")]),
        ("departments.handle", {"old": {"name": "a"}, "new": {"name": "b"}}, [("a", "b")]),
        ("departments.member", {"old": None, "new": "2026-09-30"}, [("", "30-09-2026")]),
        ("departments.member", {"role": "auditor", "to": None}, [("", "Auditor")]),
        (
            "schemes.scheme",
            {"old": {"benefits_en": "<p>A &amp; B</p>"}, "new": {"benefits_en": "<p>C</p>"}},
            [("A & B", "C")],
        ),
        (
            "schemes.scheme",
            {"old": {"benefits_en": OLD_LINK}, "new": {"benefits_en": NEW_LINK}},
            [(OLD_LINK, NEW_LINK)],
        ),
        ("schemes.scheme", {"new": {"is_public": True, "aliases": ["x", "y"]}},
         [("", "Yes"), ("", "x, y")]),
        ("gone.model", {"old": {"colour": "red"}, "new": {}}, [("red", "")]),
        ("departments.handle", {}, []),
        ("departments.handle", {"old": ["odd"], "new": {"deep": {"er": 1}}}, [("", "er: 1")]),
    ],
)  # fmt: skip
def test_what_an_entry_says(target, data, said):
    with translation.override("en"):
        found = changes(AuditEntry(target_type=target, data=data))
    assert [(change.old, change.new) for change in found] == said
