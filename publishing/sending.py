"""One delivery, from claim to receipt: claim, check again, call, store (design.md 4).

Nothing here is inside a transaction while a platform is being called.
"""

from __future__ import annotations

import logging
import math
import os
import socket
import time
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from departments.credentials import CredentialMissing
from departments.models import Handle, Way
from departments.states import HandleState

from . import actions, signals
from .callbacks import heard_about
from .connectors import connect
from .connectors.assisted import Assisted
from .connectors.base import (
    Account,
    Connector,
    Content,
    Journal,
    NotPublished,
    Partly,
    Published,
    Receipt,
    Sent,
)
from .connectors.errors import ConnectionRefused, ConnectorError, NeedsOfficer, Unknown
from .content import content_of
from .linking import fresh_secrets
from .models import Attempt, Delivery, Operation
from .moving import LeaseLost, begun, latest
from .retry import judge
from .seal import seal_of_message
from .states import OPEN, DeliveryState, Outcome

log = logging.getLogger(__name__)

CHECK_HOLDS = 1.0  # seconds after which the gate is asked once more
# A post that will never be out takes its reposts along.
_ENDS_REPOSTS = {
    DeliveryState.EXPIRED.value: (DeliveryState.EXPIRED, "too_late"),
    DeliveryState.CANCELLED.value: (DeliveryState.CANCELLED, "withdrawn"),
}


class Barred(Exception):
    """The gate closed while the connector still prepared: nothing visible was asked for."""

    def __init__(self, state: str, problem: str) -> None:
        self.state, self.problem = state, problem
        super().__init__(problem)


class DeliveryJournal:
    """A connector's memory of one delivery, written under the claim's fence."""

    def __init__(self, delivery: Delivery, attempt: Attempt) -> None:
        self._delivery, self._attempt = delivery, attempt
        self.reference = str(delivery.reference)
        self._checked = time.monotonic()

    def get(self, key: str) -> str:
        return str(self._delivery.kept.get(key, ""))

    def keep(self, **values: str) -> None:
        actions.keep(self._delivery, values)

    def arm(self) -> None:
        """Raises Barred: a large file may have taken an hour to get there."""
        if time.monotonic() - self._checked > CHECK_HOLDS:
            self._check_again()
        self._checked = math.inf  # what has begun is brought to its end
        actions.arm(self._delivery, self._attempt)

    def _check_again(self) -> None:
        related = ("message", "handle", "target", "recipient")
        delivery = Delivery.objects.select_related(*related).get(pk=self._delivery.pk)
        if barred := barrier(delivery):
            raise Barred(*barred)


