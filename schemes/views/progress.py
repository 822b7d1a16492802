"""The officers' page about a scheme's progress: its indicators and readings."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from departments.decorators import OfficerRequest, officer_required
from departments.views.answers import attempt
from portal.web.export import as_file
from portal.web.filters import asked_number
from portal.web.paging import page_of
from schemes import access, scheme_actions
from schemes.models import Indicator, Progress, Scheme
from schemes.scheme_forms import IndicatorForm, ProgressForm

PER_PAGE = 50


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
            "indicators": scheme.indicators.order_by("pk"),
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
        "indicator", "district", "entered_by", "confirmed_by"
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
    _("Confirmed by"),
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
            reading.confirmed_by.name if reading.confirmed_by else "",
        )
