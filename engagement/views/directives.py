"""Directives under /desk/directives/: the list, a new one, and one with its wall of departments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from departments.decorators import OfficerRequest, officer_required
from departments.views.answers import announce, attempt, say_errors
from engagement import access
from engagement import directive_actions as act
from engagement.desk_forms import ReasonForm
from engagement.directive_forms import DirectiveForm, ExtendForm, ProofForm, TalkForm
from engagement.models import Directive, DirectiveTask
from engagement.states import TASK_MOVES, TaskState
from portal.web.export import as_file
from portal.web.filters import asked_choice
from portal.web.paging import page_of
from publishing.access import visible_media
from publishing.streaming import streamed

PER_PAGE = 30
OVERDUE = "overdue"
CLOSED = (TaskState.DONE, TaskState.DECLINED)
_HEADINGS = [_("Department"), _("State"), _("Since"), _("Overdue"), _("Officer"), _("Links")]


@officer_required
@require_safe
def directive_list(request: OfficerRequest) -> HttpResponse:
    seen = access.visible_directives(request.user).values("pk")  # all of their rows are counted
    found = Directive.objects.filter(pk__in=seen).annotate(
        task_count=Count("tasks"),
        done_count=Count("tasks", filter=Q(tasks__state=TaskState.DONE)),
        open_count=Count("tasks", filter=~Q(tasks__state__in=CLOSED)),
    )
    page = page_of(found.order_by("-issued_at", "-pk"), request, PER_PAGE)
    mine: dict[int, DirectiveTask] = {}
    for task in access.open_tasks(request.user).select_related("directive"):
        mine.setdefault(task.directive_id, task)
    context = {
        "page": page,
        "rows": [(one, mine.get(one.pk)) for one in page.object_list],
        "may_issue": access.can_issue(request.user),
        "now": timezone.now(),
    }
    return render(request, "engagement/directives.html", context)


@officer_required
@require_http_methods(["GET", "HEAD", "POST"])
def directive_add(request: OfficerRequest) -> HttpResponse:
    if not access.can_issue(request.user):
        raise Http404
    media = visible_media(request.user).filter(is_retired=False).order_by("-pk")[:60]
    chosen = visible_media(request.user).filter(pk__in=[one.pk for one in media])
    form = DirectiveForm(request.POST or None, media=chosen)
    if form.is_bound and form.is_valid():
        issued = attempt(form, lambda: _issue(form, request))
        if issued:
            number = issued.tasks.count()
            text = _("Issued to %(number)d departments.") % {"number": number}
            messages.success(request, text)
            return redirect("desk:directive", issued.number)
    context = {"form": form}
    return render(
        request, "engagement/directive_add.html", context, status=422 if form.errors else 200
    )


def _issue(form: DirectiveForm, request: OfficerRequest) -> Directive:
    said = form.cleaned_data
    kit = act.Kit(
        said["kit_title_hi"], said["kit_text_hi"], said["kit_title_en"], said["kit_text_en"]
    )
    return act.issue_directive(
        title=said["title"],
        instruction=said["instruction"],
        kind=said["kind"],
        deadline=said["deadline"],
        departments=form.addressed(),
        kit=kit,
        media=list(said["pictures"]),
        actor=request.user,
    )


@officer_required
@require_safe
def directive(request: OfficerRequest, number: str) -> HttpResponseBase:
    found = access.get_directive(request.user, number)
    tasks = access.tasks_of(request.user, found)
    for task in tasks.filter(state=TaskState.ISSUED):
        if access.can_do_task(request.user, task):
            act.see_directive(task, actor=request.user)
    wall = tasks.prefetch_related("proofs").order_by("department__name_hi")
    shown = _filtered(list(wall), request)
    if file := as_file(request, found.number, _HEADINGS, _rows(shown)):
        return file
    every = list(tasks.values_list("state", flat=True))
    counts = Counter(every)
    late = sum(
        state not in CLOSED and found.deadline < timezone.now() and not found.withdrawn_at
        for state in every
    )
    may_issue = access.can_issue(request.user)
    remarks = found.remarks.select_related("author", "department")
    own = [task for task in shown if access.can_do_task(request.user, task)]
    context = {
        "directive": found,
        "tasks": shown,
        "own": [(task, _deeds(task)) for task in own],
        "counts": [(state, label, counts.get(state, 0)) for state, label in TaskState.choices],
        "late": late,
        "total": len(every),
        "state": request.GET.get("state", ""),
        "may_issue": may_issue,
        "remarks": [one for one in remarks if may_issue or _may_read(request, one)],
        "proof_form": ProofForm(),
        "reason_form": ReasonForm(),
        "extend_form": ExtendForm(initial={"deadline": found.deadline}),
        "talk_form": TalkForm(),
        "media": found.kit_media.all(),
    }
    return render(request, "engagement/directive.html", context)


def _filtered(tasks: list[DirectiveTask], request: OfficerRequest) -> list[DirectiveTask]:
    state = asked_choice(request, "state", [*TaskState.values, OVERDUE])
    if state == OVERDUE:
        return [task for task in tasks if task.is_overdue]
    return [task for task in tasks if task.state == state] if state else tasks


def _rows(tasks: list[DirectiveTask]) -> Iterator[list[object]]:
    for task in tasks:
        links = " ".join(proof.link for proof in task.proofs.all())
        late = _("yes") if task.is_overdue else ""
        yield [
            str(task.department), task.get_state_display(), task.state_since, late,
            str(task.by or ""), links,
        ]  # fmt: skip


def _may_read(request: OfficerRequest, remark: Any) -> bool:
    """What is for the Directorate alone is read by it and by the department that wrote it."""
    if not remark.for_directorate:
        return True
    return remark.department_id is not None and access.is_of(request.user, remark.department_id)


def _deeds(task: DirectiveTask) -> set[str]:
    """What the department can do now."""
    if task.directive.withdrawn_at:
        return set()
    moves = TASK_MOVES[task.state]
    deeds = {"accept"} if TaskState.ACCEPTED in moves and task.state == TaskState.SEEN else set()
    deeds |= {"proof"} if TaskState.DONE in moves else set()
    deeds |= {"decline"} if TaskState.DECLINED in moves else set()
    has_open_post = task.post is not None
    if task.directive.has_kit and task.state in (TaskState.SEEN, TaskState.ACCEPTED):
        deeds |= {"open_draft"} if has_open_post else {"draft"}
    return deeds


# --- what is done with it ------------------------------------------------------------------------


@officer_required
@require_POST
def task_act(request: OfficerRequest, pk: int, what: str) -> HttpResponse:
    """A department's own."""
    task = access.get_task(request.user, pk)
    if not access.can_do_task(request.user, task):
        raise Http404
    if what == "draft":
        return _draft(request, task)
    if what == "accept":
        announce(request, lambda: act.accept_directive(task, actor=request.user), _("Accepted."))
    elif what == "decline":
        form = ReasonForm(request.POST)
        if form.is_valid():
            reason = form.cleaned_data["reason"]
            announce(
                request,
                lambda: act.decline_directive(task, reason=reason, actor=request.user),
                _("Declined; the Directorate reads why."),
            )
        else:
            say_errors(request, form)
    elif what == "proof":
        links = [line.strip() for line in request.POST.get("links", "").splitlines()]
        given = [line for line in links if line][:20]
        announce(
            request,
            lambda: act.give_proof(task, links=given, actor=request.user),
            _("Done. The Directorate sees your proof."),
        )
    else:
        raise Http404
    return redirect("desk:directive", task.directive.number)


