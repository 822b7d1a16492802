"""What another officer has written about a scheme: confirm it for the public, or not (M7)."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from departments.decorators import OfficerRequest, officer_required
from departments.views.answers import announce
from portal.web.typed import typed_line, typed_version
from schemes import access, scheme_actions


@officer_required
@require_POST
def change_confirm(request: OfficerRequest, slug: str) -> HttpResponse:
    scheme = access.get_own_scheme(request.user, slug)
    announce(
        request,
        lambda: scheme_actions.confirm_change(
            scheme, actor=request.user, version=typed_version(request)
        ),
        _("Confirmed. The public reads it now."),
    )
    return redirect("desk:scheme_edit", slug)


@officer_required
@require_POST
def change_decline(request: OfficerRequest, slug: str) -> HttpResponse:
    scheme = access.get_own_scheme(request.user, slug)
    announce(
        request,
        lambda: scheme_actions.decline_change(
            scheme,
            actor=request.user,
            version=typed_version(request),
            comment=typed_line(request, "comment"),
        ),
        _("The scheme stays as it was."),
    )
    return redirect("desk:scheme_edit", slug)


@officer_required
@require_POST
def progress_confirm(request: OfficerRequest, pk: int) -> HttpResponse:
    reading = access.get_reading(request.user, pk)
    announce(
        request,
        lambda: scheme_actions.confirm_progress(reading, actor=request.user),
        _("Confirmed. The public reads it now."),
    )
    return redirect("desk:progress", reading.indicator.scheme.slug)


@officer_required
@require_POST
def progress_remove(request: OfficerRequest, pk: int) -> HttpResponse:
    reading = access.get_reading(request.user, pk)
    announce(
        request,
        lambda: scheme_actions.remove_progress(reading, actor=request.user),
        _("The reading is removed."),
    )
    return redirect("desk:progress", reading.indicator.scheme.slug)
