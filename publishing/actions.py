"""Every change to messages and deliveries.

Deliveries move only here, only as states.py allows, and a worker's moves only while its fence is
still the newest: whoever claimed earlier, slept, and woke up late changes nothing.
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
from portal.errors import MoveNotAllowed, NotPermitted

from . import access, signals
from .connectors.base import Receipt
from .connectors.errors import ConnectorError
from .links import is_on_platform
from .models import Attempt, Delivery, Message, MessagePart, PartMedia
from .retry import UNCLEAR_TRIES, WAITS, Verdict, judge
from .seal import SealedPart, seal_of_message
from .states import MOVES, RECALLABLE, DeliveryState, Outcome

_AUDITED = {
    DeliveryState.SENT: "publishing.delivery.sent",
    DeliveryState.FAILED: "publishing.delivery.failed",
    DeliveryState.EXPIRED: "publishing.delivery.expired",
    DeliveryState.CANCELLED: "publishing.delivery.cancelled",
}


class LeaseLost(Exception):
    """Another worker has the delivery now, or the delivery is settled. Stop, write nothing."""


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
    actor: User,
) -> Message:
    """Freeze approved content and commit one delivery for each handle.

    `media` gives, for each platform, the keys of its files in the order of the sealed part's
    `files`. The caller has asked who may approve; here it is only checked that what is stored is
    what was sealed. Raises MoveNotAllowed.
    """
    message = Message.objects.create(
        department=department,
        source=source,
        source_id=source_id,
        seal=seal,
        not_before=not_before,
        not_after=not_after,
        approved_by=actor,
    )
    for sealed in parts:
        _freeze(message, sealed, media.get(sealed.platform, ()))
    due = max(not_before or timezone.now(), timezone.now())
    deliveries = Delivery.objects.bulk_create(
        Delivery(message=message, handle=handle, next_try_at=due) for handle in handles
    )
    if seal_of_message(message) != seal:
        raise MoveNotAllowed(_("The content changed while it was being approved."))
    data = {"seal": seal, "handles": [delivery.handle_id for delivery in deliveries]}
    record("publishing.message.queued", message, actor=actor, department=department.slug, data=data)
    if due <= timezone.now():
        transaction.on_commit(lambda: wake([delivery.pk for delivery in deliveries]))
    return message


def _freeze(message: Message, sealed: SealedPart, media_ids: Iterable[int]) -> None:
    part = MessagePart.objects.create(
        message=message,
        platform=sealed.platform,
        text=sealed.text,
        title=sealed.title,
        tags=list(sealed.tags),
    )
    PartMedia.objects.bulk_create(
        PartMedia(part=part, media_id=media_id, alt=file.alt, position=position)
        for position, (media_id, file) in enumerate(zip(media_ids, sealed.files, strict=True))
    )


@transaction.atomic
def cancel_message(message: Message, *, actor: User, reason: str) -> Message:
    """Take everything back. Raises MoveNotAllowed if a part of it has left or is leaving."""
    message = Message.objects.select_for_update().get(pk=message.pk)
    deliveries = list(message.deliveries.select_for_update())
    if any(delivery.state not in RECALLABLE for delivery in deliveries):
        raise MoveNotAllowed(_("It is already being published and can no longer be taken back."))
    for delivery in deliveries:
        _move(delivery, DeliveryState.CANCELLED, problem="withdrawn", actor=actor)
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
    delivery = Delivery.objects.select_related("message", "handle").get(pk=delivery_id)
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
    """Remember what an earlier step obtained. Raises LeaseLost."""
    kept = {**delivery.kept, **values}
    if not _as_holder(delivery).update(kept=kept):
        raise LeaseLost(delivery.pk)
    delivery.kept = kept


@transaction.atomic
def hold_back(delivery: Delivery, attempt: Attempt, *, state: str, problem: str) -> None:
    """The portal itself decided not to send."""
    delivery = _held(delivery)
    _end(attempt, Outcome.HELD_BACK, problem)
    _move(delivery, state, problem=problem)


@transaction.atomic
def accept(delivery: Delivery, attempt: Attempt, receipt: Receipt) -> None:
    delivery = _held(delivery)
    _end(attempt, Outcome.ACCEPTED)
    _sent(delivery, receipt)


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
    delivery = _held(delivery)
    _end(attempt, verdict.outcome, problem, status=status, detail=detail)
    _move(delivery, verdict.state, problem=problem, wait=verdict.wait)
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
    delivery = _locked(delivery_id)
    if delivery.state != DeliveryState.SENDING or (delivery.lease_until or at) >= at:
        return None
    attempt = delivery.attempts.get(fence=delivery.fence)
    delivery.fence += 1  # the lost worker, should it wake up, may write nothing more
    if delivery.armed_at:
        _end(attempt, Outcome.UNKNOWN, "worker_lost")
        _move(delivery, DeliveryState.UNKNOWN, problem="worker_lost", wait=0)
        return delivery
    _end(attempt, Outcome.NOT_SENT, "worker_lost")
    if delivery.attempts_made > len(WAITS):
        _move(delivery, DeliveryState.FAILED, problem="worker_lost")
    else:
        _move(delivery, DeliveryState.QUEUED, problem="worker_lost", wait=0)
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
    delivery = _locked(delivery.pk)
    if delivery.state == DeliveryState.UNKNOWN:
        _sent(delivery, receipt)


def look_again(delivery: Delivery, *, wait: int, counted: bool = True) -> None:
    """Look once more in `wait` seconds. A look that could not be taken is not `counted`."""
    Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.UNKNOWN).update(
        next_try_at=timezone.now() + timedelta(seconds=wait),
        looks_made=delivery.looks_made + 1 if counted else delivery.looks_made,
    )


def leave_to_person(delivery: Delivery) -> None:
    """Reading can tell no more: an officer must look at the platform."""
    Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.UNKNOWN).update(
        next_try_at=None, problem="needs_decision"
    )


@transaction.atomic
def came_to_nothing(delivery: Delivery, error: ConnectorError) -> None:
    """The platform said later that it did not publish what it had accepted."""
    delivery = _locked(delivery.pk)
    if delivery.state != DeliveryState.UNKNOWN:
        return
    verdict = judge(error, delivery.attempts_made, tuple(settings.FIND_AFTER_SECONDS))
    # From unknown there is no waiting: what may be tried again waits in the queue.
    again = verdict.state == DeliveryState.WAITING
    state = DeliveryState.QUEUED if again else DeliveryState.FAILED
    _move(delivery, state, problem=error.code, wait=verdict.wait)
    if verdict.handle_needs_attention:
        mark_handle(delivery.handle, error.code)


@transaction.atomic
def not_there(delivery: Delivery) -> None:
    """The platform was read patiently and does not show it: it was not sent."""
    delivery = _locked(delivery.pk)
    if delivery.state != DeliveryState.UNKNOWN:
        return
    if delivery.problem == "already_published":
        # It refuses the text as a duplicate, yet shows no post of ours: sending again cannot help.
        _move(delivery, DeliveryState.FAILED, problem="already_published")
        return
    if delivery.attempts.filter(outcome=Outcome.UNKNOWN).count() >= UNCLEAR_TRIES:
        leave_to_person(delivery)
        return
    _move(delivery, DeliveryState.QUEUED, problem=delivery.problem, wait=0)


# --- what an officer does ------------------------------------------------------------------------


@transaction.atomic
def decide_delivery(
    delivery: Delivery, *, is_out: bool, permalink: str = "", actor: User
) -> Delivery:
    """A person looked at the platform where no rule can tell: it is out, or it is not."""
    delivery = _locked(delivery.pk)
    if not access.can_decide(actor, delivery.message):
        raise NotPermitted(_("You may not do this."))
    if delivery.state != DeliveryState.UNKNOWN or delivery.problem != "needs_decision":
        raise MoveNotAllowed(_("There is nothing to decide here any more."))
    if is_out and not permalink:
        raise MoveNotAllowed(_("Give the link of the post as proof."))
    if is_out and not is_on_platform(delivery.handle.platform, permalink):
        raise MoveNotAllowed(_("The link must be an https address on the platform's own site."))
    data = {"is_out": is_out, "permalink": permalink}
    _recorded("publishing.delivery.decided", delivery, actor, data)
    if is_out:
        _sent(delivery, Receipt(platform_id=permalink[:200], permalink=permalink), actor=actor)
    else:
        _move(delivery, DeliveryState.FAILED, problem="decided_not_out", actor=actor)
    return delivery


@transaction.atomic
def requeue_delivery(delivery: Delivery, *, actor: User) -> Delivery:
    """Try a refused delivery again, after what was wrong has been mended."""
    delivery = _locked(delivery.pk)
    if not access.can_decide(actor, delivery.message):
        raise NotPermitted(_("You may not do this."))
    if delivery.state != DeliveryState.FAILED:
        raise MoveNotAllowed(_("Only a delivery that failed can be tried again."))
    _recorded("publishing.delivery.requeued", delivery, actor, {"problem": delivery.problem})
    delivery.attempts_made = 0
    _move(delivery, DeliveryState.QUEUED, wait=0, actor=actor)
    transaction.on_commit(lambda: wake([delivery.pk]))
    return delivery


# --- inside --------------------------------------------------------------------------------------


def _as_holder(delivery: Delivery) -> Any:
    return Delivery.objects.filter(
        pk=delivery.pk, state=DeliveryState.SENDING, fence=delivery.fence
    )


def _locked(delivery_id: int) -> Delivery:
    return (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("message__department", "handle")
        .get(pk=delivery_id)
    )


def _held(delivery: Delivery) -> Delivery:
    """The row, locked, if this worker still holds it. Raises LeaseLost."""
    locked = _locked(delivery.pk)
    if locked.state != DeliveryState.SENDING or locked.fence != delivery.fence:
        raise LeaseLost(delivery.pk)
    return locked


def _end(
    attempt: Attempt,
    outcome: str,
    problem: str = "",
    *,
    status: int | None = None,
    detail: str = "",
) -> None:
    attempt.outcome, attempt.problem, attempt.status = outcome, problem, status
    attempt.detail, attempt.ended_at = detail[:4000], timezone.now()
    attempt.save(update_fields=["outcome", "problem", "status", "detail", "ended_at"])


def _sent(delivery: Delivery, receipt: Receipt, *, actor: User | None = None) -> None:
    delivery.platform_id = receipt.platform_id[:200]
    delivery.permalink = _web_address(receipt.permalink)
    delivery.sent_at = timezone.now()
    _move(delivery, DeliveryState.SENT, actor=actor)


def _web_address(link: str) -> str:
    """A platform's answer is input like any other: no script, nothing but the web."""
    return link if link.startswith(("https://", "http://")) and len(link) <= 500 else ""


def _move(
    delivery: Delivery,
    to: str,
    *,
    problem: str = "",
    wait: int | None = None,
    actor: User | None = None,
) -> None:
    if to not in MOVES[delivery.state]:
        raise MoveNotAllowed(_("The delivery is not in a state in which this can be done."))
    now = timezone.now()
    old, delivery.state, delivery.state_since = delivery.state, to, now
    delivery.problem, delivery.lease_until = problem, None
    delivery.next_try_at = now + timedelta(seconds=wait) if wait is not None else None
    delivery.save()
    if to in _AUDITED:
        data = {"old": old, "new": to, "problem": problem, "link": delivery.permalink}
        _recorded(_AUDITED[DeliveryState(to)], delivery, actor, data)
    transaction.on_commit(lambda: signals.delivery_moved.send(Delivery, delivery=delivery))


def _recorded(action: str, delivery: Delivery, actor: User | None, data: dict[str, Any]) -> None:
    slug = delivery.message.department.slug
    record(action, delivery, actor=actor, department=slug, data=data)
