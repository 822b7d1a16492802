"""Pages for what went wrong (F19): both languages, a way on, nothing of the inside shown."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

RETRY_AFTER = 60  # seconds


def _page(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    return render(request, f"{status.value}.html", status=status.value)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """A host we do not serve gets the plain page: the usual one would repeat its name."""
    return HttpResponse(render_to_string("400.html"), status=HTTPStatus.BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, HTTPStatus.NOT_FOUND)


def gone(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, HTTPStatus.GONE)


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """S10: when to come back, in the page's language. allauth looks for it as handler429."""
    answer = _page(request, HTTPStatus.TOO_MANY_REQUESTS)
    answer["Retry-After"] = str(RETRY_AFTER)
    return answer


def server_error(request: HttpRequest) -> HttpResponse:
    """Needs neither request nor database: either may be what failed."""
    return HttpResponse(render_to_string("500.html"), status=HTTPStatus.INTERNAL_SERVER_ERROR)


def maintenance(request: HttpRequest) -> HttpResponse:
    answer = HttpResponse(
        render_to_string("maintenance.html"), status=HTTPStatus.SERVICE_UNAVAILABLE
    )
    answer["Retry-After"] = "600"
    return answer


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", status=HTTPStatus.FORBIDDEN)
