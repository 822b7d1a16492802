"""Directives: issued by the Directorate, done by departments, seen by both."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from departments.models import Department, Member, User
from departments.platforms import Platform
from departments.roles import Role
from portal.audit.actions import record
from portal.errors import MoveNotAllowed, NotPermitted
from publishing.links import is_on_platform
from publishing.models import Delivery, Media
from schemes.actions import write_post
from schemes.models import Post
from schemes.workflow import KIND_ROUTES, PostKind, PostState

from . import access
from .models import CaseYear, Directive, DirectiveRemark, DirectiveTask, Proof
from .states import TASK_MOVES, TaskState

log = logging.getLogger(__name__)

# Days to the deadline on which departments are reminded by themselves; then once a day, so long.
NUDGES = (3, 1, 0)
NUDGED_DAYS = 7
FORMS = uuid.UUID("0d3b6f0e-3a63-4e7b-9d55-6c1f8f5f0a77")  # of drafts that a kit becomes


@dataclass(frozen=True)
class Kit:
    title_hi: str = ""
    text_hi: str = ""
    title_en: str = ""
    text_en: str = ""


@transaction.atomic
def issue_directive(
    *,
    title: str,
    instruction: str,
    kind: str,
    deadline: datetime,
    departments: Iterable[Department],
    kit: Kit,
    media: Sequence[Media] = (),
    actor: User,
) -> Directive:
    """To every department at once. Raises NotPermitted, MoveNotAllowed."""
    if not access.can_issue(actor):
        raise NotPermitted(_("Directives are issued by the Directorate."))
    addressed = list(dict.fromkeys(departments))
    if not addressed:
        raise MoveNotAllowed(_("Choose at least one department."))
    if deadline <= timezone.now():
        raise MoveNotAllowed(_("The deadline lies in the past."))
    directive = Directive.objects.create(
        number=_next_number(),
        title=title,
        instruction=instruction,
        kind=kind,
        deadline=deadline,
        issued_by=actor,
        **{f"kit_{name}": value for name, value in asdict(kit).items()},
    )
    directive.kit_media.set(media)
    DirectiveTask.objects.bulk_create(
        DirectiveTask(directive=directive, department=one) for one in addressed
    )
    data = {"title": title, "departments": len(addressed), "to": deadline}
    record("engagement.directive.issued", directive, actor=actor, data=data)
    transaction.on_commit(lambda: _mail_all(directive, "issued", directive.tasks.all()))
    return directive


def _next_number() -> str:
    """The row of the year is locked, so that two of the same moment differ."""
    year = timezone.localtime().year
    CaseYear.objects.get_or_create(year=year)
    row = CaseYear.objects.select_for_update().get(year=year)
    row.directives += 1
    row.save()
    return f"D-{year}-{row.directives:04d}"


@transaction.atomic
def withdraw_directive(directive: Directive, *, reason: str, actor: User) -> Directive:
    directive = _issued(directive, actor)
    directive.withdrawn_at, directive.withdrawn_reason = timezone.now(), reason
    directive.save()
    record("engagement.directive.withdrawn", directive, actor=actor, data={"reason": reason})
    return directive


@transaction.atomic
def extend_deadline(
    directive: Directive, *, deadline: datetime, reason: str, actor: User
) -> Directive:
    directive = _issued(directive, actor)
    if deadline <= directive.deadline:
        raise MoveNotAllowed(_("The new deadline lies after the old one."))
    old, directive.deadline = directive.deadline, deadline
    directive.save()
    directive.tasks.update(nudges=[])  # the new deadline is announced anew
    data = {"old": old, "new": deadline, "reason": reason}
    record("engagement.directive.extended", directive, actor=actor, data=data)
    return directive


def _issued(directive: Directive, actor: User) -> Directive:
    if not access.can_issue(actor):
        raise NotPermitted(_("Directives are issued by the Directorate."))
    found = Directive.objects.select_for_update().get(pk=directive.pk)
    if found.withdrawn_at:
        raise MoveNotAllowed(_("This directive was withdrawn."))
    return found


# --- what a department does ----------------------------------------------------------------------


@transaction.atomic
def see_directive(task: DirectiveTask, *, actor: User) -> DirectiveTask:
    """The first officer of the department who opens it."""
    task = _locked(task)
    if task.state == TaskState.ISSUED and access.can_do_task(actor, task):
        _move(task, TaskState.SEEN, actor)
    return task


@transaction.atomic
def accept_directive(task: DirectiveTask, *, actor: User) -> DirectiveTask:
    task = _own(task, actor)
    _move(task, TaskState.ACCEPTED, actor)
    return task


@transaction.atomic
def decline_directive(task: DirectiveTask, *, reason: str, actor: User) -> DirectiveTask:
    task = _own(task, actor)
    _move(task, TaskState.DECLINED, actor, reason)
    return task


@transaction.atomic
def draft_from_directive(task: DirectiveTask, *, actor: User) -> Post:
    """One press turns the kit into a draft in the department's hands; a second gives the same one.
    The usual approval follows, so it may be changed.
    """
    task = _own(task, actor)
    directive = task.directive
    if task.post is not None and task.post.state != PostState.WITHDRAWN:
        return task.post
    if not directive.has_kit:
        raise MoveNotAllowed(_("This directive has no text to make a post of."))
    post = write_post(
        task.department,
        actor=actor,
        form_key=uuid.uuid5(FORMS, f"{task.pk}:{actor.pk}:{task.post_id or 0}"),
        kind=directive.kind,
        route=KIND_ROUTES[PostKind(directive.kind)],
        title_hi=directive.kit_title_hi,
        text_hi=directive.kit_text_hi,
        title_en=directive.kit_title_en,
        text_en=directive.kit_text_en,
    )
    task.post = post
    if task.state == TaskState.SEEN:
        _move(task, TaskState.ACCEPTED, actor)
    task.save()
    return post


@transaction.atomic
def give_proof(task: DirectiveTask, *, links: Sequence[str], actor: User) -> DirectiveTask:
    """Links on the platforms, or the department's own post once it is out."""
    task = _own(task, actor)
    for link in links:
        if not any(is_on_platform(platform, link) for platform in Platform.values):
            raise MoveNotAllowed(_("This is no link to one of the platforms: %s") % link[:100])
        Proof.objects.get_or_create(task=task, link=link[:500], defaults={"added_by": actor})
    if not task.proofs.exists() and not is_out(task):
        raise MoveNotAllowed(_("Give a link, or publish the post first."))
    _move(task, TaskState.DONE, actor)
    return task


