"""/desk/operations/: how publishing stands, for those who watch over it."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from departments.decorators import OfficerRequest, officer_required

from . import access, operations


@officer_required
@require_safe
def operations_page(request: OfficerRequest) -> HttpResponse:
    """With ?part=numbers only what changes by itself (static/js/progress.js)."""
    if not access.can_watch(request.user):
        raise Http404
    is_part = request.GET.get("part") == "numbers"
    template = "desk/_operations_live.html" if is_part else "desk/operations.html"
    context = {"all": operations.read(), "outcome_names": operations.OUTCOMES}
    return render(request, template, context)
