"""What is done with a post besides publishing it: reposted, corrected, taken down, by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from departments.actions import connect_handle
from departments.credentials import Secrets
from departments.models import Handle, Way
from departments.roles import Role
from departments.tests.factories import department, person, person_without_charge
from portal.audit.models import AuditEntry
from portal.errors import MoveNotAllowed, NotPermitted
from publishing import actions, claiming, gate, sending
from publishing.audience_actions import Agreement, subscribe
from publishing.connectors.base import Content, NotPublished, Partly, Published, Receipt
from publishing.connectors.errors import ContentRefused, Unavailable, Unknown
from publishing.connectors.x import X
from publishing.delivery_actions import (
    can_be_removed,
    confirm_by_hand,
    give_up_by_hand,
    requeue_delivery,
    take_down,
    take_over,
)
from publishing.models import Delivery, Message, Operation
from publishing.moving import LeaseLost
from publishing.seal import SealedPart, compute_seal, seal_of_message

from .factories import connected_handle
from .scripted import Scripted

RECEIPT = Receipt("1990000000000000001", "https://x.com/up/status/1990000000000000001")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def platform(settings, monkeypatch):
    settings.CONNECTORS = {"x": "publishing.tests.scripted.Scripted"}
    settings.MESSAGE_SOURCES = {"post": "publishing.tests.test_operations.seal_of_source"}
    settings.FIND_AFTER_SECONDS = [15, 45]
    Scripted.start(RECEIPT)
    monkeypatch.setattr(Scripted, "reposts_copies", True)
    return Scripted


def seal_of_source(source_id: int) -> str:
    return Message.objects.get(source_id=source_id).seal


def message(*handles: Handle, text: str = "शिविर", corrects: Message | None = None) -> Message:
    part = SealedPart("x", text, "", (), ())
    return actions.queue_message(
        department=handles[0].department,
        source="post",
        source_id=Message.objects.count() + 1,
        parts=[part],
        media={},
        handles=handles,
        not_before=None,
        not_after=None,
        seal=compute_seal([part], [handle.pk for handle in handles], None, None),
        corrects=corrects,
        actor=person_without_charge(),
    )


@pytest.fixture
def owner():
    return department()


@pytest.fixture
def head(owner):
    return person(Role.DEPARTMENT_HEAD, owner)


@pytest.fixture
def nodal(owner):
    return person(Role.NODAL_OFFICER, owner)


@pytest.fixture
def out(owner) -> Delivery:
    """Published."""
    return carried(message(connected_handle(owner)).deliveries.get())


def carried(delivery: Delivery) -> Delivery:
    sending.send(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def woken(delivery: Delivery) -> Delivery:
    """As if its original had just come out."""
    Delivery.objects.filter(pk=delivery.pk).update(next_try_at=timezone.now())
    return delivery


def ended(delivery: Delivery) -> tuple[str, str]:
    delivery.refresh_from_db()
    return delivery.state, delivery.problem


# --- reposts -------------------------------------------------------------------------------------


def test_the_first_handle_speaks_and_the_others_repost(owner, platform):
    first, *others = (connected_handle(owner) for _ in range(3))
    deliveries = message(first, *others).deliveries.order_by("pk")
    assert [one.operation for one in deliveries] == ["publish", "repost", "repost"]
    lead, *reposts = deliveries
    assert all(one.target == lead and one.next_try_at is None for one in reposts)
    carried(lead)
    for repost in reposts:
        repost.refresh_from_db()
        assert repost.next_try_at <= timezone.now()
        assert ended(carried(repost)) == ("sent", "")
    assert [post.platform_id for post in platform.reposted] == [RECEIPT.platform_id] * 2


def test_a_handle_without_an_api_does_not_speak_for_the_others(owner):
    by_hand, first, other = (connected_handle(owner) for _ in range(3))
    Handle.objects.filter(pk=by_hand.pk).update(way=Way.ASSISTED)
    by_hand.refresh_from_db()
    alone, lead, repost = message(by_hand, first, other).deliveries.order_by("pk")
    assert (alone.operation, lead.operation) == ("publish", "publish")
    assert (repost.operation, repost.target) == ("repost", lead)


def test_a_repost_of_what_is_not_out_is_held_back(owner, platform):
    _lead, repost = message(connected_handle(owner), connected_handle(owner)).deliveries.all()
    assert ended(carried(repost)) == ("queued", "")
    assert ended(carried(woken(repost))) == ("failed", "original_not_out")
    assert platform.reposted == []


def test_reposts_of_what_came_too_late_are_too_late(owner, platform):
    lead, repost = message(connected_handle(owner), connected_handle(owner)).deliveries.all()
    late = timezone.now() - timedelta(seconds=1)
    Message.objects.update(not_after=late)
    assert ended(carried(lead)) == ("expired", "too_late")
    repost.refresh_from_db()
    assert repost.next_try_at is not None
    assert ended(carried(repost)) == ("expired", "too_late")


def test_reposts_of_what_failed_fail_and_are_tried_again_with_it(owner, head, platform):
    platform.script = [ContentRefused(), RECEIPT]
    lead, repost = message(connected_handle(owner), connected_handle(owner)).deliveries.all()
    carried(lead)
    repost.refresh_from_db()
    assert repost.next_try_at is not None
    assert ended(carried(repost)) == ("failed", "original_not_out")
    requeue_delivery(lead, actor=head)
    assert ended(carried(lead)) == ("sent", "")
    assert ended(carried(repost)) == ("sent", "")


def test_what_is_being_taken_down_is_not_reposted_any_more(owner, head, platform):
    platform.script = [Unknown()]
    lead, repost = message(connected_handle(owner), connected_handle(owner)).deliveries.all()
    carried(lead)
    assert ended(carried(woken(repost))) == ("failed", "original_not_out")
    take_down(lead.message, reason="भूल", actor=head)
    platform.shows = [RECEIPT]
    sending.look(lead.pk)
    assert ended(lead)[0] == "sent"
    assert ended(carried(repost)) == ("cancelled", "withdrawn")
    assert platform.reposted == []


def test_what_was_posted_by_hand_is_reposted_by_hand(owner, nodal, platform):
    lead, repost = message(connected_handle(owner), connected_handle(owner)).deliveries.all()
    take_over(lead, actor=nodal)
    confirm_by_hand(lead, permalink=LINK, actor=nodal)
    assert ended(carried(repost)) == ("assisted", "assisted")
    assert platform.reposted == []


def test_an_unclear_repost_is_tried_again(owner, platform):
    lead, repost = message(connected_handle(owner), connected_handle(owner)).deliveries.all()
    carried(lead)
    platform.troubles = [Unknown()]
    assert ended(carried(repost)) == ("waiting", "unknown_outcome")
    actions.requeue_due(at=timezone.now() + timedelta(hours=1))
    assert ended(carried(repost)) == ("sent", "")


# --- the gate, once more -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (lambda one: Message.objects.update(not_after=timezone.now()), "expired"),
        (lambda one: Handle.objects.update(state="disconnected"), "failed"),
        (lambda one: one.message.parts.update(text="कुछ और"), "failed"),
    ],
)
def test_what_is_barred_while_a_file_goes_up_is_not_shown(
    owner, platform, monkeypatch, change, state
):
    monkeypatch.setattr(sending, "CHECK_HOLDS", 0)
    delivery = message(connected_handle(owner)).deliveries.get()
    publish = Scripted.publish

    def slowly(self, content, journal):
        change(delivery)
        return publish(self, content, journal)

    monkeypatch.setattr(Scripted, "publish", slowly)
    assert ended(carried(delivery))[0] == state
    assert platform.published == []
    assert delivery.armed_at is None


def test_a_take_down_stops_what_is_not_armed_yet(owner, head, platform, monkeypatch):
    monkeypatch.setattr(sending, "CHECK_HOLDS", 0)
    delivery = message(connected_handle(owner)).deliveries.get()
    publish = Scripted.publish

    def slowly(self, content, journal):
        take_down(delivery.message, reason="भूल", actor=head)
        return publish(self, content, journal)

    monkeypatch.setattr(Scripted, "publish", slowly)
    assert ended(carried(delivery)) == ("cancelled", "withdrawn")
    assert platform.published == []


# --- corrections ---------------------------------------------------------------------------------


def test_a_correction_takes_the_place_of_what_is_out(out, platform):
    correction = message(out.handle, text="सुधरा हुआ", corrects=out.message).deliveries.get()
    assert (correction.operation, correction.target) == ("edit", out)
    assert ended(carried(correction)) == ("sent", "")
    assert ended(out) == ("edited", "")
    assert platform.edited == [(RECEIPT.platform_id, "सुधरा हुआ")]
    assert correction.permalink == RECEIPT.permalink


def test_only_what_is_out_can_be_corrected(owner):
    handle = connected_handle(owner)
    queued = message(handle)
    with pytest.raises(MoveNotAllowed):
        message(handle, corrects=queued)


def test_a_correction_of_what_was_taken_down_meanwhile_is_not_sent(out, head, platform):
    correction = message(out.handle, text="सुधरा हुआ", corrects=out.message).deliveries.get()
    carried(take_down(out.message, reason="भूल", actor=head)[0])
    assert ended(carried(correction)) == ("cancelled", "no_longer_there")
    assert platform.edited == []


def test_a_correction_that_was_touched_is_not_sent(out, platform):
    correction = message(out.handle, text="सुधरा हुआ", corrects=out.message).deliveries.get()
    correction.message.parts.update(text="कुछ और")
    assert ended(carried(correction)) == ("failed", "seal_broken")
    assert platform.edited == []


def test_a_correction_of_a_correction_knows_the_first_post(out, platform):
    Delivery.objects.update(kept={"video": "5"})
    first = message(out.handle, text="सुधरा हुआ", corrects=out.message).deliveries.get()
    carried(first)
    second = message(out.handle, text="फिर", corrects=first.message).deliveries.get()
    assert ended(carried(second)) == ("sent", "")
    assert sending.published(second).kept["video"] == "5"


def test_corrected_in_place_by_hand_a_post_keeps_its_id(out, nodal, monkeypatch):
    monkeypatch.delattr(Scripted, "edit")
    correction = carried(message(out.handle, text="नया", corrects=out.message).deliveries.get())
    confirm_by_hand(correction, permalink=RECEIPT.permalink, actor=nodal)
    assert ended(correction)[0] == "sent"
    assert correction.platform_id == RECEIPT.platform_id


# --- taking down ---------------------------------------------------------------------------------


def test_a_post_is_taken_down_by_one_who_answers_for_it(out, head, platform):
    (removal,) = take_down(out.message, reason="आँकड़ा ग़लत है", actor=head)
    assert (removal.operation, removal.reason, removal.asked_by) == ("remove", "आँकड़ा ग़लत है", head)
    carried(removal)
    assert ended(out) == ("removed", "")
    assert platform.removed == [RECEIPT.platform_id]
    assert AuditEntry.objects.filter(action="publishing.delivery.removal_asked").count() == 1
    assert not Delivery.objects.sent().exists()


def test_a_take_down_keeps_the_seal_of_the_message(out, head):
    take_down(out.message, reason="भूल", actor=head)
    assert gate.barrier(Delivery.objects.get(operation=Operation.REMOVE)) is None
    assert seal_of_message(out.message) == out.message.seal


def test_nobody_else_takes_down(out, nodal):
    for stranger in (nodal, person(Role.DEPARTMENT_HEAD), person(Role.AUDITOR)):
        with pytest.raises(NotPermitted):
            take_down(out.message, reason="भूल", actor=stranger)


def test_a_take_down_needs_a_reason(out, head):
    with pytest.raises(MoveNotAllowed):
        take_down(out.message, reason=" ", actor=head)


def test_a_double_click_takes_down_once(out, head):
    take_down(out.message, reason="भूल", actor=head)
    with pytest.raises(MoveNotAllowed):
        take_down(out.message, reason="भूल", actor=head)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(
            message=out.message, handle=out.handle, operation=Operation.REMOVE, target=out
        )


def test_an_unclear_take_down_is_tried_again(out, head, platform):
    (removal,) = take_down(out.message, reason="भूल", actor=head)
    platform.troubles = [Unknown()]
    assert ended(carried(removal)) == ("waiting", "unknown_outcome")
    actions.requeue_due(at=timezone.now() + timedelta(hours=1))
    assert ended(carried(removal)) == ("sent", "")
    assert ended(out) == ("removed", "")


def test_a_lost_worker_s_take_down_is_queued_again(out, head):
    (removal,) = take_down(out.message, reason="भूल", actor=head)
    claimed, attempt = claiming.claim(removal.pk, worker="lost")
    actions.arm(claimed, attempt)
    actions.reclaim(removal.pk, at=timezone.now() + timedelta(hours=1))
    assert ended(removal) == ("queued", "worker_lost")


def test_what_has_not_left_stays_back_after_a_take_down(owner, head, platform, monkeypatch):
    monkeypatch.setattr(Scripted, "reposts_copies", False)
    platform.script = [RECEIPT, Unavailable("rate_limited"), Unavailable("refused")]
    first, second, third = message(*(connected_handle(owner) for _ in range(3))).deliveries.all()
    carried(first)
    carried(second)
    take_down(first.message, reason="भूल", actor=head)
    for delivery in (second, third):
        assert ended(carried(delivery)) == ("cancelled", "withdrawn")
    assert len(platform.published) == 1


def test_what_was_leaving_at_a_take_down_is_removed_once_it_is_there(owner, head, platform):
    platform.script = [Receipt("77", "https://x.com/77", is_live=False)]
    delivery = carried(message(connected_handle(owner)).deliveries.get())
    (removal,) = take_down(delivery.message, reason="भूल", actor=head)
    assert removal.next_try_at is None
    platform.follows = [Receipt("77", "https://x.com/77")]
    assert follow(delivery) == ("sent", "")
    removal.refresh_from_db()
    assert removal.next_try_at <= timezone.now()
    assert ended(carried(removal)) == ("sent", "")
    assert ended(delivery) == ("removed", "")


def test_what_was_leaving_at_a_take_down_and_came_to_nothing_is_not_sent_again(
    owner, head, platform
):
    platform.script = [Unknown(), RECEIPT]
    delivery = carried(message(connected_handle(owner)).deliveries.get())
    (removal,) = take_down(delivery.message, reason="भूल", actor=head)
    platform.shows = [None, None]
    for _look in range(2):
        sending.look(delivery.pk)
    assert ended(delivery)[0] == "queued"
    assert ended(carried(delivery)) == ("cancelled", "withdrawn")
    removal.refresh_from_db()
    assert removal.next_try_at is not None
    assert ended(carried(removal)) == ("cancelled", "no_longer_there")
    assert platform.published == []


def test_what_was_taken_down_is_not_tried_again_by_an_officer(
    owner, head, nodal, platform, monkeypatch
):
    monkeypatch.setattr(Scripted, "reposts_copies", False)
    platform.script = [RECEIPT, ContentRefused()]
    first, second = message(connected_handle(owner), connected_handle(owner)).deliveries.all()
    carried(first)
    assert ended(carried(second))[0] == "failed"
    take_down(first.message, reason="भूल", actor=head)
    with pytest.raises(MoveNotAllowed):
        requeue_delivery(second, actor=head)
    with pytest.raises(MoveNotAllowed):
        take_over(second, actor=nodal)


def test_a_take_down_goes_before_a_correction_that_still_waits(out, head, platform):
    correction = message(out.handle, text="सुधरा हुआ", corrects=out.message).deliveries.get()
    (removal,) = take_down(out.message, reason="भूल", actor=head)
    assert ended(carried(correction)) == ("queued", "")
    assert ended(carried(removal)) == ("sent", "")
    assert ended(carried(correction)) == ("cancelled", "no_longer_there")
    assert platform.edited == []


def test_a_take_down_waits_for_a_correction_under_way_and_takes_it_along(out, head, platform):
    correction = message(out.handle, text="सुधरा हुआ", corrects=out.message).deliveries.get()
    claimed, attempt = claiming.claim(correction.pk, worker="slow")
    (removal,) = take_down(out.message, reason="भूल", actor=head)
    assert ended(carried(removal)) == ("queued", "")
    actions.accept(claimed, attempt, RECEIPT)
    assert ended(carried(removal)) == ("sent", "")
    assert platform.removed == [RECEIPT.platform_id]
    assert ended(correction) == ("removed", "")


def test_what_was_posted_by_hand_is_taken_down_by_hand(by_hand, head, nodal, platform):
    confirm_by_hand(by_hand, permalink=LINK, actor=nodal)
    Handle.objects.update(way=Way.API)
    (removal,) = take_down(by_hand.message, reason="भूल", actor=head)
    assert ended(carried(removal)) == ("assisted", "assisted")
    assert platform.removed == []


@pytest.mark.parametrize("error", [ContentRefused("thread_incomplete"), Unavailable(), Unknown()])
def test_the_parts_of_a_thread_that_are_out_are_taken_down(owner, head, platform, error):
    platform.script = [error]
    delivery = message(connected_handle(owner)).deliveries.get()
    Delivery.objects.update(kept={"parts": "3", "part1": "11"})
    carried(delivery)
    (removal,) = take_down(delivery.message, reason="भूल", actor=head)
    if delivery.state == "unknown":
        platform.shows = [None, None]
        sending.look(delivery.pk)
        sending.look(delivery.pk)
        carried(delivery)
    assert ended(carried(removal)) == ("sent", "")
    assert platform.removed == ["11"]
    assert ended(delivery)[0] in ("failed", "cancelled")


def test_what_people_have_got_is_nobody_s_work_to_take_down(out, head, nodal):
    agreement = Agreement("camp", "फ़ाइल 12", timezone.now())
    person = subscribe(out.handle, "9000000001", agreement, actor=nodal)
    Delivery.objects.filter(pk=out.pk).update(recipient=person)
    with pytest.raises(MoveNotAllowed):
        take_down(out.message, reason="भूल", actor=head)
    assert not Delivery.objects.filter(operation=Operation.REMOVE).exists()


def test_a_thread_that_was_taken_down_has_nothing_to_take_down(out, head, platform):
    Delivery.objects.update(kept={"parts": "2", "part1": "11", "part2": "12"})
    carried(take_down(out.message, reason="भूल", actor=head)[0])
    out.refresh_from_db()
    assert not can_be_removed(out)


def test_a_message_with_a_part_out_is_not_cancelled(owner, platform):
    platform.script = [Unavailable()]
    delivery = message(connected_handle(owner)).deliveries.get()
    Delivery.objects.update(kept={"parts": "3", "part1": "11"})
    carried(delivery)
    with pytest.raises(MoveNotAllowed):
        actions.cancel_message(delivery.message, actor=person_without_charge(), reason="")


def test_reposts_go_with_what_they_repeat(owner, head):
    lead, repost = message(connected_handle(owner), connected_handle(owner)).deliveries.all()
    carried(lead)
    carried(repost)
    (removal,) = take_down(lead.message, reason="भूल", actor=head)
    carried(removal)
    assert [ended(lead)[0], ended(repost)[0]] == ["removed", "removed"]


# --- by hand -------------------------------------------------------------------------------------


@pytest.fixture
def by_hand(owner) -> Delivery:
    """On a handle that no API reaches."""
    handle = connected_handle(owner)
    Handle.objects.filter(pk=handle.pk).update(way=Way.ASSISTED)
    handle.refresh_from_db()
    return carried(message(handle).deliveries.get())


LINK = "https://x.com/up/status/42"


def test_what_no_api_can_do_waits_for_an_officer(by_hand, platform):
    assert ended(by_hand) == ("assisted", "assisted")
    assert platform.published == []


def test_the_link_is_the_proof(by_hand, nodal):
    confirm_by_hand(by_hand, permalink=LINK, actor=nodal)
    assert ended(by_hand) == ("sent", "")
    assert (by_hand.permalink, by_hand.posted_by) == (LINK, nodal)


@pytest.mark.parametrize("link", ["", "https://example.com/x", "javascript:alert(1)", "x.com/1"])
def test_without_a_link_on_the_platform_nothing_is_proved(by_hand, nodal, link):
    with pytest.raises(MoveNotAllowed):
        confirm_by_hand(by_hand, permalink=link, actor=nodal)
    assert ended(by_hand)[0] == "assisted"


@pytest.mark.parametrize("link", ["https://x.com", "https://x.com/", "http://127.0.0.1:9/x/"])
def test_the_platform_s_own_front_page_proves_nothing(by_hand, nodal, link):
    with pytest.raises(MoveNotAllowed):
        confirm_by_hand(by_hand, permalink=link, actor=nodal)


def test_one_post_proves_one_delivery(owner, by_hand, nodal):
    confirm_by_hand(by_hand, permalink=LINK, actor=nodal)
    other = message(connected_handle(owner)).deliveries.get()
    take_over(other, actor=nodal)
    with pytest.raises(MoveNotAllowed):
        confirm_by_hand(other, permalink=LINK, actor=nodal)
    assert ended(other)[0] == "assisted"
    confirm_by_hand(other, permalink=f"{LINK}3", actor=nodal)


def test_where_posts_have_no_address_the_channel_s_proves_them_all(
    owner, by_hand, nodal, monkeypatch
):
    monkeypatch.setattr(Scripted, "hand_link", "link_of_channel_or_group")
    confirm_by_hand(by_hand, permalink=LINK, actor=nodal)
    other = message(connected_handle(owner)).deliveries.get()
    take_over(other, actor=nodal)
    confirm_by_hand(other, permalink=LINK, actor=nodal)
    assert ended(other)[0] == "sent"


def test_a_repost_by_hand_is_proved_by_the_post_that_it_repeats(owner, nodal, platform):
    handles = [connected_handle(owner) for _ in range(3)]
    lead, *reposts = message(*handles).deliveries.order_by("pk")
    take_over(lead, actor=nodal)
    confirm_by_hand(lead, permalink=LINK, actor=nodal)
    for repost in reposts:
        confirm_by_hand(carried(repost), permalink=LINK, actor=nodal)
        assert ended(repost)[0] == "sent"


def test_a_post_of_another_account_proves_nothing(by_hand, nodal, settings):
    settings.CONNECTORS = {"x": "publishing.connectors.x.X"}
    Handle.objects.filter(pk=by_hand.handle_id).update(name="@UPGovt", facts={"name": "UPGovt_old"})
    for link in ("https://x.com/other/status/42", "https://x.com/UPGovt", "https://x.com/i/42",
                 "https://x.com/other/status/42?a=/UPGovt/status/42"):  # fmt: skip
        with pytest.raises(MoveNotAllowed):
            confirm_by_hand(by_hand, permalink=link, actor=nodal)
    confirm_by_hand(by_hand, permalink="https://x.com/upgovt/status/42", actor=nodal)


@pytest.mark.parametrize(
    ("path", "proves"),
    [
        ("/UPGovt/status/42", True),
        ("/upgovt_OLD/status/42/photo/1", True),
        ("/i/web/status/42", True),
        ("/i/status/42", True),
        ("/UPGovt/status/", False),
        ("/UPGovt/status/x", False),
        ("/a/UPGovt/status/42", False),
    ],
)
def test_x_names_the_account_in_the_address(path, proves):
    assert X.proves(path, ("@UPGovt", "UPGovt_old")) is proves


def test_a_stranger_posts_nothing_by_hand(by_hand):
    stranger = person(Role.NODAL_OFFICER)
    for act in (
        lambda: confirm_by_hand(by_hand, permalink=LINK, actor=stranger),
        lambda: give_up_by_hand(by_hand, actor=stranger),
        lambda: take_over(by_hand, actor=stranger),
    ):
        with pytest.raises(NotPermitted):
            act()


def test_the_gate_stands_before_people_as_well(by_hand, nodal):
    by_hand.message.parts.update(text="कुछ और")
    with pytest.raises(MoveNotAllowed):
        confirm_by_hand(by_hand, permalink=LINK, actor=nodal)


def test_an_officer_takes_over_where_the_api_fails(owner, nodal, platform):
    platform.before_arming = [Unavailable("unreachable")]
    delivery = carried(message(connected_handle(owner)).deliveries.get())
    assert ended(delivery) == ("waiting", "unreachable")
    take_over(delivery, actor=nodal)
    assert carried(delivery).state == "assisted"  # no worker takes it any more
    confirm_by_hand(delivery, permalink=LINK, actor=nodal)
    assert ended(delivery) == ("sent", "")
    assert platform.published == []


def test_what_may_be_out_is_never_taken_over(owner, nodal, platform):
    platform.script = [Unknown()]
    delivery = carried(message(connected_handle(owner)).deliveries.get())
    assert ended(delivery)[0] == "unknown"
    with pytest.raises(MoveNotAllowed):
        take_over(delivery, actor=nodal)


def test_a_platform_that_cannot_edit_leaves_it_to_an_officer(out, nodal, monkeypatch):
    monkeypatch.delattr(Scripted, "edit")
    correction = message(out.handle, text="सुधरा हुआ", corrects=out.message).deliveries.get()
    assert ended(carried(correction)) == ("assisted", "assisted")
    confirm_by_hand(correction, permalink=RECEIPT.permalink, actor=nodal)
    assert ended(out) == ("edited", "")


def test_a_take_down_by_hand_needs_no_link(out, head, nodal, monkeypatch):
    monkeypatch.delattr(Scripted, "remove")
    (removal,) = take_down(out.message, reason="भूल", actor=head)
    assert ended(carried(removal)) == ("assisted", "assisted")
    confirm_by_hand(removal, permalink="", actor=nodal)
    assert ended(out) == ("removed", "")


# --- what the platform still processes -----------------------------------------------------------


@pytest.fixture
def processing(owner, platform) -> Delivery:
    platform.script = [Receipt("77", "https://x.com/77", is_live=False)]
    return carried(message(connected_handle(owner)).deliveries.get())


def follow(delivery: Delivery) -> tuple[str, str]:
    sending.follow(delivery.pk)
    return ended(delivery)


def test_a_post_is_out_only_when_it_is_live(processing, platform):
    assert ended(processing) == ("processing", "")
    platform.follows = [None, Receipt("77", "https://x.com/77")]
    assert follow(processing) == ("processing", "")
    assert follow(processing) == ("sent", "")
    assert processing.sent_at


def test_a_post_that_fails_in_processing_says_why(processing, platform):
    platform.follows = [NotPublished(ContentRefused("video_refused"))]
    assert follow(processing) == ("failed", "video_refused")


def test_after_a_failure_in_processing_another_try_begins_anew(processing, head, platform):
    platform.follows = [NotPublished(ContentRefused("video_refused"))]
    assert follow(processing)[0] == "failed"
    assert (processing.kept, processing.platform_id, processing.permalink) == ({}, "", "")
    platform.script = [RECEIPT]
    requeue_delivery(processing, actor=head)
    assert ended(carried(processing)) == ("sent", "")


def test_what_was_changed_since_is_not_added_to_a_post_that_is_out(processing, platform):
    processing.message.parts.update(text="कुछ और")
    platform.follows = [Receipt("77", "https://x.com/77")]
    assert follow(processing) == ("sent", "")
    assert platform.followed == [Content("")]


def test_a_follower_that_wakes_up_late_writes_nothing(processing):
    assert actions.take_follow(processing)
    late = Delivery.objects.get()
    Delivery.objects.update(lease_until=None)
    assert actions.take_follow(late)
    before = Delivery.objects.values().get()
    with pytest.raises(LeaseLost):
        actions.keep_following(late, {"captions_hi": "done"})
    actions.is_live(late, RECEIPT)
    actions.processing_failed(late, ContentRefused())
    actions.follow_again(late)
    assert Delivery.objects.values().get() == before


def test_what_is_kept_after_a_post_is_a_sign_of_life(processing):
    assert actions.take_follow(processing)
    mine = Delivery.objects.get()
    Delivery.objects.update(lease_until=timezone.now() + timedelta(seconds=1))
    actions.keep_following(mine, {"captions_hi": "done"})
    assert Delivery.objects.get().lease_until > timezone.now() + timedelta(seconds=30)


def test_a_look_that_fails_says_nothing(processing, platform):
    platform.follows = [Unavailable("unreachable")]
    assert follow(processing) == ("processing", "")


def test_two_workers_do_not_follow_at_once(processing):
    assert actions.take_follow(processing)
    assert not actions.take_follow(processing)


def test_what_is_processed_for_a_day_goes_to_a_person(processing, platform):
    Delivery.objects.update(state_since=timezone.now() - timedelta(hours=25))
    platform.follows = [None]
    assert follow(processing) == ("unknown", "needs_decision")


def test_a_thread_goes_on_behind_the_part_that_was_found(owner, platform):
    platform.script = [Unknown(), RECEIPT]
    delivery = carried(message(connected_handle(owner)).deliveries.get())
    platform.shows = [Partly({"part1": "9"})]
    sending.look(delivery.pk)
    assert ended(delivery)[0] == "queued"
    assert delivery.kept["part1"] == "9"
    assert ended(carried(delivery)) == ("sent", "")


def test_what_is_known_of_a_post_goes_to_the_connector(out):
    assert sending.published(out) == Published(
        RECEIPT.platform_id, RECEIPT.permalink, {"step": "uploaded"}
    )


# --- another account -----------------------------------------------------------------------------


def linked_elsewhere(handle: Handle) -> None:
    connect_handle(handle, external_id="another", secrets=Secrets("another-token"), actor=None)


def test_what_was_approved_for_another_account_is_not_sent(owner, platform):
    handle = connected_handle(owner)
    delivery = message(handle).deliveries.get()
    linked_elsewhere(handle)
    assert ended(carried(delivery)) == ("failed", "account_changed")
    assert platform.published == []


def test_what_is_out_on_another_account_is_taken_down_by_hand(out, head, platform):
    (removal,) = take_down(out.message, reason="भूल", actor=head)
    linked_elsewhere(out.handle)
    assert ended(carried(removal)) == ("assisted", "account_changed")
    assert platform.removed == []


def test_linking_the_same_account_again_stops_nothing(owner):
    handle = connected_handle(owner)
    delivery = message(handle).deliveries.get()
    connect_handle(handle, external_id=handle.external_id, secrets=Secrets("new"), actor=None)
    assert ended(carried(delivery)) == ("sent", "")
