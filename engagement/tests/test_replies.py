"""An answer: once, sealed, where it belongs, and by whoever may give it (issue 5, point 4)."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from departments.roles import Role
from departments.tests.factories import department, person
from engagement.case_actions import Facts, open_case, transfer_case
from engagement.models import Contact, Remark, Reply, ReplyRule
from engagement.reply_actions import approve_reply, return_reply, write_reply
from engagement.states import ConversationState, ReplyState
from portal.errors import MoveNotAllowed, NotPermitted
from publishing import sending
from publishing.connectors.base import Problem
from publishing.connectors.errors import Unknown
from publishing.models import Delivery, Message
from publishing.states import DeliveryState

from .factories import comment, told, waiting_comment

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return department()


@pytest.fixture
def officer(owner):
    return person(Role.NODAL_OFFICER, owner)


def write(conversation, actor, text="टीम भेजी गई है।", key=None) -> Reply:
    return write_reply(conversation, text=text, form_key=key or uuid.uuid4(), actor=actor)


def test_an_answer_goes_under_what_it_answers(owner, officer, platform, deliver):
    conversation = waiting_comment(owner)
    write(conversation, officer)
    deliver()
    sent = platform.published[0]
    assert sent.answers.id == conversation.remarks.filter(is_own=False).get().external_id
    assert sent.answers.kind == "comment"
    conversation.refresh_from_db()
    assert conversation.state == ConversationState.ANSWERED
    assert conversation.remarks.filter(is_own=True).count() == 1


def test_the_same_form_twice_is_one_answer(owner, officer, platform, deliver):
    conversation, key = waiting_comment(owner), uuid.uuid4()
    assert write(conversation, officer, key=key) == write(conversation, officer, key=key)
    deliver()
    assert len(platform.published) == 1


def test_the_platforms_own_word_of_our_answer_doubles_nothing(owner, officer, deliver):
    conversation = waiting_comment(owner)
    reply = write(conversation, officer)
    own = comment(reply.text, minute=2, id="r0", is_own=True)
    told(conversation.handle, own)  # its callback may come before the answer to our call
    deliver()
    reply.refresh_from_db()
    assert reply.seen_as.external_id == "r0"
    assert Remark.objects.filter(is_own=True).count() == 1


def test_what_came_while_the_answer_was_written_still_waits(owner, officer, deliver):
    conversation = waiting_comment(owner)
    first = conversation.remarks.get()
    write(conversation, officer)
    late = comment("और बिजली भी नहीं", parent_id=first.external_id)
    told(conversation.handle, late)
    deliver()
    conversation.refresh_from_db()
    assert conversation.state == ConversationState.WAITING
    assert conversation.remarks.get(external_id=late.id).answered_at is None


def test_an_unclear_answer_is_looked_for_and_not_sent_again(owner, officer, platform, deliver):
    conversation = waiting_comment(owner)
    found = platform.script[0]
    platform.script.insert(0, Unknown("connection_lost"))
    write(conversation, officer)
    deliver()
    delivery = Delivery.objects.get()
    assert delivery.state == DeliveryState.UNKNOWN
    platform.shows.append(found)
    sending.look(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.SENT
    assert not platform.published


def test_a_changed_answer_is_not_sent(owner, officer, platform, deliver):
    reply = write(waiting_comment(owner), officer)
    Reply.objects.filter(pk=reply.pk).update(text="कुछ और")
    deliver()
    assert Delivery.objects.get().problem == "seal_broken"
    assert not platform.published


def test_an_answer_to_another_person_is_not_sent(owner, officer, platform, deliver):
    handle = waiting_comment(owner).handle
    said = comment("पेंशन?", at=timezone.now(), author_id="111", post_id="")
    conversation = told(handle, said, way="message").conversation
    write(conversation, officer)
    other = comment("और?", author_id="222", post_id="")
    stranger = told(handle, other, way="message").contact
    sealed = Contact.objects.get(pk=stranger.pk).sealed_address
    Contact.objects.filter(pk=conversation.contact_id).update(sealed_address=sealed)
    deliver()
    assert Delivery.objects.get().problem == "seal_broken"
    assert not platform.published


def test_the_platforms_rule_is_asked_before_anything_is_written(owner, officer, platform):
    platform.bars = [Problem("window_closed", values={"until": timezone.now()})]
    with pytest.raises(MoveNotAllowed):
        write(waiting_comment(owner), officer)
    assert not Message.objects.exists()


def test_a_window_that_closes_takes_the_answer_with_it(owner, officer, platform, deliver):
    until = timezone.now() + timedelta(minutes=1)
    platform.bars = [Problem("window_closes_soon", "warning", {"until": until})]
    reply = write(waiting_comment(owner), officer)
    assert reply.not_after == reply.message.not_after == until


def test_another_department_answers_through_the_handles_own(owner, officer, platform, deliver):
    conversation = waiting_comment(owner)
    case = open_case(conversation, Facts("हैंडपंप"), actor=officer)
    water = department()
    colleague = person(Role.NODAL_OFFICER, water)
    with pytest.raises(NotPermitted):
        write(conversation, colleague)
    transfer_case(case, water, reason="जल", actor=officer)
    deliver()
    before = len(platform.published)
    reply = write(conversation, colleague)
    assert reply.state == ReplyState.WRITTEN
    with pytest.raises(NotPermitted):
        approve_reply(reply, actor=colleague)
    approve_reply(reply, actor=officer)
    deliver()
    assert len(platform.published) == before + 1


def test_a_rule_of_the_handle_asks_for_a_second_officer(owner, officer):
    conversation = waiting_comment(owner)
    ReplyRule.objects.create(handle=conversation.handle)
    reply = write(conversation, officer)
    assert reply.state == ReplyState.WRITTEN
    head = person(Role.DEPARTMENT_HEAD, owner)
    return_reply(reply, reason="नरम शब्द", actor=head)
    with pytest.raises(MoveNotAllowed):
        approve_reply(reply, actor=head)
