"""The language switch (F5, F6): the same page in the other language, remembered."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language_from_path
from django.views.decorators.http import require_safe

COOKIE_AGE = 365 * 24 * 60 * 60  # seconds


def in_other_language(address: str, code: str) -> str:
    """The same path, query and fragment under the language's prefix; Hindi has none."""
    parts = urlsplit(address)
    path = parts.path or "/"
    current = get_language_from_path(path)
    if current and current != settings.LANGUAGE_CODE:
        path = path[len(current) + 1 :] or "/"
    if code != settings.LANGUAGE_CODE:
        path = f"/{code}{path}"
    return urlunsplit(("", "", path, parts.query, parts.fragment))


def safe_next(request: HttpRequest) -> str:
    """The path in ?next= if it is one of ours, otherwise the first page."""
    address = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    if not is_ours or "\x00" in address:
        return "/"
    parts = urlsplit(address)
    return urlunsplit(("", "", "/" + parts.path.lstrip("/"), parts.query, parts.fragment))


@require_safe
def choose_language(request: HttpRequest, code: str) -> HttpResponse:
    if code not in dict(settings.LANGUAGES):
        raise Http404
    answer = redirect(in_other_language(safe_next(request), code))
    answer.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    answer["Cache-Control"] = "no-store"
    return answer