def is_out(task: DirectiveTask) -> bool:
    """The post that was made of the kit stands on at least one handle."""
    if task.post_id is None:
        return False
    sent = Delivery.objects.sent()
    return sent.filter(message__source="post", message__source_id=task.post_id).exists()


@transaction.atomic
def reopen_task(task: DirectiveTask, *, reason: str, actor: User) -> DirectiveTask:
    """The Directorate: the proof does not show it, or the refusal does not hold."""
    task = _locked(task)
    if not access.can_issue(actor):
        raise NotPermitted(_("Directives are issued by the Directorate."))
    if task.directive.withdrawn_at:
        raise MoveNotAllowed(_("This directive was withdrawn."))
    _move(task, TaskState.ACCEPTED, actor, reason)
    return task


@transaction.atomic
def write_directive_remark(
    directive: Directive,
    *,
    text: str,
    task: DirectiveTask | None,
    for_directorate: bool,
    actor: User,
) -> DirectiveRemark:
    if not (access.can_issue(actor) or (task and access.can_do_task(actor, task))):
        raise NotPermitted(_("You cannot write here."))
    return DirectiveRemark.objects.create(
        directive=directive,
        department=task.department if task else None,
        author=actor,
        text=text,
        for_directorate=for_directorate,
    )


def _locked(task: DirectiveTask) -> DirectiveTask:
    rows = DirectiveTask.objects.select_for_update(of=("self",))
    return rows.select_related("directive", "department", "post").get(pk=task.pk)


