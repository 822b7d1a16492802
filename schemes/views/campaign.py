"""A post that goes to many handles: where it goes, how far it is, and trying again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from departments.decorators import OfficerRequest, officer_required
from departments.models import Department, Handle
from departments.names import name_order
from departments.platforms import Platform
from departments.views.answers import announce, say_errors
from portal.errors import ActionRefused
from portal.web.export import as_file
from portal.web.filters import asked_choice, asked_text
from portal.web.paging import page_of
from portal.web.templatetags.portal import ist
from publishing import access as publishing_access
from publishing import clock
from publishing.delivery_actions import requeue_refused
from publishing.models import Delivery, Message, Stop
from publishing.problems import PROBLEMS, label
from publishing.progress import GROUPS, deliveries_of, in_group, progress_of
from publishing.stop_actions import pause_message
from publishing.stop_forms import ReasonForm
from schemes import access
from schemes.handle_choice import shares_of
from schemes.models import Post

PER_PAGE = 50


@officer_required
@require_safe
def post_handles(request: OfficerRequest, pk: int) -> HttpResponseBase:
    """The concrete list that is approved and sealed."""
    post = access.get_post(request.user, pk)
    handles = post.handles.select_related("department", "district")
    asked = {
        "platform": asked_choice(request, "platform", Platform.values),
        "department": asked_text(request, "department"),
        "q": asked_text(request, "q"),
    }
    if name := asked["q"].removeprefix("@"):
        handles = handles.filter(name__icontains=name)
    if asked["platform"]:
        handles = handles.filter(platform=asked["platform"])
    if asked["department"]:
        handles = handles.filter(department__slug=asked["department"])
    handles = handles.order_by(name_order("department__"), "platform", "name")
    if file := as_file(request, "post-handles", _HANDLE_HEADINGS, _handle_rows(handles)):
        return file
    context = {
        "post": post,
        "page": page_of(handles, request, PER_PAGE),
        "where": shares_of(list(post.handles.all())),
        "asked": asked,
        "is_filtered": any(asked.values()),
        "platforms": Platform.choices,
        "departments": _named(post.handles.order_by().values_list("department", flat=True)),
    }
    return render(request, "desk/post_handles.html", context)


_HANDLE_HEADINGS = (_("Department"), _("Platform"), _("Handle"), _("District"), _("Link"))


def _handle_rows(handles: QuerySet[Handle]) -> Iterator[tuple[object, ...]]:
    for handle in handles.iterator(chunk_size=500):
        yield (
            handle.department.name,
            handle.get_platform_display(),
            handle.name,
            handle.district or "",
            handle.url,
        )


@officer_required
@require_safe
def post_progress(request: OfficerRequest, pk: int) -> HttpResponseBase:
    """Live numbers, and a receipt for each handle; ?part=numbers is what the page asks again."""
    post, message = _published(request, pk)
    progress = progress_of(message)
    pauses = list(Stop.objects.in_force(clock.now()).filter(message=message))
    context = {
        "post": post,
        "progress": progress,
        "may_decide": publishing_access.can_decide(request.user, message),
        "pauses": pauses,
        "topic_address": _topic_address(request, message),
        "may_pause": publishing_access.can_pause(request.user, message, pauses),
    }
    if request.GET.get("part") == "numbers":
        return render(request, "desk/_progress_live.html", context)
    deliveries, asked = _filtered(request, message)
    if file := as_file(request, f"post-{post.pk}", _HEADINGS, _rows(deliveries)):
        return file
    everywhere = deliveries_of(message)
    listed = [(name, group.label, count) for name, group, count in progress.groups]
    there = {line.platform for line in progress.lines}
    context |= {
        "page": page_of(deliveries, request, PER_PAGE),
        "asked": asked,
        "is_filtered": any(asked.values()),
        "tabs": [("", _("All"), progress.total), *listed],
        "platforms": [one for one in Platform.choices if one[0] in there],
        "problems": [(code, label(code)) for _group, code, _count in progress.reasons if code],
        "departments": _named(everywhere.values_list("handle__department", flat=True)),
    }
    return render(request, "desk/post_progress.html", context)


def _topic_address(request: OfficerRequest, message: Message) -> str:
    """Where all posts about the same scheme are stopped, for who may do that."""
    if not message.topic or not publishing_access.can_stop(request.user):
        return ""
    return f"{reverse('desk:stops')}?{urlencode({'scope': 'topic', 'topic': message.topic})}#press"


def _published(request: OfficerRequest, pk: int) -> tuple[Post, Message]:
    """A post that was approved, and what was made of it."""
    post = access.get_post(request.user, pk)
    if post.message is None:
        raise Http404
    return post, post.message


def _named(there: Iterable[int]) -> QuerySet[Department]:
    return Department.objects.filter(pk__in=there).order_by(name_order())


def _filtered(
    request: OfficerRequest, message: Message
) -> tuple[QuerySet[Delivery], dict[str, str]]:
    asked = {
        "state": asked_choice(request, "state", GROUPS),
        "platform": asked_choice(request, "platform", Platform.values),
        "problem": asked_choice(request, "problem", PROBLEMS),
        "department": asked_text(request, "department"),
        "q": asked_text(request, "q"),
    }
    found = deliveries_of(message).filter(recipient__isnull=True)
    if asked["state"]:
        found = found.filter(in_group(message, asked["state"]))
    for name in ("platform", "problem"):
        if asked[name]:
            found = found.filter(**{name: asked[name]})
    if asked["department"]:
        found = found.filter(handle__department__slug=asked["department"])
    if name := asked["q"].removeprefix("@"):
        found = found.filter(handle__name__icontains=name)
    return found.select_related("handle__department").order_by("pk"), asked


_HEADINGS = (
    _("Department"),
    _("Platform"),
    _("Handle"),
    _("State"),
    _("Since"),
    _("Link"),
    _("Attempts"),
    _("Problem"),
)


def _rows(deliveries: QuerySet[Delivery]) -> Iterator[tuple[object, ...]]:
    for one in deliveries.iterator(chunk_size=500):
        yield (
            one.handle.department.name,
            one.handle.get_platform_display(),
            one.handle.name,
            one.get_state_display(),
            ist(one.sent_at or one.state_since, "short"),
            one.permalink,
            one.attempts_made,
            label(one.problem) if one.problem else "",
        )


@officer_required
@require_POST
def post_pause(request: OfficerRequest, pk: int) -> HttpResponse:
    """Nothing more of this post leaves until it is resumed."""
    post, message = _published(request, pk)
    if not publishing_access.can_decide(request.user, message):
        raise Http404
    form = ReasonForm(request.POST)
    if form.is_valid():
        announce(
            request,
            lambda: pause_message(message, reason=form.cleaned_data["reason"], actor=request.user),
            _("Paused. Nothing more of this post leaves until it is resumed."),
        )
    else:
        say_errors(request, form)
    return redirect("desk:post_progress", post.pk)


@officer_required
@require_POST
def post_requeue(request: OfficerRequest, pk: int) -> HttpResponse:
    """All that was refused, or what one problem stopped, once more."""
    post, message = _published(request, pk)
    if not publishing_access.can_decide(request.user, message):
        raise Http404
    problem = request.POST.get("problem", "")
    try:
        number = requeue_refused(
            message, problems=[problem] if problem else None, actor=request.user
        )
    except ActionRefused as refusal:
        messages.error(request, str(refusal.message))
    else:
        words = ngettext(
            "%(number)s delivery is tried again.", "%(number)s deliveries are tried again.", number
        )
        messages.success(request, words % {"number": number})
    return redirect("desk:post_progress", post.pk)
