"""What a scheme still lacks before the public may see it (M8), in words."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from .models import Scheme
from .scheme_actions import PUBLIC_NEEDS

WORDS = {
    "title_hi": _("the title in Hindi"),
    "title_en": _("the title in English"),
    "summary_hi": _("the benefit in a sentence, in Hindi"),
    "summary_en": _("the benefit in a sentence, in English"),
}
PAIRS = {
    "short_title": _("the short title"),
    "description": _("the description"),
    "benefits": _("what people get"),
    "eligibility": _("who can apply"),
    "application": _("how to apply"),
}


@dataclass(frozen=True)
class Parity:
    """`missing` keeps the scheme hidden; `one_sided` is text that one language lacks."""

    missing: list[str]
    one_sided: list[str]


def parity_of(scheme: Scheme) -> Parity:
    missing = [str(WORDS[name]) for name in PUBLIC_NEEDS if not getattr(scheme, name)]
    one_sided = [
        str(words)
        for name, words in PAIRS.items()
        if bool(getattr(scheme, f"{name}_hi")) != bool(getattr(scheme, f"{name}_en"))
    ]
    return Parity(missing, one_sided)
