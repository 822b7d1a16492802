"""The officers' pages about posts: home, lists, queue, review, deliveries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from departments.access import (
    can_manage_people,
    can_read_audit,
    own_departments,
    visible_departments,
    visible_handles,
)
from departments.decorators import OfficerRequest, officer_required
from departments.models import Handle
from departments.states import HandleState
from portal.errors import ActionRefused
from portal.web.export import as_file
from portal.web.filters import asked_choice, asked_text
from portal.web.officials import not_named
from portal.web.paging import page_of
from publishing import access as publishing_access
from publishing.delivery_actions import TAKEN_OVER, can_be_removed
from publishing.handle_health import ending_soon
from publishing.models import Delivery, Message, Operation
from publishing.progress import Progress, progress_of
from publishing.states import DeliveryState
from schemes import access, actions, workflow
from schemes.correction_actions import is_correctable
from schemes.delivery_forms import ByHandForm, DeliveryDecisionForm, TakeDownForm
from schemes.handle_choice import MANY, shares_of
from schemes.models import Post, Review
from schemes.models.post import PostQuerySet
from schemes.post_forms import DecisionForm
from schemes.previews import previews
from schemes.workflow import STEPS, Move, PostKind, PostState

from .delivery_rows import broadcasts, hand_work

PER_PAGE = 25
MOST_SHOWN = 20  # deliveries of a campaign on the page of its post

TABS = {
    "all": (_("All"), tuple(PostState.values)),
    "draft": (_("Drafts"), (PostState.DRAFT,)),
    "returned": (_("Returned"), (PostState.RETURNED,)),
    "in_approval": (_("In approval"), tuple(STEPS)),
    "approved": (_("Approved"), (PostState.APPROVED,)),
    "released": (_("Released"), (PostState.RELEASED,)),
    "withdrawn": (_("Withdrawn"), (PostState.WITHDRAWN,)),
}


@officer_required
@require_safe
def home(request: OfficerRequest) -> HttpResponse:
    """What waits for me, oldest first."""
    mine = access.visible_posts(request.user).select_related("department")
    own = mine.filter(department__in=own_departments(request.user))
    troubled, by_hand = _deliveries_in_need(request)
    in_approval = own.filter(state__in=STEPS).order_by("state_since", "pk")
    handles = _handles_in_need(request)
    queue = access.queue_of(request.user).select_related("department")
    waiting = {
        "queue": queue[:10],
        "deliveries": troubled,
        "by_hand": by_hand,
        "changes": access.changes_to_confirm(request.user).select_related("scheme", "proposed_by")[
            :10
        ],
        "readings": access.readings_to_confirm(request.user).select_related(
            "indicator__scheme", "entered_by"
        )[:10],
        "attention": [one for one in handles if one.state == HandleState.ATTENTION][:10],
        "ending": [one for one in handles if one.state != HandleState.ATTENTION][:10],
        "returned": own.filter(state=PostState.RETURNED).order_by("state_since")[:10],
        "drafts": own.filter(state=PostState.DRAFT).order_by("state_since")[:10],
    }
    context = {
        **waiting,
        "nothing_waits": not any(waiting.values()),
        "queue_count": queue.count(),
        "upcoming": mine.filter(state=PostState.APPROVED).order_by("publish_at")[:10],
        "in_approval": in_approval.with_outcome()[:10],
        "latest": mine.filter(state=PostState.RELEASED).order_by("-state_since").with_outcome()[:5],
        "may_write": access.writes_posts(request.user),
        "not_named": not_named() if can_manage_people(request.user) else [],
    }
    return render(request, "desk/home.html", context)


def _deliveries_in_need(
    request: OfficerRequest,
) -> tuple[list[Delivery], list[tuple[Delivery, Post | None]]]:
    """What was not published, newest first, and what is to be posted by hand, oldest first."""
    unsettled = Q(state=DeliveryState.FAILED) | Q(problem="needs_decision")
    failed = publishing_access.visible_deliveries(request.user).filter(unsettled)
    by_hand = publishing_access.waiting_by_hand(request.user)
    found = (
        Delivery.objects.filter(
            Q(pk__in=failed.order_by("-state_since").values("pk")[:10])
            | Q(pk__in=by_hand.order_by("state_since").values("pk")[:20])
        )
        .select_related("message", "handle")
        .order_by("state_since")
    )
    to_post = [one for one in found if one.state == DeliveryState.ASSISTED]
    posts = Post.objects.in_bulk(
        [one.message.source_id for one in to_post if one.message.source == "post"]
    )
    unpublished = [one for one in found if one.state != DeliveryState.ASSISTED]
    return unpublished[::-1], [(one, _post_of(one, posts)) for one in to_post]


def _post_of(delivery: Delivery, posts: dict[int, Post]) -> Post | None:
    is_post = delivery.message.source == "post"
    return posts.get(delivery.message.source_id) if is_post else None


def _handles_in_need(request: OfficerRequest) -> list[Handle]:
    """Those that need attention, and those whose access ends soon."""
    mine = visible_handles(request.user)
    found = mine.filter(state=HandleState.ATTENTION) | ending_soon(mine)
    return list(found.select_related("department")[:20])


@officer_required
@require_safe
def post_list(request: OfficerRequest) -> HttpResponseBase:
    posts, asked = _filtered(request)
    counts = dict(posts.order_by().values_list("state").annotate(Count("pk")))
    tabs = _tabs(request)
    tab = asked_choice(request, "tab", tabs) or "all"
    found = posts.filter(state__in=TABS[tab][1]).select_related("department").with_outcome()
    if file := as_file(request, "posts", _HEADINGS, _rows(found)):
        return file
    return render(
        request,
        "desk/posts.html",
        {
            "page": page_of(found, request, PER_PAGE),
            "tab": tab,
            "tabs": [
                (name, TABS[name][0], sum(counts.get(state, 0) for state in TABS[name][1]))
                for name in tabs
            ],
            "asked": asked,
            "is_filtered": any(asked.values()),
            "kinds": PostKind.choices,
            "departments": visible_departments(request.user),
            "may_write": access.writes_posts(request.user),
        },
    )


def _tabs(request: OfficerRequest) -> list[str]:
    """Drafts are the department's own: who writes for none has no such tab."""
    return [name for name in TABS if name != "draft" or access.writes_posts(request.user)]


