"""The norm, exemptions from it, and the weekly report."""

from __future__ import annotations

import io
import logging
from datetime import date, datetime
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from openpyxl import Workbook

from departments.models import Department, Member, User
from departments.roles import Role
from portal.audit.actions import record
from portal.errors import MoveNotAllowed, NotPermitted
from portal.web.export import safe_cell

from . import access, coverage, coverage_report
from .models import FORTNIGHT, Norm, NormExemption, WeeklyReport

log = logging.getLogger(__name__)

SENT_FROM = 9  # o'clock on Monday


@transaction.atomic
def set_norm(
    platform: str, *, is_required: bool, posts_per_week: int, silent_after: int, actor: User
) -> Norm:
    if not access.can_set_norms(actor):
        raise NotPermitted(_("The Directorate sets the norm."))
    if not 1 <= silent_after <= FORTNIGHT:
        raise MoveNotAllowed(_("The national norm is a fortnight: ours may be stricter only."))
    norm, _made = Norm.objects.select_for_update().get_or_create(platform=platform)
    old = [norm.is_required, norm.posts_per_week, norm.silent_after]
    norm.is_required, norm.posts_per_week = is_required, posts_per_week
    norm.silent_after, norm.changed_by = silent_after, actor
    norm.save()
    new = [is_required, posts_per_week, silent_after]
    record(
        "engagement.norm.changed",
        norm,
        actor=actor,
        data={"platform": platform, "old": old, "new": new},
    )
    return norm


@transaction.atomic
def exempt(
    department: Department, platform: str, *, reason: str, until: date | None, actor: User
) -> NormExemption:
    if not access.can_set_norms(actor):
        raise NotPermitted(_("The Directorate sets the norm."))
    values = {"reason": reason[:200], "until": until, "given_by": actor}
    given, _made = NormExemption.objects.update_or_create(
        department=department, platform=platform, defaults=values
    )
    data = {"platform": platform, "reason": reason, "to": until}
    record("engagement.norm.exempted", given, actor=actor, department=department.slug, data=data)
    return given


def send_weekly_report(*, at: datetime | None = None) -> None:
    """Called by the clock: on Monday from nine o'clock, about the week before, once."""
    at = at or timezone.now()
    if timezone.localtime(at).hour < SENT_FROM and timezone.localtime(at).weekday() == 0:
        return
    monday = coverage.monday_of(at)
    try:
        with transaction.atomic():
            WeeklyReport.objects.create(monday=monday, sent_at=at)
    except IntegrityError:
        return
    _mail(monday, at)


def _mail(monday: date, at: datetime) -> None:
    roles = (Role.SECRETARY, Role.DIRECTOR)
    charges = Member.objects.current().filter(role__in=roles)
    to = sorted(set(charges.values_list("user__email", flat=True)))
    if not to:
        return
    with translation.override("hi"):
        report = coverage_report.report_of(Department.objects.all(), at=at)
        page = f"{settings.MEDIA_URL_BASE.rstrip('/')}{reverse('desk:coverage_report')}"
        subject = str(_("Weekly report, %(day)s") % {"day": f"{monday:%d-%m-%Y}"})
        body = "\n".join([*report.sentences, "", page, ""])
        letter = EmailMessage(subject, body, None, to)
        letter.attach(f"coverage-{monday}.xlsx", workbook(report), XLSX)
    try:
        letter.send()
    except (SMTPException, OSError) as error:
        log.warning("weekly report %s: not mailed: %s", monday, type(error).__name__)


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook(report: coverage_report.Report) -> bytes:
    """The map and the gaps as a spreadsheet."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(str(_("Gaps")))
    sheet.append([str(_("Department")), str(_("Platform")), str(_("State")), str(_("Next step"))])
    for cell in report.gaps:
        row = [str(cell.department), cell.platform, cell.label, cell.sentence]
        sheet.append([safe_cell(value) for value in row])
    ranks = book.create_sheet(str(_("Ranking")))
    ranks.append(
        [str(_("Place")), str(_("Department")), str(_("As it should be")), str(_("Required"))]
    )
    for one in report.ranking:
        ranks.append([one.place, safe_cell(str(one.department)), one.good, one.needed])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
