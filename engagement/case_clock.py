"""What happens to cases by the clock: reminders, the ladder upwards, and the end of waiting.

Each thing happens once: its row in the case's history has a key, and whoever writes it first has
done it (standards.md 13.3).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from departments.models import Member
from departments.roles import Role
from portal.audit.actions import record

from . import access
from .case_actions import close_case, resume_case
from .models import Case, CaseAct, Promise
from .states import TICKING, CaseState

log = logging.getLogger(__name__)

AT_ONCE = 200
# Of the time between opening and due date; then days after it.
REMINDED_AT = 0.75
EXPLAINED_AFTER = timedelta(days=3)
LISTED_AFTER = timedelta(days=7)


def move_by_the_clock() -> None:
    """Called every minute by a worker."""
    escalate()
    end_waiting()
    close_old()
    remind_of_promises()


# --- the ladder ----------------------------------------------------------------------------------


def level_of(case: Case, now: datetime) -> int:
    """1 its officer, 2 the head of department, 3 the head again, 4 the Directorate's list."""
    if now >= case.due_at + LISTED_AFTER:
        return 4
    if now >= case.due_at + EXPLAINED_AFTER:
        return 3
    if now >= case.due_at:
        return 2
    begun = max(case.opened_at, case.state_since) if case.reopened else case.opened_at
    return 1 if now >= begun + (case.due_at - begun) * REMINDED_AT else 0


def escalate() -> None:
    now = timezone.now()
    ticking = Case.objects.filter(state__in=TICKING).order_by("due_at")
    # The longest time any case has is 21 days: beyond a quarter of it nothing is to be said yet.
    near = ticking.filter(due_at__lte=now + timedelta(days=25), level__lt=4)
    for case in near.select_related("department", "owner")[:AT_ONCE]:
        for level in range(case.level + 1, level_of(case, now) + 1):
            _raise(case, level)


def _raise(case: Case, level: int) -> None:
    """Once for each level and each time that the case was opened."""
    try:
        with transaction.atomic():
            same = Case.objects.filter(pk=case.pk, level=level - 1, state__in=TICKING)
            if not same.update(level=level):
                return
            CaseAct.objects.create(
                case=case,
                what=f"level_{level}",
                department=case.department,
                is_public=level > 1,
                key=f"level:{level}:{case.reopened}:{case.due_at:%Y%m%d%H%M}",
            )
            record(
                "engagement.case.escalated",
                case,
                actor=None,
                department=case.department.slug,
                data={"level": level},
            )
    except IntegrityError:
        return
    _mail(case, f"level_{level}", _readers(case, level))


def _readers(case: Case, level: int) -> set[str]:
    owner = {case.owner.email} if case.owner and case.owner.is_active else set()
    if level == 1:
        return owner or _of(case, Role.NODAL_OFFICER)
    if level < 4:
        return owner | _of(case, Role.DEPARTMENT_HEAD)
    directors = Member.objects.current().filter(role__in=access.DIRECTORS)
    return _of(case, Role.DEPARTMENT_HEAD) | set(directors.values_list("user__email", flat=True))


def _of(case: Case, role: str) -> set[str]:
    charges = Member.objects.current().filter(department=case.department, role=role)
    return set(charges.values_list("user__email", flat=True))


# --- waiting for citizens ------------------------------------------------------------------------


def end_waiting() -> None:
    """Seven days without the information that was asked for: the clock runs on."""
    before = timezone.now() - timedelta(days=settings.CASE_INFO_DAYS)
    late = Case.objects.filter(state=CaseState.NEED_INFO, stopped_at__lt=before)
    for case in late[:AT_ONCE]:
        resume_case(case, actor=None, is_late=True)


def close_old() -> None:
    """The citizen's time to speak is over, or they have said that it is well."""
    before = timezone.now() - timedelta(days=settings.CASE_OPINION_DAYS)
    over = Case.objects.filter(
        state__in=(CaseState.RESOLVED, CaseState.FEEDBACK), state_since__lt=before
    )
    for case in over[:AT_ONCE]:
        close_case(case)


def remind_of_promises() -> None:
    """On the day, and each day after it until it is kept."""
    today = timezone.localdate()
    due = Promise.objects.filter(kept_at__isnull=True, due_on__lte=today)
    open_ones = due.exclude(reminded_on=today).select_related("case__department", "case__owner")
    for promise in open_ones[:AT_ONCE]:
        free = Promise.objects.filter(pk=promise.pk).exclude(reminded_on=today)
        if free.update(reminded_on=today):
            _mail(promise.case, "promise", _readers(promise.case, 2), promise=promise)


# --- mail ----------------------------------------------------------------------------------------


def _mail(case: Case, what: str, readers: Iterable[str], **more: object) -> None:
    """In Hindi and in English, one below the other; no word of the citizen's (13.4)."""
    to = sorted(readers)
    if not to:
        return
    context = {"case": case, "what": what, "base": settings.MEDIA_URL_BASE.rstrip("/"), **more}
    parts = [_in(language, "body", context) for language in ("hi", "en")]
    subject = " / ".join(_in(language, "subject", context) for language in ("hi", "en"))
    try:
        send_mail(subject, "\n\n---\n\n".join(parts) + "\n", None, to)
    except (SMTPException, OSError) as error:
        log.warning("case %s: not mailed: %s", case.number, type(error).__name__)


def _in(language: str, part: str, context: dict[str, object]) -> str:
    with translation.override(language):
        case = context["case"]
        assert isinstance(case, Case)
        page = f"{context['base']}{reverse('desk:case', args=[case.number])}"
        name = f"engagement/email/case_{part}.txt"
        return render_to_string(name, {**context, "page": page}).strip()
