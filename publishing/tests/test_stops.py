"""Stopping everything, a platform, a department, a scheme or one post; freezes and exemptions."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from departments.roles import Role
from departments.tests.factories import person
from portal.audit.models import AuditEntry
from portal.errors import MoveNotAllowed, NotPermitted
from publishing import actions, delivery_actions
from publishing.claiming import claim_next
from publishing.models import Exemption, Scope, Stop
from publishing.moving import Barred
from publishing.stop_actions import (
    Target,
    ask_exemption,
    confirm_exemption,
    pause_message,
    press_stop,
    release_stop,
    set_freeze,
)
from publishing.stops import caught_by

from .factories import queued_delivery

pytestmark = pytest.mark.django_db
EVERYTHING = Target(Scope.EVERYTHING)


@pytest.fixture
def director():
    return person(Role.DIRECTOR)


def claimed():
    return [delivery for delivery, _ in claim_next("x", limit=50, worker="one")]


def pressed(actor, target=EVERYTHING):
    return press_stop(target, reason="शोक", actor=actor)


def frozen(actor, target=EVERYTHING):
    now = timezone.now()
    return set_freeze(
        target, starts_at=now, ends_at=now + timedelta(days=2), reason="आचार संहिता", actor=actor
    )


# --- pressing and releasing -----------------------------------------------------------------------


@pytest.mark.parametrize("scope", Scope.values)
def test_pressed_it_holds_its_scope_and_released_it_lets_go(director, scope):
    held, free = queued_delivery(), queued_delivery()
    held.message.topic = "scheme:1"
    held.message.save()
    target = Target(scope, **{
        "platform": {"platform": "x"},
        "department": {"department": held.message.department},
        "topic": {"topic": "scheme:1"},
        "message": {"message": held.message},
    }.get(scope, {}))  # fmt: skip
    stop = pressed(director, target)
    assert set(caught_by(stop)) == ({held, free} if scope in ("everything", "platform") else {held})
    assert held not in claimed()
    release_stop(stop, reason="समाप्त", actor=director)
    assert held in claimed()


def test_what_was_claimed_before_the_press_is_not_armed_after_it(director):
    queued_delivery()
    ((delivery, attempt),) = claim_next("x", limit=5, worker="one")
    pressed(director)
    with pytest.raises(Barred) as bar:
        actions.arm(delivery, attempt, is_checked=True)
    assert bar.value.problem == "stopped"


@pytest.mark.parametrize("role", [Role.DEPUTY_DIRECTOR, Role.JOINT_DIRECTOR, Role.DIRECTOR])
def test_the_directorate_may_stop(role):
    assert pressed(person(role)).is_in_force(timezone.now())


@pytest.mark.parametrize("role", [Role.NODAL_OFFICER, Role.DEPARTMENT_HEAD])
def test_a_department_may_not(role):
    delivery = queued_delivery()
    officer = person(role, delivery.message.department)
    target = Target(Scope.DEPARTMENT, department=delivery.message.department)
    with pytest.raises(NotPermitted):
        pressed(officer, target)


@pytest.mark.parametrize("role", [Role.SECRETARY, Role.AUDITOR, Role.ADMINISTRATOR])
def test_who_only_watches_may_neither_stop_nor_release(director, role):
    officer = person(role)
    with pytest.raises(NotPermitted):
        pressed(officer)
    with pytest.raises(NotPermitted):
        release_stop(pressed(director), reason="समाप्त", actor=officer)


def test_pressed_twice_it_is_pressed_once(director):
    pressed(director)
    with pytest.raises(MoveNotAllowed, match="पहले से"):
        pressed(person(Role.DEPUTY_DIRECTOR))
    assert Stop.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_press_at_once_make_one_stop():
    officers = [person(Role.DIRECTOR) for _ in range(6)]
    start, refused = threading.Barrier(len(officers)), []

    def press(officer):
        start.wait()
        try:
            pressed(officer)
        except MoveNotAllowed as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=(one,)) for one in officers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Stop.objects.count(), len(refused)) == (1, 5)
    assert AuditEntry.objects.filter(action="publishing.stop.pressed").count() == 1


def test_released_once_and_only_with_a_reason(director):
    stop = pressed(director)
    with pytest.raises(MoveNotAllowed, match="कारण"):
        release_stop(stop, reason="  ", actor=director)
    release_stop(stop, reason="समाप्त", actor=director)
    with pytest.raises(MoveNotAllowed, match="अब लागू नहीं"):
        release_stop(stop, reason="फिर", actor=director)
    pressed(director)  # and may be pressed again


def test_the_trail_says_who_stopped_what_and_how_much_that_held(director):
    queued_delivery()
    release_stop(pressed(director), reason="समाप्त", actor=director)
    one, other = AuditEntry.objects.filter(action__startswith="publishing.stop").order_by("number")
    assert (one.actor_id, one.data) == (director.pk, {"scope": "everything", "reason": "शोक"})
    assert other.data == {"reason": "समाप्त", "deliveries": 1}


def test_released_late_it_lets_nothing_out_that_is_stale(director, settings):
    delivery = queued_delivery()
    stop = pressed(director)
    long_ago = timezone.now() - timedelta(seconds=settings.STALE_AFTER_SECONDS + 60)
    type(delivery).objects.update(due_at=long_ago)
    actions.expire_late()
    release_stop(stop, reason="समाप्त", actor=director)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.problem) == ("expired", "stale")
    assert claimed() == []


def test_what_officers_post_by_hand_is_among_what_is_held(director):
    delivery = queued_delivery()
    type(delivery).objects.update(state="assisted", next_try_at=None)
    assert set(caught_by(pressed(director))) == {delivery}


def test_what_cannot_be_stored_is_not_said_to_be_stopped(director):
    with pytest.raises(IntegrityError), transaction.atomic():
        pressed(director, Target(Scope.PLATFORM))


def test_an_officer_takes_nothing_over_by_hand_that_is_stopped(director):
    delivery = queued_delivery()
    pressed(director)
    with pytest.raises(MoveNotAllowed, match="रोका"):
        delivery_actions.take_over(delivery, actor=director)


# --- a department's own pause ---------------------------------------------------------------------


def test_a_department_pauses_and_resumes_its_own_post(director):
    delivery = queued_delivery()
    head = person(Role.DEPARTMENT_HEAD, delivery.message.department)
    stop = pause_message(delivery.message, reason="जाँच", actor=head)
    assert (claimed(), stop.by_directorate) == ([], False)
    release_stop(stop, reason="ठीक है", actor=head)
    assert claimed() == [delivery]


def test_what_the_directorate_paused_the_department_does_not_release(director):
    delivery = queued_delivery()
    head = person(Role.DEPARTMENT_HEAD, delivery.message.department)
    stop = pause_message(delivery.message, reason="जाँच", actor=director)
    with pytest.raises(NotPermitted):
        release_stop(stop, reason="ठीक है", actor=head)


def test_another_department_pauses_nothing():
    delivery, other = queued_delivery(), queued_delivery()
    head = person(Role.DEPARTMENT_HEAD, other.message.department)
    with pytest.raises(NotPermitted):
        pause_message(delivery.message, reason="जाँच", actor=head)


# --- freezes and exemptions -----------------------------------------------------------------------


def test_a_freeze_ends_after_it_begins_and_in_the_future(director):
    now = timezone.now()
    for begin, end in ((now, now), (now - timedelta(days=2), now - timedelta(days=1))):
        with pytest.raises(MoveNotAllowed):
            set_freeze(EVERYTHING, starts_at=begin, ends_at=end, reason="x", actor=director)


def test_an_exempted_post_goes_out_once_two_people_wanted_it(director):
    delivery, other = queued_delivery(), queued_delivery()
    stop = frozen(director)
    head = person(Role.DEPARTMENT_HEAD, delivery.message.department)
    exemption = ask_exemption(stop, delivery.message, reason="बाढ़ की चेतावनी", actor=head)
    assert claimed() == []
    confirm_exemption(exemption, actor=director)
    assert claimed() == [delivery]
    assert other in caught_by(stop)


def test_one_person_alone_exempts_nothing(director):
    delivery = queued_delivery()
    exemption = ask_exemption(frozen(director), delivery.message, reason="बाढ़", actor=director)
    with pytest.raises(MoveNotAllowed, match="दो व्यक्ति"):
        confirm_exemption(exemption, actor=director)
    with pytest.raises(IntegrityError), transaction.atomic():
        Exemption.objects.update(confirmed_by=director, confirmed_at=timezone.now())
    assert claimed() == []


def test_a_department_confirms_no_exemption(director):
    delivery = queued_delivery()
    owner = delivery.message.department
    asking, second = person(Role.DEPARTMENT_HEAD, owner), person(Role.DEPARTMENT_HEAD, owner)
    exemption = ask_exemption(frozen(director), delivery.message, reason="बाढ़", actor=asking)
    with pytest.raises(NotPermitted):
        confirm_exemption(exemption, actor=second)


def test_a_stop_without_end_knows_no_exemption(director):
    delivery = queued_delivery()
    with pytest.raises(MoveNotAllowed, match="अवधि-रोक"):
        ask_exemption(pressed(director), delivery.message, reason="बाढ़", actor=director)
