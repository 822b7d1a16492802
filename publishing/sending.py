"""One delivery, from claim to receipt: claim, check again, call, store (design.md 4).

Nothing here is inside a transaction while a platform is being called. A publisher prepares many at
once and performs each in a thread; what they have to tell is written by its ledger.
"""

from __future__ import annotations

import logging
import math
import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.db.models import Q

from departments.credentials import CredentialMissing, Secrets
from departments.models import Handle, Way
from portal.logs import about

from . import actions, clock, signals, traffic
from .callbacks import heard_about
from .claiming import Claimed, claim
from .connectors import connect
from .connectors.assisted import Assisted
from .connectors.base import (
    Account,
    Connector,
    Content,
    NotPublished,
    Partly,
    Published,
    Receipt,
    Sent,
)
from .connectors.errors import ConnectionRefused, ConnectorError, NeedsOfficer, Unknown
from .connectors.http import Http
from .content import content_of, contents_of
from .gate import CHECK_HOLDS, Gate
from .linking import fresh_secrets, secrets_in_bulk
from .models import MAKES_NEW, Attempt, Delivery, Operation
from .moving import Barred, LeaseLost, begun, latest
from .retry import Verdict, judge
from .states import DeliveryState, Outcome

log = logging.getLogger(__name__)

# With VISIBLE_CONNECT_SECONDS less than the two seconds after which a stop lets nothing leave.
FRESH_SECONDS = 0.5
ARMINGS = 3
LOOKS_BACK = timedelta(days=1)  # no connector reads further back than some minutes
WORKER = f"{socket.gethostname()}:{os.getpid()}"
Turn = Callable[[], AbstractContextManager[object]]


class Records(Protocol):
    """Where what happens to a claimed delivery is written: `actions`, or a publisher's ledger."""

    def arm(self, delivery: Delivery, attempt: Attempt, *, is_checked: bool) -> float: ...
    def keep(self, delivery: Delivery, values: Mapping[str, str]) -> None: ...
    def accept(self, delivery: Delivery, attempt: Attempt, receipt: Receipt) -> None: ...
    def hold_back(
        self, delivery: Delivery, attempt: Attempt, *, state: str, problem: str
    ) -> None: ...
    def settle(
        self,
        delivery: Delivery,
        attempt: Attempt,
        verdict: Verdict,
        *,
        problem: str,
        status: int | None = None,
        detail: str = "",
    ) -> None: ...
    def teach(self, told: traffic.Told) -> None: ...


@dataclass
class Job:
    """A claimed delivery with everything that is needed to carry it out."""

    delivery: Delivery
    attempt: Attempt
    content: Content | None  # none of a take-down or a repost
    post: Published | None  # what is corrected, taken down or reposted
    secrets: Secrets | None  # none where they have to be renewed first, or are missing
    checked_at: float


class DeliveryJournal:
    """A connector's memory of one delivery, written under the claim's fence."""

    def __init__(self, job: Job, records: Records) -> None:
        self._job, self._records = job, records
        self.reference = str(job.delivery.reference)
        self._checked = job.checked_at
        self.http: Http | None = None  # of what calls the platform

    def get(self, key: str) -> str:
        return str(self._job.delivery.kept.get(key, ""))

    def keep(self, **values: str) -> None:
        self._records.keep(self._job.delivery, values)
        step("kept", self._job.delivery)

    def arm(self) -> None:
        """Raises Barred. Between the look for stops and the call lies at most FRESH_SECONDS: who is
        held up on the way looks again, and after that calls nobody.
        """
        for _ in range(ARMINGS):
            is_checked = time.monotonic() - self._checked < CHECK_HOLDS
            looked_at = self._records.arm(
                self._job.delivery, self._job.attempt, is_checked=is_checked
            )
            self._checked = math.inf  # what has begun is brought to its end
            if self.http is not None:
                self.http.visible_until = looked_at + FRESH_SECONDS
            if time.monotonic() - looked_at < FRESH_SECONDS:
                break
        step("armed", self._job.delivery)


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


def step(name: str, delivery: Delivery) -> None:
    """News for who watches, or breaks, single steps (tests/faults)."""
    signals.step_taken.send(Delivery, step=name, delivery_id=delivery.pk)


def about_delivery(delivery: Delivery) -> AbstractContextManager[None]:
    """What the log says on every line about it: the same `post` from approval to platform."""
    return about(
        post=delivery.message.origin,
        delivery=delivery.pk,
        handle=delivery.handle_id,
        platform=delivery.platform,
        attempt=delivery.fence,
    )


def send(delivery_id: int) -> None:
    """Carry one delivery as far as it goes now. Running it twice at once does no harm."""
    claimed = claim(delivery_id, worker=WORKER)
    if claimed is None:
        return
    with about_delivery(claimed[0]):
        for job in prepare([claimed], Gate()):
            perform(job, actions)


