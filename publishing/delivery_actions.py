"""What officers do with single deliveries: decide, try again, take down, post by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from departments.models import Handle, User
from departments.states import HandleState
from portal.audit.actions import record
from portal.errors import MoveNotAllowed, NotPermitted

from . import access, clock, signals
from .connectors import connector_class
from .connectors.base import Receipt
from .gate import barrier
from .links import is_on_platform, may_be_post_of
from .models import Delivery, Message, Operation
from .moving import accepted, begun, locked, move, recall, recorded
from .planning import CAMPAIGN_FROM, plan_removals
from .problems import label
from .states import OPEN, DeliveryState
from .stops import standing

# Nothing of it is out and nobody is at it, so an officer may take it over.
TAKEN_OVER = frozenset({DeliveryState.QUEUED, DeliveryState.WAITING, DeliveryState.FAILED})
OUT_OR_LEAVING = frozenset({
    DeliveryState.SENT, DeliveryState.SENDING, DeliveryState.PROCESSING, DeliveryState.UNKNOWN,
})  # fmt: skip


@transaction.atomic
def decide_delivery(
    delivery: Delivery, *, is_out: bool, permalink: str = "", actor: User
) -> Delivery:
    """A person looked at the platform where no rule can tell: it is out, or it is not."""
    delivery = locked(delivery.pk)
    _require(access.can_decide(actor, delivery.message))
    if delivery.state != DeliveryState.UNKNOWN or delivery.problem != "needs_decision":
        raise MoveNotAllowed(_("There is nothing to decide here any more."))
    data = {"is_out": is_out, "permalink": permalink}
    recorded("publishing.delivery.decided", delivery, actor, data)
    if is_out:
        _out(delivery, permalink, actor)
    else:
        move(delivery, DeliveryState.FAILED, problem="decided_not_out", actor=actor)
    return delivery


@transaction.atomic
def requeue_delivery(delivery: Delivery, *, actor: User) -> Delivery:
    """Try a refused delivery again, after what was wrong has been mended; or send late what was
    due long ago. What is past its approved time is not sent any more.
    """
    delivery = locked(delivery.pk)
    _require(access.can_decide(actor, delivery.message))
    if not may_be_tried_again(delivery):
        raise MoveNotAllowed(_("Only a delivery that failed can be tried again."))
    _must_stay(delivery)
    recorded("publishing.delivery.requeued", delivery, actor, {"problem": delivery.problem})
    delivery.attempts_made, delivery.due_at = 0, clock.now()
    move(delivery, DeliveryState.QUEUED, wait=0, actor=actor)
    return delivery


def may_be_tried_again(delivery: Delivery) -> bool:
    is_stale = delivery.state == DeliveryState.EXPIRED and delivery.problem == "stale"
    return delivery.state == DeliveryState.FAILED or is_stale


@transaction.atomic
def requeue_refused(
    message: Message, *, actor: User, problems: Collection[str] | None = None
) -> int:
    """Try again all that was refused, or what these problems stopped, where the handle is there
    again; how many those are. What came too late through no fault of the post goes with it.
    """
    message = (
        Message.objects.select_for_update(of=("self",))
        .select_related("department")
        .get(pk=message.pk)
    )
    _require(access.can_decide(actor, message))
    now = clock.now()
    _must_be_wanted(message, now)
    refused = message.deliveries.select_for_update(of=("self",)).filter(
        Q(state=DeliveryState.FAILED) | Q(state=DeliveryState.EXPIRED, problem="stale"),
        handle__state=HandleState.CONNECTED,
    )
    if problems is not None:
        refused = refused.filter(problem__in=problems)
    found = dict(refused.order_by("pk").values_list("pk", "problem"))
    if not found:
        raise MoveNotAllowed(_("There is nothing to try again here, or not yet: see the reasons."))
    _queue_again(list(found), now)
    data = {"problems": dict(Counter(found.values())), "deliveries": len(found)}
    record(
        "publishing.message.requeued",
        message,
        actor=actor,
        department=message.department.slug,
        data=data,
    )
    return len(found)


def _must_be_wanted(message: Message, now: datetime) -> None:
    is_late = message.not_after is not None and message.not_after <= now
    is_taken_down = message.deliveries.filter(operation=Operation.REMOVE).exists()
    if message.cancelled_at or is_late or is_taken_down:
        raise _not_any_more()


def _queue_again(ids: list[int], now: datetime) -> None:
    """Both states lead to the queue (states.py). A repost still waits for what it repeats."""
    these = Delivery.objects.filter(pk__in=ids)
    these.update(
        state=DeliveryState.QUEUED,
        state_since=now,
        problem="",
        next_try_at=now,
        due_at=now,
        attempts_made=0,
    )
    these.filter(operation=Operation.REPOST, target__state__in=OPEN).update(next_try_at=None)


# --- by hand -------------------------------------------------------------------------------------


@transaction.atomic
def take_over(delivery: Delivery, *, actor: User) -> Delivery:
    """An officer will post it by hand: the platform's API is down, or cannot be used."""
    delivery = locked(delivery.pk)
    _require(access.can_post_by_hand(actor, delivery.message))
    if delivery.state not in TAKEN_OVER:
        raise MoveNotAllowed(_("This delivery cannot be taken over now."))
    _must_stay(delivery)
    if standing(clock.now()).holds(delivery):
        raise MoveNotAllowed(label("stopped"))
    _must_pass(delivery)
    move(delivery, DeliveryState.ASSISTED, problem="assisted", actor=actor)
    return delivery


