"""Answering: written, perhaps approved by a second officer, then sealed and handed over."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from departments.models import User
from portal.audit.actions import record
from portal.errors import MoveNotAllowed, NotPermitted
from publishing import clock
from publishing.models import Delivery
from publishing.problems import label
from publishing.reply_actions import queue_reply
from publishing.states import DeliveryState

from . import access, replying
from .models import Conversation, Remark, Reply, Way
from .remark_actions import settle, unanswered
from .states import REPLY_MOVES, ConversationState, ReplyState


@transaction.atomic
def write_reply(
    conversation: Conversation,
    *,
    text: str,
    form_key: uuid.UUID,
    template: str = "",
    actor: User,
) -> Reply:
    """Answer the newest remark. It goes at once, or waits for a second officer where one is needed.

    The same form sent again gives the same answer back. Raises NotPermitted, MoveNotAllowed.
    """
    conversation = Conversation.objects.select_for_update().get(pk=conversation.pk)
    if not access.can_write_reply(actor, conversation):
        raise NotPermitted(_("You cannot answer here."))
    if known := Reply.objects.filter(form_key=form_key, conversation=conversation).first():
        return known
    text = text.strip()
    _check(conversation, text, template)
    reply = Reply.objects.create(
        conversation=conversation,
        remark=replying.answered_by(conversation),
        form_key=form_key,
        text=text,
        template=template,
        written_by=actor,
        written_at=clock.now(),
    )
    _recorded("engagement.reply.written", reply, actor, {"text": text})
    if access.needs_second_officer(actor, conversation):
        return reply
    return _hand_over(reply, actor)


@transaction.atomic
def approve_reply(reply: Reply, *, actor: User) -> Reply:
    reply = _locked(reply)
    if not access.can_decide_reply(actor, reply):
        raise NotPermitted(_("Another officer of the handle's department has to approve this."))
    _check_move(reply, ReplyState.APPROVED)
    _check(reply.conversation, reply.text, reply.template)
    return _hand_over(reply, actor)


@transaction.atomic
def return_reply(reply: Reply, *, reason: str, actor: User) -> Reply:
    reply = _locked(reply)
    if not access.can_decide_reply(actor, reply):
        raise NotPermitted(_("Another officer of the handle's department has to decide this."))
    _check_move(reply, ReplyState.RETURNED)
    reply.state, reply.reason = ReplyState.RETURNED, reason
    reply.decided_by, reply.decided_at = actor, clock.now()
    reply.save()
    _recorded("engagement.reply.returned", reply, actor, {"reason": reason})
    return reply


def _locked(reply: Reply) -> Reply:
    rows = Reply.objects.select_for_update(of=("self",))
    return rows.select_related("conversation__handle__department").get(pk=reply.pk)


def _check_move(reply: Reply, to: str) -> None:
    if to not in REPLY_MOVES[reply.state]:
        raise MoveNotAllowed(_("This answer has been decided already."))


def _check(conversation: Conversation, text: str, template: str) -> None:
    if not text:
        raise MoveNotAllowed(_("Write an answer first."))
    if not replying.can_reply_by_portal(conversation):
        raise MoveNotAllowed(_("The portal cannot answer here. Answer on the platform itself."))
    if template and template not in dict(replying.templates_for(conversation)):
        raise MoveNotAllowed(_("This template is no longer approved."))
    if conversation.way == Way.MESSAGE and not replying.address_of(conversation):
        raise MoveNotAllowed(_("It is not known any more to whom this would go."))
    now = clock.now()
    for problem in replying.problems_of(conversation, text, now=now, template=template):
        if problem.level == "error":
            raise MoveNotAllowed(label(problem.code, problem.values))


def _hand_over(reply: Reply, actor: User) -> Reply:
    """Seal it, and commit its delivery; an answer on the portal's own form is out at once."""
    conversation = reply.conversation
    reply.state, reply.decided_by, reply.decided_at = ReplyState.APPROVED, actor, clock.now()
    if conversation.handle is None:
        reply.seal = replying.seal_on_portal(reply.text)
        reply.save()
        _show_on_portal(reply)
        return reply
    now = clock.now()
    problems = replying.problems_of(conversation, reply.text, now=now, template=reply.template)
    reply.not_after = replying.last_moment(problems)
    part, reply.seal = replying.sealed(reply)
    reply.save()
    reply.message = queue_reply(
        handle=conversation.handle,
        source_id=reply.pk,
        part=part,
        seal=reply.seal,
        thread=replying.thread_of(conversation, conversation.handle),
        address=replying.address_of(conversation),
        not_after=reply.not_after,
        topic=f"scheme:{conversation.scheme_id}" if conversation.scheme_id else "",
        actor=actor,
    )
    reply.save(update_fields=["message"])
    _recorded("engagement.reply.approved", reply, actor, {"seal": reply.seal})
    return reply


def _show_on_portal(reply: Reply) -> None:
    conversation, now = reply.conversation, clock.now()
    own = Remark.objects.create(
        conversation=conversation,
        external_id=f"reply:{reply.pk}",
        text=reply.text,
        at=now,
        version_at=now,
        is_own=True,
    )
    reply.seen_as = own
    reply.save(update_fields=["seen_as"])
    _answered(reply)


# --- what became of it ---------------------------------------------------------------------------


def note_sent(message_id: int) -> None:
    """The platform has it: it stands in the conversation, and what it answers waits no more."""
    reply = Reply.objects.filter(message=message_id, seen_as__isnull=True).first()
    if reply is not None:
        _note_sent(reply)


def note_all_sent() -> None:
    """The same for those whose news was lost."""
    out = Delivery.objects.filter(
        message__source="reply", state=DeliveryState.SENT, message__in=_unseen().values("message")
    )
    for message_id in out.values_list("message_id", flat=True)[:200]:
        note_sent(message_id)


def _unseen() -> QuerySet[Reply]:
    return Reply.objects.filter(state=ReplyState.APPROVED, seen_as__isnull=True)


@transaction.atomic
def _note_sent(reply: Reply) -> None:
    conversation = Conversation.objects.select_for_update().get(pk=reply.conversation_id)
    reply = Reply.objects.select_for_update().get(pk=reply.pk)
    sent = Delivery.objects.filter(message=reply.message_id, state=DeliveryState.SENT).first()
    if sent is None or reply.seen_as_id or sent.sent_at is None:
        return
    own, _is_new = Remark.objects.get_or_create(
        handle=conversation.handle,
        external_id=sent.platform_id,
        defaults={
            "conversation": conversation,
            "parent_id": reply.remark.external_id if reply.remark else "",
            "text": reply.text,
            "at": sent.sent_at,
            "version_at": sent.sent_at,
            "is_own": True,
            "permalink": sent.permalink,
        },
    )
    reply.seen_as = own
    reply.save(update_fields=["seen_as"])
    _answered(reply)


def _answered(reply: Reply) -> None:
    """Only what its writer can have seen."""
    conversation = Conversation.objects.select_for_update().get(pk=reply.conversation_id)
    seen = unanswered(conversation).filter(received_at__lte=reply.written_at)
    seen.update(answered_at=clock.now())
    conversation.state = ConversationState.ANSWERED
    settle(conversation)


def _recorded(action: str, reply: Reply, actor: User, data: dict[str, object]) -> None:
    slug = reply.conversation.department.slug
    record(action, reply, actor=actor, department=slug, data=data)
