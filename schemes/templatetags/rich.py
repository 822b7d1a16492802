"""The only place where stored text becomes markup."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django import template
from django.template.defaultfilters import linebreaksbr
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from departments.models import Handle
from portal.web.templatetags.portal import external_link
from schemes.cleaning import clean_rich
from schemes.passages import passage
from schemes.previews import Span

register = template.Library()
register.filter("passage", passage)

# Ends before the marks that close a sentence around it.
_ADDRESS = re.compile(r"(https?://[^\s<>\"'।]*[^\s<>\"'।.,;:!?)\]}])")
# Inside <script> these could end the element or begin a comment.
_SCRIPT_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


@register.filter
def rich(text: str | None) -> SafeString:
    """Rich text of a scheme. Cleaned once more, for rows may be written past the actions."""
    return mark_safe(clean_rich(text or ""))  # noqa: S308 - clean_rich is the guard


@register.filter
def linked_data(value: dict[str, Any]) -> SafeString:
    """JSON for a <script type="application/ld+json">."""
    text = json.dumps(value, ensure_ascii=False).translate(_SCRIPT_ESCAPES)
    return mark_safe(text)  # noqa: S308 - no "<" is left


@register.filter
def linked(text: object) -> SafeString:
    """Plain text as paragraphs, its web addresses as links."""
    paragraphs = str(text).split("\n\n")
    return format_html_join("\n", "<p>{}</p>", ((_with_links(one),) for one in paragraphs if one))


_TAGS = {"bold": "strong", "italic": "em", "strike": "s"}


@register.filter
def marked(spans: Iterable[Span]) -> SafeString:
    """A text as a platform shows it: its live words in colour, its emphasis."""
    return format_html_join(
        "",
        '<{0} class="mark-{1}">{2}</{0}>',
        ((_TAGS.get(span.kind, "span"), span.kind or "none", span.text) for span in spans),
    )


@register.filter
def clock(seconds: float) -> str:
    """Of a video: 1:05."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


@register.filter
def dollars(price: Decimal) -> str:
    return "$" + f"{price:.3f}".removesuffix("0")


@register.filter
def join_names(handles: Sequence[Handle]) -> str:
    """A few by name, the others by number."""
    names = ", ".join(handle.name for handle in handles[:3])
    if len(handles) <= 3:
        return names
    return gettext("%(names)s and %(number)s more") % {"names": names, "number": len(handles) - 3}


def _with_links(text: str) -> SafeString:
    pieces = _ADDRESS.split(text)  # every second piece is an address
    return mark_safe(  # noqa: S308 - each piece is escaped on its own
        "".join(
            external_link(piece, piece) if place % 2 else linebreaksbr(piece)
            for place, piece in enumerate(pieces)
        )
    )
