"""Proposals by words: with reasons, good enough on labelled messages, and never a decision."""

from __future__ import annotations

import pytest
from django.core import mail
from django.core.management import call_command

from departments.models import Department
from departments.roles import Role
from departments.starter_data import load_starter_data
from departments.tests.factories import department, person
from engagement.alerts import alert_urgent
from engagement.conversation_actions import Sorting, sort_conversation
from engagement.models import Urgency
from engagement.triage import Gazetteer, names, propose, values_of
from engagement.triage.measuring import measure
from engagement.triaging import load_gazetteer

from .factories import comment, told, waiting_comment

PLACES = Gazetteer(districts=names([("सीतापुर", "sitapur"), ("Sitapur", "sitapur")]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "kind", "urgency"),
    [
        ("हैंडपंप ख़राब है", "problem", "ordinary"),
        ("hand pump kharab hai", "problem", "ordinary"),
        ("धन्यवाद, पर अभी तक पानी नहीं आया", "problem", "ordinary"),
        ("समाधान हो गया, धन्यवाद", "praise", "ordinary"),
        ("आवेदन कैसे करें", "question", "ordinary"),
        ("मेरे खाते में?", "question", "ordinary"),
        ("बच्चे बीमार पड़ गए हैं", "problem", "urgent"),
        ("transformer me aag lagi hai", "problem", "urgent"),
        ("I did not get the card", "problem", "ordinary"),
        ("कौन से काग़ज़ चाहिए", "question", "ordinary"),
        ("", "", "ordinary"),
        ("🙏", "", "ordinary"),
    ],
)
def test_a_message_is_proposed_a_kind(text, kind, urgency):
    proposal = propose(text, PLACES)
    assert (proposal.kind, proposal.urgency) == (kind, urgency)


def test_the_words_that_led_to_it_are_given_as_reasons():
    reasons = propose("Sitapur me bijli nahi aa rahi", PLACES).reasons
    said = {(one.about, one.value): one.words for one in reasons}
    assert said["district", "sitapur"] == "sitapur"
    assert said["kind", "problem"] == "nahi aa rahi"
    assert said["department", "energy"] == "bijli"


@pytest.mark.django_db
def test_every_department_that_words_propose_exists():
    load_starter_data()
    known = set(Department.objects.values_list("slug", flat=True))
    assert values_of("department") <= known


@pytest.mark.django_db
def test_it_is_good_enough_on_the_messages_that_no_word_was_chosen_by(capsys):
    load_starter_data()
    found = measure("test", load_gazetteer())
    assert found.share("kind") >= 0.85
    assert found.share("department") >= 0.80
    assert found.share("district") >= 0.90
    assert found.urgent_recall >= 0.95
    call_command("measure_triage")
    assert "recall" in capsys.readouterr().out


@pytest.mark.django_db
def test_an_officers_word_stands_against_later_proposals():
    owner = department()
    conversation = waiting_comment(owner, "बिजली नहीं आ रही")
    assert (conversation.kind, conversation.triaged_by) == ("problem", None)
    officer = person(Role.NODAL_OFFICER, owner)
    sorting = Sorting(kind="suggestion")
    sort_conversation(conversation, sorting, fields=["kind"], actor=officer)
    first = conversation.remarks.get()
    told(conversation.handle, comment("बच्चे बीमार पड़ गए", parent_id=first.external_id))
    conversation.refresh_from_db()
    assert conversation.kind == "suggestion"
    assert conversation.urgency == Urgency.URGENT  # danger is never kept back


@pytest.mark.django_db
def test_danger_to_life_reaches_a_named_officer_once():
    owner = department()
    officer = person(Role.NODAL_OFFICER, owner)
    conversation = waiting_comment(owner, "तार टूटकर गिरा है, करंट से एक आदमी मर गया")
    alert_urgent()
    alert_urgent()
    conversation.refresh_from_db()
    assert conversation.assigned_to == officer
    (letter,) = mail.outbox
    assert officer.email in letter.to
    assert "करंट" not in letter.body
