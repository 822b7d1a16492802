"""Pages of a list. Whatever the address says, a page of the list is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from .text import plain_digits

LONGEST_NUMBER = 9  # digits; beyond, Python and databases disagree about what a number is


class ListPage(Page):
    """`is_adjusted` when the address asked for a page that there is not."""

    is_adjusted = False

    @property
    def numbers(self) -> list[int | str]:
        """For the page links: first, last and the neighbours, "…" between."""
        return list(self.paginator.get_elided_page_range(self.number, on_each_side=1, on_ends=1))


class _ListPaginator(Paginator):
    def _get_page(self, *args: Any, **kwargs: Any) -> ListPage:
        return ListPage(*args, **kwargs)


def page_of(rows: QuerySet[Any] | Sequence[Any], request: HttpRequest, per_page: int) -> ListPage:
    """The page that ?page= asks for, or the nearest there is.

    Rows that tie in their order could change places between two pages and be missed: the key
    settles every tie.
    """
    paginator = _ListPaginator(_settled(rows), per_page)
    asked = plain_digits(request.GET.get("page", "1")).strip()
    number = _number(asked)
    within = max(1, min(number or 1, paginator.num_pages))
    page = paginator.page(within)
    assert isinstance(page, ListPage)
    page.is_adjusted = number != within
    return page


def _number(asked: str) -> int | None:
    is_number = asked.isascii() and asked.isdigit()
    if not is_number:
        return None
    return int(asked) if len(asked) <= LONGEST_NUMBER else 10**LONGEST_NUMBER


def _settled(rows: QuerySet[Any] | Sequence[Any]) -> QuerySet[Any] | Sequence[Any]:
    if not isinstance(rows, QuerySet) or rows.query.is_sliced or rows.query.combinator:
        return rows
    order = list(rows.query.order_by)
    if not order and rows.query.default_ordering and not rows.query.extra_order_by:
        order = list(rows.model._meta.ordering)
    if {"pk", "-pk", "id", "-id"} & {key for key in order if isinstance(key, str)}:
        return rows
    return rows.order_by(*order, "pk")
