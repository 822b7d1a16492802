"""What every page's frame needs from the request; nothing here asks the database."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from .display import LARGEST, MODES, SMALLEST, display_of
from .language import in_other_language


def portal(request: HttpRequest) -> dict[str, Any]:
    code = get_language() or settings.LANGUAGE_CODE
    host = f"{request.scheme}://{request.get_host()}"
    return {
        "page_lang": "en-IN" if code == "en" else code,  # H2
        "other_language": "hi" if code == "en" else "en",
        "canonical_url": host + request.path,
        "address_hi": host + in_other_language(request.path, "hi"),
        "address_en": host + in_other_language(request.path, "en"),
        "display": display_of(request),
        "display_modes": MODES,
        "display_sizes": (SMALLEST, LARGEST),
    }
