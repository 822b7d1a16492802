"""The coverage map under /desk/coverage/, its norm, and the weekly report."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from departments.decorators import OfficerRequest, officer_required
from departments.models import Department, DepartmentKind
from departments.platforms import NAMES, Platform
from departments.views.answers import announce, say_errors
from engagement import access, coverage, coverage_report
from engagement.coverage_actions import XLSX, exempt, set_norm, workbook
from engagement.models import FORTNIGHT
from portal.web.export import as_file
from portal.web.fields import DayField, LineField
from portal.web.filters import asked_choice, asked_text
from portal.web.paging import page_of

PER_PAGE = 40
_HEADINGS = [_("Department"), _("Platform"), _("State"), _("Days"), _("Posts"), _("Next step")]


class NormForm(forms.Form):
    platform = forms.ChoiceField(label=_("Platform"), choices=Platform.choices)
    is_required = forms.BooleanField(label=_("Every department needs it"), required=False)
    posts_per_week = forms.IntegerField(label=_("Posts a week"), min_value=0, max_value=100)
    silent_after = forms.IntegerField(
        label=_("Silent after so many days"), min_value=1, max_value=FORTNIGHT
    )


class ExemptForm(forms.Form):
    department = forms.ModelChoiceField(
        Department.objects.order_by("name_hi"), label=_("Department"), to_field_name="slug"
    )
    platform = forms.ChoiceField(label=_("Platform"), choices=Platform.choices)
    reason = LineField(label=_("Reason"), longest=200, stored=200)
    until = DayField(label=_("Until"), required=False)


@officer_required
@require_safe
def coverage_map(request: OfficerRequest) -> HttpResponseBase:
    departments = access.visible_coverage(request.user)
    kind = asked_choice(request, "kind", DepartmentKind.values)
    if kind:
        departments = departments.filter(kind=kind)
    found = coverage.map_of(departments)
    rows = _filtered(found, request)
    if file := as_file(request, "coverage", _HEADINGS, _cells(rows)):
        return file
    many, few = coverage.ranking(found)
    may_set = access.can_set_norms(request.user)
    context = {
        "page": page_of(rows, request, PER_PAGE),
        "found": found,
        "platforms": [(platform, NAMES[platform]) for platform in Platform.values],
        "states": [(state, label) for state, (label, _tone) in coverage.STATES.items()],
        "counts": [
            (label, found.count(state)) for state, (label, _tone) in coverage.STATES.items()
        ],
        "asked": {name: request.GET.get(name, "") for name in ("q", "kind", "platform", "state")},
        "kinds": DepartmentKind.choices,
        "ranking": many,
        "ranking_few": few,
        "weeks": coverage.by_week(departments, timezone.now())[:12],
        "may_set": may_set,
        "sees_all": len(found.rows) > 1,
        "norms": coverage.expected().items(),
        "norm_form": NormForm(initial={"posts_per_week": 1, "silent_after": FORTNIGHT}),
        "exempt_form": ExemptForm(),
    }
    return render(request, "engagement/coverage.html", context)


def _filtered(found: coverage.Map, request: OfficerRequest) -> list[coverage.Row]:
    state = asked_choice(request, "state", coverage.STATES)
    platform = asked_choice(request, "platform", Platform.values)
    text = asked_text(request, "q").casefold()
    rows = []
    for row in found.rows:
        names = f"{row.department.name_hi} {row.department.name_en}".casefold()
        cells = [c for c in row.cells if not platform or c.platform == platform]
        if text in names and (not state or any(cell.state == state for cell in cells)):
            rows.append(row)
    return rows


def _cells(rows: list[coverage.Row]) -> Any:
    for row in rows:
        for cell in row.cells:
            yield [
                str(cell.department), cell.platform, cell.label, cell.days, cell.posts,
                cell.sentence,
            ]  # fmt: skip


@officer_required
@require_safe
def report(request: OfficerRequest) -> HttpResponse:
    """For the Additional Chief Secretary; on the screen, on paper, as a spreadsheet."""
    if not access.can_read_report(request.user):
        raise Http404
    found = coverage_report.report_of(access.visible_coverage(request.user), at=timezone.now())
    if request.GET.get("format") == "xlsx":
        answer = HttpResponse(workbook(found), content_type=XLSX)
        answer["Content-Disposition"] = f'attachment; filename="coverage-{found.monday}.xlsx"'
        return answer
    posts = [(NAMES[platform], number) for platform, number in found.posts.items()]
    context = {"report": found, "posts": posts, "names": NAMES}
    return render(request, "engagement/coverage_report.html", context)


@officer_required
@require_POST
def norm(request: OfficerRequest, what: str) -> HttpResponse:
    if not access.can_set_norms(request.user) or what not in ("set", "exempt"):
        raise Http404
    form = NormForm(request.POST) if what == "set" else ExemptForm(request.POST)
    if not form.is_valid():
        say_errors(request, form)
        return redirect("desk:coverage")
    said = form.cleaned_data
    act = set_norm if what == "set" else exempt
    names = ("platform",) if what == "set" else ("department", "platform")
    fixed = [said.pop(name) for name in names]
    announce(request, lambda: act(*fixed, actor=request.user, **said), _("The norm is set."))
    return redirect("desk:coverage")
