"""The inbox: every message is reached, in order, at the same cost however many there are."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from departments.models import Department
from departments.roles import Role
from departments.tests.factories import department, person
from engagement.models import Conversation, ConversationTerm, Urgency
from publishing.tests.factories import connected_handle

from .factories import waiting_comment

pytestmark = pytest.mark.django_db


def many(owner: Department, number: int) -> None:
    """Written straight into the tables: how they came in is tested elsewhere."""
    handle, now = connected_handle(owner, "facebook"), timezone.now()
    Conversation.objects.bulk_create(
        Conversation(
            department=owner,
            handle=handle,
            platform="facebook",
            way="comment",
            key=f"k{one}",
            last_at=now - timedelta(minutes=one // 3),  # three of each moment
            waiting_since=now - timedelta(minutes=one // 3),
            urgency=Urgency.URGENT if one % 10 == 0 else Urgency.ORDINARY,
        )
        for one in range(number)
    )


def walk(client, **query: str) -> list[int]:
    seen: list[int] = []
    address = reverse("desk:inbox")
    after = ""
    while True:
        page = client.get(f"{address}?{urlencode({**query, 'after': after})}").context["page"]
        seen += [row.conversation.pk for row in page.rows]
        after = page.following
        if not after:
            return seen


@pytest.mark.parametrize("tab", ["waiting", "all"])
def test_every_message_is_reached_once(client, tab):
    owner = department()
    many(owner, 130)
    client.force_login(person(Role.NODAL_OFFICER, owner))
    seen = walk(client, tab=tab)
    assert len(seen) == len(set(seen)) == 130
    if tab == "waiting":
        urgent = Conversation.objects.filter(urgency=Urgency.URGENT)
        assert set(seen[:13]) == set(urgent.values_list("pk", flat=True))


@pytest.mark.parametrize("number", [3, 400])
def test_a_page_costs_the_same_however_many_wait(client, number):
    owner = department()
    many(owner, number)
    client.force_login(person(Role.NODAL_OFFICER, owner))
    address = reverse("desk:inbox")
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(address)
    assert len(queries) <= 20
    assert len(page.content) < 100_000


def test_a_conversation_costs_the_same_however_long_it_is(client):
    owner = department()
    conversation = waiting_comment(owner, "हैंडपंप ख़राब है, बच्चे बीमार हैं")
    client.force_login(person(Role.NODAL_OFFICER, owner))
    address = reverse("desk:conversation", args=[conversation.pk])
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    assert len(queries) <= 20


@pytest.mark.parametrize("words", ["हैंडपम्प", "hand pump kharab", "ख़राब"])
def test_it_is_found_in_hindi_and_in_roman_letters(client, words):
    owner = department()
    found = waiting_comment(owner, "हमारे गाँव का हैंडपंप ख़राब है। hand pump")
    waiting_comment(owner, "पेंशन नहीं आई")
    assert ConversationTerm.objects.exists()
    client.force_login(person(Role.NODAL_OFFICER, owner))
    assert walk(client, q=words) == [found.pk]


def test_nothing_of_another_department_is_found(client):
    waiting_comment(department(), "हैंडपंप ख़राब है")
    client.force_login(person(Role.NODAL_OFFICER, department()))
    assert walk(client, q="हैंडपंप") == walk(client, tab="all") == []


def test_two_officers_on_one_conversation_see_each_other(client):
    owner = department()
    conversation = waiting_comment(owner)
    first, second = person(Role.NODAL_OFFICER, owner), person(Role.DEPARTMENT_HEAD, owner)
    client.force_login(first)
    client.get(reverse("desk:conversation", args=[conversation.pk]))
    client.force_login(second)
    page = client.get(reverse("desk:presence", args=[conversation.pk]))
    assert first.name in page.content.decode()
    assert second.name not in page.content.decode()
