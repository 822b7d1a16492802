"""Every change to messages, and what workers do with their deliveries.

What officers do with single deliveries is in delivery_actions.py; how one moves, in moving.py.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from departments.actions import mark_handle
from departments.models import Department, Handle, User
from portal.audit.actions import record
from portal.errors import MoveNotAllowed
from portal.logs import about
from portal.web import key_runs

from . import clock, traffic
from .connectors.base import Receipt
from .connectors.errors import ConnectorError
from .gate import Gate
from .media import fitted
from .models import MAKES_NEW, Attempt, Delivery, Media, Message, MessagePart, Operation, PartMedia
from .moving import (
    Barred,
    LeaseLost,
    accepted,
    begun,
    end,
    end_all,
    held,
    held_all,
    locked,
    locked_all,
    move,
    published_all,
    recall,
)
from .planning import CAMPAIGN_FROM, plan
from .retry import FOLLOW_LONGEST, FOLLOWS, UNCLEAR_TRIES, WAITS, Verdict, judge
from .seal import SealedPart, seal_of_message
from .states import RECALLABLE, DeliveryState, Outcome
from .stops import standing

log = logging.getLogger(__name__)

# --- messages ------------------------------------------------------------------------------------


@transaction.atomic
def queue_message(
    *,
    department: Department,
    source: str,
    source_id: int,
    parts: Iterable[SealedPart],
    media: Mapping[str, Iterable[int]],
    handles: Iterable[Handle],
    not_before: datetime | None,
    not_after: datetime | None,
    seal: str,
    corrects: Message | None = None,
    topic: str = "",
    is_urgent: bool = False,
    actor: User,
) -> Message:
    """Freeze approved content and commit its deliveries; of a correction, one for each post that
    it corrects.

    `media` gives, for each platform, the keys of its files in the order of the sealed part's
    `files`. `topic` says what it is about, so that all of that can be stopped. The caller has asked
    who may approve; here it is only checked that what is stored is what was sealed. Raises
    MoveNotAllowed.
    """
    message = Message.objects.create(
        department=department,
        source=source,
        source_id=source_id,
        topic=topic,
        seal=seal,
        not_before=not_before,
        not_after=not_after,
        approved_by=actor,
    )
    for sealed in parts:
        _freeze(message, sealed, media.get(sealed.platform, ()))
    due = max(not_before or clock.now(), clock.now())
    handles = list(handles)
    plan(message, handles, due=due, corrects=corrects, is_urgent=is_urgent)
    if seal_of_message(message) != seal:
        raise MoveNotAllowed(_("The content changed while it was being approved."))
    data = {"seal": seal, **_recorded_handles([handle.pk for handle in handles])}
    record("publishing.message.queued", message, actor=actor, department=department.slug, data=data)
    transaction.on_commit(lambda: _log_queued(message, len(handles)))
    return message


def _log_queued(message: Message, handles: int) -> None:
    with about(post=message.origin):
        log.info("queued for %d handles", handles)


def _recorded_handles(handle_ids: list[int]) -> dict[str, Any]:
    """For the audit trail: each handle, of a campaign briefly but as completely."""
    if len(handle_ids) < CAMPAIGN_FROM:
        return {"handles": sorted(handle_ids)}
    return {"handle_count": len(handle_ids), "handle_keys": key_runs.written(handle_ids)}


def _freeze(message: Message, sealed: SealedPart, media_ids: Iterable[int]) -> None:
    part = MessagePart.objects.create(
        message=message,
        platform=sealed.platform,
        text=sealed.text,
        title=sealed.title,
        tags=list(sealed.tags),
        options=dict(sealed.options),
    )
    files = Media.objects.in_bulk(list(media_ids))
    PartMedia.objects.bulk_create(
        PartMedia(
            part=part,
            media_id=media_id,
            derivative=fitted(files[media_id], sealed.platform),
            place=file.place,
            alt=file.alt,
            position=position,
        )
        for position, (media_id, file) in enumerate(zip(media_ids, sealed.files, strict=True))
    )


@transaction.atomic
def cancel_message(message: Message, *, actor: User, reason: str) -> Message:
    """Take everything back. Raises MoveNotAllowed if a part of it has left or is leaving."""
    message = Message.objects.select_for_update().get(pk=message.pk)
    rows = message.deliveries.select_for_update(of=("self",)).order_by("pk")
    # Only those can be out in part that have kept something of it.
    is_leaving = any(state not in RECALLABLE for state in rows.values_list("state", flat=True))
    if is_leaving or any(map(begun, rows.exclude(kept={}).select_related("handle"))):
        raise MoveNotAllowed(_("It is already being published and can no longer be taken back."))
    number = recall(message, actor)
    message.cancelled_at = clock.now()
    message.save()
    record(
        "publishing.message.cancelled",
        message,
        actor=actor,
        department=message.department.slug,
        data={"reason": reason, "deliveries": number},
    )
    return message


# --- what a worker does with a delivery ----------------------------------------------------------


def arm(delivery: Delivery, attempt: Attempt, *, is_checked: bool = False) -> float:
    """Write down that something visible is about to be asked for; `is_checked` if the gate was
    asked a moment ago. When it was looked for stops, by time.monotonic(). Raises LeaseLost, Barred.
    """
    looked_at = time.monotonic()
    raise_if(arm_all([(delivery, attempt, is_checked)], Gate())[0])
    return looked_at


def keep(delivery: Delivery, values: Mapping[str, str]) -> None:
    """Remember what an earlier step obtained, a sign of life as well. Raises LeaseLost, Barred."""
    raise_if(keep_all([(delivery, values)])[0])


def accept(delivery: Delivery, attempt: Attempt, receipt: Receipt) -> None:
    raise_if(accept_all([(delivery, attempt, receipt)])[0])


def raise_if(trouble: Exception | None) -> None:
    if trouble is not None:
        raise trouble


# The same for many at once, in one transaction: an exception for each that failed, else None.


@transaction.atomic
def arm_all(claims: Sequence[tuple[Delivery, Attempt, bool]], gate: Gate) -> list[Exception | None]:
    """A stop that was pressed after the claim is seen here, in the transaction of the arming."""
    now = clock.now()
    troubles = _held_or_barred([delivery for delivery, _, _ in claims], now)
    unchecked = [delivery.pk for delivery, _, is_checked in claims if not is_checked]
    barred = _barred_now(unchecked, gate)
    troubles = [
        trouble or barred.get(delivery.pk)
        for (delivery, _, _), trouble in zip(claims, troubles, strict=True)
    ]
    armed = [claim for claim, trouble in zip(claims, troubles, strict=True) if trouble is None]
    ids = [delivery.pk for delivery, _, _ in armed]
    Delivery.objects.filter(pk__in=ids).update(armed_at=now, lease_until=_lease(now))
    Attempt.objects.filter(pk__in=[attempt.pk for _, attempt, _ in armed]).update(armed_at=now)
    for delivery, _attempt, _is_checked in armed:
        delivery.armed_at = now
    return troubles


def _barred_now(ids: Sequence[int], gate: Gate) -> dict[int, Barred]:
    """Claimed some time ago: a large file may have taken an hour to get there."""
    if not ids:
        return {}
    related = ("message", "handle", "target", "recipient")
    asked = {
        one: gate.bars(one) for one in Delivery.objects.select_related(*related).filter(pk__in=ids)
    }
    return {one.pk: Barred(*bar) for one, bar in asked.items() if bar}


@transaction.atomic
def keep_all(kept: Sequence[tuple[Delivery, Mapping[str, str]]]) -> list[Exception | None]:
    """Once armed, a step that a stop forbids to follow is kept all the same."""
    now = clock.now()
    troubles = _held_or_barred([delivery for delivery, _ in kept], now)
    for (delivery, values), trouble in zip(kept, troubles, strict=True):
        if isinstance(trouble, LeaseLost):
            continue
        delivery.kept = {**delivery.kept, **values}
        Delivery.objects.filter(pk=delivery.pk).update(kept=delivery.kept, lease_until=_lease(now))
    return [
        None if isinstance(trouble, Barred) and not delivery.armed_at else trouble
        for (delivery, _), trouble in zip(kept, troubles, strict=True)
    ]


def _held_or_barred(deliveries: Sequence[Delivery], now: datetime) -> list[Exception | None]:
    """Locks their rows. LeaseLost for what others hold now, Barred for what was stopped."""
    held, stops = held_all(deliveries), standing(now)
    return [
        LeaseLost(delivery.pk)
        if delivery.pk not in held
        else Barred(DeliveryState.QUEUED, "stopped")
        if stops.holds(delivery)
        else None
        for delivery in deliveries
    ]


def _lease(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)


@transaction.atomic
def accept_all(
    receipts: Sequence[tuple[Delivery, Attempt, Receipt]],
) -> list[Exception | None]:
    held = held_all([delivery for delivery, _, _ in receipts])
    mine = [row for row in receipts if row[0].pk in held]
    end_all([attempt for _, attempt, _ in mine], Outcome.ACCEPTED)
    deliveries = [delivery.pk for delivery, _, _ in mine]
    followed = set(Delivery.objects.filter(target__in=deliveries).values_list("target", flat=True))
    plain = [
        (delivery, receipt)
        for delivery, _, receipt in mine
        if receipt.is_live and delivery.target_id is None and delivery.pk not in followed
    ]
    if plain:
        published_all(plain)
    done = {delivery.pk for delivery, _ in plain}
    for delivery, _attempt, receipt in mine:
        if delivery.pk not in done:
            accepted(locked(delivery.pk), receipt)
    return [None if row[0].pk in held else LeaseLost(row[0].pk) for row in receipts]


@transaction.atomic
def hold_back(delivery: Delivery, attempt: Attempt, *, state: str, problem: str) -> None:
    """The portal itself decided not to send, or not now: then no try is used up."""
    delivery = held(delivery)
    end(attempt, Outcome.HELD_BACK, problem)
    is_back = state == DeliveryState.QUEUED
    delivery.attempts_made -= is_back and delivery.attempts_made > 0
    move(delivery, state, problem=problem, wait=0 if is_back else None)


@transaction.atomic
def settle(
    delivery: Delivery,
    attempt: Attempt,
    verdict: Verdict,
    *,
    problem: str,
    status: int | None = None,
    detail: str = "",
) -> None:
    """Store how the attempt ended and what becomes of the delivery."""
    delivery = held(delivery)
    end(attempt, verdict.outcome, problem, status=status, detail=detail)
    if verdict.state == DeliveryState.FAILED and not verdict.handle_needs_attention:
        problem = _failing(delivery, problem)
    move(delivery, verdict.state, problem=problem, wait=verdict.wait)
    if verdict.handle_needs_attention:
        mark_handle(delivery.handle, problem)


def _failing(delivery: Delivery, problem: str) -> str:
    """That a part is out must be said; why it is only a part, its attempts say."""
    return "thread_incomplete" if begun(delivery) else problem


def teach(told: traffic.Told) -> None:
    """What a call said about the platform and its limits."""
    teach_all([told])


@transaction.atomic
def teach_all(told: Sequence[traffic.Told]) -> None:
    now = clock.now()
    for platform in sorted({one.delivery.platform for one in told}):
        traffic.note(platform, [one for one in told if one.delivery.platform == platform], now)


# --- what nobody holds ---------------------------------------------------------------------------


def requeue_due(*, at: datetime | None = None) -> int:
    """Queue again what has waited long enough; how many that were."""
    now = clock.now()
    due = Delivery.objects.filter(state=DeliveryState.WAITING, next_try_at__lte=at or now)
    return due.update(state=DeliveryState.QUEUED, state_since=now, next_try_at=now)


def adopt() -> int:
    """Give a platform to what the version before this one queued during its replacement."""
    handle = Handle.objects.filter(pk=OuterRef("handle_id")).values("platform")
    lost = Delivery.objects.filter(state=DeliveryState.QUEUED, platform="")
    return lost.update(platform=Subquery(handle))


@transaction.atomic
def expire_late(*, at: datetime | None = None, limit: int = 200) -> int:
    """What has not left and may not any more: an officer is asked; how many that were."""
    now = at or clock.now()
    stale = now - timedelta(seconds=settings.STALE_AFTER_SECONDS)
    waiting = Delivery.objects.filter(state__in=RECALLABLE).exclude(operation=Operation.REMOVE)
    too_late = Q(message__not_after__lte=now)
    # An officer who posts by hand has seen it, and a repost waits for its original.
    too_old = Q(
        state__in=(DeliveryState.QUEUED, DeliveryState.WAITING),
        operation__in=MAKES_NEW,
        due_at__lte=stale,
    )
    ids = list(waiting.filter(too_late | too_old).values_list("pk", flat=True)[:limit])
    for delivery in locked_all(ids):
        if delivery.state not in RECALLABLE:
            continue
        last = delivery.message.not_after
        problem = "too_late" if last and last <= now else "stale"
        move(delivery, DeliveryState.EXPIRED, problem=problem)
    return len(ids)


@transaction.atomic
def reclaim(delivery_id: int, *, at: datetime | None = None) -> Delivery | None:
    """A worker vanished. Never armed: nothing can have left, queue it again. Armed: unknown."""
    at = at or clock.now()
    delivery = locked(delivery_id)
    if delivery.state != DeliveryState.SENDING or (delivery.lease_until or at) >= at:
        return None
    attempt = delivery.attempts.get(fence=delivery.fence)
    delivery.fence += 1  # the lost worker, should it wake up, may write nothing more
    if delivery.armed_at and delivery.operation in MAKES_NEW:
        end(attempt, Outcome.UNKNOWN, "worker_lost")
        move(delivery, DeliveryState.UNKNOWN, problem="worker_lost", wait=0)
        return delivery
    end(attempt, Outcome.NOT_SENT, "worker_lost")
    if delivery.attempts_made > len(WAITS):
        move(delivery, DeliveryState.FAILED, problem=_failing(delivery, "worker_lost"))
    else:
        move(delivery, DeliveryState.QUEUED, problem="worker_lost", wait=0)
    return delivery


def take_look(delivery: Delivery) -> bool:
    """Reserve the next look at the platform, so that two workers do not both decide."""
    soon = clock.now() + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
    return bool(
        Delivery.objects.filter(
            pk=delivery.pk, state=DeliveryState.UNKNOWN, looks_made=delivery.looks_made
        ).update(looks_made=F("looks_made") + 1, next_try_at=soon)
    )


@transaction.atomic
def found(delivery: Delivery, receipt: Receipt) -> None:
    current = _unclear(delivery)
    if current:
        accepted(current, receipt)


def look_again(delivery: Delivery, *, wait: int, counted: bool = True) -> None:
    """Look once more in `wait` seconds. A look that could not be taken is not `counted`."""
    _as_looker(delivery).update(
        next_try_at=clock.now() + timedelta(seconds=wait),
        looks_made=delivery.looks_made + 1 if counted else delivery.looks_made,
    )


def leave_to_person(delivery: Delivery) -> None:
    """Reading can tell no more: an officer must look at the platform."""
    _as_looker(delivery).update(next_try_at=None, problem="needs_decision")


@transaction.atomic
def found_part(delivery: Delivery, kept: Mapping[str, str]) -> None:
    """A part of a thread is out that we did not know of: go on behind it."""
    current = _unclear(delivery)
    if current:
        current.kept = {**current.kept, **kept}
        move(current, DeliveryState.QUEUED, problem=current.problem, wait=0)


# --- what the platform still processes -----------------------------------------------------------


def take_follow(delivery: Delivery) -> bool:
    """Reserve the next look at a post in processing, so that no step after it is made twice."""
    now = clock.now()
    lease = now + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
    free = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.PROCESSING).exclude(
        lease_until__gt=now
    )
    return bool(free.update(looks_made=F("looks_made") + 1, lease_until=lease, next_try_at=lease))


def keep_following(delivery: Delivery, values: Mapping[str, str]) -> None:
    """Remember what was done after a post, a sign of life as well. Raises LeaseLost."""
    kept = {**delivery.kept, **values}
    lease = clock.now() + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
    if not _as_follower(delivery).update(kept=kept, lease_until=lease, next_try_at=lease):
        raise LeaseLost(delivery.pk)
    delivery.kept = kept


def follow_again(delivery: Delivery, *, wait: int | None = None) -> None:
    """Not live yet: look again later, or after a whole day let a person look."""
    if clock.now() - delivery.state_since > timedelta(seconds=FOLLOW_LONGEST):
        _processing_too_long(delivery)
        return
    wait = wait or FOLLOWS[min(delivery.looks_made, len(FOLLOWS) - 1)]
    _as_follower(delivery).update(
        next_try_at=clock.now() + timedelta(seconds=wait), lease_until=None
    )


@transaction.atomic
def _processing_too_long(delivery: Delivery) -> None:
    current = _followed(delivery)
    if current:
        move(current, DeliveryState.UNKNOWN, problem="needs_decision")


@transaction.atomic
def is_live(delivery: Delivery, receipt: Receipt) -> None:
    current = _followed(delivery)
    if current:
        accepted(current, receipt)


@transaction.atomic
def processing_failed(delivery: Delivery, error: ConnectorError) -> None:
    """Nobody will ever see it. Another try starts from the beginning: no step led anywhere."""
    current = _followed(delivery)
    if current:
        current.kept, current.platform_id, current.permalink = {}, "", ""
        move(current, DeliveryState.FAILED, problem=error.code)


# --- what stayed unclear -------------------------------------------------------------------------


@transaction.atomic
def came_to_nothing(delivery: Delivery, error: ConnectorError) -> None:
    """The platform said later that it did not publish what it had accepted."""
    current = _unclear(delivery)
    if current is None:
        return
    verdict = judge(error, current.attempts_made, tuple(settings.FIND_AFTER_SECONDS))
    # From unknown there is no waiting: what may be tried again waits in the queue.
    again = verdict.state == DeliveryState.WAITING
    state = DeliveryState.QUEUED if again else DeliveryState.FAILED
    move(current, state, problem=error.code, wait=verdict.wait)
    if verdict.handle_needs_attention:
        mark_handle(current.handle, error.code)


@transaction.atomic
def not_there(delivery: Delivery) -> None:
    """The platform was read patiently and does not show it: it was not sent."""
    current = _unclear(delivery)
    if current is None:
        return
    if current.problem == "already_published":
        # It refuses the text as a duplicate, yet shows no post of ours: sending again cannot help.
        move(current, DeliveryState.FAILED, problem="already_published")
        return
    if current.attempts.filter(outcome=Outcome.UNKNOWN).count() >= UNCLEAR_TRIES:
        leave_to_person(current)
        return
    move(current, DeliveryState.QUEUED, problem=current.problem, wait=0)


# --- inside --------------------------------------------------------------------------------------


def _as_looker(delivery: Delivery) -> Any:
    """Only while the try is still unclear that was looked for: its fence is the newest."""
    return Delivery.objects.filter(
        pk=delivery.pk, state=DeliveryState.UNKNOWN, fence=delivery.fence
    )


def _unclear(delivery: Delivery) -> Delivery | None:
    current = locked(delivery.pk)
    same = current.state == DeliveryState.UNKNOWN and current.fence == delivery.fence
    return current if same else None


def _as_follower(delivery: Delivery) -> Any:
    """Only while nobody has looked since: looks are counted."""
    return Delivery.objects.filter(
        pk=delivery.pk,
        state=DeliveryState.PROCESSING,
        fence=delivery.fence,
        looks_made=delivery.looks_made,
    )


def _followed(delivery: Delivery) -> Delivery | None:
    current = locked(delivery.pk)
    mine = (DeliveryState.PROCESSING, delivery.fence, delivery.looks_made)
    return current if (current.state, current.fence, current.looks_made) == mine else None
