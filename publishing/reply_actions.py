"""An approved answer to what somebody wrote becomes a message with a single delivery.

It passes the same gate, is claimed, armed, sent and looked for as every other delivery.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from departments.credentials import keyed_hash, seal_text
from departments.models import Handle, User, Way
from portal.audit.actions import record
from portal.errors import MoveNotAllowed

from . import clock
from .connectors.base import Answers
from .content import options_of
from .models import Delivery, Message, MessagePart, Operation
from .seal import SealedPart, compute_seal, seal_of_message, sealed_options
from .states import DeliveryState, Rank


def sealed_reply(
    handle: Handle,
    text: str,
    answers: Answers,
    *,
    address: str = "",
    template: str = "",
    not_after: datetime | None = None,
) -> tuple[SealedPart, str]:
    """What goes out, to whom, in answer to what; and the seal over it.

    Of the address only a keyed hash is sealed: `template` is one of audience.approved_templates.
    """
    options = options_of(answers)
    if address:
        options["to"] = keyed_hash(address)
    if template:
        options["template"] = template
    part = SealedPart(handle.platform, text, "", (), (), sealed_options(options))
    return part, compute_seal([part], [handle.pk], None, not_after)


@transaction.atomic
def queue_reply(
    *,
    handle: Handle,
    source_id: int,
    part: SealedPart,
    seal: str,
    thread: str,
    address: str = "",
    not_after: datetime | None = None,
    topic: str = "",
    actor: User,
) -> Message:
    """The caller has asked who may answer. Raises MoveNotAllowed if it is not what was sealed, or
    if this answer is already under way.
    """
    if Message.objects.from_source("reply", source_id).filter(cancelled_at=None).exists():
        raise MoveNotAllowed(_("This answer is already being sent."))
    message = Message.objects.create(
        department=handle.department,
        source="reply",
        source_id=source_id,
        topic=topic,
        seal=seal,
        not_after=not_after,
        approved_by=actor,
    )
    MessagePart.objects.create(
        message=message, platform=part.platform, text=part.text, options=dict(part.options)
    )
    now = clock.now()
    by_hand = handle.way == Way.ASSISTED
    Delivery.objects.create(
        message=message,
        handle=handle,
        platform=handle.platform,
        operation=Operation.REPLY,
        thread=thread[:200],
        sealed_to=seal_text(address) if address else None,
        state=DeliveryState.ASSISTED if by_hand else DeliveryState.QUEUED,
        rank=Rank.URGENT,
        due_at=now,
        next_try_at=None if by_hand else now,
    )
    if seal_of_message(message) != seal or (
        address and dict(part.options).get("to") != keyed_hash(address)
    ):
        raise MoveNotAllowed(_("The content changed while it was being approved."))
    record(
        "publishing.message.queued",
        message,
        actor=actor,
        department=handle.department.slug,
        data={"seal": seal, "handles": [handle.pk]},
    )
    return message
