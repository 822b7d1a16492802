"""The library: photos and videos of the departments an officer sees."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q, QuerySet
from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from departments.access import visible_departments
from departments.decorators import OfficerRequest, officer_required
from portal.web.export import as_file
from portal.web.filters import asked_choice, asked_text
from portal.web.paging import page_of
from publishing.access import visible_media
from publishing.models import Media, MediaKind
from schemes import access

PER_PAGE = 50


@officer_required
@require_safe
def media(request: OfficerRequest) -> HttpResponseBase:
    asked = {
        "q": asked_text(request, "q"),
        "department": asked_text(request, "department"),
        "kind": asked_choice(request, "kind", MediaKind.values),
    }
    found = visible_media(request.user).select_related("department", "added_by")
    if asked["q"]:
        found = found.filter(Q(alt_hi__icontains=asked["q"]) | Q(alt_en__icontains=asked["q"]))
    if asked["department"]:
        found = found.filter(department__slug=asked["department"])
    if asked["kind"]:
        found = found.filter(kind=asked["kind"])
    found = found.order_by("-added_at", "-pk")
    if file := as_file(request, "media", _MEDIA_HEADINGS, _media_rows(found)):
        return file
    return render(
        request,
        "desk/media.html",
        {
            "page": page_of(found, request, 24),
            "asked": asked,
            "is_filtered": any(asked.values()),
            "departments": visible_departments(request.user),
            "kinds": MediaKind.choices,
            "may_add": access.writes_posts(request.user),
        },
    )


_MEDIA_HEADINGS = (
    _("Kind"),
    _("What it shows, in Hindi"),
    _("What it shows, in English"),
    _("Department"),
    _("Added by"),
    _("Added on"),
    _("Bytes"),
)


def _media_rows(found: QuerySet[Media]) -> Iterator[tuple[object, ...]]:
    for one in found.iterator(chunk_size=500):
        yield (
            one.get_kind_display(),
            one.alt_hi,
            one.alt_en,
            one.department.name,
            one.added_by.name,
            timezone.localtime(one.added_at).strftime("%d-%m-%Y"),
            one.size,
        )
