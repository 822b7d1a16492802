"""Citizens' data goes in time, and never earlier than their problem is over (P10)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from departments.credentials import open_text
from departments.roles import Role
from departments.tests.factories import department, person
from engagement.case_actions import Facts, open_case
from engagement.models import Case, Contact, Conversation, Remark
from engagement.retention import ERASED, forget_old
from portal.audit.models import AuditEntry

from .factories import waiting_comment

pytestmark = pytest.mark.django_db
LATER = timezone.now() + timedelta(days=400)


def test_name_and_address_go_after_a_year_of_silence_and_the_words_stay():
    conversation = waiting_comment(department(), "हैंडपंप ख़राब है।")
    forget_old()
    assert Contact.objects.get().name
    forget_old(at=LATER)
    contact = Contact.objects.get()
    assert (contact.name, contact.tail, contact.address_key) == ("", "", "")
    assert open_text(contact.sealed_address) == ""
    assert Remark.objects.get(conversation=conversation).text == "हैंडपंप ख़राब है।"
    assert AuditEntry.objects.filter(action="engagement.contact.erased").count() == 1


def test_nothing_goes_while_a_case_is_open():
    owner = department()
    officer = person(Role.NODAL_OFFICER, owner)
    open_case(waiting_comment(owner), Facts("हैंडपंप"), actor=officer)
    forget_old(at=LATER)
    assert Contact.objects.get().erased_at is None
    Case.objects.update(state="closed")
    forget_old(at=LATER)
    assert Contact.objects.get().erased_at


def test_words_go_after_three_years():
    conversation = waiting_comment(department())
    forget_old(at=timezone.now() + timedelta(days=1100))
    assert Remark.objects.get(conversation=conversation).text == ERASED
    assert Conversation.objects.get().excerpt == ""
