from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from departments import access, actions
from departments.decorators import OfficerRequest, officer_required
from departments.forms import DepartmentForm
from departments.models import Department, DepartmentKind, Handle, Member
from departments.names import name_order
from portal.web.export import as_file
from portal.web.filters import asked_choice, asked_text
from portal.web.paging import page_of

from .answers import attempt

PER_PAGE = 50
LACKING = {"officers": _("No officer holds a charge"), "handles": _("No handle is registered")}


@officer_required
@require_safe
def department_list(request: OfficerRequest) -> HttpResponseBase:
    departments, asked = _filtered(request)
    if file := as_file(request, "departments", _HEADINGS, _rows(departments)):
        return file
    return render(
        request,
        "desk/departments.html",
        {
            "page": page_of(departments, request, PER_PAGE),
            "asked": asked,
            "is_filtered": any(asked.values()),
            "kinds": DepartmentKind.choices,
            "lacking": LACKING.items(),
            "may_edit": access.can_edit_department(request.user),
        },
    )


def _filtered(request: OfficerRequest) -> tuple[QuerySet[Any], dict[str, str]]:
    departments = _counted(access.visible_departments(request.user)).select_related("parent")
    asked = {
        "q": asked_text(request, "q"),
        "kind": asked_choice(request, "kind", DepartmentKind.values),
        "lacking": asked_choice(request, "lacking", LACKING),
    }
    if asked["q"]:
        departments = departments.filter(
            Q(name_hi__icontains=asked["q"])
            | Q(name_en__icontains=asked["q"])
            | Q(slug__icontains=asked["q"])
        )
    if asked["kind"]:
        departments = departments.filter(kind=asked["kind"])
    if asked["lacking"]:
        departments = departments.filter(**{f"{asked['lacking'][:-1]}_count": 0})
    return departments.order_by(name_order(), "pk"), asked


def _counted(departments: QuerySet[Department]) -> QuerySet[Any]:
    """With `officer_count` (people in charge today) and `handle_count`."""
    here = OuterRef("pk")
    officers = Member.objects.current().filter(department=here).order_by().values("department")
    handles = Handle.objects.filter(department=here).order_by().values("department")
    return departments.annotate(
        officer_count=_number(officers.annotate(n=Count("user", distinct=True))),
        handle_count=_number(handles.annotate(n=Count("pk"))),
    )


def _number(counted: QuerySet[Any, Any]) -> Coalesce:
    return Coalesce(Subquery(counted.values("n"), output_field=IntegerField()), 0)


_HEADINGS = (
    _("Code"),
    _("Name in Hindi"),
    _("Name in English"),
    _("Kind"),
    _("Under"),
    _("Website"),
    _("Officers"),
    _("Handles"),
)


def _rows(departments: QuerySet[Any]) -> Iterator[tuple[object, ...]]:
    for department in departments:
        yield (
            department.slug,
            department.name_hi,
            department.name_en,
            department.get_kind_display(),
            department.parent or "",
            department.website,
            department.officer_count,
            department.handle_count,
        )


@officer_required
@require_http_methods(["GET", "HEAD", "POST"])
def department_edit(request: OfficerRequest, slug: str) -> HttpResponse:
    if not access.can_edit_department(request.user):
        raise Http404
    department = access.get_department(request.user, slug)
    form = DepartmentForm(request.POST or None, department=department)
    if request.method == "POST" and form.is_valid():
        changed = attempt(
            form,
            lambda: actions.change_department(department, actor=request.user, **form.cleaned_data),
        )
        if changed:
            messages.success(request, _("Saved."))
            return redirect("desk:departments")
    return render(
        request,
        "desk/department_edit.html",
        {"department": department, "form": form},
        status=422 if form.errors else 200,
    )