@transaction.atomic
def confirm_by_hand(delivery: Delivery, *, permalink: str, actor: User) -> Delivery:
    """It was done on the platform; the link is the proof. A take-down needs none."""
    delivery = locked(delivery.pk)
    _require(access.can_post_by_hand(actor, delivery.message))
    _must_be_assisted(delivery)
    delivery.posted_by = actor
    if delivery.operation == Operation.REMOVE and delivery.target is not None:
        accepted(delivery, Receipt(delivery.target.platform_id), actor=actor)
        return delivery
    _must_pass(delivery)
    _out(delivery, permalink, actor)
    return delivery


@transaction.atomic
def give_up_by_hand(delivery: Delivery, *, actor: User) -> Delivery:
    """It could not be done by hand either."""
    delivery = locked(delivery.pk)
    _require(access.can_post_by_hand(actor, delivery.message))
    _must_be_assisted(delivery)
    move(delivery, DeliveryState.FAILED, problem="not_posted_by_hand", actor=actor)
    return delivery


# --- taking down ---------------------------------------------------------------------------------


@transaction.atomic
def take_down(message: Message, *, reason: str, actor: User) -> list[Delivery]:
    """Remove everything of this message that is out, each as a delivery of its own.

    What has not left is taken back. What is leaving right now is removed once it is there.
    """
    _require(access.can_take_down(actor, message))
    if not reason.strip():
        raise MoveNotAllowed(_("Say why the post is taken down."))
    recalled = recall(message, actor)
    made_visible = message.deliveries.select_for_update(of=("self",)).filter(
        operation__in=(Operation.PUBLISH, Operation.EDIT)
    )
    asked = Delivery.objects.filter(operation=Operation.REMOVE).exclude(
        state__in=(DeliveryState.FAILED, DeliveryState.CANCELLED, DeliveryState.EXPIRED)
    )
    candidates = made_visible.exclude(pk__in=asked.values("target")).order_by("pk")
    targets = [delivery for delivery in candidates if can_be_removed(delivery)]
    if not targets and not recalled:
        raise MoveNotAllowed(_("Nothing of this post is out that could be taken down."))
    plan_removals(message, targets, reason=reason.strip(), actor=actor)
    made = list(asked.filter(target__in=targets).order_by("pk"))
    _record_removals(message, made, recalled, reason.strip(), actor)
    return made


