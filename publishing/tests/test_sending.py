"""A delivery from claim to receipt: claim, check again, call, store, and read back."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from departments.actions import mark_handle
from departments.states import HandleState
from portal.audit.models import AuditEntry
from portal.errors import MoveNotAllowed
from publishing import actions, claiming, sending
from publishing.connectors.base import NotPublished, Receipt
from publishing.connectors.errors import (
    AlreadyPublished,
    ConnectionRefused,
    ContentRefused,
    RateLimited,
    Unavailable,
    Unknown,
)
from publishing.models import Delivery, Message, MessagePart
from publishing.moving import LeaseLost
from publishing.retry import Verdict
from publishing.states import Outcome

from .factories import queued_delivery, sending_delivery
from .scripted import Scripted

RECEIPT = Receipt("1990000000000000001", "https://x.com/up/status/1990000000000000001")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def platform(settings, monkeypatch):
    settings.CONNECTORS = {"x": "publishing.tests.scripted.Scripted"}
    settings.MESSAGE_SOURCES = {"post": "publishing.tests.test_sending.seal_of_source"}
    settings.FIND_AFTER_SECONDS = [15, 45]
    Scripted.start(RECEIPT)
    SOURCE_SEALS.clear()
    return Scripted


SOURCE_SEALS: dict[int, str] = {}


def seal_of_source(source_id: int) -> str:
    """What the approved post says now: the same, unless a test changed it."""
    message = Delivery.objects.get(message__source_id=source_id).message
    return SOURCE_SEALS.get(source_id, message.seal)


def deliver(delivery: Delivery) -> Delivery:
    sending.send(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def look(delivery: Delivery) -> Delivery:
    sending.look(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def ended(delivery: Delivery) -> tuple[str, str]:
    return delivery.state, delivery.problem


def test_a_queued_delivery_is_sent_once_and_proved(platform):
    delivery = deliver(queued_delivery())
    assert ended(delivery) == ("sent", "")
    assert (delivery.platform_id, delivery.permalink) == (RECEIPT.platform_id, RECEIPT.permalink)
    assert len(platform.published) == 1
    attempt = delivery.attempts.get()
    assert (attempt.outcome, attempt.armed_at is not None) == ("accepted", True)
    assert AuditEntry.objects.filter(action="publishing.delivery.sent").count() == 1


def test_a_task_that_runs_again_sends_nothing(platform):
    delivery = deliver(queued_delivery())
    assert deliver(delivery).attempts.count() == 1
    assert len(platform.published) == 1


def test_two_workers_cannot_claim_the_same(platform):
    delivery = queued_delivery()
    assert claiming.claim(delivery.pk, worker="one")
    assert claiming.claim(delivery.pk, worker="two") is None


# --- the gate ---------------------------------------------------------------------------------


def test_a_changed_letter_breaks_the_seal(platform):
    delivery = queued_delivery()
    MessagePart.objects.filter(message=delivery.message).update(text="कुछ और")
    assert ended(deliver(delivery)) == ("failed", "seal_broken")
    assert platform.published == []


def test_a_post_changed_after_approval_breaks_the_seal(platform):
    delivery = queued_delivery()
    SOURCE_SEALS[delivery.message.source_id] = "0" * 64
    assert ended(deliver(delivery)) == ("failed", "seal_broken")
    assert platform.published == []


def test_a_changed_window_breaks_the_seal(platform):
    delivery = queued_delivery()
    delivery.message.not_after = timezone.now() + timedelta(days=1)
    delivery.message.save()
    assert ended(deliver(delivery)) == ("failed", "seal_broken")


def test_what_is_too_late_is_not_sent(platform):
    delivery = queued_delivery(not_after=timezone.now() + timedelta(seconds=60))
    late = timezone.now() - timedelta(seconds=1)
    type(delivery.message).objects.update(not_after=late)
    assert ended(deliver(delivery)) == ("expired", "too_late")
    assert platform.published == []


def test_what_is_too_early_stays_in_the_queue(platform):
    delivery = queued_delivery(not_before=timezone.now() + timedelta(hours=1))
    assert ended(deliver(delivery)) == ("queued", "")
    assert delivery.attempts.count() == 0
    assert actions.requeue_due() == 0


def test_a_cancelled_message_is_not_sent(platform):
    delivery = queued_delivery()
    actions.cancel_message(delivery.message, actor=delivery.message.approved_by, reason="")
    assert ended(deliver(delivery)) == ("cancelled", "withdrawn")
    assert platform.published == []


def test_a_cancellation_that_left_a_delivery_behind_still_holds(platform):
    """However it came about, by hand or by a fault: the message decides."""
    delivery = queued_delivery()
    Message.objects.update(cancelled_at=timezone.now())
    assert ended(deliver(delivery)) == ("cancelled", "withdrawn")
    assert platform.published == []


def test_a_handle_that_needs_attention_gets_nothing(platform):
    delivery = queued_delivery()
    mark_handle(delivery.handle, "reconnect")
    assert ended(deliver(delivery)) == ("failed", "handle_not_connected")


def test_what_is_leaving_can_no_longer_be_cancelled(platform):
    delivery = sending_delivery()
    with pytest.raises(MoveNotAllowed):
        actions.cancel_message(delivery.message, actor=delivery.message.approved_by, reason="")


# --- what the platform says -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (ContentRefused(), "failed"),
        (ConnectionRefused(), "failed"),
        (Unavailable(), "waiting"),
        (RateLimited(retry_after=60), "waiting"),
        (Unknown(), "unknown"),
        (AlreadyPublished(), "unknown"),
    ],
)
def test_each_failure_ends_in_its_state(platform, error, state):
    Scripted.start(error)
    assert deliver(queued_delivery()).state == state


def test_a_refused_connection_asks_an_officer_to_look_at_the_handle(platform):
    Scripted.start(ConnectionRefused("token_expired"))
    delivery = deliver(queued_delivery())
    delivery.handle.refresh_from_db()
    assert delivery.handle.state == HandleState.ATTENTION
    assert delivery.handle.state_reason == "token_expired"


def test_what_waited_long_enough_is_sent(platform):
    Scripted.start(Unavailable(), RECEIPT)
    delivery = deliver(queued_delivery())
    actions.requeue_due(at=timezone.now() + timedelta(hours=1))
    assert ended(deliver(delivery)) == ("sent", "")
    assert delivery.attempts.count() == 2


def test_a_hostile_link_in_an_answer_is_not_stored(platform):
    Scripted.start(Receipt("1", "javascript:alert(1)"))
    assert deliver(queued_delivery()).permalink == ""


# --- unknown -------------------------------------------------------------------------------------


def test_unknown_is_never_sent_again_by_itself(platform):
    Scripted.start(Unknown(), RECEIPT)
    delivery = deliver(queued_delivery())
    deliver(delivery)
    assert actions.requeue_due(at=timezone.now() + timedelta(days=1)) == 0
    assert (delivery.state, platform.published) == ("unknown", [])


def test_found_on_the_platform_it_counts_as_sent(platform):
    Scripted.start(Unknown())
    Scripted.shows = [None, RECEIPT]
    delivery = deliver(queued_delivery())
    assert look(delivery).state == "unknown"
    assert ended(look(delivery)) == ("sent", "")
    assert (delivery.platform_id, platform.published) == (RECEIPT.platform_id, [])


def test_patiently_not_found_it_is_sent_again(platform):
    Scripted.start(Unknown(), RECEIPT)
    Scripted.shows = [None, None]
    delivery = deliver(queued_delivery())
    assert look(look(delivery)).state == "queued"
    assert ended(deliver(delivery)) == ("sent", "")
    assert len(platform.published) == 1


def test_unclear_again_and_again_a_person_looks(platform):
    platform.script = [Unknown(), Unknown(), Unknown()]
    platform.shows = [None] * 6
    delivery = queued_delivery()
    for _ in range(3):
        deliver(delivery)
        for _look in range(2):
            look(delivery)
    delivery.refresh_from_db()
    assert ended(delivery) == ("unknown", "needs_decision")
    assert platform.published == []


def test_a_platform_that_cannot_be_read_says_nothing(platform):
    Scripted.start(Unknown())
    Scripted.shows = [Unavailable(), Unavailable(), Unavailable(), RECEIPT]
    delivery = deliver(queued_delivery())
    for _ in range(3):
        assert look(delivery).state == "unknown"
    assert look(delivery).state == "sent"


def test_where_silence_proves_nothing_a_person_decides(platform):
    Scripted.start(Unknown())
    Scripted.silence_is_proof = False
    Scripted.shows = [None, None]
    delivery = deliver(queued_delivery())
    assert ended(look(look(delivery))) == ("unknown", "needs_decision")
    assert delivery.next_try_at is None


def test_where_several_fit_a_person_decides(platform):
    Scripted.start(Unknown())
    Scripted.shows = [Unknown("several_matches")]
    assert ended(look(deliver(queued_delivery()))) == ("unknown", "needs_decision")


@pytest.mark.parametrize(
    ("error", "state"), [(ContentRefused("photo_refused"), "failed"), (Unavailable(), "queued")]
)
def test_what_the_platform_later_says_came_to_nothing(platform, error, state):
    Scripted.start(Unknown())
    Scripted.shows = [NotPublished(error)]
    assert ended(look(deliver(queued_delivery()))) == (state, error.code)


def test_a_post_that_belongs_to_another_delivery_is_not_taken_for_this_one(platform):
    Scripted.start(RECEIPT, Unknown())
    Scripted.shows = [None]
    first, second = deliver(queued_delivery()), deliver(queued_delivery())
    Delivery.objects.filter(pk=second.pk).update(handle=first.handle)
    look(second)
    assert Scripted.looked[0].taken == {RECEIPT.platform_id}


def test_a_duplicate_that_cannot_be_found_is_not_sent_again(platform):
    Scripted.start(AlreadyPublished("already_published"))
    Scripted.shows = [None, None]
    delivery = deliver(queued_delivery())
    assert ended(look(look(delivery))) == ("failed", "already_published")


def test_a_look_that_ends_after_the_next_try_began_decides_nothing(platform):
    Scripted.start(Unknown(), Unknown())
    Scripted.shows = [None, None]
    late = deliver(queued_delivery())
    assert ended(look(look(late)))[0] == "queued"
    late = Delivery.objects.get()
    late.fence = 1
    deliver(Delivery.objects.get())
    before = Delivery.objects.values().get()
    for decide in (
        lambda: actions.not_there(late),
        lambda: actions.found(late, RECEIPT),
        lambda: actions.found_part(late, {"part1": "9"}),
        lambda: actions.came_to_nothing(late, Unavailable()),
        lambda: actions.look_again(late, wait=1),
        lambda: actions.leave_to_person(late),
    ):
        decide()
    assert Delivery.objects.values().get() == before


def test_the_post_of_an_earlier_unclear_try_is_looked_for(platform):
    """A later try was refused as a duplicate: what is there came by the first one."""
    Scripted.start(Unknown(), AlreadyPublished("already_published"))
    Scripted.shows = [None, None, RECEIPT]
    delivery = look(look(deliver(queued_delivery())))
    delivery.attempts.update(armed_at=timezone.now() - timedelta(hours=1))
    first = delivery.attempts.get().armed_at
    assert ended(look(deliver(delivery))) == ("sent", "")
    assert Scripted.looked[-1].armed_at == first


# --- workers that vanish ---------------------------------------------------------------------


def much_later():
    return timezone.now() + timedelta(hours=1)


def test_a_worker_lost_before_arming_did_nothing(platform):
    delivery = sending_delivery()
    actions.reclaim(delivery.pk, at=much_later())
    assert ended(deliver(delivery)) == ("sent", "")


def test_a_worker_lost_after_arming_leaves_an_unclear_outcome(platform):
    delivery = sending_delivery()
    actions.arm(delivery, delivery.attempts.get())
    actions.reclaim(delivery.pk, at=much_later())
    delivery.refresh_from_db()
    assert ended(delivery) == ("unknown", "worker_lost")


def test_a_lease_that_runs_is_left_alone(platform):
    delivery = sending_delivery()
    assert actions.reclaim(delivery.pk) is None


def test_what_is_kept_is_a_sign_of_life(platform):
    delivery = sending_delivery()
    soon = timezone.now() + timedelta(seconds=1)
    Delivery.objects.update(lease_until=soon)
    actions.keep(delivery, {"upload1": "7"})
    assert actions.reclaim(delivery.pk, at=soon + timedelta(seconds=30)) is None


@pytest.mark.parametrize("taken_again", [False, True])
def test_a_worker_that_wakes_up_late_writes_nothing(platform, taken_again):
    """Neither into the queue nor into the claim of the worker that has it now."""
    delivery = sending_delivery()
    attempt = delivery.attempts.get()
    actions.reclaim(delivery.pk, at=much_later())
    if taken_again:
        claiming.claim(delivery.pk, worker="second")
    before = Delivery.objects.values().get()
    again = Verdict(Outcome.NOT_SENT, "waiting", 20)
    for write in (
        lambda: actions.arm(delivery, attempt),
        lambda: actions.keep(delivery, {"a": "b"}),
        lambda: actions.accept(delivery, attempt, RECEIPT),
        lambda: actions.settle(delivery, attempt, again, problem="unreachable"),
        lambda: actions.hold_back(delivery, attempt, state="failed", problem="seal_broken"),
    ):
        with pytest.raises(LeaseLost):
            write()
    assert Delivery.objects.values().get() == before


def test_a_worker_that_is_always_lost_is_given_up(platform):
    delivery = queued_delivery()
    for _ in range(8):
        claiming.claim(delivery.pk, worker="doomed")
        actions.reclaim(delivery.pk, at=much_later())
    delivery.refresh_from_db()
    assert ended(delivery) == ("failed", "worker_lost")


# --- the database itself -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "dreaming"},
        {"state": "sent"},
        {"state": "sending"},
        {"lease_until": "2026-11-24T00:00:00Z"},
    ],
)
def test_the_database_refuses_impossible_deliveries(platform, wrong):
    delivery = queued_delivery()
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.filter(pk=delivery.pk).update(**wrong)
