"""Stops under /desk/stops/: what is stopped, what that holds back, and letting it go again."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from departments.decorators import OfficerRequest, officer_required
from departments.models import Department
from departments.platforms import NAMES
from departments.views.answers import announce, attempt, say_errors
from portal.web.filters import asked_choice, asked_text
from portal.web.paging import page_of

from . import access, clock
from .models import Delivery, DeliveryQuerySet, Stop
from .stop_actions import (
    ask_exemption,
    confirm_exemption,
    press_stop,
    release_stop,
    set_freeze,
)
from .stop_forms import SCOPES, FreezeForm, ReasonForm, StopForm
from .stop_notice import named
from .stops import caught_by, out_in_spite_of

ENDED_SHOWN = 20
DEPARTMENTS_SHOWN = 10
PER_PAGE = 50
OUT_SHOWN = 50
LOOK_BACK = timedelta(hours=24)  # how far back a page says what was out already


@officer_required
@require_http_methods(["GET", "HEAD", "POST"])
def stops(request: OfficerRequest) -> HttpResponse:
    """One press stops: nothing is asked again, for releasing it mends a mistake."""
    may_stop = access.can_stop(request.user)
    if request.method == "POST" and not may_stop:
        raise Http404
    form = StopForm(request.POST or None, initial=_wanted(request)) if may_stop else None
    if form and form.is_bound and form.is_valid():
        said = form.cleaned_data["reason"]
        stop = attempt(form, lambda: press_stop(form.target(), reason=said, actor=request.user))
        if stop:
            messages.success(request, _("It is stopped. Below you see what that holds back."))
            return redirect("desk:stop", stop.pk)
    now, visible = clock.now(), access.visible_stops(request.user)
    to_come = visible.filter(released_at__isnull=True, starts_at__gt=now)
    over = visible.exclude(pk__in=to_come).exclude(pk__in=visible.in_force(now))
    page = page_of(over, request, ENDED_SHOWN)
    page.object_list = named(page.object_list)
    context = {
        "form": form,
        "in_force": named(visible.in_force(now)),
        "to_come": named(to_come),
        "page": page,
    }
    is_wrong = form is not None and bool(form.errors)
    return render(request, "desk/stops.html", context, status=422 if is_wrong else 200)


def _wanted(request: OfficerRequest) -> dict[str, str]:
    """A link may choose the scope beforehand."""
    scope = asked_choice(request, "scope", [key for key, _label in SCOPES])
    return {"scope": scope, scope: asked_text(request, scope)} if scope else {}


@officer_required
@require_http_methods(["GET", "HEAD", "POST"])
def freeze_add(request: OfficerRequest) -> HttpResponse:
    if not access.can_stop(request.user):
        raise Http404
    form = FreezeForm(request.POST or None)
    if form.is_bound and form.is_valid():
        said = {key: form.cleaned_data[key] for key in ("starts_at", "ends_at", "reason")}
        stop = attempt(form, lambda: set_freeze(form.target(), actor=request.user, **said))
        if stop:
            messages.success(request, _("The freeze is set."))
            return redirect("desk:stop", stop.pk)
    return render(
        request, "desk/freeze_add.html", {"form": form}, status=422 if form.errors else 200
    )


@officer_required
@require_safe
def stop(request: OfficerRequest, pk: int) -> HttpResponse:
    """What it caught, and what was out already."""
    (found,) = named([access.get_stop(request.user, pk)])
    return render(request, "desk/stop.html", _page(request, found))


def _page(request: OfficerRequest, found: Stop) -> dict[str, Any]:
    now = clock.now()
    is_open = found.released_at is None and (found.ends_at is None or found.ends_at > now)
    caught = _seen_by(request, caught_by(found)) if is_open else Delivery.objects.none()
    since = max(found.starts_at, found.pressed_at) - LOOK_BACK
    out = _seen_by(request, out_in_spite_of(found, since, now))
    has_begun = found.starts_at <= (found.released_at or now)  # not called off before
    waiting = caught.select_related("handle__department", "message")
    by_platform, by_department = _counted(caught) if is_open else ([], [])
    return {
        "stop": found,
        "is_open": is_open,
        "is_in_force": found.is_in_force(now),
        "may_release": is_open and access.can_release(request.user, found),
        "may_confirm": access.can_stop(request.user),
        "by_platform": by_platform,
        "by_department": by_department,
        "page": page_of(waiting.order_by("due_at", "pk"), request, PER_PAGE),
        "has_begun": has_begun,
        "out": _latest(out) if has_begun else [],
        "exemptions": found.exemptions.select_related(
            "message__department", "asked_by", "confirmed_by"
        ),
        "messages_held": _held_messages(request, found, caught),
    }


def _seen_by(request: OfficerRequest, rows: DeliveryQuerySet) -> DeliveryQuerySet:
    return rows.filter(message__in=access.visible_messages(request.user))


def _counted(caught: QuerySet[Delivery]) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """By platform, and by department those with the most; the list below has all of them."""
    rows = caught.order_by().values_list("platform", "handle__department")
    platforms, owners = Counter[str](), Counter[int]()
    for platform, owner, number in rows.annotate(number=Count("pk")):
        platforms[str(NAMES.get(platform, platform))] += number
        owners[owner] += number
    most = owners.most_common(DEPARTMENTS_SHOWN)
    departments = Department.objects.in_bulk([key for key, _number in most])
    return sorted(platforms.items()), [(departments[key].name, number) for key, number in most]


def _latest(out: DeliveryQuerySet) -> QuerySet[Delivery]:
    rows = out.select_related("handle__department", "message")
    return rows.order_by("-state_since", "-pk")[:OUT_SHOWN]


def _held_messages(
    request: OfficerRequest, found: Stop, caught: DeliveryQuerySet
) -> list[tuple[int, str]]:
    """Those whose exemption this officer may ask for: key, and what it is."""
    if not found.is_freeze:
        return []
    asked = found.exemptions.values("message")
    messages_held = access.visible_messages(request.user).filter(
        pk__in=caught.exclude(message__in=asked).values("message")
    )
    return [
        (one.pk, f"{one} · {one.department}")
        for one in messages_held.select_related("department").order_by("-pk")[:PER_PAGE]
        if access.can_decide(request.user, one)
    ]


@officer_required
@require_POST
def stop_release(request: OfficerRequest, pk: int) -> HttpResponse:
    found = access.get_stop(request.user, pk)
    if not access.can_release(request.user, found):
        raise Http404
    form = ReasonForm(request.POST)
    if form.is_valid():
        announce(
            request,
            lambda: release_stop(found, reason=form.cleaned_data["reason"], actor=request.user),
            _("Released. What nothing else holds back goes out now."),
        )
    else:
        say_errors(request, form)
    return redirect("desk:stop", pk)


@officer_required
@require_POST
def exemption_ask(request: OfficerRequest, pk: int) -> HttpResponse:
    found = access.get_stop(request.user, pk)
    key = request.POST.get("message", "")
    form = ReasonForm(request.POST)
    if not key.isdecimal() or len(key) > 18:
        messages.error(request, _("Choose the post."))
    elif form.is_valid():
        message = access.get_message(request.user, int(key))
        if not access.can_decide(request.user, message):
            raise Http404
        announce(
            request,
            lambda: ask_exemption(
                found, message, reason=form.cleaned_data["reason"], actor=request.user
            ),
            _("Asked for. Another officer of the Directorate must confirm it."),
        )
    else:
        say_errors(request, form)
    return redirect("desk:stop", pk)


@officer_required
@require_POST
def exemption_confirm(request: OfficerRequest, pk: int) -> HttpResponse:
    exemption = access.get_exemption(request.user, pk)
    announce(
        request,
        lambda: confirm_exemption(exemption, actor=request.user),
        _("Confirmed. The post goes out in spite of the freeze."),
    )
    return redirect("desk:stop", exemption.stop_id)
