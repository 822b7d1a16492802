"""Who answers for the portal (F16). Names come from the OFFICIALS setting, never from the code.

    OFFICIALS = {"web_information_manager": {"name_hi": "...", "name_en": "...",
                 "post_hi": "...", "post_en": "...", "phone": "...", "email": "..."}}
"""

from __future__ import annotations

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


def _official(key: str, office: str | Promise) -> Official:
    facts = getattr(settings, "OFFICIALS", {}).get(key, {})
    mine, other = ("en", "hi") if get_language() == "en" else ("hi", "en")
    return Official(
        office,
        name=facts.get(f"name_{mine}") or facts.get(f"name_{other}", ""),
        post=facts.get(f"post_{mine}") or facts.get(f"post_{other}", ""),
        phone=facts.get("phone", ""),
        email=facts.get("email", ""),
    )