# --- before the call: everything that is read -----------------------------------------------------


def prepare(claimed: Iterable[Claimed], gate: Gate) -> list[Job]:
    """What passes the gate, ready to be carried out; what does not is held back at once."""
    checked_at = time.monotonic()
    passed = []
    for delivery, attempt in claimed:
        step("claimed", delivery)
        if barred := gate.bars(delivery):
            _hold_back(delivery, attempt, *barred)
        else:
            passed.append((delivery, attempt))
    _announce_start(delivery for delivery, _ in passed)
    deliveries = [delivery for delivery, _ in passed]
    contents = contents_of([one for one in deliveries if _has_words(one)])
    secrets = secrets_in_bulk(one.handle for one in deliveries if one.handle.way == Way.API)
    return [
        Job(
            delivery,
            attempt,
            contents.get(delivery.pk),
            published(latest(delivery.target)) if delivery.target else None,
            secrets.get(delivery.handle_id),
            checked_at,
        )
        for delivery, attempt in passed
    ]


def _has_words(delivery: Delivery) -> bool:
    return delivery.operation in (Operation.PUBLISH, Operation.EDIT, Operation.REPLY)


def _hold_back(delivery: Delivery, attempt: Attempt, state: str, problem: str) -> None:
    try:
        actions.hold_back(delivery, attempt, state=state, problem=problem)
    except LeaseLost:
        with about_delivery(delivery):
            _went_elsewhere(delivery)


def _announce_start(deliveries: Iterable[Delivery]) -> None:
    messages = {one.message_id: one.message for one in deliveries if _has_words(one)}
    for message in messages.values():
        signals.message_started.send(type(message), message=message)


# --- the call -------------------------------------------------------------------------------------


def perform(job: Job, records: Records, turn: Turn = nullcontext) -> None:
    """Carry it out, and tell `records` what came of it. `turn` is entered where the database is
    needed in between.
    """
    try:
        _perform(job, records, turn)
    except LeaseLost:
        _went_elsewhere(job.delivery)
    else:
        step("stored", job.delivery)


def _perform(job: Job, records: Records, turn: Turn) -> None:
    delivery, attempt = job.delivery, job.attempt
    journal = DeliveryJournal(job, records)
    connector: Connector | None = None
    try:
        connector = _connector_of(job, turn)
        journal.http = connector.http
        receipt = _carry_out(job, connector, journal)
    except Barred as bar:
        _stopped(job, records, bar)
        return
    except ConnectorError as error:
        step("answered", delivery)
        _learn(job, records, connector, error)
        _settle(job, records, error)
        return
    step("answered", delivery)
    _learn(job, records, connector, None)
    records.accept(delivery, attempt, receipt)


def _carry_out(job: Job, connector: Connector, journal: DeliveryJournal) -> Receipt:
    delivery, post = job.delivery, job.post
    if delivery.operation == Operation.REPLY:
        return connector.reply(_words(job), journal)
    if post is None:
        return connector.publish(_words(job), journal)
    if "://" in post.platform_id:  # posted by hand: the platform's own id of it is not known
        raise NeedsOfficer
    if delivery.operation == Operation.EDIT:
        return connector.edit(post, _words(job), journal)
    if delivery.operation == Operation.REPOST:
        return connector.repost(post, journal)
    connector.remove(post, journal)
    return Receipt(post.platform_id, post.permalink)


def _words(job: Job) -> Content:
    assert job.content is not None
    return job.content


def _stopped(job: Job, records: Records, bar: Barred) -> None:
    """Nothing visible was asked for, or some steps were: then the platform is read first."""
    delivery, attempt = job.delivery, job.attempt
    if delivery.armed_at is None:
        records.hold_back(delivery, attempt, state=bar.state, problem=bar.problem)
        return
    looks = tuple(settings.FIND_AFTER_SECONDS)
    unclear = Verdict(Outcome.UNKNOWN, DeliveryState.UNKNOWN, looks[0])
    records.settle(delivery, attempt, unclear, problem=bar.problem)


def _settle(job: Job, records: Records, error: ConnectorError) -> None:
    verdict = judge(
        error,
        job.delivery.attempts_made,
        tuple(settings.FIND_AFTER_SECONDS),
        repeatable=job.delivery.operation not in MAKES_NEW,
    )
    records.settle(
        job.delivery,
        job.attempt,
        verdict,
        problem=error.code,
        status=error.status,
        detail=error.detail,
    )


def _learn(
    job: Job, records: Records, connector: Connector | None, error: ConnectorError | None
) -> None:
    """What the call says about the platform, if the platform was called."""
    if connector is None or isinstance(error, NeedsOfficer) or job.delivery.handle.way != Way.API:
        return
    paces = connector.paces(connector.http.headers)
    records.teach(traffic.Told(job.delivery, error, paces))


def _went_elsewhere(delivery: Delivery) -> None:
    log.warning("delivery %s went to another worker", delivery.pk)


