"""The accessibility panel (F8): what a reader chose, kept in an essential cookie."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from .language import safe_next

COOKIE = "display"
COOKIE_AGE = 365 * 24 * 60 * 60  # seconds
SMALLEST, LARGEST = -1, 4  # steps of text size around the usual one


class Mode(NamedTuple):
    name: str
    label: str | Promise
    icon: str


MODES = (
    Mode("contrast", _("Dark contrast"), "contrast"),
    Mode("invert", _("Invert colours"), "invert"),
    Mode("saturation", _("Less colour"), "drop"),
    Mode("links", _("Highlight links"), "link"),
    Mode("images", _("Hide images"), "image-off"),
    Mode("cursor", _("Large cursor"), "cursor"),
)
_NAMES = tuple(mode.name for mode in MODES)


class Display(NamedTuple):
    """What is switched on, and how many steps larger (or smaller) the text is."""

    modes: frozenset[str] = frozenset()
    size: int = 0

    @property
    def classes(self) -> str:
        """For the `html` element; the style sheets do the rest."""
        names = [f"display-{name}" for name in _NAMES if name in self.modes]
        return " ".join([*names, f"display-text-{self.size}"] if self.size else names)

    @property
    def cookie(self) -> str:
        names = [name for name in _NAMES if name in self.modes]
        return ".".join([*names, str(self.size)])

    def after(self, change: str) -> Display:
        """Anything not known changes nothing."""
        if change == "default":
            return Display()
        if change in _NAMES:
            return self._replace(modes=self.modes ^ {change})
        step = {"larger": 1, "smaller": -1}.get(change, 0)
        return self._replace(size=max(SMALLEST, min(LARGEST, self.size + step)))


def display_of(request: HttpRequest) -> Display:
    words = request.COOKIES.get(COOKIE, "")[:100].split(".")
    size = next((step for step in range(SMALLEST, LARGEST + 1) if str(step) == words[-1]), 0)
    return Display(frozenset(words) & frozenset(_NAMES), size)


@require_safe
def change_display(request: HttpRequest) -> HttpResponse:
    """?set=<mode|larger|smaller|default>&next=<path>. The script asks in the background."""
    chosen = display_of(request).after(request.GET.get("set", ""))
    if request.headers.get("X-Requested-With") == "fetch":
        answer = HttpResponse(status=204)
    else:
        answer = redirect(safe_next(request))
    answer.set_cookie(
        COOKIE,
        chosen.cookie,
        max_age=COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    answer["Cache-Control"] = "no-store"
    return answer