def _own(task: DirectiveTask, actor: User) -> DirectiveTask:
    task = _locked(task)
    if not access.can_do_task(actor, task):
        raise NotPermitted(_("This is for another department."))
    if task.directive.withdrawn_at:
        raise MoveNotAllowed(_("This directive was withdrawn."))
    if task.state == TaskState.ISSUED:
        _move(task, TaskState.SEEN, actor)
    return task


def _move(task: DirectiveTask, to: str, actor: User, reason: str = "") -> None:
    if to not in TASK_MOVES[task.state]:
        raise MoveNotAllowed(_("This cannot be done where the directive stands now."))
    old, task.state, task.state_since = task.state, to, timezone.now()
    task.by, task.reason = actor, reason
    task.save()
    record(
        "engagement.directive.moved",
        task,
        actor=actor,
        department=task.department.slug,
        data={"old": old, "new": to, "reason": reason},
    )


# --- nudges --------------------------------------------------------------------------------------


def nudge_tasks(tasks: Iterable[DirectiveTask], *, actor: User) -> int:
    """By hand, to those who have not done it; each at most once in an hour."""
    if not access.can_issue(actor):
        raise NotPermitted(_("Directives are issued by the Directorate."))
    sent = 0
    for task in tasks:
        if task.directive.withdrawn_at:
            raise MoveNotAllowed(_("This directive was withdrawn."))
        if task.state not in (TaskState.DONE, TaskState.DECLINED) and _claim(task, "by hand"):
            _mail(task, "nudge")
            sent += 1
    return sent


def nudge_due() -> None:
    """Called by the clock: three days before, a day before, on the day, then daily for a week."""
    now = timezone.now()
    open_tasks = DirectiveTask.objects.filter(
        directive__withdrawn_at=None,
        directive__deadline__gte=now - timedelta(days=NUDGED_DAYS),
        directive__deadline__lte=now + timedelta(days=max(NUDGES)),
    ).exclude(state__in=(TaskState.DONE, TaskState.DECLINED))
    for task in open_tasks.select_related("directive", "department").iterator(chunk_size=500):
        left = task.directive.deadline - now
        due = [days for days in NUDGES if left <= timedelta(days=days)]
        moment = str(min(due)) if left > timedelta(0) else str((-left).days * -1 - 1)
        if moment not in task.nudges and _claim(task, moment):
            _mail(task, "nudge")


def _claim(task: DirectiveTask, moment: str) -> bool:
    """Whoever writes the moment down first sends it."""
    now = timezone.now()
    same = DirectiveTask.objects.filter(pk=task.pk, nudged_at=task.nudged_at)
    if moment == "by hand" and task.nudged_at and now - task.nudged_at < timedelta(hours=1):
        return False
    return bool(same.update(nudged_at=now, nudges=[*task.nudges, moment]))


def _mail_all(directive: Directive, what: str, tasks: Iterable[DirectiveTask]) -> None:
    for task in tasks:
        task.directive = directive
        _mail(task, what)


def _mail(task: DirectiveTask, what: str) -> None:
    roles = (Role.NODAL_OFFICER, Role.DEPARTMENT_HEAD)
    charges = Member.objects.current().filter(department=task.department_id, role__in=roles)
    to = sorted(set(charges.values_list("user__email", flat=True)))
    if not to:
        return
    parts = [_in(language, task, what) for language in ("hi", "en")]
    subject = " / ".join(part[0] for part in parts)
    try:
        send_mail(subject, "\n\n---\n\n".join(part[1] for part in parts) + "\n", None, to)
    except (SMTPException, OSError) as error:
        log.warning("directive %s: not mailed: %s", task.pk, type(error).__name__)


def _in(language: str, task: DirectiveTask, what: str) -> tuple[str, str]:
    with translation.override(language):
        base = settings.MEDIA_URL_BASE.rstrip("/")
        page = f"{base}{reverse('desk:directive', args=[task.directive.number])}"
        context = {"task": task, "directive": task.directive, "what": what, "page": page}
        subject = render_to_string("engagement/email/directive_subject.txt", context).strip()
        return subject, render_to_string("engagement/email/directive_body.txt", context).strip()
