"""Is a linked handle still open to us, and until when: checked daily, announced before it ends."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django_q.tasks import async_task

from departments.actions import mark_handle, note_health
from departments.credentials import CredentialMissing
from departments.models import Handle, Member, Way
from departments.roles import Role
from departments.states import HandleState
from portal.audit.actions import record

from .connectors import consent_for
from .connectors.errors import ConnectionRefused, ConnectorError
from .linking import fresh_secrets, listen

log = logging.getLogger(__name__)

CHECK_EVERY = timedelta(days=1)
LOOK_AGAIN = timedelta(hours=1)  # where the platform could not be asked
NOTICE_DAYS = (30, 7, 1)


# --- the check ------------------------------------------------------------------------------------


def handles_to_check(now: datetime) -> QuerySet[Handle]:
    """Those longest unchecked first."""
    handles = Handle.objects.filter(state=HandleState.CONNECTED, way=Way.API)
    late = Q(checked_at__isnull=True) | Q(checked_at__lte=now - CHECK_EVERY)
    return handles.filter(late).order_by("checked_at", "pk")


def check_next() -> None:
    """Queue the check of one handle: spread over the day, so that no platform gets all at once."""
    now = timezone.now()
    handle = handles_to_check(now).first()
    if handle is None:
        return
    same = Handle.objects.filter(pk=handle.pk, checked_at=handle.checked_at)
    if same.update(checked_at=now):  # or another worker has taken it
        name = f"check-handle-{handle.pk}"
        async_task("publishing.tasks.check_handle", handle.pk, task_name=name)


def check_handle(handle: Handle) -> None:
    """Ask the platform about the account, keep what it says, and announce what ends."""
    consent = consent_for(handle.platform)
    if consent is None or handle.way != Way.API or handle.state != HandleState.CONNECTED:
        return
    try:
        secrets = fresh_secrets(handle)
        health = consent.health(handle.external_id, secrets)
    except CredentialMissing:
        mark_handle(handle, "reconnect")
        return
    except ConnectionRefused as refusal:
        mark_handle(handle, refusal.code)
        return
    except ConnectorError as error:
        log.info("handle %s could not be checked: %s", handle.pk, error.code)
        soon = timezone.now() - CHECK_EVERY + LOOK_AGAIN
        Handle.objects.filter(pk=handle.pk).update(checked_at=soon)
        return
    if health.lacking:
        mark_handle(handle, health.lacking[0])
        return
    facts = dict(health.facts)
    if consent.listening_ends or facts.get("listens") is False:
        facts["listens"] = listen(handle, consent, secrets)
    announce_end(note_health(handle, ends_at=health.ends_at, facts=facts))


# --- the end of an access -------------------------------------------------------------------------


def ends_before(handle: Handle, moment: datetime) -> bool:
    """Will nothing open the handle any more by then, unless somebody links it anew?"""
    return handle.access_until is not None and handle.access_until <= moment


def ending_soon(handles: QuerySet[Handle]) -> QuerySet[Handle]:
    until = timezone.now() + timedelta(days=NOTICE_DAYS[0])
    return handles.filter(state=HandleState.CONNECTED, access_until__lte=until).order_by(
        "access_until"
    )


def announce_end(handle: Handle) -> None:
    """By mail, once for each of NOTICE_DAYS that has come."""
    if handle.access_until is None or handle.state != HandleState.CONNECTED:
        return
    left = handle.access_until - timezone.now()
    due = [days for days in NOTICE_DAYS if left <= timedelta(days=days)]
    if not due or not _noted(handle, handle.access_until, min(due)):
        return
    try:
        _mail(handle)
    except (SMTPException, OSError) as error:
        log.warning("handle %s: its end could not be mailed: %s", handle.pk, type(error).__name__)
        handle.notices.filter(access_until=handle.access_until, days=min(due)).delete()


def _noted(handle: Handle, until: datetime, days: int) -> bool:
    """False if it was announced already."""
    try:
        with transaction.atomic():
            handle.notices.create(access_until=until, days=days)
            record(
                "departments.handle.end_announced",
                handle,
                actor=None,
                department=handle.department.slug,
                data={"days": days, "to": until},
            )
    except IntegrityError:
        return False
    return True


def _mail(handle: Handle) -> None:
    """To those who can link it again, in Hindi and in English, one below the other."""
    readers = _who_answers(handle)
    if not readers:
        return
    address = settings.MEDIA_URL_BASE.rstrip("/")
    context = {"handle": handle, "base": address}
    parts = [_in(language, "body", context) for language in ("hi", "en")]
    subject = " / ".join(_in(language, "subject", context) for language in ("hi", "en"))
    send_mail(subject, "\n\n---\n\n".join(parts) + "\n", None, readers)


def _who_answers(handle: Handle) -> list[str]:
    roles = (Role.NODAL_OFFICER, Role.DEPARTMENT_HEAD)
    charges = Member.objects.current().filter(department=handle.department, role__in=roles)
    found = set(charges.values_list("user__email", flat=True))
    officer = handle.accountable_officer
    if officer is not None and officer.is_active:
        found.add(officer.email)
    return sorted(found)


def _in(language: str, part: str, context: dict[str, object]) -> str:
    with translation.override(language):
        handle = context["handle"]
        assert isinstance(handle, Handle)
        page = f"{context['base']}{reverse('desk:handle', args=[handle.pk])}"
        name = f"publishing/email/access_ends_{part}.txt"
        return render_to_string(name, {**context, "page": page}).strip()
