from __future__ import annotations

import json

import pytest

from schemes.templatetags.rich import linked_data, rich


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">press</a>',
        '<p style="position:fixed" onclick="alert(1)">text</p>',
        "<iframe src=//evil.example></iframe>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
    ],
)
def test_rich_text_cannot_run(text):
    shown = rich(text).lower()
    for danger in ("<script", "onerror=", "javascript:", "style=", "onclick", "<iframe", "<svg"):
        assert danger not in shown


def test_rich_text_keeps_its_structure():
    text = "<h3>पात्रता</h3><ul><li>आयु <strong>18</strong></li></ul>"
    assert rich(text) == text


def test_no_text_is_empty():
    assert rich(None) == ""


def test_linked_data_cannot_leave_its_script():
    data = {"name": "</script><script>alert(1)</script>&<!--"}
    shown = linked_data(data)
    assert "<" not in shown
    assert json.loads(shown) == data
