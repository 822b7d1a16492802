"""Who answers for the portal, and where (F15, F16): from the environment, never from the code.

OFFICIALS = {"web_information_manager": {"name_hi": "...", "name_en": "...",
             "post_hi": "...", "post_en": "...", "phone": "...", "email": "..."}}
OFFICE = {"address_hi": "...", "address_en": "...", "hours_hi": "...", "hours_en": "...",
          "map": "https://..."}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

OFFICES = {
    "web_information_manager": _("Web Information Manager"),
    "public_information_officer": _("Public Information Officer"),
    "appellate_authority": _("First Appellate Authority"),
    "privacy_contact": _("Officer for questions of privacy"),
    "security_contact": _("Officer for reports about security"),
}


@dataclass(frozen=True)
class Official:
    office: str | Promise
    name: str = ""
    post: str = ""
    phone: str = ""
    email: str = ""


def officials() -> dict[str, Official]:
    """By office; one not yet notified has no name."""
    return {key: _official(key, office) for key, office in OFFICES.items()}


def not_named() -> list[str]:
    """The offices for which the public finds nobody (F16)."""
    return [str(official.office) for official in officials().values() if not official.name]


def _official(key: str, office: str | Promise) -> Official:
    facts = settings.OFFICIALS.get(key, {})
    return Official(
        office,
        name=_text(facts, "name"),
        post=_text(facts, "post"),
        phone=facts.get("phone", ""),
        email=facts.get("email", ""),
    )


@dataclass(frozen=True)
class Office:
    address: str = ""
    hours: str = ""
    map_address: str = ""


def head_office() -> Office:
    facts = settings.OFFICE
    return Office(_text(facts, "address"), _text(facts, "hours"), facts.get("map", ""))


def _text(facts: Mapping[str, str], field: str) -> str:
    """In the reader's language, or the other where it is missing."""
    mine, other = ("en", "hi") if get_language() == "en" else ("hi", "en")
    return facts.get(f"{field}_{mine}") or facts.get(f"{field}_{other}", "")
