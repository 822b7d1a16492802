"""How publishing stands: the same numbers on the terminal, for Prometheus and for /readyz."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from departments.tests.factories import person_without_charge
from publishing import pulse, status
from publishing.models import Circuit, Delivery, Publisher, Scope, Stop
from publishing.states import DeliveryState

from .factories import queued_delivery, sending_delivery

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(hours=1)


def late_delivery() -> Delivery:
    delivery = queued_delivery()
    Delivery.objects.filter(pk=delivery.pk).update(due_at=timezone.now() - LONG_AGO)
    return delivery


def make_unknown(delivery: Delivery) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(
        state=DeliveryState.UNKNOWN, state_since=timezone.now() - LONG_AGO, lease_until=None,
        next_try_at=None, problem="needs_decision",
    )  # fmt: skip


def test_a_publisher_is_alive_for_ten_seconds_after_its_beat():
    pulse.beat("host:1", 3)
    pulse.beat("host:1", 4)
    (one,) = pulse.alive(timezone.now())
    assert (one.name, one.in_flight) == ("host:1", 4)
    assert not pulse.alive(timezone.now() + timedelta(seconds=11))


def test_a_name_that_comes_back_begins_anew_and_old_ones_are_forgotten():
    past = timezone.now() - timedelta(days=2)
    for name in ("host:1", "host:2"):
        Publisher.objects.create(name=name, started_at=past, seen_at=past)
    pulse.beat("host:1", 0)
    assert Publisher.objects.get().started_at > past


def test_what_needs_a_person_is_named():
    late_delivery()
    make_unknown(sending_delivery())
    Circuit.objects.update_or_create(
        platform="x", defaults={"state": "open", "next_probe_at": timezone.now()}
    )
    found = status.read()
    assert set(found.troubles) == {"no_publisher", "unknown_long", "circuit_open", "queue_late"}
    assert found.undecided == {"x": 1}


def test_nothing_does_where_all_is_well():
    queued_delivery()
    pulse.beat("host:1", 0)
    assert status.read().troubles == []


def test_what_a_stop_holds_is_not_late():
    late_delivery()
    Stop.objects.create(
        scope=Scope.EVERYTHING, reason="शोक", pressed_by=person_without_charge(),
        starts_at=timezone.now() - LONG_AGO,
    )  # fmt: skip
    pulse.beat("host:1", 0)
    found = status.read()
    assert (found.held, found.troubles) == ({"x": 1}, [])


def test_the_command_says_by_its_exit_code_that_it_needs_a_person(capsys):
    with pytest.raises(SystemExit, match="1"):
        call_command("publish_status", "--json")
    assert json.loads(capsys.readouterr().out)["troubles"] == ["no_publisher"]
    pulse.beat("host:1", 0)
    call_command("publish_status")
    assert "publisher host:1" in capsys.readouterr().out


def test_prometheus_reads_it_without_personal_data(client, django_assert_max_num_queries):
    delivery = late_delivery()
    with django_assert_max_num_queries(18):
        text = client.get("/metrics").content.decode()
    assert 'samvad_due_deliveries{platform="x",rank="routine"} 1.0' in text
    assert delivery.handle.name not in text


def test_nobody_else_reads_it(client, settings):
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.9").status_code == 404
    settings.METRICS_TOKEN = "a-long-token"
    assert client.get("/metrics").status_code == 404
    right = {"Authorization": "Bearer a-long-token"}
    assert client.get("/metrics", headers=right, REMOTE_ADDR="10.0.0.9").status_code == 200
