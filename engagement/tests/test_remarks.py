"""What people wrote is taken in once, whatever order and however often it is told (issue 5)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from departments.tests.factories import department
from engagement.models import Contact, Conversation, Remark
from engagement.remark_actions import take
from engagement.states import ConversationState
from publishing.connectors.base import Comment, Heard
from publishing.tests.factories import connected_handle

from .factories import NINE, comment, told, waiting_comment

pytestmark = pytest.mark.django_db


def test_a_comment_told_twice_is_one_remark():
    handle = connected_handle(department(), "facebook")
    said = comment()
    told(handle, said)
    told(handle, said)
    assert Remark.objects.count() == Conversation.objects.count() == Contact.objects.count() == 1


def test_the_same_id_on_two_handles_is_two_remarks():
    said = comment()
    for _ in range(2):
        told(connected_handle(department(), "facebook"), said)
    assert Remark.objects.count() == 2


def test_platform_time_is_the_time():
    conversation = waiting_comment(department(), minute=7)
    assert conversation.waiting_since == conversation.last_at
    assert (conversation.last_at - NINE).seconds == 7 * 60


def test_a_reply_that_comes_before_its_comment_joins_it():
    handle = connected_handle(department(), "facebook")
    first = comment(minute=1)
    answer = comment("मेरे यहाँ भी।", minute=2, parent_id=first.id)
    told(handle, answer)
    told(handle, first)
    conversation = Conversation.objects.get()
    assert [one.external_id for one in conversation.remarks.all()] == [first.id, answer.id]


def test_a_removal_told_first_is_kept_for_the_comment():
    handle = connected_handle(department(), "facebook")
    said = comment()
    told(handle, Comment(said.id, "", None), "removed", minute=5)
    remark = told(handle, said)
    remark.refresh_from_db()
    assert remark.removed_at is not None
    assert remark.conversation.waiting_since is None


def test_an_old_version_that_comes_late_changes_nothing():
    handle = connected_handle(department(), "facebook")
    said = comment("पानी नहीं")
    told(handle, replace(said, text="पानी आ गया"), "edited", minute=5)
    remark = told(handle, said)
    remark.refresh_from_db()
    assert remark.text == "पानी आ गया"


def test_an_edit_keeps_what_stood_there_before_and_asks_for_another_look():
    owner = department()
    conversation = waiting_comment(owner, "पानी नहीं")
    said = conversation.remarks.get()
    conversation.remarks.update(answered_at=NINE)
    told(conversation.handle, comment("बिजली भी नहीं", id=said.external_id), "edited", minute=9)
    said.refresh_from_db()
    conversation.refresh_from_db()
    assert [one["text"] for one in said.earlier] == ["पानी नहीं"]  # R2
    assert conversation.state == ConversationState.WAITING


def test_an_answer_on_the_platform_itself_ends_the_waiting():
    owner = department()
    conversation = waiting_comment(owner)
    first = conversation.remarks.get()
    own = comment("टीम भेजी गई है।", minute=3, parent_id=first.external_id, is_own=True)
    told(conversation.handle, own)
    conversation.refresh_from_db()
    assert conversation.state == ConversationState.ANSWERED
    told(conversation.handle, comment("अब तक नहीं", minute=4, parent_id=own.id))
    conversation.refresh_from_db()
    assert conversation.state == ConversationState.WAITING


def test_no_address_is_stored_in_the_open():
    """S7: the platform's id of a person is sealed, and found by its hash."""
    handle = connected_handle(department(), "whatsapp")
    told(handle, comment(author_id="919876543210", post_id=""), way="message")
    contact = Contact.objects.get()
    assert contact.tail == "3210"
    assert b"9876543210" not in bytes(contact.sealed_address)
    assert "9876543210" not in f"{contact.__dict__}"


ROOT = comment("हैंडपंप ख़राब", minute=0, id="root", author_id="a")
EVENTS = [
    (Heard("comment", "said", ROOT), 0),
    (Heard("comment", "edited", replace(ROOT, text="हैंडपंप और नल ख़राब")), 2),
    (Heard("comment", "edited", replace(ROOT, text="हैंडपंप ठीक हुआ, नल नहीं")), 6),
    (Heard("comment", "said", comment("यहाँ भी", 3, id="two", parent_id="root", author_id="b")), 3),
    (Heard("comment", "removed", Comment("two", "", None)), 5),
    (Heard("comment", "said", comment("हमारे भी", 4, id="three", parent_id="root")), 4),
]


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(len(EVENTS))), again=st.lists(st.integers(0, 5), max_size=4))
def test_any_order_and_any_repetition_end_alike(db, order, again):
    handle = connected_handle(department(), "facebook")
    for number in [*order, *again]:
        heard, minute = EVENTS[number]
        take(handle, heard, told_at=NINE.replace(minute=minute))
    conversation = Conversation.objects.get(handle=handle)
    remarks = conversation.remarks.all()
    assert [one.external_id for one in remarks] == ["root", "two", "three"]
    assert remarks[0].text == "हैंडपंप ठीक हुआ, नल नहीं"
    assert [one.removed_at is not None for one in remarks] == [False, True, False]
    assert (conversation.key, conversation.waiting_since) == ("root", NINE)
    assert conversation.excerpt == "हमारे भी"
