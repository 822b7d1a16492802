"""A thread on X from queue to proof, whatever breaks in between."""

from __future__ import annotations

import time

import pytest

from departments.credentials import read_secrets
from departments.models import Handle
from publishing import actions, sending
from publishing.claiming import claim
from publishing.connectors.x import X
from publishing.models import Allowance, Delivery
from publishing.rehearsal.faults import add_fault
from publishing.retry import WAITS

from .factories import queued_delivery
from .test_sending import much_later

THREAD = "शिविर 25 नवम्बर को है।\n---\nस्थान: कलेक्ट्रेट, up.gov.in/news\n---\nसभी का स्वागत है।"
pytestmark = pytest.mark.django_db


def seal_of_source(source_id: int) -> str:
    return Delivery.objects.get(message__source_id=source_id).message.seal


@pytest.fixture
def delivery(rehearsal, settings) -> Delivery:
    settings.PLATFORM_URLS = {"x": f"{rehearsal.url}/x"}
    settings.MESSAGE_SOURCES = {"post": "publishing.tests.test_x_sending.seal_of_source"}
    settings.FIND_AFTER_SECONDS = [0, 0, 0]
    queued = queued_delivery(THREAD)
    token = read_secrets(queued.handle).token
    rehearsal.store.add_account("x", "1001", "सूचना विभाग", token)
    Handle.objects.filter(pk=queued.handle_id).update(external_id="1001")
    return queued


@pytest.fixture
def break_part(rehearsal, monkeypatch):
    """Let the n-th post from now on go wrong."""

    def switch_on(number: int, kind: str, **options: str) -> None:
        real, calls = rehearsal.answer, iter(range(1, 1000))

        def breaking(request):
            if request.method == "POST" and next(calls) == number:
                add_fault(rehearsal.store, "x", kind, **options)
            return real(request)

        monkeypatch.setattr(rehearsal, "answer", breaking)

    return switch_on


def carried_on(delivery: Delivery) -> Delivery:
    """As workers and looks would, until it rests."""
    for _ in range(10):
        delivery.refresh_from_db()
        if delivery.state == "unknown":
            sending.look(delivery.pk)
        elif delivery.state == "waiting":
            actions.requeue_due(at=much_later())
            Allowance.objects.all().delete()  # and by then X takes more
            sending.send(delivery.pk)
        elif delivery.state == "queued":
            sending.send(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def texts(rehearsal) -> list[str]:
    return [post.text for post in reversed(rehearsal.store.posts("x"))]


@pytest.mark.parametrize("kind", ["cut_before", "cut_after", "html", "error_after", "rate_limited"])
@pytest.mark.parametrize("part", [1, 2, 3])
def test_thread_that_breaks_comes_out_once_and_whole(delivery, rehearsal, break_part, part, kind):
    break_part(part, kind)
    done = carried_on(delivery)
    assert done.state == "sent"
    assert texts(rehearsal) == X.parts(THREAD)
    assert done.platform_id == rehearsal.store.posts("x")[-1].id


def test_worker_lost_within_a_thread_leaves_no_gap(delivery, rehearsal, monkeypatch):
    """It dies after the second part is out and before that is written down."""

    class Killed(BaseException):
        pass

    keep = actions.keep

    def dying(delivery, values):
        if "part2" in values:
            raise Killed
        keep(delivery, values)

    with monkeypatch.context() as patch:
        patch.setattr(actions, "keep", dying)
        with pytest.raises(Killed):
            sending.send(delivery.pk)
    actions.reclaim(delivery.pk, at=much_later())
    assert carried_on(delivery).state == "sent"
    assert texts(rehearsal) == X.parts(THREAD)


def test_workers_lost_again_and_again_within_a_thread_are_said(delivery, rehearsal):
    delivery.kept, delivery.attempts_made = {"parts": "3", "part1": "1"}, len(WAITS)
    delivery.save()
    claimed = claim(delivery.pk, worker="one")
    assert claimed
    actions.reclaim(delivery.pk, at=much_later())
    delivery.refresh_from_db()
    assert (delivery.state, delivery.problem) == ("failed", "thread_incomplete")


def test_whoever_was_held_up_once_looks_for_a_stop_again(delivery, rehearsal, monkeypatch):
    arm, times = actions.arm, []

    def slow_at_first(*args, **options):
        looked_at = arm(*args, **options)
        times.append(looked_at)
        time.sleep(0.3 if len(times) == 1 else 0)
        return looked_at

    with monkeypatch.context() as patch:
        patch.setattr(sending, "FRESH_SECONDS", 0.2)
        patch.setattr(actions, "arm", slow_at_first)
        sending.send(delivery.pk)
    assert texts(rehearsal) == X.parts(THREAD)
    assert len(times) == 1 + len(X.parts(THREAD))


def test_whoever_is_held_up_between_arming_and_the_call_calls_nobody(
    delivery, rehearsal, monkeypatch
):
    """As when a machine is moved: its lease may be over, and another worker has sent meanwhile."""
    arm = actions.arm

    def slowly(*args, **options):
        looked_at = arm(*args, **options)
        time.sleep(0.02)
        return looked_at

    with monkeypatch.context() as patch:
        patch.setattr(sending, "FRESH_SECONDS", 0.02)
        patch.setattr(actions, "arm", slowly)
        sending.send(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.problem, texts(rehearsal)) == ("waiting", "held_up", [])
    assert carried_on(delivery).state == "sent"
    assert texts(rehearsal) == X.parts(THREAD)


def test_refusal_within_a_thread_is_said(delivery, rehearsal, break_part):
    break_part(2, "code", detail="403:not permitted")
    done = carried_on(delivery)
    assert (done.state, done.problem) == ("failed", "thread_incomplete")
    assert texts(rehearsal) == X.parts(THREAD)[:1]
