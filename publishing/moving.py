"""How a delivery moves: only as states.py allows, only here, and audited where it ends.

A worker's moves count only while its fence is still the newest: whoever claimed earlier, slept,
and woke up late changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from departments.models import User
from portal.audit.actions import Act, record, record_all
from portal.errors import MoveNotAllowed

from . import clock, signals
from .audience_actions import learn_from
from .connectors import connector_class
from .connectors.base import Receipt
from .models import Attempt, Delivery, Message, Operation
from .planning import CAMPAIGN_FROM
from .retry import FOLLOWS
from .states import MOVES, RECALLABLE, DeliveryState

_AUDITED = {
    DeliveryState.ASSISTED: "publishing.delivery.assisted",
    DeliveryState.SENT: "publishing.delivery.sent",
    DeliveryState.EDITED: "publishing.delivery.edited",
    DeliveryState.REMOVED: "publishing.delivery.removed",
    DeliveryState.FAILED: "publishing.delivery.failed",
    DeliveryState.EXPIRED: "publishing.delivery.expired",
    DeliveryState.CANCELLED: "publishing.delivery.cancelled",
}

# Each row with its own values, which the ORM does only by an expression as long as all of them.
SENT_ALL = """
    UPDATE publishing_delivery
    SET state = %s, state_since = %s, sent_at = %s, platform_id = told.column2,
        permalink = told.column3, problem = '', lease_until = NULL, next_try_at = NULL
    FROM (VALUES {rows}) AS told
    WHERE publishing_delivery.id = told.column1
