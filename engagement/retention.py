"""Forgetting in time: who a citizen was a year after the end, the words after three (P10)."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from departments.credentials import seal_text
from portal.audit.actions import record

from .models import Case, Contact, Conversation, Evidence, Remark
from .states import OPEN

log = logging.getLogger(__name__)

IDENTITY_DAYS = 365
WORDS_DAYS = 3 * 365
AT_ONCE = 200
ERASED = "[मिटाया गया]"


def forget_old(*, at: datetime | None = None) -> None:
    """Called by the clock."""
    now = at or timezone.now()
    for contact in erasable(now)[:AT_ONCE]:
        erase_contact(contact, at=now)
    erase_words(now)


def erasable(at: datetime) -> QuerySet[Contact]:
    """Silent for a year on both sides, and no case of theirs is open or ended since."""
    before = at - timedelta(days=IDENTITY_DAYS)
    recent = Conversation.objects.filter(last_at__gte=before)
    alive = Case.objects.filter(Q(state__in=OPEN) | Q(state_since__gte=before))
    mine = Exists(recent.filter(contact=OuterRef("pk")))
    theirs = Exists(alive.filter(voices__contact=OuterRef("pk")))
    return Contact.objects.filter(erased_at__isnull=True).exclude(mine).exclude(theirs)


@transaction.atomic
def erase_contact(contact: Contact, *, at: datetime) -> Contact:
    """Name, address and their photos; the words stay, without who said them."""
    contact = Contact.objects.select_for_update().get(pk=contact.pk)
    if contact.erased_at:
        return contact
    contact.name, contact.tail, contact.address_key = "", "", ""
    contact.sealed_address, contact.erased_at = seal_text(""), at
    contact.save()
    photos = Evidence.objects.filter(case__voices__contact=contact, by_citizen=True)
    for photo in photos:
        photo.file.delete(save=False)
        photo.delete()
    slug = contact.department.slug
    record("engagement.contact.erased", contact, actor=None, department=slug, data={})
    return contact


def erase_words(at: datetime) -> int:
    """What was said three years ago; how many remarks."""
    before = at - timedelta(days=WORDS_DAYS)
    old = Remark.objects.filter(at__lt=before, is_own=False).exclude(text=ERASED)
    keys = list(old.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    gone = Remark.objects.filter(pk__in=keys).update(text=ERASED, earlier=[], permalink="")
    Conversation.objects.filter(last_at__lt=before).exclude(excerpt="").update(excerpt="")
    if gone:
        log.info("%d remarks from before %s erased", gone, before.date())
    return gone
