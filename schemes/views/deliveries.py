"""What officers do with single deliveries of a post, and with a post that is out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from departments.decorators import OfficerRequest, officer_required
from departments.views.answers import announce
from portal.errors import ActionRefused
from publishing import access as publishing_access
from publishing import delivery_actions
from publishing.connectors import connector_class
from publishing.models import Delivery, Message, Operation
from publishing.states import DeliveryState
from schemes import access
from schemes.correction_actions import correct_post
from schemes.delivery_forms import ByHandForm, DeliveryDecisionForm, TakeDownForm


@dataclass(frozen=True)
class HandWork:
    """What an officer needs to do one delivery by hand: nothing but what was approved."""

    delivery: Delivery
    title: str
    parts: list[str]
    files: list[Any]


@dataclass(frozen=True)
class Broadcast:
    """How a message to many people stands, one row for each handle."""

    handle: str
    total: int
    sent: int
    delivered: int
    read: int
    waiting: int
    failed: int


def hand_work(deliveries: list[Delivery]) -> list[HandWork]:
    return [_work(one) for one in deliveries if one.state == DeliveryState.ASSISTED]


def _work(delivery: Delivery) -> HandWork:
    if delivery.operation not in (Operation.PUBLISH, Operation.EDIT):
        return HandWork(delivery, "", [], [])
    part = delivery.message.parts.filter(platform=delivery.handle.platform).first()
    if part is None:
        return HandWork(delivery, "", [], [])
    parts = connector_class(part.platform).parts(part.text)
    return HandWork(delivery, part.title, parts, list(part.attachments.select_related("media")))


def broadcasts(message: Message | None) -> list[Broadcast]:
    rows = (
        Delivery.objects.filter(message=message, recipient__isnull=False)
        .values("handle__name")
        .annotate(
            total=Count("pk"),
            sent=Count("pk", Q(state=DeliveryState.SENT)),
            delivered=Count("pk", Q(reached__in=("delivered", "read"))),
            read=Count("pk", Q(reached="read")),
            failed=Count("pk", Q(state__in=("failed", "expired", "cancelled"))),
        )
        .order_by("handle__name")
    )
    return [
        Broadcast(
            row["handle__name"],
            row["total"],
            row["sent"],
            row["delivered"],
            row["read"],
            row["total"] - row["sent"] - row["failed"],
            row["failed"],
        )
        for row in rows
    ]


@officer_required
@require_POST
def delivery_decide(request: OfficerRequest, pk: int) -> HttpResponse:
    delivery = publishing_access.get_delivery(request.user, pk)
    form = DeliveryDecisionForm(request.POST)
    if form.is_valid():
        announce(
            request,
            lambda: delivery_actions.decide_delivery(
                delivery, actor=request.user, **form.cleaned_data
            ),
            _("Done."),
        )
    elif "is_out" in form.errors:
        messages.error(request, _("Choose what you see on the platform."))
    else:
        messages.error(request, _("Give the whole link of the post, beginning with https://"))
    return redirect("desk:post", delivery.message.source_id)


@officer_required
@require_POST
def delivery_confirm(request: OfficerRequest, pk: int) -> HttpResponse:
    """It was posted by hand; the link proves it."""
    delivery = publishing_access.get_delivery(request.user, pk)
    form = ByHandForm(request.POST)
    if form.is_valid():
        announce(
            request,
            lambda: delivery_actions.confirm_by_hand(
                delivery, permalink=form.cleaned_data["permalink"], actor=request.user
            ),
            _("Recorded. It counts as published from now on."),
        )
    else:
        messages.error(request, _("Give the whole link of the post, beginning with https://"))
    return redirect("desk:post", delivery.message.source_id)


_CHANGES: dict[str, tuple[Callable[..., Delivery], Any]] = {
    "requeue": (delivery_actions.requeue_delivery, _("Done.")),
    "take-over": (
        delivery_actions.take_over,
        _("It is yours now: post it by hand, then give the link here."),
    ),
    "give-up": (delivery_actions.give_up_by_hand, _("Noted that it was not posted.")),
}


@officer_required
@require_POST
def delivery_change(request: OfficerRequest, pk: int, change: str) -> HttpResponse:
    delivery = publishing_access.get_delivery(request.user, pk)
    if change not in _CHANGES:
        raise Http404
    act, done = _CHANGES[change]
    announce(request, lambda: act(delivery, actor=request.user), done)
    return redirect("desk:post", delivery.message.source_id)


@officer_required
@require_POST
def post_take_down(request: OfficerRequest, pk: int) -> HttpResponse:
    post = access.get_post(request.user, pk)
    message = post.message
    if message is None or not publishing_access.can_take_down(request.user, message):
        raise Http404
    form = TakeDownForm(request.POST)
    if form.is_valid():
        announce(
            request,
            lambda: delivery_actions.take_down(
                message, reason=form.cleaned_data["reason"], actor=request.user
            ),
            _("The post is being taken down. Below you see where it is gone."),
        )
    else:
        messages.error(request, _("Say why the post is taken down."))
    return redirect("desk:post", pk)


@officer_required
@require_POST
def post_correct(request: OfficerRequest, pk: int) -> HttpResponse:
    post = access.get_post(request.user, pk)
    if not access.can_write_posts(request.user, post.department_id):
        raise Http404
    try:
        correction = correct_post(post, actor=request.user)
    except ActionRefused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("desk:post", pk)
    messages.success(request, _("Write the correction here. It is approved like any post."))
    return redirect("desk:post_edit", correction.pk)
