from __future__ import annotations

from collections.abc import Iterator

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from departments import access, actions
from departments.decorators import OfficerRequest, officer_required
from departments.forms import HandleForm, NewHandleForm
from departments.models import Handle
from departments.names import name_order
from departments.platforms import ADVISED_NAME_LENGTH, Platform
from departments.states import HANDLE_MOVES, HandleState
from portal.web.export import as_file
from portal.web.filters import asked_choice, asked_text
from portal.web.paging import page_of

from .answers import announce, attempt

PER_PAGE = 50


@officer_required
@require_safe
def handle_list(request: OfficerRequest) -> HttpResponseBase:
    handles, asked = _filtered(request)
    if file := as_file(request, "handles", _HEADINGS, _rows(handles)):
        return file
    return render(
        request,
        "desk/handles.html",
        {
            "page": page_of(handles, request, PER_PAGE),
            "asked": asked,
            "is_filtered": any(asked.values()),
            "departments": access.visible_departments(request.user),
            "platforms": Platform.choices,
            "states": HandleState.choices,
            "may_add": access.own_departments(request.user).exists(),
        },
    )


def _filtered(request: OfficerRequest) -> tuple[QuerySet[Handle], dict[str, str]]:
    handles = access.visible_handles(request.user).select_related(
        "department", "accountable_officer"
    )
    asked = {
        "q": asked_text(request, "q"),
        "department": asked_text(request, "department"),
        "platform": asked_choice(request, "platform", Platform.values),
        "state": asked_choice(request, "state", HandleState.values),
    }
    if asked["q"]:
        name = asked["q"].removeprefix("@")
        handles = handles.filter(
            Q(name__icontains=name)
            | Q(department__name_hi__icontains=name)
            | Q(department__name_en__icontains=name)
        )
    for field, lookup in (("department", "department__slug"), ("platform", "platform")):
        if asked[field]:
            handles = handles.filter(**{lookup: asked[field]})
    if asked["state"]:
        handles = handles.filter(state=asked["state"])
    return handles.order_by(name_order("department__"), "platform", "name", "pk"), asked


_HEADINGS = (
    _("Department"),
    _("Platform"),
    _("Name"),
    _("Link"),
    _("State"),
    _("Since"),
    _("Accountable officer"),
)


def _rows(handles: QuerySet[Handle]) -> Iterator[tuple[object, ...]]:
    for handle in handles.iterator(chunk_size=500):
        yield (
            handle.department.name,
            handle.get_platform_display(),
            handle.name,
            handle.url,
            _("By hand") if handle.is_by_hand else handle.get_state_display(),
            date_format(localtime(handle.state_since), "d-m-Y"),
            handle.accountable_officer or "",
        )


@officer_required
@require_http_methods(["GET", "HEAD", "POST"])
def handle_add(request: OfficerRequest) -> HttpResponse:
    if not access.own_departments(request.user).exists():
        raise Http404
    form = NewHandleForm(request.POST or None, officer=request.user)
    if request.method == "POST" and form.is_valid():
        handle = attempt(
            form,
            lambda: actions.register_handle(
                form.cleaned_data["department"],
                platform=form.cleaned_data["platform"],
                actor=request.user,
                **form.fields_for_action(),
            ),
        )
        if handle:
            messages.success(request, _("The handle is registered."))
            return redirect("desk:handle", handle.pk)
    context = {"form": form, "advised_length": ADVISED_NAME_LENGTH}
    status = 422 if form.errors else 200
    return render(request, "desk/handle_add.html", context, status=status)


@officer_required
@require_http_methods(["GET", "HEAD", "POST"])
def handle_detail(request: OfficerRequest, pk: int) -> HttpResponse:
    handle = access.get_handle(request.user, pk)
    may_edit = access.can_edit_handles(request.user, handle.department_id)
    if request.method == "POST" and not may_edit:
        raise Http404
    form = HandleForm(request.POST or None, handle=handle)
    if request.method == "POST" and form.is_valid():
        changed = attempt(
            form,
            lambda: actions.change_handle(handle, actor=request.user, **form.fields_for_action()),
        )
        if changed:
            messages.success(request, _("Saved."))
            return redirect("desk:handle", pk)
    moves = HANDLE_MOVES[handle.state]
    context = {
        "handle": handle,
        "form": form,
        "may_edit": may_edit,
        "may_disconnect": may_edit and HandleState.DISCONNECTED in moves,
        "may_close": may_edit and HandleState.CLOSED in moves,
        "is_closed": handle.state == HandleState.CLOSED,
        "may_read_audit": access.can_read_audit(request.user),
        "advised_length": ADVISED_NAME_LENGTH,
    }
    return render(request, "desk/handle.html", context, status=422 if form.errors else 200)


@officer_required
@require_POST
def handle_close(request: OfficerRequest, pk: int) -> HttpResponse:
    handle = _own_handle(request, pk)
    announce(
        request,
        lambda: actions.close_handle(handle, actor=request.user),
        _("The handle is closed and no longer shown to the public."),
    )
    return redirect("desk:handle", pk)


def _own_handle(request: OfficerRequest, pk: int) -> Handle:
    handle = access.get_handle(request.user, pk)
    if not access.can_edit_handles(request.user, handle.department_id):
        raise Http404
    return handle
