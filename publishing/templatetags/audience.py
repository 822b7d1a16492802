"""How the pages speak of people who agreed, and of templates."""

import re

from django import template
from django.template.defaultfilters import linebreaksbr
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from departments.models import Handle
from publishing.audience import (
    language_in_words,
    left_in_words,
    place_in_words,
    template_state,
)
from publishing.connectors import connector_class

register = template.Library()
_PLACE = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")


@register.filter
def has_recipients(handle: Handle) -> bool:
    """May it write to single people at all?"""
    return connector_class(handle.platform).has_recipients


@register.filter
def with_places(body: str) -> SafeString:
    """A template's text, what fills its places named in words."""
    pieces = _PLACE.split(body)  # text, name, text, name, ... text
    shown = [
        format_html(
            '<span class="place" lang="{}">{}</span>', get_language(), place_in_words(piece)
        )
        if place % 2
        else linebreaksbr(piece)
        for place, piece in enumerate(pieces)
    ]
    return mark_safe("".join(shown))  # noqa: S308  (each piece is escaped)


register.filter("left_in_words", left_in_words)
register.filter("language_in_words", language_in_words)
register.filter("template_state", template_state)