_HEADINGS = (_("Number"), _("Title"), _("Department"), _("Kind"), _("State"), _("Since"))


def _rows(posts: QuerySet[Post]) -> Iterator[tuple[object, ...]]:
    for post in posts.iterator(chunk_size=500):
        yield (
            post.pk,
            post.title,
            post.department.name,
            post.get_kind_display(),
            post.get_state_display(),
            timezone.localtime(post.state_since).strftime("%d-%m-%Y %H:%M"),
        )


def _filtered(request: OfficerRequest) -> tuple[PostQuerySet, dict[str, str]]:
    asked = {
        "q": asked_text(request, "q"),
        "kind": asked_choice(request, "kind", PostKind.values),
        "department": asked_text(request, "department"),
    }
    posts = access.visible_posts(request.user)
    if asked["q"]:
        posts = posts.filter(
            Q(title_hi__icontains=asked["q"])
            | Q(title_en__icontains=asked["q"])
            | Q(text_hi__icontains=asked["q"])
        )
    if asked["kind"]:
        posts = posts.filter(kind=asked["kind"])
    if asked["department"]:
        posts = posts.filter(department__slug=asked["department"])
    return posts, asked


@officer_required
@require_safe
def queue(request: OfficerRequest) -> HttpResponseBase:
    """What waits for my decision: a tab for each step that is mine."""
    steps = access.steps_of(request.user)
    waiting = access.queue_of(request.user)
    counts = dict(waiting.order_by().values_list("state").annotate(Count("pk")))
    fullest = next((state for state in steps if counts.get(state)), steps[0] if steps else "")
    step = asked_choice(request, "step", steps) or fullest
    found = waiting.filter(state=step).select_related("department")
    if file := as_file(request, "queue", _HEADINGS, _rows(found)):
        return file
    return render(
        request,
        "desk/queue.html",
        {
            "page": page_of(found, request, PER_PAGE),
            "step": step,
            "tabs": [(state, STEPS[state].title, counts.get(state, 0)) for state in steps],
        },
    )