def published(delivery: Delivery) -> Published:
    """With everything known of the post since it was first published."""
    kept = dict(delivery.kept)
    if delivery.operation == Operation.EDIT and delivery.target is not None:
        kept = {**published(delivery.target).kept, **kept}
    return Published(delivery.platform_id or begun(delivery), delivery.permalink, kept)


def _connector_of(job: Job, turn: Turn) -> Connector:
    if job.secrets is not None:
        return _opened(job.delivery.handle, job.secrets)
    with turn():
        return connector_for(job.delivery.handle)


def connector_for(handle: Handle) -> Connector:
    """Raises ConnectionRefused where nothing opens the handle."""
    if handle.way == Way.ASSISTED:
        account = Account(handle.external_id, handle.name, "", {}, handle.facts)
        return connect(handle.platform, account, kind=Assisted)
    try:
        return _opened(handle, fresh_secrets(handle))
    except CredentialMissing:
        raise ConnectionRefused("reconnect") from None


def _opened(handle: Handle, secrets: Secrets) -> Connector:
    account = Account(handle.external_id, handle.name, secrets.token, secrets.extra, handle.facts)
    return connect(handle.platform, account)


# --- what the platform still processes ----------------------------------------------------------


def follow(delivery_id: int) -> None:
    """Look at a post that was accepted and not live yet, and do what comes after it."""
    delivery = Delivery.objects.select_related("message", "handle", "recipient").get(pk=delivery_id)
    with about_delivery(delivery):
        if actions.take_follow(delivery):
            _follow(delivery)


def _follow(delivery: Delivery) -> None:
    delivery.refresh_from_db()
    receipt = Receipt(delivery.platform_id, delivery.permalink, is_live=False)
    try:
        connector = connector_for(delivery.handle)
        seen = connector.follow(receipt, _to_complete(delivery), FollowJournal(delivery))
    except LeaseLost:
        log.warning("another worker follows delivery %s", delivery.pk)
        return
    except ConnectorError as error:
        # It says nothing about the post: look later.
        log.info("delivery %s could not be followed: %s", delivery.pk, error.code)
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
    if Gate().lets_add(delivery):
        return content_of(delivery)
    log.warning(
        "delivery %s is out and gets nothing more: it was withdrawn or changed", delivery.pk
    )
    return Content("")


# --- what became of those whose outcome is unclear ----------------------------------------------


def look(delivery_id: int) -> None:
    """Read the platform for a delivery whose outcome is unknown, and decide if possible."""
    delivery = Delivery.objects.select_related("message", "handle", "recipient").get(pk=delivery_id)
    with about_delivery(delivery):
        if actions.take_look(delivery):
            _look(delivery)


def _look(delivery: Delivery) -> None:
    looks = tuple(settings.FIND_AFTER_SECONDS)
    try:
        connector = connector_for(delivery.handle)
        sent = _sent(delivery)
        is_reply = delivery.operation == Operation.REPLY
        seen = connector.find_reply(sent) if is_reply else connector.find(sent)
    except Unknown:  # several fit
        actions.leave_to_person(delivery)
        return
    except ConnectorError as error:
        # It could not be read, which says nothing: look later, without using up patience.
        log.info("delivery %s could not be looked up: %s", delivery.pk, error.code)
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
    armed_at = _first_armed(delivery) or delivery.state_since
    return Sent(
        content=content_of(delivery),
        reference=reference,
        armed_at=armed_at,
        kept=dict(delivery.kept),
        heard=heard_about(reference),
        taken=frozenset(_others(delivery, armed_at - LOOKS_BACK)),
    )


def _others(delivery: Delivery, since: datetime) -> Iterable[str]:
    """The platform's ids of what else the handle has out since then, or is about to have."""
    recent = Q(sent_at__gte=since) | Q(state=DeliveryState.PROCESSING)
    rows = Delivery.objects.filter(recent, handle=delivery.handle).exclude(pk=delivery.pk)
    return rows.exclude(platform_id="").values_list("platform_id", flat=True)


def _first_armed(delivery: Delivery) -> datetime | None:
    """When the oldest try whose outcome is unclear may have become visible."""
    unclear = delivery.attempts.filter(armed_at__isnull=False, outcome__in=("", Outcome.UNKNOWN))
    first = unclear.order_by("fence").values_list("armed_at", flat=True).first()
    return first or delivery.armed_at


def sweep() -> None:
    """Pick up what lost its worker, and queue again what has waited."""
    now = clock.now()
    for pk in Delivery.objects.abandoned(now).values_list("pk", flat=True)[:500]:
        actions.reclaim(pk, at=now)
    actions.requeue_due()


def expire() -> None:
    """Let go of what is too late, and of what platforms said long ago."""
    actions.adopt()
    actions.expire_late()
    traffic.forget_opened(clock.now())
