"""Every change to messages, and what workers do with their deliveries.

What officers do with single deliveries is in delivery_actions.py; how one moves, in moving.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_q.tasks import async_task

from departments.actions import mark_handle
from departments.models import Department, Handle, User
from portal.audit.actions import record
from portal.errors import MoveNotAllowed

from .connectors.base import Receipt
from .connectors.errors import ConnectorError
from .media import fitted
from .models import Attempt, Delivery, Media, Message, MessagePart, Operation, PartMedia
from .moving import LeaseLost, accepted, begun, end, held, locked, move
from .planning import plan
from .retry import FOLLOW_LONGEST, FOLLOWS, UNCLEAR_TRIES, WAITS, Verdict, judge
from .seal import SealedPart, seal_of_message
from .states import RECALLABLE, DeliveryState, Outcome

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
    due = max(not_before or timezone.now(), timezone.now())
    deliveries = plan(message, list(handles), due=due, corrects=corrects, is_urgent=is_urgent)
    if seal_of_message(message) != seal:
        raise MoveNotAllowed(_("The content changed while it was being approved."))
    data = {"seal": seal, "handles": sorted({delivery.handle_id for delivery in deliveries})}
    record("publishing.message.queued", message, actor=actor, department=department.slug, data=data)
    if due <= timezone.now():
        transaction.on_commit(lambda: wake(one.pk for one in deliveries if one.next_try_at))
    return message


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
    related = ("message__department", "handle", "recipient")
    rows = message.deliveries.select_for_update(of=("self",)).select_related(*related)
    deliveries = list(rows)
    if any(delivery.state not in RECALLABLE or begun(delivery) for delivery in deliveries):
        raise MoveNotAllowed(_("It is already being published and can no longer be taken back."))
    for delivery in deliveries:
        move(delivery, DeliveryState.CANCELLED, problem="withdrawn", actor=actor)
    message.cancelled_at = timezone.now()
    message.save()
    record(
        "publishing.message.cancelled",
        message,
        actor=actor,
        department=message.department.slug,
        data={"reason": reason},
    )
    return message


def wake(delivery_ids: Iterable[int]) -> None:
    """Ask a worker to look at these. Losing the request loses nothing: `wake_due` asks again."""
    for pk in delivery_ids:
        async_task("publishing.tasks.deliver", pk, task_name=f"deliver-{pk}")


# --- what a worker does with a delivery ----------------------------------------------------------


@transaction.atomic
def claim(delivery_id: int, *, worker: str) -> tuple[Delivery, Attempt] | None:
    """Take a queued delivery for as long as the lease lasts; None if there is nothing to take.

    The attempt's row is the intent: whatever happens to this worker, it says that one was begun.
    """
    now = timezone.now()
    if Delivery.objects.filter(pk=delivery_id, message__not_before__gt=now).exists():
        return None
    taken = Delivery.objects.filter(pk=delivery_id, state=DeliveryState.QUEUED).update(
        state=DeliveryState.SENDING,
        state_since=now,
        fence=F("fence") + 1,
        attempts_made=F("attempts_made") + 1,
        lease_until=now + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS),
        next_try_at=None,
        armed_at=None,
        looks_made=0,
    )
    if not taken:
        return None
    delivery = Delivery.objects.select_related("message", "handle", "target", "recipient").get(
        pk=delivery_id
    )
    attempt = Attempt.objects.create(delivery=delivery, fence=delivery.fence, worker=worker)
    return delivery, attempt


@transaction.atomic
def arm(delivery: Delivery, attempt: Attempt) -> None:
    """Write down that something visible is about to be asked for. Raises LeaseLost."""
    now = timezone.now()
    lease = now + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
    if not _as_holder(delivery).update(armed_at=now, lease_until=lease):
        raise LeaseLost(delivery.pk)
    Attempt.objects.filter(pk=attempt.pk).update(armed_at=now)


def keep(delivery: Delivery, values: Mapping[str, str]) -> None:
    """Remember what an earlier step obtained, a sign of life as well. Raises LeaseLost."""
    kept = {**delivery.kept, **values}
    lease = timezone.now() + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
    if not _as_holder(delivery).update(kept=kept, lease_until=lease):
        raise LeaseLost(delivery.pk)
    delivery.kept = kept


@transaction.atomic
def hold_back(delivery: Delivery, attempt: Attempt, *, state: str, problem: str) -> None:
    """The portal itself decided not to send."""
    delivery = held(delivery)
    end(attempt, Outcome.HELD_BACK, problem)
    move(delivery, state, problem=problem)


@transaction.atomic
def accept(delivery: Delivery, attempt: Attempt, receipt: Receipt) -> None:
    delivery = held(delivery)
    end(attempt, Outcome.ACCEPTED)
    accepted(delivery, receipt)


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
    move(delivery, verdict.state, problem=problem, wait=verdict.wait)
    if verdict.handle_needs_attention:
        mark_handle(delivery.handle, problem)


# --- what nobody holds ---------------------------------------------------------------------------


def wake_due(*, at: datetime | None = None, limit: int = 500) -> int:
    """Requeue what waited long enough and wake workers for everything due; how many were woken.

    Safe to run anywhere and at any time: each row is moved once, and a second request for the
    same delivery finds it claimed.
    """
    at = at or timezone.now()
    due = Delivery.objects.due(at).order_by("next_try_at", "pk")[:limit]
    ids = list(due.values_list("pk", flat=True))
    if not ids:
        return 0
    with transaction.atomic():
        again = at + timedelta(seconds=60)  # if this wake-up is lost, the next one comes then
        mine = Delivery.objects.filter(pk__in=ids, next_try_at__lte=at)
        mine.filter(state=DeliveryState.WAITING).update(
            state=DeliveryState.QUEUED, state_since=at, next_try_at=again
        )
        mine.filter(state=DeliveryState.QUEUED).update(next_try_at=again)
    wake(ids)
    return len(ids)


def wake_looks(*, at: datetime, limit: int = 100) -> None:
    """Ask workers to look for what is unclear and whose next look is due."""
    ids = list(Delivery.objects.to_look_for(at).values_list("pk", flat=True)[:limit])
    again = at + timedelta(seconds=60)
    Delivery.objects.filter(pk__in=ids, next_try_at__lte=at).update(next_try_at=again)
    for pk in ids:
        async_task("publishing.tasks.look", pk, task_name=f"look-{pk}")


@transaction.atomic
def reclaim(delivery_id: int, *, at: datetime | None = None) -> Delivery | None:
    """A worker vanished. Never armed: nothing can have left, queue it again. Armed: unknown."""
    at = at or timezone.now()
    delivery = locked(delivery_id)
    if delivery.state != DeliveryState.SENDING or (delivery.lease_until or at) >= at:
        return None
    attempt = delivery.attempts.get(fence=delivery.fence)
    delivery.fence += 1  # the lost worker, should it wake up, may write nothing more
    if delivery.armed_at and delivery.operation == Operation.PUBLISH:
        end(attempt, Outcome.UNKNOWN, "worker_lost")
        move(delivery, DeliveryState.UNKNOWN, problem="worker_lost", wait=0)
        return delivery
    end(attempt, Outcome.NOT_SENT, "worker_lost")
    if delivery.attempts_made > len(WAITS):
        move(delivery, DeliveryState.FAILED, problem="worker_lost")
    else:
        move(delivery, DeliveryState.QUEUED, problem="worker_lost", wait=0)
    return delivery


def take_look(delivery: Delivery) -> bool:
    """Reserve the next look at the platform, so that two workers do not both decide."""
    soon = timezone.now() + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
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
        next_try_at=timezone.now() + timedelta(seconds=wait),
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


def wake_follows(*, at: datetime, limit: int = 100) -> None:
    """Ask workers to look at posts that were not live yet."""
    ids = list(Delivery.objects.to_follow(at).values_list("pk", flat=True)[:limit])
    again = at + timedelta(seconds=60)
    Delivery.objects.filter(pk__in=ids, next_try_at__lte=at).update(next_try_at=again)
    for pk in ids:
        async_task("publishing.tasks.follow", pk, task_name=f"follow-{pk}")


def take_follow(delivery: Delivery) -> bool:
    """Reserve the next look at a post in processing, so that no step after it is made twice."""
    now = timezone.now()
    lease = now + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
    free = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.PROCESSING).exclude(
        lease_until__gt=now
    )
    return bool(free.update(looks_made=F("looks_made") + 1, lease_until=lease, next_try_at=lease))


def keep_following(delivery: Delivery, values: Mapping[str, str]) -> None:
    """Remember what was done after a post, a sign of life as well. Raises LeaseLost."""
    kept = {**delivery.kept, **values}
    lease = timezone.now() + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
    if not _as_follower(delivery).update(kept=kept, lease_until=lease, next_try_at=lease):
        raise LeaseLost(delivery.pk)
    delivery.kept = kept


def follow_again(delivery: Delivery, *, wait: int | None = None) -> None:
    """Not live yet: look again later, or after a whole day let a person look."""
    if timezone.now() - delivery.state_since > timedelta(seconds=FOLLOW_LONGEST):
        _processing_too_long(delivery)
        return
    wait = wait or FOLLOWS[min(delivery.looks_made, len(FOLLOWS) - 1)]
    _as_follower(delivery).update(
        next_try_at=timezone.now() + timedelta(seconds=wait), lease_until=None
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


def _as_holder(delivery: Delivery) -> Any:
    return Delivery.objects.filter(
        pk=delivery.pk, state=DeliveryState.SENDING, fence=delivery.fence
    )


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
