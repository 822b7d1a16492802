"""Headers that no packaged middleware sets."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

# What a page of ours never needs (S2). Passkeys stay allowed: they are the second factor.
_DENIED = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in _DENIED)


class PermissionsPolicyMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response


class ClearedCacheMiddleware:
    """Who signs out leaves no file behind in the browser; before SessionMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        session = response.cookies.get(settings.SESSION_COOKIE_NAME)
        if session is not None and session["max-age"] == 0:  # it is over
            response.headers["Clear-Site-Data"] = '"cache"'
        return response


class RememberedLanguageMiddleware:
    """The first page in the language chosen earlier (F6); before LocaleMiddleware.

    Every other address names its language itself, and choosing Hindi changes the cookie, so
    nobody is sent away from a page they asked for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        is_other = chosen in dict(settings.LANGUAGES) and chosen != settings.LANGUAGE_CODE
        if request.path == "/" and request.method in {"GET", "HEAD"} and is_other:
            answer = HttpResponseRedirect(f"/{chosen}/")
            answer["Vary"] = "Cookie"
            return answer
        return self.get_response(request)
