"""What an answer would be, whether the platform takes it, and what was sealed of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from departments.credentials import CredentialMissing, open_text
from departments.models import Handle
from publishing.audience import approved_templates, with_template
from publishing.connectors import connector_class
from publishing.connectors.base import Answers, Content, Problem
from publishing.reply_actions import sealed_reply
from publishing.seal import SealedPart, compute_seal

from .models import OWN_FORM, Conversation, Remark, Reply, Way
from .states import ReplyState


def current_seal(reply_id: int) -> str:
    """For the publisher's gate: the seal of the answer as it is now; empty if not approved."""
    reply = Reply.objects.select_related("conversation__handle", "remark").filter(pk=reply_id)
    found = reply.first()
    if found is None or found.state != ReplyState.APPROVED or found.conversation.handle is None:
        return ""
    return sealed(found)[1]


def sealed(reply: Reply) -> tuple[SealedPart, str]:
    handle = reply.conversation.handle
    assert handle is not None
    return sealed_reply(
        handle,
        reply.text,
        answers_of(reply.conversation, reply.remark),
        address=address_of(reply.conversation),
        template=reply.template,
        not_after=reply.not_after,
    )


def seal_on_portal(text: str) -> str:
    """Of an answer that no platform carries: it stands on the page of the problem."""
    return compute_seal([SealedPart(OWN_FORM, text, "", (), ())], [], None, None)


def answers_of(conversation: Conversation, remark: Remark | None) -> Answers:
    return Answers(
        kind=conversation.way,
        id=remark.external_id if remark else "",
        post_id=conversation.post_id,
        conversation_id=conversation.key,
        at=remark.at if remark else None,
    )


def answered_by(conversation: Conversation) -> Remark | None:
    """What an answer goes under: the newest that a citizen wrote and that is still there."""
    told = conversation.remarks.filter(is_own=False, removed_at__isnull=True)
    return told.order_by("-at", "-pk").first()


def address_of(conversation: Conversation) -> str:
    """Of a private exchange, the person's address as the platform takes it; else nothing."""
    if conversation.way != Way.MESSAGE or conversation.contact is None:
        return ""
    try:
        full = open_text(conversation.contact.sealed_address)
    except CredentialMissing:
        return ""
    return full.partition(":")[2]


def content_of(
    conversation: Conversation, text: str, remark: Remark | None, template: str = ""
) -> Content:
    """As the platform would get it."""
    handle = conversation.handle
    assert handle is not None
    content = Content(
        text,
        options={"template": template} if template else {},
        recipient=address_of(conversation),
        answers=answers_of(conversation, remark),
    )
    return with_template(content, [handle])


def problems_of(
    conversation: Conversation, text: str, *, now: datetime, template: str = ""
) -> list[Problem]:
    """What the platform would refuse, also before a word is written."""
    if conversation.handle is None:
        return []
    remark = answered_by(conversation)
    content = content_of(conversation, text, remark, template)
    return connector_class(conversation.platform).check_reply(content, now=now)


def can_reply_by_portal(conversation: Conversation) -> bool:
    if conversation.handle is None:
        return True
    return conversation.way in connector_class(conversation.platform).replies_to


def templates_for(conversation: Conversation) -> list[tuple[str, str]]:
    """Templates with which a person may be written to after the window has closed."""
    handle = conversation.handle
    if handle is None or conversation.way != Way.MESSAGE:
        return []
    if not connector_class(handle.platform).has_recipients:
        return []
    return approved_templates([handle])


def last_moment(problems: Iterable[Problem]) -> datetime | None:
    """When the platform stops taking the answer, if it said."""
    for problem in problems:
        until = problem.values.get("until")
        if isinstance(until, datetime):
            return until
    return None


def thread_of(conversation: Conversation, handle: Handle) -> str:
    return f"{conversation.way}:{conversation.key}"
