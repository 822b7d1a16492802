from __future__ import annotations

import pytest
from django.contrib.contenttypes.models import ContentType
from django.template.loader import render_to_string
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from portal.web.paging import page_of

ROWS = list(range(95))


def asked(page: str):
    return RequestFactory().get("/", {"page": page})


@pytest.mark.parametrize(
    ("page", "shown", "is_adjusted"),
    [
        ("1", 1, False),
        ("10", 10, False),
        ("११", 10, True),
        ("२", 2, False),
        ("0", 1, True),
        ("-1", 1, True),
        ("11", 10, True),
        ("99999999999999999999999999", 10, True),
        ("9" * 5000, 10, True),
        ("last", 1, True),
        ("", 1, True),
        ("2.5", 1, True),
        ("１", 1, True),
        ("²", 1, True),
        ("1\x00", 1, True),
        ("' OR 1=1 --", 1, True),
        (" 3 ", 3, False),
    ],
)
def test_any_page_number_shows_a_page(page: str, shown: int, is_adjusted: bool):
    found = page_of(ROWS, asked(page), 10)
    assert found.number == shown
    assert found.is_adjusted is is_adjusted


@given(st.text())
def test_no_text_breaks_a_list(page: str):
    assert 1 <= page_of(ROWS, asked(page), 10).number <= 10


def test_missing_number_is_the_first_page():
    found = page_of(ROWS, RequestFactory().get("/"), 10)
    assert (found.number, found.is_adjusted) == (1, False)


def test_empty_list_has_a_page():
    found = page_of([], asked("5"), 10)
    assert (found.number, list(found)) == (1, [])


@pytest.mark.django_db
def test_rows_that_tie_appear_once_each():
    everything = ContentType.objects.order_by("app_label")
    pages = range(1, page_of(everything, asked("1"), 3).paginator.num_pages + 1)
    seen = [row.pk for number in pages for row in page_of(everything, asked(str(number)), 3)]
    assert sorted(seen) == sorted(everything.values_list("pk", flat=True))
    assert page_of(everything, asked("1"), 3).paginator.object_list.query.order_by[-1] == "pk"


def test_links_keep_the_filters():
    request = RequestFactory().get("/list/?q=%E0%A4%95&page=5")
    html = render_to_string(
        "components/pagination.html", {"page": page_of(ROWS, request, 10)}, request
    )
    assert "?q=%E0%A4%95&amp;page=4" in html
    assert "?q=%E0%A4%95&amp;page=6" in html
    assert 'aria-current="page"' in html
    assert html.count("…") == 2
