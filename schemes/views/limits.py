"""What the platforms still let through, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from departments.access import visible_departments, visible_handles
from departments.decorators import OfficerRequest, officer_required
from departments.models import Handle
from departments.names import name_order
from departments.states import HandleState
from portal.web.export import as_file
from portal.web.filters import asked_text
from portal.web.paging import page_of
from publishing.quotas import Cost, Room, costs, rooms

PER_PAGE = 25
MONTHS = 12


@officer_required
@require_safe
def limits(request: OfficerRequest) -> HttpResponseBase:
    now = timezone.now()
    month = _month(asked_text(request, "month"), now)
    found = costs(visible_departments(request.user), month)
    if file := as_file(request, "costs", _HEADINGS, _rows(found, month)):
        return file
    handles = visible_handles(request.user).filter(state=HandleState.CONNECTED)
    handles = handles.select_related("department")
    page = page_of(
        handles.order_by(name_order("department__"), "platform", "name"), request, PER_PAGE
    )
    left: dict[Handle, list[Room]] = {}
    for room in rooms(page.object_list, now):
        left.setdefault(room.handle, []).append(room)
    context = {
        "page": page,
        "handles": [(handle, left.get(handle, [])) for handle in page],
        "costs": found,
        "total_sent": sum(cost.sent for cost in found),
        "total_planned": sum(cost.planned for cost in found),
        "month": month,
        "months": _months(now),
        "asked": {"month": f"{month:%Y-%m}"},
    }
    return render(request, "desk/limits.html", context)


def _month(asked: str, now: datetime) -> datetime:
    """The first of the month asked for, in IST; without a sensible one, of this month."""
    try:
        found = datetime.strptime(asked, "%Y-%m").replace(tzinfo=timezone.get_default_timezone())
    except ValueError:
        found = timezone.localtime(now)
    return found.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _months(now: datetime) -> list[tuple[str, datetime]]:
    """This month and those before it, as (value, first day)."""
    day = timezone.localtime(now).replace(day=1)
    found = []
    for _number in range(MONTHS):
        found.append((f"{day:%Y-%m}", day))
        day = (day - timedelta(days=1)).replace(day=1)
    return found


_HEADINGS = (_("Month"), _("Department"), _("Spent, US dollars"), _("Planned, US dollars"))


def _rows(found: list[Cost], month: datetime) -> Iterator[tuple[object, ...]]:
    for cost in found:
        yield (f"{month:%m-%Y}", cost.department.name, cost.sent, cost.planned)
