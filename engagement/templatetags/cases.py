"""Words for what can be done with a case."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext_lazy as _

from departments.platforms import NAMES
from publishing.problems import NUMBERS

register = template.Library()

DEEDS = {
    "answer": _("Answer the citizens"),
    "end": _("Propose the end"),
    "interim": _("Interim reply with a new date"),
    "ask": _("Ask the citizen"),
    "assign": _("Give to an officer"),
    "transfer": _("Pass to another department"),
    "promise": _("Note a promise"),
    "elsewhere": _("Pass on to Jansunwai or 1076"),
    "note": _("Note among officers"),
}


@register.simple_tag
def deed_title(name: str) -> str:
    return str(DEEDS[name])


@register.filter
def platform_name(platform: str) -> str:
    return str(NAMES.get(platform, platform))


@register.filter
def metric_name(name: str) -> str:
    return str(NUMBERS.get(name, name))