@officer_required
@require_safe
def post_detail(request: OfficerRequest, pk: int) -> HttpResponse:
    return post_page(request, access.get_post(request.user, pk))


def post_page(
    request: OfficerRequest,
    post: Post,
    *,
    status: int = 200,
    comment: str = "",
    wrong_link: ByHandForm | None = None,
) -> HttpResponse:
    message = post.message
    handles = list(post.handles.all())
    is_campaign = len(handles) > MANY
    where = shares_of(handles) if is_campaign else None
    reviews = list(post.reviews.select_related("reviewer"))
    deliveries = _shown_deliveries(message, is_campaign=is_campaign)
    progress = progress_of(message) if message and is_campaign else None
    may_write = access.can_write_posts(request.user, post.department_id)
    may_reopen = may_write and workflow.allows(Move.REOPEN, post.state)
    may_withdraw = workflow.allows(Move.WITHDRAW, post.state) and access.can_withdraw(
        request.user, post
    )
    context = {
        "post": post,
        "previews": previews(post, handles),
        "handles": handles,
        "where": where,
        "is_campaign": is_campaign,
        "progress": progress,
        "reviews": reviews,
        "deliveries": deliveries,
        "ladder": _ladder(post, reviews),
        "is_open": post.state not in workflow.SEALED and post.state != PostState.WITHDRAWN,
        "decision": DecisionForm(initial={"version": post.version, "comment": comment}),
        **_about_deliveries(request, message, deliveries, progress),
        "wrong_link": wrong_link,
        "may_review": access.can_review(request.user, post),
        "may_edit": access.can_edit_post(request.user, post),
        "may_reopen": may_reopen,
        "may_withdraw": may_withdraw,
        "may_read_audit": can_read_audit(request.user),
        "returned": post.reviews.filter(move=Move.RETURN).last() if may_reopen else None,
        "may_correct": may_write and is_correctable(post),
        "correction": post.corrections.exclude(state=PostState.WITHDRAWN).first(),
        "next_in_queue": _next_in_queue(request, post),
    }
    return render(request, "desk/post.html", context, status=status)


def _shown_deliveries(message: Message | None, *, is_campaign: bool) -> list[Delivery]:
    """All of them; of a campaign the first few at which an officer has something to do."""
    if message is None:
        return []
    found = message.deliveries.filter(recipient__isnull=True)
    if is_campaign:
        removals = message.deliveries.filter(operation=Operation.REMOVE).order_by("pk")
        found = found.filter(
            Q(state=DeliveryState.ASSISTED)
            | Q(state=DeliveryState.UNKNOWN, problem="needs_decision")
            | Q(pk__in=removals.values("pk")[:1])  # who asked for it, and why
        )[:MOST_SHOWN]
    related = ("handle", "target__handle", "message", "posted_by", "asked_by")
    return list(found.select_related(*related).prefetch_related("attempts", "metrics"))


