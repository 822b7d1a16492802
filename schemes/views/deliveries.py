"""What officers do with single deliveries of a post, and with a post that is out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from departments.decorators import OfficerRequest, officer_required
from departments.views.answers import announce, say_errors
from portal.errors import ActionRefused
from publishing import access as publishing_access
from publishing import delivery_actions
from publishing.models import Delivery
from schemes import access
from schemes.correction_actions import correct_post
from schemes.delivery_forms import ByHandForm, DeliveryDecisionForm, TakeDownForm

from .posts import post_page


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
    return redirect(delivery.message.page)


@officer_required
@require_http_methods(["GET", "HEAD", "POST"])
def delivery_confirm(request: OfficerRequest, pk: int) -> HttpResponse:
    """It was posted by hand; the link proves it. A wrong link is said beside the field."""
    delivery = publishing_access.get_delivery(request.user, pk)
    if request.method != "POST":  # a refusal stood at this address, and was read in English
        return redirect(delivery.message.page)
    form = ByHandForm(request.POST, delivery=delivery)
    if not form.is_valid():
        if delivery.message.source != "post":
            say_errors(request, form)
            return redirect(delivery.message.page)
        post = access.get_post(request.user, delivery.message.source_id)
        return post_page(request, post, status=422, wrong_link=form)
    announce(
        request,
        lambda: delivery_actions.confirm_by_hand(
            delivery, permalink=form.cleaned_data["permalink"], actor=request.user
        ),
        _("Recorded. It counts as published from now on."),
    )
    return redirect(delivery.message.page)


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
    return redirect(delivery.message.page)


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
