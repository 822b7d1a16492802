"""Life and safety: whoever answers for the handle is told at once, by name (standards.md 13.3)."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from departments.models import Member, User
from departments.roles import Role

from .models import Conversation, Urgency
from .states import ConversationState

log = logging.getLogger(__name__)


def alert_urgent() -> None:
    """Each conversation once; whoever sets the moment first sends the mail."""
    waiting = Conversation.objects.filter(
        urgency=Urgency.URGENT, alerted_at__isnull=True, state=ConversationState.WAITING
    )
    for conversation in waiting.select_related("department", "handle__accountable_officer")[:50]:
        same = Conversation.objects.filter(pk=conversation.pk, alerted_at__isnull=True)
        if same.update(alerted_at=timezone.now()):
            _alert(conversation)


def named_officer(conversation: Conversation) -> User | None:
    """The officer who answers for the handle, or else a nodal officer of the department."""
    handle = conversation.handle
    officer = handle.accountable_officer if handle else None
    if officer is not None and officer.is_active:
        return officer
    charges = Member.objects.current().filter(
        department=conversation.department, role=Role.NODAL_OFFICER
    )
    first = charges.select_related("user").order_by("from_date", "pk").first()
    return first.user if first else None


def _alert(conversation: Conversation) -> None:
    officer = named_officer(conversation)
    if officer is not None and conversation.assigned_to_id is None:
        Conversation.objects.filter(pk=conversation.pk).update(assigned_to=officer)
    heads = Member.objects.current().filter(
        department=conversation.department, role=Role.DEPARTMENT_HEAD
    )
    to = {officer.email} if officer else set()
    to |= set(heads.values_list("user__email", flat=True))
    if not to:
        return
    parts = [_in(language, conversation) for language in ("hi", "en")]
    subject = " / ".join(part[0] for part in parts)
    body = "\n\n---\n\n".join(part[1] for part in parts) + "\n"
    try:
        send_mail(subject, body, None, sorted(to))
    except (SMTPException, OSError) as error:
        log.warning("urgent message %s: not mailed: %s", conversation.pk, type(error).__name__)


def _in(language: str, conversation: Conversation) -> tuple[str, str]:
    """No word of the citizen's leaves the portal by mail (I7)."""
    with translation.override(language):
        base = settings.MEDIA_URL_BASE.rstrip("/")
        page = f"{base}{reverse('desk:conversation', args=[conversation.pk])}"
        context = {"conversation": conversation, "page": page}
        subject = render_to_string("engagement/email/urgent_subject.txt", context).strip()
        return subject, render_to_string("engagement/email/urgent_body.txt", context).strip()
