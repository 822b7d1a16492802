"""What an officer sent to the composer is not lost when they are signed out meanwhile, or when the
page's token is too old: they get it back on a page that sends it again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from portal.web import errors

View = Callable[..., HttpResponseBase]
COMPOSER = {"desk:post_add", "desk:post_edit"}
LEFT_OUT = {"csrfmiddlewaretoken"}


def keeps_text(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST" and not request.user.is_authenticated:
            return _kept(request)
        return view(request, *args, **kwargs)

    return guarded


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Signing in again makes a page's token void: what was written on it comes back. A form that
    stands on another site gets nothing back (S6).
    """
    match = request.resolver_match
    if match and match.view_name in COMPOSER and _is_own(request):
        return _kept(request)
    return errors.csrf_failure(request, reason)


def _is_own(request: HttpRequest) -> bool:
    """Sent from a page of ours, as the browser says."""
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site == "same-origin"
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"


@never_cache
def _kept(request: HttpRequest) -> HttpResponse:
    typed = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in LEFT_OUT
        for value in values
    ]
    context = {
        "typed": typed,
        "title_typed": request.POST.get("title_hi", ""),
        "text_typed": request.POST.get("text_hi", ""),
        "lost_files": [file.name for name in request.FILES for file in request.FILES.getlist(name)],
    }
    return render(request, "desk/kept.html", context, status=403)