"""
# What waited for a delivery that ended like this learns it from the gate.
_NEVER_OUT = frozenset({DeliveryState.FAILED, DeliveryState.CANCELLED, DeliveryState.EXPIRED})
_FINISHED = frozenset({DeliveryState.SENT, DeliveryState.EDITED, DeliveryState.REMOVED})


class LeaseLost(Exception):
    """Another worker has the delivery now, or the delivery is settled. Stop, write nothing."""


class Barred(Exception):
    """The gate closed while the connector still prepared, or between two of its steps."""

    def __init__(self, state: str, problem: str) -> None:
        self.state, self.problem = state, problem
        super().__init__(problem)


def locked(delivery_id: int) -> Delivery:
    return locked_all([delivery_id])[0]


def locked_all(ids: Sequence[int]) -> list[Delivery]:
    """In the order in which everybody locks them."""
    rows = Delivery.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    return list(rows.select_related("message__department", "handle", "target"))


def held_all(deliveries: Sequence[Delivery]) -> set[int]:
    """Keys of those that this worker still holds; their rows are locked."""
    fences = {delivery.pk: delivery.fence for delivery in deliveries}
    rows = Delivery.objects.select_for_update().filter(pk__in=fences).order_by("pk")
    return {
        pk
        for pk, state, fence in rows.values_list("pk", "state", "fence")
        if state == DeliveryState.SENDING and fence == fences[pk]
    }


def held(delivery: Delivery) -> Delivery:
    """The row, locked, if this worker still holds it. Raises LeaseLost."""
    found = locked(delivery.pk)
    if found.state != DeliveryState.SENDING or found.fence != delivery.fence:
        raise LeaseLost(delivery.pk)
    return found


def end(
    attempt: Attempt,
    outcome: str,
    problem: str = "",
    *,
    status: int | None = None,
    detail: str = "",
) -> None:
    attempt.outcome, attempt.problem, attempt.status = outcome, problem, status
    attempt.detail, attempt.ended_at = detail[:4000], clock.now()
    attempt.save(update_fields=["outcome", "problem", "status", "detail", "ended_at"])


def end_all(attempts: Sequence[Attempt], outcome: str) -> None:
    ids = [attempt.pk for attempt in attempts]
    Attempt.objects.filter(pk__in=ids).update(outcome=outcome, ended_at=clock.now())


def accepted(delivery: Delivery, receipt: Receipt, *, actor: User | None = None) -> None:
    """The platform has it: at once, or as soon as it has processed it."""
    delivery.platform_id = receipt.platform_id[:200]
    delivery.permalink = _web_address(receipt.permalink)
    if not receipt.is_live:
        move(delivery, DeliveryState.PROCESSING, wait=FOLLOWS[0], actor=actor)
        return
    delivery.sent_at = clock.now()
    move(delivery, DeliveryState.SENT, actor=actor)
    _tell_target(delivery, actor)
    # What reposts this one, or takes it down as soon as it is there, has waited for it.
    _wake_followers(delivery)
    given_up = delivery.followers.filter(
        operation=Operation.REPOST, state=DeliveryState.FAILED, problem="original_not_out"
    )
    for repost in given_up.values_list("pk", flat=True):
        move(locked(repost), DeliveryState.QUEUED, wait=0, actor=actor)


def published_all(receipts: Sequence[tuple[Delivery, Receipt]]) -> None:
    """What `accepted` does, for many claimed posts at once that are live and that no other delivery
    waits for. Their rows are locked.
    """
    now = clock.now()
    for delivery, receipt in receipts:
        _check_move(delivery, DeliveryState.SENT)
        delivery.platform_id = receipt.platform_id[:200]
        delivery.permalink = _web_address(receipt.permalink)
        delivery.state, delivery.state_since, delivery.sent_at = DeliveryState.SENT, now, now
        delivery.problem, delivery.lease_until, delivery.next_try_at = "", None, None
    rows = ", ".join(["(%s, %s, %s)"] * len(receipts))
    values: list[Any] = [DeliveryState.SENT, now, now]
    for delivery, _receipt in receipts:
        values += delivery.pk, delivery.platform_id, delivery.permalink
    with connection.cursor() as cursor:
        cursor.execute(SENT_ALL.format(rows=rows), values)
    record_all([_sent_act(delivery) for delivery, _ in receipts])
    for delivery, _receipt in receipts:
        _announce(delivery)


def _sent_act(delivery: Delivery) -> Act:
    data = {"old": DeliveryState.SENDING, "new": DeliveryState.SENT, "problem": ""}
    return Act(
        _AUDITED[DeliveryState.SENT],
        delivery,
        department=delivery.message.department.slug,
        data={**data, "link": delivery.permalink},
    )


def _announce(delivery: Delivery) -> None:
    transaction.on_commit(lambda: signals.delivery_moved.send(Delivery, delivery=delivery))


def _check_move(delivery: Delivery, to: str) -> None:
    if to not in MOVES[delivery.state]:
        raise MoveNotAllowed(_("The delivery is not in a state in which this can be done."))


def _wake_followers(delivery: Delivery) -> None:
    waiting = delivery.followers.filter(
        operation__in=(Operation.REPOST, Operation.REMOVE), state=DeliveryState.QUEUED
    )
    waiting.update(next_try_at=clock.now())


def recall(message: Message, actor: User | None) -> int:
    """Take back what of the message has not left; how much that was. Of a campaign, the entry
    about the message stands for all of its deliveries.
    """
    waiting = message.deliveries.select_for_update(of=("self",)).filter(state__in=RECALLABLE)
    waiting = waiting.exclude(operation=Operation.REMOVE).order_by("pk")
    ids = list(waiting.values_list("pk", flat=True))
    if len(ids) >= CAMPAIGN_FROM:
        _cancel_all(ids)
        return len(ids)
    for delivery in locked_all(ids):
        move(delivery, DeliveryState.CANCELLED, problem="withdrawn", actor=actor)
    return len(ids)


def _cancel_all(ids: Sequence[int]) -> None:
    now = clock.now()
    Delivery.objects.filter(pk__in=ids).update(
        state=DeliveryState.CANCELLED,
        state_since=now,
        problem="withdrawn",
        lease_until=None,
        next_try_at=None,
    )
    followers = Delivery.objects.filter(target__in=ids, state=DeliveryState.QUEUED)
    waiting = followers.filter(operation__in=(Operation.REPOST, Operation.REMOVE))
    waiting.update(next_try_at=now)


def begun(delivery: Delivery) -> str:
    """The id of the part that is out of a post that was never finished."""
    if delivery.operation != Operation.PUBLISH or delivery.state in _FINISHED or not delivery.kept:
        return ""
    return connector_class(delivery.handle.platform).begun(delivery.kept)


def latest(delivery: Delivery) -> Delivery:
    """Whose words stand on the platform now: its own, or those of its newest correction."""
    corrections = delivery.followers.filter(
        operation=Operation.EDIT, state__in=(DeliveryState.SENT, DeliveryState.EDITED)
    )
    correction = corrections.select_related("message", "handle").order_by("-pk").first()
    return latest(correction) if correction else delivery


def _tell_target(delivery: Delivery, actor: User | None) -> None:
    """A correction or take-down that succeeded: the post it was about is no longer as it was."""
    if delivery.target_id is None:
        return
    target = locked(delivery.target_id)
    if delivery.operation == Operation.REMOVE:
        _tell_removed(target, actor)
    elif target.state == DeliveryState.REMOVED:  # while this was being done
        move(delivery, DeliveryState.REMOVED, actor=actor)
    elif delivery.operation == Operation.EDIT and target.state == DeliveryState.SENT:
        move(target, DeliveryState.EDITED, actor=actor)


def _tell_removed(target: Delivery, actor: User | None) -> None:
    """With the post go its correction, if there is one, and its reposts."""
    newest = locked(latest(target).pk)
    if newest.state == DeliveryState.SENT:
        move(newest, DeliveryState.REMOVED, actor=actor)
    reposts = Delivery.objects.filter(
        target__in=(target, newest), operation=Operation.REPOST, state=DeliveryState.SENT
    )
    for repost in reposts.values_list("pk", flat=True):
        move(locked(repost), DeliveryState.REMOVED, actor=actor)


def move(
    delivery: Delivery,
    to: str,
    *,
    problem: str = "",
    wait: int | None = None,
    actor: User | None = None,
) -> None:
    """`wait` in seconds, until something is next done about it. Raises MoveNotAllowed."""
    _check_move(delivery, to)
    now = clock.now()
    old, delivery.state, delivery.state_since = delivery.state, to, now
    delivery.problem, delivery.lease_until = problem, None
    delivery.next_try_at = now + timedelta(seconds=wait) if wait is not None else None
    delivery.save()
    if to in _NEVER_OUT:
        _wake_followers(delivery)
    if problem:
        learn_from(delivery, problem)
    if to in _AUDITED:
        data = {"old": old, "new": to, "problem": problem, "link": delivery.permalink}
        recorded(_AUDITED[DeliveryState(to)], delivery, actor, data)
    _announce(delivery)


def recorded(action: str, delivery: Delivery, actor: User | None, data: dict[str, Any]) -> None:
    slug = delivery.message.department.slug
    record(action, delivery, actor=actor, department=slug, data=data)


def _web_address(link: str) -> str:
    """A platform's answer is input like any other: no script, nothing but the web."""
    return link if link.startswith(("https://", "http://")) and len(link) <= 500 else ""