def _draft(request: OfficerRequest, task: DirectiveTask) -> HttpResponse:
    made: list[Any] = []
    if announce(
        request,
        lambda: made.append(act.draft_from_directive(task, actor=request.user)),
        _("The draft is yours: look at it, choose the handles and submit it."),
    ):
        return redirect("desk:post_edit", made[0].pk)
    return redirect("desk:directive", task.directive.number)


@officer_required
@require_POST
def directive_act(request: OfficerRequest, number: str, what: str) -> HttpResponse:
    """The Directorate's, and a word in the discussion."""
    found = access.get_directive(request.user, number)
    if what == "say":
        _say(request, found)
    elif not access.can_issue(request.user):
        raise Http404
    elif what == "nudge":
        tasks = _chosen(request, found)
        sent: list[int] = []
        announce(
            request,
            lambda: sent.append(act.nudge_tasks(tasks, actor=request.user)),
            _("Reminded: those who have not done it."),
        )
    elif what in ("withdraw", "extend", "reopen"):
        _decide(request, found, what)
    else:
        raise Http404
    return redirect("desk:directive", found.number)


def _chosen(request: OfficerRequest, found: Directive) -> QuerySet[DirectiveTask]:
    keys = [int(one) for one in request.POST.getlist("chosen") if one.isdigit()]
    tasks = found.tasks.select_related("directive", "department")
    return tasks.filter(pk__in=keys) if keys else tasks


def _say(request: OfficerRequest, found: Directive) -> None:
    form = TalkForm(request.POST)
    if not form.is_valid():
        say_errors(request, form)
        return
    own = access.tasks_of(request.user, found)
    task = next((one for one in own if access.can_do_task(request.user, one)), None)
    if task is None and not access.can_issue(request.user):
        raise Http404
    said = form.cleaned_data
    announce(
        request,
        lambda: act.write_directive_remark(found, task=task, actor=request.user, **said),
        _("Written."),
    )


def _decide(request: OfficerRequest, found: Directive, what: str) -> None:
    form = ExtendForm(request.POST) if what == "extend" else ReasonForm(request.POST)
    if not form.is_valid():
        say_errors(request, form)
        return
    said = form.cleaned_data
    if what == "extend":
        announce(
            request,
            lambda: act.extend_deadline(found, actor=request.user, **said),
            _("The deadline is extended."),
        )
    elif what == "withdraw":
        announce(
            request,
            lambda: act.withdraw_directive(found, actor=request.user, **said),
            _("The directive is withdrawn."),
        )
    else:
        keys = [one for one in request.POST.getlist("chosen") if one.isdigit()]
        task = _chosen(request, found).first() if keys else None
        if task is None:
            raise Http404
        announce(
            request,
            lambda: act.reopen_task(task, actor=request.user, **said),
            _("It is with the department again."),
        )


@officer_required
@require_safe
def kit_file(request: OfficerRequest, number: str, pk: int) -> HttpResponseBase:
    """A picture of the kit, for those who are addressed; the library itself is the owner's."""
    found = access.get_directive(request.user, number)
    media = found.kit_media.filter(pk=pk, is_retired=False).first()
    if media is None:
        raise Http404
    answer = streamed(request, media.file, media.mime)
    patch_cache_control(answer, private=True, no_cache=True)
    return answer
