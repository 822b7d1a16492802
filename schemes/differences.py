"""What a waiting change would alter in a scheme, field by field, in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from .cleaning import clean_rich
from .eligibility import in_sentences
from .models import Scheme, SchemeChange
from .models.scheme import field_named
from .scheme_actions import CLEANERS, LINKS

RICH = frozenset(name for name, clean in CLEANERS.items() if clean is clean_rich)
NONE_OF = {"documents": _("No document is needed"), "districts": _("Whole State")}
_LINK = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.S)


@dataclass(frozen=True)
class Difference:
    label: str
    old: str
    new: str
    is_rich: bool


def differences(scheme: Scheme, change: SchemeChange) -> list[Difference]:
    return [
        Difference(
            str(capfirst(str(field_named(name).verbose_name))),
            in_words(name, value_of(scheme, name)),
            in_words(name, value),
            name in RICH,
        )
        for name, value in change.values().items()
    ]


def value_of(scheme: Scheme, name: str) -> Any:
    """The scheme's value now; links as a list of records."""
    return list(getattr(scheme, name).all()) if name in LINKS else getattr(scheme, name)


def in_words(name: str, value: Any) -> str:
    if value == [] and name in NONE_OF:
        return str(NONE_OF[name])
    if value in (None, "", []):
        return ""
    say = SAID.get(name)
    return say(value) if say else _by_shape(name, value)


def _by_shape(name: str, value: Any) -> str:
    if isinstance(value, date):
        return date_format(value, "d-m-Y")
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    choices: dict[Any, Any] = dict(field_named(name).flatchoices)
    return str(choices.get(value, value))


def _with_addresses(html: str) -> str:
    """Where a link leads is part of what is confirmed."""
    return _LINK.sub(r"\2 (\1)", html)


def _named(documents: Iterable[dict[str, str]]) -> str:
    return "; ".join(f"{one.get('hi', '')} / {one.get('en', '')}" for one in documents)


SAID: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(RICH, _with_addresses),
    "documents": _named,
    "eligibility_rules": in_sentences,
}
