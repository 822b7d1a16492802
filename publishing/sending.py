"""One delivery, from claim to receipt: claim, check again, call, store (design.md 4).

Nothing here is inside a transaction while a platform is being called.
"""

from __future__ import annotations

import logging
import os
import socket

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from departments.credentials import CredentialMissing, read_secrets
from departments.states import HandleState

from . import actions, signals
from .callbacks import heard_about
from .connectors import connect
from .connectors.base import Account, Connector, NotPublished, Partly, Receipt, Sent
from .connectors.errors import ConnectionRefused, ConnectorError, Unknown
from .content import content_of
from .models import Attempt, Delivery
from .retry import judge
from .seal import seal_of_message
from .states import DeliveryState

log = logging.getLogger(__name__)


class DeliveryJournal:
    """A connector's memory of one delivery, written under the claim's fence."""

    def __init__(self, delivery: Delivery, attempt: Attempt) -> None:
        self._delivery, self._attempt = delivery, attempt
        self.reference = str(delivery.reference)

    def get(self, key: str) -> str:
        return str(self._delivery.kept.get(key, ""))

    def keep(self, **values: str) -> None:
        actions.keep(self._delivery, values)

    def arm(self) -> None:
        actions.arm(self._delivery, self._attempt)


def send(delivery_id: int) -> None:
    """Carry one delivery as far as it goes now. Running it twice at once does no harm."""
    claimed = actions.claim(delivery_id, worker=f"{socket.gethostname()}:{os.getpid()}")
    if claimed is None:
        return
    delivery, attempt = claimed
    if attempt.fence == 1:
        signals.message_started.send(type(delivery.message), message=delivery.message)
    try:
        _check_and_call(delivery, attempt)
    except actions.LeaseLost:
        log.warning("delivery %s went to another worker", delivery_id)


def _check_and_call(delivery: Delivery, attempt: Attempt) -> None:
    barred = barrier(delivery)
    if barred:
        state, problem = barred
        actions.hold_back(delivery, attempt, state=state, problem=problem)
        return
    try:
        connector = connector_for(delivery)
        receipt = connector.publish(content_of(delivery), DeliveryJournal(delivery, attempt))
    except ConnectorError as error:
        verdict = judge(error, delivery.attempts_made, tuple(settings.FIND_AFTER_SECONDS))
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


def barrier(delivery: Delivery) -> tuple[str, str] | None:
    """The one gate before every call: what bars the way, as (next state, problem), or None."""
    message, now = delivery.message, timezone.now()
    if message.cancelled_at:
        return DeliveryState.CANCELLED, "withdrawn"
    if message.not_after and message.not_after <= now:
        return DeliveryState.EXPIRED, "too_late"
    if delivery.handle.state != HandleState.CONNECTED:
        return DeliveryState.FAILED, "handle_not_connected"
    if not _is_sealed(delivery):
        return DeliveryState.FAILED, "seal_broken"
    return None


def _is_sealed(delivery: Delivery) -> bool:
    """Both what was frozen and what it was made of must still be what was approved."""
    message = delivery.message
    source_seal = import_string(settings.MESSAGE_SOURCES[message.source])
    return message.seal == seal_of_message(message) == source_seal(message.source_id)


def connector_for(delivery: Delivery) -> Connector:
    handle = delivery.handle
    try:
        secrets = read_secrets(handle)
    except CredentialMissing:
        raise ConnectionRefused("reconnect") from None
    account = Account(handle.external_id, handle.name, secrets.token, secrets.extra)
    return connect(handle.platform, account)


# --- what became of those whose outcome is unclear ----------------------------------------------


def look(delivery_id: int) -> None:
    """Read the platform for a delivery whose outcome is unknown, and decide if possible."""
    delivery = Delivery.objects.select_related("message", "handle").get(pk=delivery_id)
    if not actions.take_look(delivery):
        return
    looks = tuple(settings.FIND_AFTER_SECONDS)
    try:
        connector = connector_for(delivery)
        seen = _find(connector, delivery)
    except Unknown:  # several fit
        actions.leave_to_person(delivery)
        return
    except ConnectorError as error:
        # It could not be read, which says nothing: look later, without using up patience.
        log.info("delivery %s could not be looked up: %s", delivery_id, error.code)
        actions.look_again(delivery, wait=error.retry_after or max(looks), counted=False)
        return
    done = delivery.looks_made + 1
    if isinstance(seen, Receipt):
        actions.found(delivery, seen)
    elif isinstance(seen, NotPublished):
        actions.came_to_nothing(delivery, seen.error)
    elif done < len(looks):
        actions.look_again(delivery, wait=looks[done])
    elif connector.silence_is_proof:
        actions.not_there(delivery)
    else:
        actions.leave_to_person(delivery)


def _find(connector: Connector, delivery: Delivery) -> Receipt | NotPublished | Partly | None:
    armed_at = delivery.armed_at or delivery.state_since
    reference = str(delivery.reference)
    others = Delivery.objects.filter(handle=delivery.handle).exclude(pk=delivery.pk)
    sent = Sent(
        content=content_of(delivery),
        reference=reference,
        armed_at=armed_at,
        kept=dict(delivery.kept),
        heard=heard_about(reference),
        taken=frozenset(others.exclude(platform_id="").values_list("platform_id", flat=True)),
    )
    return connector.find(sent)


def sweep() -> None:
    """Pick up what lost its worker, look for what is unclear, wake what is due."""
    now = timezone.now()
    for pk in Delivery.objects.abandoned(now).values_list("pk", flat=True)[:500]:
        actions.reclaim(pk, at=now)
    actions.wake_looks(at=now)
    actions.wake_due(at=now)
