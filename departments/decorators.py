"""Who gets past the door of the desk."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from .access import is_officer
from .models import User


class OfficerRequest(HttpRequest):
    """What a view behind `officer_required` is given: its user has signed in."""

    user: User


View = Callable[..., HttpResponseBase]


def officer_required(view: View) -> View:
    """Sign-in first; someone without a charge today is told so, whatever address they tried."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not is_officer(request.user):
            return render(request, "desk/no_charge.html", status=403)
        if settings.REQUIRE_SECOND_FACTOR and not is_mfa_enabled(request.user):  # K2
            messages.info(request, _("Set up a second step for signing in; the desk opens then."))
            return redirect("mfa_index")
        return view(request, *args, **kwargs)

    return never_cache(guarded)
