"""Pages for what went wrong (F19): both languages, a way on, nothing of the inside shown."""

from __future__ import annotations

from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from .language import in_other_language

RETRY_AFTER = 60  # seconds


def _page(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    return _with_a_way_on(request, f"{status.value}.html", status)


def _with_a_way_on(request: HttpRequest, template: str, status: HTTPStatus) -> HttpResponse:
    """An officer is led back to the desk: by the address alone, so that it tells nothing."""
    path = in_other_language(request.path, settings.LANGUAGE_CODE)
    words = {"on_desk": path.startswith("/desk/")}
    try:
        return render(request, template, words, status=status)
    except DatabaseError:  # nobody can be known now; the page needs nobody
        request.user = AnonymousUser()
        return render(request, template, words, status=status)


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
    return _with_a_way_on(request, "403_csrf.html", HTTPStatus.FORBIDDEN)
