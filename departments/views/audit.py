from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from itertools import islice
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from departments import access
from departments.decorators import OfficerRequest, officer_required
from departments.models import Department
from departments.names import name_order
from portal.audit.models import AuditEntry
from portal.audit.names import LABELS
from portal.audit.reading import Change, action_label, broken_here, changes, last_number
from portal.audit.wording import names_for
from portal.web.export import as_file
from portal.web.filters import asked_choice, asked_day, asked_number, asked_text

PER_PAGE = 50
BATCH = 500  # entries of a file that are read and named at a time


@officer_required
@require_safe
def audit(request: OfficerRequest) -> HttpResponseBase:
    """Read backwards by number, so that the millionth page costs what the first does."""
    if not access.can_read_audit(request.user):
        raise Http404
    entries, asked = _filtered(request)
    if file := as_file(request, "audit", _HEADINGS, _rows(entries.order_by("-number"))):
        return file
    shown, older, newer = _page(request, entries)
    names = names_for(shown)
    departments = list(Department.objects.order_by(name_order()))
    departments_by_slug = {department.slug: department.name for department in departments}
    return render(
        request,
        "desk/audit.html",
        {
            "entries": [
                {
                    "entry": e,
                    "label": action_label(e.action),
                    "department": departments_by_slug.get(e.department, e.department),
                    "changes": changes(e, names),
                }
                for e in shown
            ],
            "older": older,
            "newer": newer,
            "first_number": shown[-1].number if shown else 0,
            "newest_number": shown[0].number if shown else 0,
            "broken": broken_here(shown),
            "last_number": last_number(),
            "asked": asked,
            "is_filtered": any(asked.values()),
            "departments": departments,
            "actions": sorted(((k, str(v)) for k, v in LABELS.items()), key=lambda pair: pair[1]),
        },
    )


def _filtered(request: OfficerRequest) -> tuple[QuerySet[AuditEntry], dict[str, Any]]:
    asked: dict[str, Any] = {
        "department": asked_text(request, "department"),
        "action": asked_choice(request, "action", LABELS),
        "person": asked_text(request, "person"),
        "from": asked_day(request, "from"),
        "to": asked_day(request, "to"),
        "target": asked_text(request, "target"),
    }
    entries = AuditEntry.objects.all()
    if asked["department"]:
        entries = entries.filter(department=asked["department"])
    if asked["action"]:
        entries = entries.filter(action=asked["action"])
    if asked["person"]:
        number = asked_number(request, "person")
        by_name = Q(actor_name__icontains=asked["person"])
        entries = entries.filter(Q(actor_id=number) if number else by_name)
    if asked["from"]:
        entries = entries.filter(at__gte=_midnight(asked["from"]))
    if asked["to"]:
        entries = entries.filter(at__lt=_midnight(asked["to"] + timedelta(days=1)))
    if asked["target"]:  # departments.handle:12, as other pages link to a record's history
        kind, _colon, key = asked["target"].partition(":")
        entries = entries.filter(target_type=kind, target_id=key)
    return entries, asked


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _page(
    request: OfficerRequest, entries: QuerySet[AuditEntry]
) -> tuple[list[AuditEntry], int | None, int | None]:
    """The entries, and the numbers to give as `before` and `after` for the neighbouring pages."""
    before, after = asked_number(request, "before"), asked_number(request, "after")
    if after is not None:
        found = list(entries.filter(number__gt=after).order_by("number")[: PER_PAGE + 1])
        more_newer = len(found) > PER_PAGE
        shown = found[:PER_PAGE][::-1]
        older = shown[-1].number if shown else None
        return shown, older, shown[0].number if shown and more_newer else None
    if before is not None:
        entries = entries.filter(number__lt=before)
    found = list(entries.order_by("-number")[: PER_PAGE + 1])
    shown = found[:PER_PAGE]
    older = shown[-1].number if len(found) > PER_PAGE else None
    return shown, older, shown[0].number if shown and before is not None else None


_HEADINGS = (
    _("Number"),
    _("Time (IST)"),
    _("Action"),
    _("Person"),
    _("Department"),
    _("Record"),
    _("Particulars"),
    _("Hash"),
)


def _rows(entries: QuerySet[AuditEntry]) -> Iterator[tuple[object, ...]]:
    departments = {department.slug: department.name for department in Department.objects.all()}
    rest = entries.iterator(chunk_size=BATCH)
    while batch := list(islice(rest, BATCH)):
        names = names_for(batch)
        for entry in batch:
            yield (
                entry.number,
                timezone.localtime(entry.at).strftime("%d-%m-%Y %H:%M:%S"),
                action_label(entry.action),
                entry.actor_name if entry.actor_id else _("The portal itself"),
                departments.get(entry.department, entry.department),
                entry.target_name,
                _in_a_line(changes(entry, names)),
                entry.hash,
            )


def _in_a_line(said: Iterable[Change]) -> str:
    return "; ".join(
        f"{change.label}: {change.old} → {change.new or _('(empty)')}"
        if change.old
        else f"{change.label}: {change.new}"
        for change in said
    )
