"""The officers' pages about schemes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from departments.access import can_read_audit, visible_departments
from departments.decorators import OfficerRequest, officer_required
from departments.views.answers import announce, attempt
from portal.audit.models import AuditEntry
from portal.web.export import as_file
from portal.web.filters import asked_choice, asked_text
from portal.web.paging import page_of
from portal.web.typed import typed_line, typed_version
from schemes import access, scheme_actions
from schemes.differences import differences, in_words, value_of
from schemes.eligibility import conditions
from schemes.models import ChangeState, Scheme, SchemeChange
from schemes.models.scheme import SchemeStatus
from schemes.parity import parity_of
from schemes.rich_text import EDITOR_WORDS
from schemes.scheme_actions import CLEANERS
from schemes.scheme_forms import (
    BaseDocuments,
    DocumentFormSet,
    NewSchemeForm,
    SchemeForm,
    stored_values,
)

PER_PAGE = 50
SHOWN = {"yes": _("Shown to the public"), "no": _("Not shown")}


# --- list -----------------------------------------------------------------------------------------


@officer_required
@require_safe
def scheme_list(request: OfficerRequest) -> HttpResponseBase:
    schemes, asked = _filtered(request)
    if file := as_file(request, "schemes", _HEADINGS, _rows(schemes)):
        return file
    return render(
        request,
        "desk/schemes.html",
        {
            "page": page_of(schemes, request, PER_PAGE),
            "asked": asked,
            "is_filtered": any(asked.values()),
            "departments": visible_departments(request.user),
            "statuses": SchemeStatus.choices,
            "shown": SHOWN.items(),
            "may_add": access.writes_posts(request.user),
            "today": timezone.localdate(),
        },
    )


def _filtered(request: OfficerRequest) -> tuple[QuerySet[Scheme], dict[str, str]]:
    asked = {
        "q": asked_text(request, "q"),
        "department": asked_text(request, "department"),
        "shown": asked_choice(request, "shown", SHOWN),
        "status": asked_choice(request, "status", SchemeStatus.values),
    }
    waiting = SchemeChange.objects.filter(scheme=OuterRef("pk"), state=ChangeState.WAITING)
    schemes = access.visible_schemes(request.user).select_related("department", "changed_by")
    schemes = schemes.annotate(change_waits=Exists(waiting))
    if asked["q"]:
        schemes = schemes.filter(
            Q(title_hi__icontains=asked["q"])
            | Q(title_en__icontains=asked["q"])
            | Q(slug__icontains=asked["q"])
        )
    if asked["department"]:
        schemes = schemes.filter(department__slug=asked["department"])
    if asked["shown"]:
        schemes = schemes.filter(is_public=asked["shown"] == "yes")
    if asked["status"]:
        schemes = schemes.filter(status=asked["status"])
    return schemes.order_by("title_hi", "title_en", "pk"), asked


_HEADINGS = (
    _("Code"),
    _("Title in Hindi"),
    _("Title in English"),
    _("Department"),
    _("Status"),
    _("Shown to the public"),
    _("Content changed"),
    _("Review by"),
)


def _rows(schemes: QuerySet[Scheme]) -> Iterator[tuple[object, ...]]:
    for scheme in schemes.iterator(chunk_size=500):
        yield (
            scheme.slug,
            scheme.title_hi,
            scheme.title_en,
            scheme.department.name,
            scheme.get_status_display(),
            _("Yes") if scheme.is_public else _("No"),
            timezone.localtime(scheme.content_changed_at).strftime("%d-%m-%Y"),
            scheme.review_by.strftime("%d-%m-%Y") if scheme.review_by else "",
        )


# --- one scheme -----------------------------------------------------------------------------------


@officer_required
@require_http_methods(["GET", "HEAD", "POST"])
def scheme_add(request: OfficerRequest) -> HttpResponse:
    if not access.writes_posts(request.user):
        raise Http404
    form = NewSchemeForm(request.POST or None, officer=request.user)
    documents = _documents(request, [])
    if request.method == "POST" and _are_valid(form, documents):
        scheme = attempt(
            form,
            lambda: scheme_actions.create_scheme(
                form.cleaned_data["department"],
                slug=form.cleaned_data["code"],
                actor=request.user,
                **form.scheme_fields(documents.named()),
            ),
        )
        if scheme:
            messages.success(request, _("Saved. The public does not see it yet."))
            return redirect("desk:scheme_edit", scheme.slug)
    return _scheme_page(request, None, form, documents)


def _documents(request: OfficerRequest, stored: list[dict[str, str]]) -> BaseDocuments:
    rows = DocumentFormSet(request.POST or None, initial=stored, prefix="documents")
    assert isinstance(rows, BaseDocuments)
    return rows


def _are_valid(form: SchemeForm, documents: BaseDocuments) -> bool:
    """Both are asked, so that every error is on the page at once."""
    return all([form.is_valid(), documents.is_valid()])


@officer_required
@require_http_methods(["GET", "HEAD", "POST"])
def scheme_edit(request: OfficerRequest, slug: str) -> HttpResponse:
    scheme = access.get_scheme(request.user, slug)
    if not access.can_edit_scheme(request.user, scheme):
        return _read_only(request, scheme)
    change = scheme_actions.waiting_change(scheme)
    mine = change if change and change.proposed_by_id == request.user.pk else None
    form = SchemeForm(request.POST or None, scheme=scheme, change=mine)
    documents = _documents(request, form.documents)
    if request.method == "POST" and _are_valid(form, documents):
        version = form.cleaned_data["version"] or 0
        changed = attempt(
            form,
            lambda: scheme_actions.change_scheme(
                scheme,
                version=version,
                actor=request.user,
                **form.scheme_fields(documents.named()),
            ),
        )
        if changed:
            waits = scheme_actions.waiting_change(changed)
            messages.success(request, _WAITS if waits else _("Saved."))
            return redirect("desk:scheme_edit", slug)
        scheme = access.get_scheme(request.user, slug)
        if scheme.version != version:
            return _late_page(request, scheme, form, documents)
    return _scheme_page(request, scheme, form, documents)


_WAITS = _("Saved. The public reads it when another officer of the department has confirmed it.")


def _read_only(request: OfficerRequest, scheme: Scheme) -> HttpResponse:
    if request.method == "POST":
        raise Http404
    context = {
        "scheme": scheme,
        "parity": parity_of(scheme),
        "conditions": conditions(scheme.eligibility_rules),
    }
    return render(request, "desk/scheme.html", context)


def _late_page(
    request: OfficerRequest, scheme: Scheme, form: SchemeForm, documents: BaseDocuments
) -> HttpResponse:
    """Someone saved meanwhile: what was typed stays; beside it, where what is stored differs."""
    waits = form.change.values() if form.change else {}
    stored = stored_values(scheme, form.change)
    differing = [
        {
            "label": form.fields[name].label,
            "stored": in_words(name, waits.get(name, value_of(scheme, name))),
        }
        for name in form.fields
        if name in CLEANERS and _plain(form.cleaned_data[name]) != _plain(stored[name])
    ]
    if documents.named() != form.documents:
        differing.append({"label": _("Documents"), "stored": in_words("documents", form.documents)})
    differing += form.rules_unlike(waits.get("eligibility_rules", scheme.eligibility_rules))
    typed = request.POST.copy()
    typed["version"] = str(scheme.version)  # saving again is now a decision
    form.data = typed
    return _scheme_page(request, scheme, form, documents, differing=differing, status=409)


def _plain(value: Any) -> str:
    """For comparing what was typed with what is stored."""
    if isinstance(value, QuerySet):
        value = [record.pk for record in value]
    if isinstance(value, list):
        numbers = all(isinstance(item, int) for item in value)
        return "\n".join(str(item) for item in (sorted(value) if numbers else value))
    return "" if value is None else str(value)


def _scheme_page(
    request: OfficerRequest,
    scheme: Scheme | None,
    form: SchemeForm,
    documents: BaseDocuments,
    *,
    differing: list[dict[str, Any]] | None = None,
    status: int = 0,
) -> HttpResponse:
    last_change = None
    if differing is not None and scheme is not None:
        last_change = AuditEntry.objects.filter(
            target_type=scheme._meta.label_lower, target_id=str(scheme.pk)
        ).first()
    has_errors = bool(form.errors or (documents.is_bound and not documents.is_valid()))
    context = {
        "scheme": scheme,
        "form": form,
        "documents": documents,
        "parity": parity_of(scheme) if scheme else None,
        **_waiting(request, scheme),
        "may_show": scheme is not None and access.can_show_scheme(request.user, scheme),
        "differing": differing,
        "editor_words": {word: str(said) for word, said in EDITOR_WORDS.items()},
        "last_change": last_change,
        "may_read_audit": can_read_audit(request.user),
    }
    status = status or (422 if has_errors else 200)
    return render(request, "desk/scheme_edit.html", context, status=status)


def _waiting(request: OfficerRequest, scheme: Scheme | None) -> dict[str, Any]:
    change = scheme_actions.waiting_change(scheme) if scheme else None
    if scheme is None or change is None:
        return {}
    return {
        "change": change,
        "changes": differences(scheme, change),
        "may_confirm": access.can_confirm_change(request.user, change),
    }


@officer_required
@require_POST
def scheme_show(request: OfficerRequest, slug: str) -> HttpResponse:
    scheme = access.get_own_scheme(request.user, slug)
    announce(
        request,
        lambda: scheme_actions.show_scheme(
            scheme, actor=request.user, version=typed_version(request)
        ),
        _("The public sees this scheme now."),
    )
    return redirect("desk:scheme_edit", slug)


@officer_required
@require_POST
def scheme_hide(request: OfficerRequest, slug: str) -> HttpResponse:
    scheme = access.get_own_scheme(request.user, slug)
    announce(
        request,
        lambda: scheme_actions.hide_scheme(
            scheme,
            actor=request.user,
            version=typed_version(request),
            comment=typed_line(request, "comment"),
        ),
        _("The public no longer sees this scheme."),
    )
    return redirect("desk:scheme_edit", slug)
