"""Pages under /desk/ about people whom a handle may write to, and about its templates."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from departments.decorators import OfficerRequest, officer_required
from departments.views.answers import announce, attempt
from portal.web.export import as_file
from portal.web.filters import asked_choice
from portal.web.paging import page_of

from . import access, audience_actions, template_reading
from .audience import left_in_words
from .audience_files import lines
from .audience_forms import ImportForm, SubscriberForm
from .models import Subscriber

PER_PAGE = 50
HERE = (("agreed", _("Written to")), ("left", _("Left")))
_HEADINGS = (_("Number ends in"), _("How they agreed"), _("Where the proof is"), _("Agreed on"),
             _("Left on"), _("How they left"))  # fmt: skip


@officer_required
@require_safe
def subscribers(request: OfficerRequest, pk: int) -> HttpResponseBase:
    """Officers of the department see the list, state-wide roles how many are on it."""
    handle = access.get_audience(request.user, pk)
    people = Subscriber.objects.filter(handle=handle)
    may_edit = access.can_edit_audience(request.user, handle)
    asked = {"here": asked_choice(request, "here", [value for value, _label in HERE])}
    if asked["here"]:
        people = people.filter(left_at__isnull=asked["here"] == "agreed")
    people = people.order_by("-agreed_at", "-pk")
    if may_edit and (file := as_file(request, "subscribers", _HEADINGS, _rows(people))):
        return file
    everyone = Subscriber.objects.filter(handle=handle)
    agreed = everyone.agreed().count()
    context = {
        "handle": handle,
        "may_edit": may_edit,
        "agreed": agreed,
        "left": everyone.count() - agreed,
        "page": page_of(people, request, PER_PAGE) if may_edit else None,
        "asked": asked,
        "here": HERE,
        "is_filtered": any(asked.values()),
    }
    return render(request, "desk/subscribers.html", context)


def _rows(people: QuerySet[Subscriber]) -> Iterator[tuple[object, ...]]:
    for person in people.iterator(chunk_size=500):
        yield (
            person.ending,
            person.get_way_display(),
            person.proof,
            date_format(localtime(person.agreed_at), "d-m-Y"),
            date_format(localtime(person.left_at), "d-m-Y") if person.left_at else "",
            left_in_words(person.left_how),
        )


@officer_required
@require_http_methods(["GET", "HEAD", "POST"])
def subscriber_add(request: OfficerRequest, pk: int) -> HttpResponse:
    handle = access.get_own_audience(request.user, pk)
    form = SubscriberForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        number, agreement = form.cleaned_data["number"], form.agreement()
        person = attempt(
            form,
            lambda: audience_actions.subscribe(handle, number, agreement, actor=request.user),
            field="number",
        )
        if person:
            messages.success(request, _("The person is on the list."))
            return redirect("desk:subscribers", pk)
    context = {"handle": handle, "form": form}
    status = 422 if form.errors else 200
    return render(request, "desk/subscriber_add.html", context, status=status)


@officer_required
@require_http_methods(["GET", "HEAD", "POST"])
def subscribers_import(request: OfficerRequest, pk: int) -> HttpResponse:
    handle = access.get_own_audience(request.user, pk)
    form = ImportForm(request.POST or None, request.FILES or None)
    done = None
    if request.method == "POST" and form.is_valid():
        file, agreement = form.cleaned_data["file"], form.agreement()
        done = attempt(
            form,
            lambda: audience_actions.import_subscribers(
                handle, lines(file), agreement, file=file.name, actor=request.user
            ),
            field="file",
        )
    context = {"handle": handle, "form": form, "done": done}
    status = 422 if form.errors else 200
    return render(request, "desk/subscribers_import.html", context, status=status)


@officer_required
@require_POST
def subscriber_leave(request: OfficerRequest, pk: int) -> HttpResponse:
    person = access.get_subscriber(request.user, pk)
    announce(
        request,
        lambda: audience_actions.take_out(person, actor=request.user),
        _("Nothing more is sent to this person."),
    )
    return redirect("desk:subscribers", person.handle_id)


@officer_required
@require_safe
def templates(request: OfficerRequest, pk: int) -> HttpResponse:
    handle = access.get_audience(request.user, pk)
    context = {
        "handle": handle,
        "templates": handle.templates.all(),
        "may_edit": access.can_edit_audience(request.user, handle),
    }
    return render(request, "desk/templates.html", context)


@officer_required
@require_POST
def templates_read(request: OfficerRequest, pk: int) -> HttpResponse:
    """Asks a worker: no page waits for a platform."""
    handle = access.get_own_audience(request.user, pk)
    template_reading.refresh(handle.pk)
    messages.success(request, _("The templates are being read. Open this page again in a minute."))
    return redirect("desk:templates", pk)
