"""Whose turn it is: order within a handle, urgency, stops, what the platform lets through."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from departments.tests.factories import person_without_charge
from portal.audit.actions import broken_links
from portal.audit.models import AuditEntry
from publishing import actions, traffic
from publishing.claiming import claim_next
from publishing.connectors.base import Pace, Receipt
from publishing.connectors.errors import (
    AppLimited,
    ContentRefused,
    PersonLimited,
    RateLimited,
    Unavailable,
)
from publishing.models import Allowance, Circuit, Delivery, Exemption, Operation, Stop
from publishing.moving import Barred, LeaseLost
from publishing.states import Rank

from .factories import queued_delivery

pytestmark = pytest.mark.django_db


def claimed(limit: int = 50) -> list[Delivery]:
    return [delivery for delivery, _ in claim_next("x", limit=limit, worker="one")]


def on_one_handle(*ranks: int) -> list[Delivery]:
    """Due one minute after the other, the first one an hour ago."""
    first = queued_delivery()
    made = [first, *(queued_delivery() for _ in ranks[1:])]
    start = timezone.now() - timedelta(hours=1)
    for number, (delivery, rank) in enumerate(zip(made, ranks, strict=True)):
        delivery.handle, delivery.rank = first.handle, rank
        delivery.due_at = start + timedelta(minutes=number)
        delivery.save()
    return made


def stop(**fields) -> Stop:
    officer = person_without_charge()
    return Stop.objects.create(
        reason="शोक", pressed_by=officer, **{"scope": "everything", **fields}
    )


# --- order ----------------------------------------------------------------------------------------


def test_one_handle_is_served_one_at_a_time_and_in_order():
    first, second = on_one_handle(Rank.ROUTINE, Rank.ROUTINE)
    assert claimed() == [first]
    assert claimed() == []
    Delivery.objects.filter(pk=first.pk).update(state="failed", lease_until=None)
    assert claimed() == [second]


@pytest.mark.parametrize(
    ("state", "next_try_at"), [("waiting", timezone.now()), ("unknown", timezone.now())]
)
def test_what_comes_first_and_waits_holds_its_handle(state, next_try_at):
    first, _second = on_one_handle(Rank.ROUTINE, Rank.ROUTINE)
    Delivery.objects.filter(pk=first.pk).update(state=state, next_try_at=next_try_at)
    assert claimed() == []


def test_what_is_left_to_a_person_holds_nothing_up():
    first, second = on_one_handle(Rank.ROUTINE, Rank.ROUTINE)
    Delivery.objects.filter(pk=first.pk).update(state="unknown", next_try_at=None)
    assert claimed() == [second]


def test_urgent_goes_before_routine_and_routine_before_a_campaign():
    bulk, routine, urgent = on_one_handle(Rank.BULK, Rank.ROUTINE, Rank.URGENT)
    order = []
    while found := claimed():
        order += found
        Delivery.objects.filter(pk=found[0].pk).update(state="failed", lease_until=None)
    assert order == [urgent, routine, bulk]


def test_handles_do_not_wait_for_each_other():
    assert {queued_delivery(), queued_delivery()} == set(claimed())


def test_the_database_refuses_a_second_one_under_way_on_a_handle():
    first, second = on_one_handle(Rank.ROUTINE, Rank.ROUTINE)
    lease = timezone.now()
    Delivery.objects.filter(pk=first.pk).update(state="sending", lease_until=lease)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.filter(pk=second.pk).update(state="sending", lease_until=lease)


# --- stops ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["everything", "platform", "department", "topic", "message"])
def test_a_stop_holds_its_scope_and_nothing_else(scope):
    held, free = queued_delivery(), queued_delivery()
    held.message.topic = "scheme:1"
    held.message.save()
    Delivery.objects.filter(pk=free.pk).update(platform="youtube")
    field = {
        "everything": {},
        "platform": {"platform": "x"},
        "department": {"department": held.message.department},
        "topic": {"topic": "scheme:1"},
        "message": {"message": held.message},
    }[scope]
    pressed = stop(scope=scope, **field)
    assert claimed() == []
    others = claim_next("youtube", limit=5, worker="one")
    assert [one for one, _ in others] == ([] if scope == "everything" else [free])
    Stop.objects.filter(pk=pressed.pk).update(
        released_at=timezone.now(), released_by=pressed.pressed_by, release_reason="समाप्त"
    )
    assert claimed() == [held]


def test_what_was_claimed_before_the_stop_is_refused_when_it_is_armed():
    queued_delivery()
    ((delivery, attempt),) = claim_next("x", limit=5, worker="one")
    stop()
    with pytest.raises(Barred):
        actions.arm(delivery, attempt, is_checked=True)
    delivery.refresh_from_db()
    assert delivery.armed_at is None


def test_a_thread_under_way_stops_between_two_parts_and_remembers_the_first():
    queued_delivery()
    ((delivery, attempt),) = claim_next("x", limit=5, worker="one")
    actions.arm(delivery, attempt, is_checked=True)
    stop()
    with pytest.raises(Barred):
        actions.keep(delivery, {"part1": "11"})
    delivery.refresh_from_db()
    assert delivery.kept == {"part1": "11"}


def test_a_take_down_passes_a_stop():
    out = queued_delivery()
    removal = Delivery.objects.create(
        message=out.message,
        handle=out.handle,
        platform="x",
        rank=Rank.TAKE_DOWN,
        operation=Operation.REMOVE,
        target=out,
        next_try_at=timezone.now(),
    )
    stop()
    assert claimed() == [removal]


def test_a_freeze_holds_between_its_days_only():
    delivery, now = queued_delivery(), timezone.now()
    frozen = stop(starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2))
    assert claimed() == [delivery]
    Delivery.objects.filter(pk=delivery.pk).update(
        state="queued", lease_until=None, next_try_at=now
    )
    Stop.objects.filter(pk=frozen.pk).update(starts_at=now)
    assert claimed() == []


def test_an_exemption_counts_once_a_second_person_confirmed_it():
    delivery, frozen = queued_delivery(), stop()
    asked = Exemption.objects.create(
        stop=frozen, message=delivery.message, reason="बाढ़", asked_by=frozen.pressed_by
    )
    assert claimed() == []
    with pytest.raises(IntegrityError), transaction.atomic():
        Exemption.objects.filter(pk=asked.pk).update(
            confirmed_by=frozen.pressed_by, confirmed_at=timezone.now()
        )
    Exemption.objects.filter(pk=asked.pk).update(
        confirmed_by=person_without_charge(), confirmed_at=timezone.now()
    )
    assert claimed() == [delivery]


# --- a platform that does not answer, and its limits ----------------------------------------------


def told(delivery: Delivery, error: Exception | None = None, *paces: Pace) -> None:
    actions.teach(traffic.Told(delivery, error, paces))


def opened() -> list[Delivery]:
    deliveries = [queued_delivery() for _ in range(7)]
    for delivery in deliveries[:5]:
        told(delivery, Unavailable("unreachable"))
    return deliveries


def test_a_platform_that_fails_for_five_handles_in_a_row_is_left_alone():
    opened()
    assert Circuit.objects.get(platform="x").state == "open"
    assert claimed() == []


def test_one_broken_handle_opens_nothing():
    delivery = queued_delivery()
    for _ in range(20):
        told(delivery, Unavailable("unreachable"))
    assert Circuit.objects.get(platform="x").state == "closed"
    assert claimed() == [delivery]


def test_after_a_while_one_delivery_tries_and_uses_up_no_try():
    opened()
    Circuit.objects.update(next_probe_at=timezone.now())
    (probe,) = claimed()
    assert probe.attempts_made == 0
    assert claimed() == []
    told(probe, ContentRefused())  # it answers, and that is all that was asked
    assert Circuit.objects.get(platform="x").state == "closed"
    assert len(claimed()) == 6


def test_a_probe_that_fails_makes_the_pause_longer():
    deliveries = opened()
    first = Circuit.objects.get(platform="x").next_probe_at
    Circuit.objects.update(next_probe_at=timezone.now())
    claimed()
    told(deliveries[0], Unavailable("unreachable"))
    circuit = Circuit.objects.get(platform="x")
    assert (circuit.state, circuit.next_probe_at > first) == ("open", True)


def test_a_handle_s_limit_closes_the_handle_until_it_opens():
    limited, free = queued_delivery(), queued_delivery()
    told(limited, RateLimited(retry_after=60))
    assert claimed() == [free]
    Allowance.objects.update(closed_until=timezone.now())
    assert claimed() == [limited]


def test_the_app_s_limit_closes_the_platform():
    delivery = queued_delivery()
    told(delivery, AppLimited(retry_after=60))
    assert claimed() == []
    assert Delivery.objects.get().attempts_made == 0


def test_one_person_s_limit_closes_nothing():
    told(queued_delivery(), PersonLimited(retry_after=60))
    assert not Allowance.objects.exists()


def test_what_headers_leave_is_shared_out_and_no_more():
    deliveries = [queued_delivery() for _ in range(5)]
    told(deliveries[0], None, Pace("app", 100, 1 / 60, 2, 900))
    assert len(claimed()) == 2
    assert claimed() == []


def test_an_app_s_pace_from_the_settings_holds_without_headers(settings):
    settings.APP_PACES = {"x": (3, 3600)}
    for _ in range(5):
        queued_delivery()
    assert len(claimed()) == 3
    assert claimed() == []


# --- too late -------------------------------------------------------------------------------------


def test_what_waited_through_an_outage_expires_and_asks():
    delivery = queued_delivery()
    Delivery.objects.update(due_at=timezone.now() - timedelta(days=1))
    assert actions.expire_late() == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.problem) == ("expired", "stale")


def test_many_accepted_at_once_are_each_proved_and_audited():
    for _ in range(3):
        queued_delivery()
    batch = claim_next("x", limit=5, worker="one")
    receipts = [(one, attempt, Receipt(f"id-{one.pk}")) for one, attempt in batch]
    lost = batch[0][0]
    Delivery.objects.filter(pk=lost.pk).update(fence=99)  # somebody else has it now
    troubles = actions.accept_all(receipts)
    assert [type(trouble) for trouble in troubles] == [LeaseLost, type(None), type(None)]
    sent = Delivery.objects.filter(state="sent")
    assert [one.platform_id for one in sent] == [f"id-{one.pk}" for one in sent]
    assert sent.count() == AuditEntry.objects.filter(action="publishing.delivery.sent").count() == 2
    assert list(broken_links()) == []
