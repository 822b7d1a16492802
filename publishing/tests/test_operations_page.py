"""The operator's page: one sentence says whether all is well, and every trouble has a next step."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from departments.roles import Role
from departments.tests.factories import directorate, person
from publishing import pulse
from publishing.models import Circuit, CircuitState, Delivery, Scope, Stop
from publishing.states import DeliveryState

from .factories import queued_delivery
from .test_status import late_delivery, make_unknown

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(person(Role.DIRECTOR, directorate()))
    return client


def page(desk: Client, part: str = "") -> str:
    return desk.get(f"/en/desk/operations/{part}").content.decode()


def test_where_all_is_well_one_sentence_says_so(desk):
    queued_delivery()
    pulse.beat("host:1", 0)
    shown = page(desk)
    assert "All is well" in shown
    assert "What needs a person" not in shown
    assert shown.count("host:1") == 1


def test_each_trouble_says_what_to_do(desk):
    unclear = queued_delivery()
    make_unknown(unclear)
    late_delivery()
    Circuit.objects.update_or_create(
        platform="x",
        defaults={
            "state": CircuitState.OPEN,
            "problem": "unreachable",
            "opened_at": timezone.now(),
            "next_probe_at": timezone.now(),
        },
    )
    shown = page(desk)
    assert "All is well" not in shown
    for link in ("#publishers", "#platforms", "#queues", "#unclear"):
        assert f'<a href="{link}">' in shown
        assert f'id="{link[1:]}"' in shown
    assert "The platform could not be reached." in shown
    assert f"/en/desk/posts/{unclear.message.source_id}/" in shown


def test_what_was_not_published_of_late_is_counted_by_reason(desk):
    for ended in (timezone.now(), timezone.now() - timedelta(days=2)):
        Delivery.objects.filter(pk=queued_delivery().pk).update(
            state=DeliveryState.FAILED, state_since=ended, next_try_at=None, problem="unreachable"
        )
    assert "<strong>1</strong> · X · The platform could not be reached." in page(desk)


def test_it_costs_the_same_however_much_there_is(desk, django_assert_max_num_queries):
    for _number in range(3):
        make_unknown(queued_delivery())
        late_delivery()
    Stop.objects.create(scope=Scope.PLATFORM, platform="x", reason="शोक", pressed_by=person())
    page(desk)  # the first visit of a session is noted
    with django_assert_max_num_queries(20):
        whole = page(desk)
    assert "<html" in whole
    assert "<html" not in page(desk, "?part=numbers")
