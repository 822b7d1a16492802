"""The only place where stored text becomes markup."""

from __future__ import annotations

import json
import re
from typing import Any

from django import template
from django.template.defaultfilters import linebreaksbr
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from portal.web.templatetags.portal import external_link
from schemes.cleaning import clean_rich
from schemes.passages import passage

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


def _with_links(text: str) -> SafeString:
    pieces = _ADDRESS.split(text)  # every second piece is an address
    return mark_safe(  # noqa: S308 - each piece is escaped on its own
        "".join(
            external_link(piece, piece) if place % 2 else linebreaksbr(piece)
            for place, piece in enumerate(pieces)
        )
    )
