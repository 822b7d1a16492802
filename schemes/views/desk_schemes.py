"""The officers' pages about schemes and their progress, and the library of photos and videos."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from departments.access import can_read_audit, own_departments, visible_departments
from departments.decorators import OfficerRequest, officer_required
from departments.views.answers import announce, attempt
from portal.audit.models import AuditEntry
from portal.web.export import as_file
from portal.web.filters import asked_choice, asked_number, asked_text
from portal.web.paging import page_of
from publishing.access import visible_media
from publishing.models import Media, MediaKind
from schemes import access, scheme_actions
from schemes.models import Indicator, Progress, Scheme
from schemes.models.scheme import SchemeStatus
from schemes.parity import parity_of
from schemes.rich_text import EDITOR_WORDS
from schemes.scheme_forms import (
    BaseDocuments,
    DocumentFormSet,
    IndicatorForm,
    NewSchemeForm,
    ProgressForm,
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
            "may_add": own_departments(request.user).exists(),
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
    schemes = access.visible_schemes(request.user).select_related("department", "changed_by")
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
    if not own_departments(request.user).exists():
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
    form = SchemeForm(request.POST or None, scheme=scheme)
    documents = _documents(request, scheme.documents or [])
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
            messages.success(request, _("Saved."))
            return redirect("desk:scheme_edit", slug)
        scheme = access.get_scheme(request.user, slug)
        if scheme.version != version:
            return _late_page(request, scheme, form, documents)
    return _scheme_page(request, scheme, form, documents)


def _read_only(request: OfficerRequest, scheme: Scheme) -> HttpResponse:
    if request.method == "POST":
        raise Http404
    return render(request, "desk/scheme.html", {"scheme": scheme, "parity": parity_of(scheme)})


def _late_page(
    request: OfficerRequest, scheme: Scheme, form: SchemeForm, documents: BaseDocuments
) -> HttpResponse:
    """Someone saved meanwhile: what was typed stays; beside it, where what is stored differs."""
    stored = stored_values(scheme)
    differing = [
        {"label": form.fields[name].label, "stored": _in_words(scheme, name, stored[name])}
        for name in form.fields
        if name != "version" and _plain(form.cleaned_data[name]) != _plain(stored[name])
    ]
    if documents.named() != (scheme.documents or []):
        names = [f"{one['hi']} / {one['en']}" for one in scheme.documents or []]
        differing.append({"label": _("Documents"), "stored": "; ".join(names)})
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


def _in_words(scheme: Scheme, name: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(record) for record in getattr(scheme, name).all())
    display = getattr(scheme, f"get_{name}_display", None)
    return str(display() if display else value if value is not None else "")


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
        "may_show": scheme is not None and access.can_show_scheme(request.user, scheme),
        "differing": differing,
        "editor_words": {word: str(said) for word, said in EDITOR_WORDS.items()},
        "last_change": last_change,
        "may_read_audit": can_read_audit(request.user),
    }
    status = status or (422 if has_errors else 200)
    return render(request, "desk/scheme_edit.html", context, status=status)


@officer_required
@require_POST
def scheme_show(request: OfficerRequest, slug: str) -> HttpResponse:
    scheme = _own_scheme(request, slug)
    announce(
        request,
        lambda: scheme_actions.show_scheme(
            scheme, actor=request.user, version=_version_shown(request)
        ),
        _("The public sees this scheme now."),
    )
    return redirect("desk:scheme_edit", slug)


@officer_required
@require_POST
def scheme_hide(request: OfficerRequest, slug: str) -> HttpResponse:
    scheme = _own_scheme(request, slug)
    announce(
        request,
        lambda: scheme_actions.hide_scheme(
            scheme, actor=request.user, version=_version_shown(request)
        ),
        _("The public no longer sees this scheme."),
    )
    return redirect("desk:scheme_edit", slug)


def _version_shown(request: OfficerRequest) -> int:
    """What was on the officer's screen; 0, which no scheme has, if the page did not say."""
    digits = request.POST.get("version", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0


def _own_scheme(request: OfficerRequest, slug: str) -> Scheme:
    scheme = access.get_scheme(request.user, slug)
    if not access.can_edit_scheme(request.user, scheme):
        raise Http404
    return scheme


# --- progress -------------------------------------------------------------------------------------


@officer_required
@require_http_methods(["GET", "HEAD", "POST"])
def progress(request: OfficerRequest, slug: str) -> HttpResponseBase:
    scheme = access.get_scheme(request.user, slug)
    may_edit = access.can_edit_scheme(request.user, scheme)
    if request.method == "POST":
        if not may_edit:
            raise Http404
        return _record(request, scheme)
    rows = _reading_rows(_readings(request, scheme))
    if file := as_file(request, "progress", _READING_HEADINGS, rows):
        return file
    return _progress_page(request, scheme, IndicatorForm(), ProgressForm(scheme=scheme))


def _record(request: OfficerRequest, scheme: Scheme) -> HttpResponse:
    """An indicator or a reading, as the form's `add` says."""
    adds_indicator = request.POST.get("add") == "indicator"
    indicator = IndicatorForm(request.POST if adds_indicator else None, prefix="indicator")
    reading = ProgressForm(None if adds_indicator else request.POST, scheme=scheme)
    done: Indicator | Progress | None = None
    if adds_indicator and indicator.is_valid():
        done = attempt(
            indicator,
            lambda: scheme_actions.add_indicator(
                scheme, actor=request.user, **indicator.cleaned_data
            ),
        )
    elif not adds_indicator and reading.is_valid():
        done = attempt(reading, lambda: _record_reading(request, reading))
    if done:
        messages.success(request, _("Saved."))
        return redirect("desk:progress", scheme.slug)
    return _progress_page(request, scheme, indicator, reading)


def _record_reading(request: OfficerRequest, form: ProgressForm) -> Progress:
    fields = dict(form.cleaned_data)
    return scheme_actions.record_progress(fields.pop("indicator"), actor=request.user, **fields)


def _progress_page(
    request: OfficerRequest, scheme: Scheme, indicator: IndicatorForm, reading: ProgressForm
) -> HttpResponse:
    return render(
        request,
        "desk/progress.html",
        {
            "scheme": scheme,
            "indicators": scheme.indicators.annotate(count=Count("readings")).order_by("pk"),
            "page": page_of(_readings(request, scheme), request, PER_PAGE),
            "asked_indicator": asked_number(request, "indicator"),
            "indicator_form": indicator,
            "reading_form": reading,
            "may_edit": access.can_edit_scheme(request.user, scheme),
        },
        status=422 if indicator.errors or reading.errors else 200,
    )


def _readings(request: OfficerRequest, scheme: Scheme) -> QuerySet[Progress]:
    readings = Progress.objects.filter(indicator__scheme=scheme).select_related(
        "indicator", "district", "entered_by"
    )
    wanted = asked_number(request, "indicator")
    return readings.filter(indicator=wanted) if wanted else readings


_READING_HEADINGS = (
    _("Indicator"),
    _("District"),
    _("As on"),
    _("Achieved"),
    _("Target"),
    _("Source in Hindi"),
    _("Source in English"),
    _("Entered by"),
)


def _reading_rows(readings: QuerySet[Progress]) -> Iterator[tuple[object, ...]]:
    for reading in readings.iterator(chunk_size=500):
        yield (
            reading.indicator.name,
            reading.district or _("Whole State"),
            reading.as_on.strftime("%d-%m-%Y"),
            reading.achieved,
            reading.target,
            reading.source_hi,
            reading.source_en,
            reading.entered_by.name,
        )


# --- library --------------------------------------------------------------------------------------


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
            "may_add": own_departments(request.user).exists(),
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