def _about_deliveries(
    request: OfficerRequest,
    message: Message | None,
    deliveries: list[Delivery],
    progress: Progress | None,
) -> dict[str, object]:
    removals = [one for one in deliveries if one.operation == Operation.REMOVE]
    others = [one for one in deliveries if one.operation != Operation.REMOVE]
    is_out = any(one.state == DeliveryState.SENT for one in others)
    is_everywhere = bool(others) and all(one.state == DeliveryState.SENT for one in others)
    is_on_its_way = any(can_be_removed(one) for one in deliveries)
    if progress:
        is_out, is_everywhere = progress.sent > 0, progress.sent == progress.total
        is_on_its_way = progress.count("sent", "leaving", "unclear") > 0
    may = {"may_decide": False, "may_post_by_hand": False, "may_take_down": False}
    if message is not None:
        user = request.user
        may["may_decide"] = publishing_access.can_decide(user, message)
        may["may_post_by_hand"] = publishing_access.can_post_by_hand(user, message)
        may["may_take_down"] = is_on_its_way and publishing_access.can_take_down(user, message)
    return {
        **may,
        "is_out": is_out,
        "is_everywhere": is_everywhere,
        "is_taken_down": bool(removals) and not is_out,
        "take_down": next(iter(removals), None),
        "hand_work": hand_work(deliveries),
        "broadcasts": broadcasts(message) if message else [],
        "taken_over": TAKEN_OVER - {DeliveryState.QUEUED},  # those leave in a moment
        "delivery_decision": DeliveryDecisionForm(),
        "by_hand": ByHandForm(),
        "take_down_form": TakeDownForm(),
    }


def _ladder(post: Post, reviews: Iterable[Review]) -> list[dict[str, object]]:
    """The steps of its route, each with who decided there in this round, if anyone."""
    decided: dict[str, Review] = {}
    for review in sorted(reviews, key=lambda review: review.version):
        if review.move == Move.SUBMIT:
            decided = {}
        decided[review.step] = review
    return [
        {
            "step": STEPS[state],
            "review": decided.get(state),
            "is_here": post.state == state,
            "due": post.due if post.state == state else None,
        }
        for state in post.steps
    ]


def _next_in_queue(request: OfficerRequest, post: Post) -> Post | None:
    return access.queue_of(request.user).exclude(pk=post.pk).first()


_DECISIONS: dict[str, Callable[..., Post]] = {
    "approve": actions.approve_post,
    "return": actions.return_post,
    "withdraw": actions.withdraw_post,
}
_MOVES: dict[str, Callable[..., Post]] = {
    "submit": actions.submit_post,
    "reopen": actions.reopen_post,
}
_DONE = {
    "submit": _("Submitted for approval."),
    "approve": _("Approved."),
    "return": _("Returned to the department."),
    "reopen": _("The post is a draft again. Mend it, then submit it."),
    "withdraw": _("The post has been withdrawn."),
}


@officer_required
@require_http_methods(["GET", "HEAD", "POST"])
def post_move(request: OfficerRequest, pk: int, move: str) -> HttpResponse:
    """Submit, approve, return, reopen or withdraw; a refusal is said in words, nothing is lost."""
    post = access.get_post(request.user, pk)
    if move not in _DONE:
        raise Http404
    if request.method != "POST":  # a refusal stood at this address, and was read in English
        return redirect("desk:post", pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        for error in form.errors.get("comment", [_("This page is out of date.")]):
            messages.error(request, str(error))
        return post_page(request, post, status=422, comment=request.POST.get("comment", ""))
    version, comment = form.cleaned_data["version"], form.cleaned_data["comment"]
    try:
        if move in _DECISIONS:
            _DECISIONS[move](post, version=version, actor=request.user, comment=comment)
        else:
            _MOVES[move](post, version=version, actor=request.user)
    except ActionRefused as refusal:
        messages.error(request, str(refusal.message))
        post = access.get_post(request.user, pk)
        return post_page(request, post, status=409, comment=comment)
    messages.success(request, _DONE[move])
    if move == "reopen":
        return redirect("desk:post_edit", pk)
    if access.visible_posts(request.user).filter(pk=pk).exists():
        return redirect("desk:post", pk)
    return redirect("desk:queue")
