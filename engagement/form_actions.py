"""What citizens do on the portal's own pages; the number and its code are their proof."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.credentials import keyed_hash, seal_text
from departments.models import Department, District
from portal.audit.actions import record
from portal.errors import MoveNotAllowed

from . import case_actions, triaging
from .case_actions import Facts
from .evidence import keep_photo
from .models import (
    OWN_FORM,
    Case,
    CaseAct,
    Consent,
    Contact,
    Conversation,
    Kind,
    Pace,
    Remark,
    Voice,
    Way,
)
from .remark_actions import index, settle
from .scrubbing import scrub
from .states import OPEN, CaseState, ConversationState

NOTICE_VERSION = "2026-11"  # of the notice shown above the form (P3)
QUICK = (Kind.QUESTION.value, Kind.FAKE.value)


@dataclass(frozen=True)
class Report:
    kind: str
    department: Department
    text: str
    district: District | None = None
    place: str = ""
    name: str = ""
    reach: str = ""  # tel:+91... or mail:...
    photo: UploadedFile | None = None


@transaction.atomic
def report_problem(report: Report, *, form_key: uuid.UUID) -> Case:
    """A number at once; the same form sent again gives the same case. Raises MoveNotAllowed."""
    if known := Conversation.objects.filter(key=str(form_key), platform=OWN_FORM).first():
        return known.voices.get().case
    contact = _contact(report)
    _check_not_too_many(contact)
    text, _was_scrubbed = scrub(report.text)
    conversation = _conversation(report, form_key, contact, text)
    pace = Pace.QUESTION if report.kind in QUICK else Pace.ORDINARY
    title = text.splitlines()[0][:120]
    facts = Facts(title, report.kind, pace, report.district, report.place, conversation.scheme)
    case = case_actions.new_case(report.department, facts, urgency=conversation.urgency, actor=None)
    first = conversation.remarks.get()
    Voice.objects.create(case=case, conversation=conversation, contact=contact, remark=first)
    case_actions.acknowledge_by_page(case)
    if report.photo is not None:
        keep_photo(case, report.photo, alt="", actor=None)
    return case


def _contact(report: Report) -> Contact | None:
    if not report.reach:
        return None
    contact, is_new = Contact.objects.get_or_create(
        department=report.department,
        handle=None,
        address_key=keyed_hash(report.reach),
        defaults={
            "sealed_address": seal_text(report.reach),
            "tail": report.reach[-4:] if report.reach.startswith("tel:") else "",
            "name": report.name,
        },
    )
    if is_new:
        same = Contact.objects.filter(
            department=report.department, address_key=contact.address_key
        ).exclude(pk=contact.pk)
        first = same.order_by("pk").first()
        contact.person = (first.person or first) if first else None
        contact.save(update_fields=["person"])
    Consent.objects.get_or_create(
        contact=contact, purpose="answer", defaults={"notice": NOTICE_VERSION}
    )
    return contact


def _check_not_too_many(contact: Contact | None) -> None:
    if contact is None:
        return
    same = Contact.objects.filter(address_key=contact.address_key)
    open_ones = Case.objects.filter(voices__contact__in=same, state__in=OPEN).distinct()
    if open_ones.count() >= settings.CASES_OPEN_AT_MOST:
        raise MoveNotAllowed(
            _("Ten of your problems are open already. Please wait until one of them is resolved.")
        )


def _conversation(
    report: Report, form_key: uuid.UUID, contact: Contact | None, text: str
) -> Conversation:
    now = timezone.now()
    conversation = Conversation.objects.create(
        department=report.department,
        platform=OWN_FORM,
        way=Way.FORM,
        key=str(form_key),
        contact=contact,
        state=ConversationState.WAITING,
        last_at=now,
        waiting_since=now,
        kind=report.kind,
        district=report.district,
    )
    remark = Remark.objects.create(
        conversation=conversation,
        external_id=f"form:{form_key}",
        contact=contact,
        text=text,
        at=now,
        version_at=now,
    )
    index(conversation, text)
    triaging.propose_for(conversation, remark)
    settle(conversation)
    return conversation


@transaction.atomic
def tell_more(case: Case, words: str) -> None:
    """On the page of the problem: what the office asked for, or something new."""
    case = Case.objects.select_for_update().get(pk=case.pk)
    if case.state not in OPEN:
        raise MoveNotAllowed(_("This problem is over. You can still say what you think of it."))
    voice = case.voices.select_related("conversation").order_by("pk").first()
    assert voice is not None
    conversation = Conversation.objects.select_for_update().get(pk=voice.conversation_id)
    now, (text, _was_scrubbed) = timezone.now(), scrub(words)
    Remark.objects.create(
        conversation=conversation,
        handle=None,
        external_id=f"form:{uuid.uuid4()}",
        contact=voice.contact,
        text=text,
        at=now,
        version_at=now,
    )
    index(conversation, text)
    settle(conversation)
    CaseAct.objects.create(
        case=case, what="said", text=text, department=case.department, is_public=True
    )
    record("engagement.case.said", case, actor=None, department=case.department.slug, data={})
    if case.state == CaseState.NEED_INFO:
        case_actions.resume_case(case, actor=None)


def was_scrubbed(text: str) -> bool:
    return scrub(text)[1]