class FollowJournal:
    """The same memory once the platform has accepted the post and still works on it."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self.reference = str(delivery.reference)

    def get(self, key: str) -> str:
        return str(self._delivery.kept.get(key, ""))

    def keep(self, **values: str) -> None:
        actions.keep_following(self._delivery, values)

    def arm(self) -> None:
        """What follows a post makes nothing new visible."""


def send(delivery_id: int) -> None:
    """Carry one delivery as far as it goes now. Running it twice at once does no harm."""
    claimed = actions.claim(delivery_id, worker=f"{socket.gethostname()}:{os.getpid()}")
    if claimed is None:
        return
    delivery, attempt = claimed
    if delivery.operation in (Operation.PUBLISH, Operation.EDIT):
        signals.message_started.send(type(delivery.message), message=delivery.message)
    try:
        _check_and_call(delivery, attempt)
    except LeaseLost:
        log.warning("delivery %s went to another worker", delivery_id)


def _check_and_call(delivery: Delivery, attempt: Attempt) -> None:
    barred = barrier(delivery)
    if barred:
        state, problem = barred
        actions.hold_back(delivery, attempt, state=state, problem=problem)
        return
    try:
        receipt = _carry_out(delivery, DeliveryJournal(delivery, attempt))
    except Barred as bar:
        actions.hold_back(delivery, attempt, state=bar.state, problem=bar.problem)
        return
    except ConnectorError as error:
        verdict = judge(
            error,
            delivery.attempts_made,
            tuple(settings.FIND_AFTER_SECONDS),
            repeatable=delivery.operation != Operation.PUBLISH,
        )
        actions.settle(
            delivery,
            attempt,
            verdict,
            problem=error.code,
            status=error.status,
            detail=error.detail,
        )
        return
    actions.accept(delivery, attempt, receipt)


def _carry_out(delivery: Delivery, journal: Journal) -> Receipt:
    connector = connector_for(delivery.handle)
    if delivery.target is None:
        return connector.publish(content_of(delivery), journal)
    post = published(latest(delivery.target))
    if "://" in post.platform_id:  # posted by hand: the platform's own id of it is not known
        raise NeedsOfficer
    if delivery.operation == Operation.EDIT:
        return connector.edit(post, content_of(delivery), journal)
    if delivery.operation == Operation.REPOST:
        return connector.repost(post, journal)
    connector.remove(post, journal)
    return Receipt(post.platform_id, post.permalink)


def published(delivery: Delivery) -> Published:
    """With everything known of the post since it was first published."""
    kept = dict(delivery.kept)
    if delivery.operation == Operation.EDIT and delivery.target is not None:
        kept = {**published(delivery.target).kept, **kept}
    return Published(delivery.platform_id or begun(delivery), delivery.permalink, kept)


def barrier(delivery: Delivery, *, by_hand: bool = False) -> tuple[str, str] | None:
    """The one gate before every call: what bars the way, as (next state, problem), or None.

    An officer who posts by hand needs no connection; everything else is asked of them too.
    """
    if delivery.handle.state != HandleState.CONNECTED and not by_hand:
        return DeliveryState.FAILED, "handle_not_connected"
    if not by_hand and (changed := _of_another_account(delivery)):
        return changed
    if delivery.operation == Operation.REMOVE:  # says nothing new, so no seal stands before it
        return None if _is_out(delivery.target, any_of_it=True) else _without_target(delivery)
    if delivery.target is not None and not _is_out(delivery.target):
        return _without_target(delivery)
    return _too_late_or_changed(delivery, timezone.now())


def _of_another_account(delivery: Delivery) -> tuple[str, str] | None:
    """The handle opens another account now than when this was approved, or went out."""
    since = delivery.handle.account_since
    if since is None:
        return None
    if delivery.target is not None and (delivery.target.sent_at or since) < since:
        return DeliveryState.ASSISTED, "account_changed"
    if delivery.operation != Operation.REMOVE and delivery.message.created_at < since:
        return DeliveryState.FAILED, "account_changed"
    return None


def _is_out(target: Delivery | None, *, any_of_it: bool = False) -> bool:
    """`any_of_it`: with other words than its own, or a part of it."""
    if target is not None and any_of_it:
        target = latest(target)
        if begun(target) and target.state not in OPEN:
            return True
    return target is not None and target.state == DeliveryState.SENT


def _without_target(delivery: Delivery) -> tuple[str, str]:
    """What was to be reposted, corrected or taken down is not out: not yet, or no longer."""
    if delivery.operation == Operation.REPOST and delivery.target is not None:
        ended = _ENDS_REPOSTS.get(delivery.target.state)
        return ended or (DeliveryState.FAILED, "original_not_out")
    return DeliveryState.CANCELLED, "no_longer_there"


def _too_late_or_changed(delivery: Delivery, now: datetime) -> tuple[str, str] | None:
    message = delivery.message
    if message.cancelled_at or _is_being_taken_down(delivery):
        return DeliveryState.CANCELLED, "withdrawn"
    if message.not_after and message.not_after <= now:
        return DeliveryState.EXPIRED, "too_late"
    if delivery.recipient is not None and delivery.recipient.left_at:
        return DeliveryState.CANCELLED, "opted_out"
    if _has_retired_file(delivery):
        return DeliveryState.FAILED, "media_retired"
    if not _is_sealed(delivery):
        return DeliveryState.FAILED, "seal_broken"
    return None


def _is_being_taken_down(delivery: Delivery) -> bool:
    """It, or what it reposts."""
    shown = [delivery.pk]
    if delivery.operation == Operation.REPOST and delivery.target_id is not None:
        shown.append(delivery.target_id)
    removals = Delivery.objects.filter(operation=Operation.REMOVE, state__in=OPEN)
    return removals.filter(target__in=shown).exists()


def _has_retired_file(delivery: Delivery) -> bool:
    """In what its platform would get: those shown may have taken their consent back meanwhile."""
    parts = delivery.message.parts.filter(platform=delivery.handle.platform)
    return parts.filter(attachments__media__is_retired=True).exists()


def _is_sealed(delivery: Delivery) -> bool:
    """Both what was frozen and what it was made of must still be what was approved."""
    message = delivery.message
    source_seal = import_string(settings.MESSAGE_SOURCES[message.source])
    return message.seal == seal_of_message(message) == source_seal(message.source_id)


def connector_for(handle: Handle) -> Connector:
    """Raises ConnectionRefused where nothing opens the handle."""
    account = Account(handle.external_id, handle.name, "", {}, handle.facts)
    if handle.way == Way.ASSISTED:
        return connect(handle.platform, account, kind=Assisted)
    try:
        secrets = fresh_secrets(handle)
    except CredentialMissing:
        raise ConnectionRefused("reconnect") from None
    account = Account(handle.external_id, handle.name, secrets.token, secrets.extra, handle.facts)
    return connect(handle.platform, account)


# --- what the platform still processes ----------------------------------------------------------


def follow(delivery_id: int) -> None:
    """Look at a post that was accepted and not live yet, and do what comes after it."""
    delivery = Delivery.objects.select_related("message", "handle", "recipient").get(pk=delivery_id)
    if not actions.take_follow(delivery):
        return
    delivery.refresh_from_db()
    receipt = Receipt(delivery.platform_id, delivery.permalink, is_live=False)
    try:
        connector = connector_for(delivery.handle)
        seen = connector.follow(receipt, _to_complete(delivery), FollowJournal(delivery))
    except LeaseLost:
        log.warning("another worker follows delivery %s", delivery_id)
        return
    except ConnectorError as error:
        # It says nothing about the post: look later.
        log.info("delivery %s could not be followed: %s", delivery_id, error.code)
        actions.follow_again(delivery, wait=error.retry_after)
        return
    if isinstance(seen, NotPublished):
        actions.processing_failed(delivery, seen.error)
    elif seen is None:
        actions.follow_again(delivery)
    else:
        actions.is_live(delivery, seen)


def _to_complete(delivery: Delivery) -> Content:
    """What may still be added to a post that is out: nothing that nobody approved."""
    is_wanted = not (delivery.message.cancelled_at or _is_being_taken_down(delivery))
    if is_wanted and not _has_retired_file(delivery) and _is_sealed(delivery):
        return content_of(delivery)
    log.warning(
        "delivery %s is out and gets nothing more: it was withdrawn or changed", delivery.pk
    )
    return Content("")


# --- what became of those whose outcome is unclear ----------------------------------------------


def look(delivery_id: int) -> None:
    """Read the platform for a delivery whose outcome is unknown, and decide if possible."""
    delivery = Delivery.objects.select_related("message", "handle", "recipient").get(pk=delivery_id)
    if not actions.take_look(delivery):
        return
    looks = tuple(settings.FIND_AFTER_SECONDS)
    try:
        connector = connector_for(delivery.handle)
        seen = connector.find(_sent(delivery))
    except Unknown:  # several fit
        actions.leave_to_person(delivery)
        return
    except ConnectorError as error:
        # It could not be read, which says nothing: look later, without using up patience.
        log.info("delivery %s could not be looked up: %s", delivery_id, error.code)
        actions.look_again(delivery, wait=error.retry_after or max(looks), counted=False)
        return
    _decide(delivery, seen, connector, looks)


def _decide(
    delivery: Delivery,
    seen: Receipt | NotPublished | Partly | None,
    connector: Connector,
    looks: tuple[int, ...],
) -> None:
    done = delivery.looks_made + 1
    if isinstance(seen, Receipt):
        actions.found(delivery, seen)
    elif isinstance(seen, Partly):
        actions.found_part(delivery, seen.kept)
    elif isinstance(seen, NotPublished):
        actions.came_to_nothing(delivery, seen.error)
    elif done < len(looks):
        actions.look_again(delivery, wait=looks[done])
    elif connector.silence_is_proof:
        actions.not_there(delivery)
    else:
        actions.leave_to_person(delivery)


def _sent(delivery: Delivery) -> Sent:
    """What is known of the delivery: where its connector starts looking."""
    reference = str(delivery.reference)
    others = Delivery.objects.filter(handle=delivery.handle).exclude(pk=delivery.pk)
    return Sent(
        content=content_of(delivery),
        reference=reference,
        armed_at=_first_armed(delivery) or delivery.state_since,
        kept=dict(delivery.kept),
        heard=heard_about(reference),
        taken=frozenset(others.exclude(platform_id="").values_list("platform_id", flat=True)),
    )


def _first_armed(delivery: Delivery) -> datetime | None:
    """When the oldest try whose outcome is unclear may have become visible."""
    unclear = delivery.attempts.filter(armed_at__isnull=False, outcome__in=("", Outcome.UNKNOWN))
    first = unclear.order_by("fence").values_list("armed_at", flat=True).first()
    return first or delivery.armed_at


def sweep() -> None:
    """Pick up what lost its worker, look for what is unclear, wake what is due."""
    now = timezone.now()
    for pk in Delivery.objects.abandoned(now).values_list("pk", flat=True)[:500]:
        actions.reclaim(pk, at=now)
    actions.wake_looks(at=now)
    actions.wake_follows(at=now)
    actions.wake_due(at=now)