def _record_removals(
    message: Message, made: Sequence[Delivery], recalled: int, reason: str, actor: User
) -> None:
    """Of a campaign, the entry about the message stands for all."""
    if len(made) < CAMPAIGN_FROM:
        for delivery in made:
            recorded("publishing.delivery.removal_asked", delivery, actor, {"reason": reason})
        if recalled < CAMPAIGN_FROM:
            return
    data = {"reason": reason, "deliveries": len(made) + recalled}
    slug = message.department.slug
    record("publishing.message.removal_asked", message, actor=actor, department=slug, data=data)


def can_be_removed(delivery: Delivery) -> bool:
    """It is out, or on its way, or a part of it is. What a person has got stays with them."""
    is_with_person = delivery.recipient_id is not None and delivery.state == DeliveryState.SENT
    if delivery.operation == Operation.REMOVE or is_with_person:
        return False
    return delivery.state in OUT_OR_LEAVING or bool(begun(delivery))


# --- inside --------------------------------------------------------------------------------------


def _require(permitted: bool) -> None:
    if not permitted:
        raise NotPermitted(_("You may not do this."))


def _must_be_assisted(delivery: Delivery) -> None:
    if delivery.state != DeliveryState.ASSISTED:
        raise MoveNotAllowed(_("This delivery does not wait for an officer."))


def _must_pass(delivery: Delivery) -> None:
    """The gate stands before people as it does before machines."""
    if barred := barrier(delivery, by_hand=True):
        _state, problem = barred
        raise MoveNotAllowed(label(problem)) if problem == "media_retired" else _not_any_more()


def _must_stay(delivery: Delivery) -> None:
    """Nothing of a message that was taken down is tried again, except taking it down."""
    if delivery.operation == Operation.REMOVE:
        return
    if delivery.message.deliveries.filter(operation=Operation.REMOVE).exists():
        raise _not_any_more()


def _not_any_more() -> MoveNotAllowed:
    return MoveNotAllowed(
        _("This may not be published any more: it was withdrawn, changed or is too late.")
    )


def _out(delivery: Delivery, permalink: str, actor: User) -> None:
    if not permalink:
        raise MoveNotAllowed(_("Give the link of the post as proof."))
    if not is_on_platform(delivery.handle.platform, permalink):
        raise MoveNotAllowed(_("The link must be an https address on the platform's own site."))
    handle = delivery.handle
    if not may_be_post_of(handle, permalink):
        raise MoveNotAllowed(
            _("Give the address of the post itself, as it stands on %(handle)s.")
            % {"handle": handle}
        )
    if _is_of_another(delivery, permalink):
        raise MoveNotAllowed(_("This link already proves another post. Give the one of this post."))
    known = delivery.platform_id or _id_of_corrected(delivery, permalink) or permalink
    accepted(delivery, Receipt(known, permalink), actor=actor)
    message = delivery.message
    transaction.on_commit(lambda: signals.message_started.send(Message, message=message))


def _is_of_another(delivery: Delivery, permalink: str) -> bool:
    """A correction in place, and on some platforms a repost, has the address of what it follows.

    Where a post has no address of its own, all of them have that of their channel.
    """
    if connector_class(delivery.handle.platform).hand_link:
        return False
    family, first = [delivery.pk], delivery
    while first.target is not None:
        first = first.target
        family.append(first.pk)
    there = Handle.objects.filter(
        department=delivery.handle.department_id, platform=delivery.handle.platform
    )
    others = Delivery.objects.filter(handle__in=there, permalink=permalink)
    return others.exclude(pk__in=family).exclude(target__in=family).exists()


def _id_of_corrected(delivery: Delivery, permalink: str) -> str:
    """Corrected in place, the post still has the platform's own id."""
    target = delivery.target
    return target.platform_id if target and target.permalink == permalink else ""
