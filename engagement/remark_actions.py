"""What people wrote, taken in: once each, in any order, however often and however late it is told.

A remark has the platform's id and the platform's time. Of its versions the newest known stands; a
removal that is told before the remark itself is kept for it.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max, Min, Q, QuerySet
from django.utils import timezone

from departments.credentials import keyed_hash, seal_text
from departments.models import Handle
from publishing.connectors import connector_class
from publishing.connectors.base import Comment, Heard
from publishing.models import Delivery
from schemes.search.fold import STOP_WORDS, sound_of, words

from . import triaging
from .models import Contact, Conversation, ConversationTerm, Remark, Way
from .states import ConversationState

EXCERPT = 280  # characters
MOST_TERMS = 60  # words of one remark that it can be found by
PRIVATE = {Way.MESSAGE.value, Way.FORM.value}


def take(handle: Handle, heard: Heard, *, told_at: datetime) -> Remark | None:
    """`told_at` is when the platform says that this happened, or when we heard of it."""
    if not heard.comment.id:
        return None
    try:
        return _take(handle, heard, told_at)
    except IntegrityError:  # another worker took the same thing in the same moment
        return _take(handle, heard, told_at)


@transaction.atomic
def _take(handle: Handle, heard: Heard, told_at: datetime) -> Remark:
    remark = _known(handle, heard.comment.id)
    if remark is None:
        conversation = _conversation(handle, heard, told_at)
        remark = _new(handle, heard, conversation, told_at)
    else:
        conversation = _locked(remark.conversation_id)
        remark.refresh_from_db()
        if heard.comment.parent_id and not remark.parent_id:
            conversation = _rehomed(remark, conversation, handle, heard, told_at)
        remark.conversation = conversation  # the same object: what it proposes is saved with it
        _change(remark, heard, told_at)
    remark.save()
    _adopt_answers(conversation, remark)
    settle(conversation)
    return remark


def _known(handle: Handle, external_id: str) -> Remark | None:
    return Remark.objects.filter(handle=handle, external_id=external_id[:200]).first()


def _locked(pk: int) -> Conversation:
    return Conversation.objects.select_for_update().get(pk=pk)


# --- the thread ----------------------------------------------------------------------------------


def _conversation(handle: Handle, heard: Heard, told_at: datetime) -> Conversation:
    comment, way = heard.comment, Way(heard.kind)
    parent = _known(handle, comment.parent_id) if comment.parent_id else None
    if parent is not None:
        return _locked(parent.conversation_id)
    key = _key(comment, way)
    contact = None if comment.is_own else contact_of(handle, comment, told_at)
    conversation, _ = Conversation.objects.get_or_create(
        handle=handle,
        way=way,
        key=key,
        defaults={
            "department_id": handle.department_id,
            "platform": handle.platform,
            "post_id": comment.post_id[:200],
            "delivery": _post(handle, comment.post_id),
            "contact": contact,
            "state": ConversationState.ANSWERED,
            "last_at": comment.at or told_at,
        },
    )
    return _locked(conversation.pk)


def _rehomed(
    remark: Remark, before: Conversation, handle: Handle, heard: Heard, told_at: datetime
) -> Conversation:
    """Its removal was told first, which did not say what it had answered."""
    remark.parent_id = heard.comment.parent_id[:200]
    conversation = _conversation(handle, heard, told_at)
    if conversation.pk == before.pk or before.remarks.count() > 1 or _is_worked_on(before):
        return before
    remark.conversation = conversation
    remark.save(update_fields=["conversation", "parent_id"])
    before.delete()
    return conversation


def _is_worked_on(conversation: Conversation) -> bool:
    """An officer has done something in it: it stays as it is."""
    return conversation.voices.exists() or conversation.replies.exists()


def _key(comment: Comment, way: Way) -> str:
    """The id of the remark that the thread begins with; of a private exchange, its own."""
    if way == Way.MESSAGE:
        return (comment.conversation_id or f"person:{comment.author_id}")[:200]
    parent = comment.parent_id
    return (parent if parent and parent != comment.post_id else comment.id)[:200]


def _post(handle: Handle, post_id: str) -> Delivery | None:
    if not post_id:
        return None
    out = Delivery.objects.filter(handle=handle, platform_id=post_id)
    return out.exclude(message__source="reply").order_by("pk").first()


def _adopt_answers(conversation: Conversation, remark: Remark) -> None:
    """What answered this remark came before it, and waits in a thread of its own."""
    orphans = Conversation.objects.filter(
        handle=conversation.handle, way=conversation.way, key=remark.external_id
    ).exclude(pk=conversation.pk)
    for orphan in orphans.select_for_update():
        if _is_worked_on(orphan):
            continue
        orphan.remarks.update(conversation=conversation)
        ConversationTerm.objects.filter(conversation=orphan).delete()
        orphan.delete()
        for moved in conversation.remarks.all():
            index(conversation, moved.text)


# --- who wrote it --------------------------------------------------------------------------------


def contact_of(handle: Handle, comment: Comment, at: datetime) -> Contact | None:
    if not comment.author_id:
        return None
    address = address_in_full(handle.platform, comment.author_id)
    key = keyed_hash(address)
    contact, is_new = Contact.objects.get_or_create(
        handle=handle,
        address_key=key,
        defaults={
            "department_id": handle.department_id,
            "sealed_address": seal_text(address),
            "tail": comment.author_id[-4:] if address.startswith("tel:") else "",
            "name": comment.author_name[:150],
            "first_at": comment.at or at,
        },
    )
    if is_new:
        same = Contact.objects.filter(department=contact.department, address_key=key)
        first = same.exclude(pk=contact.pk).order_by("pk").first()
        contact.person = (first.person or first) if first else None
        contact.save(update_fields=["person"])
    elif (
        comment.author_name and contact.name != comment.author_name[:150] and not contact.erased_at
    ):
        contact.name = comment.author_name[:150]
        contact.save(update_fields=["name"])
    return contact


def _goes_by_another_name(contact: Contact, comment: Comment) -> bool:
    name = comment.author_name[:150]
    return bool(name) and contact.name != name and contact.erased_at is None


def address_in_full(platform: str, author_id: str) -> str:
    """`tel:+91...` where the platform knows people by telephone, else `platform:id`."""
    digits = author_id.removeprefix("+")
    if connector_class(platform).has_recipients and digits.isdecimal():
        return f"tel:+{digits}"
    return f"{platform}:{author_id}"


# --- the remark ----------------------------------------------------------------------------------


def _new(handle: Handle, heard: Heard, conversation: Conversation, told_at: datetime) -> Remark:
    comment = heard.comment
    at = comment.at or told_at
    remark = Remark(
        conversation=conversation,
        handle=handle,
        external_id=comment.id[:200],
        parent_id=comment.parent_id[:200],
        contact=None if comment.is_own else contact_of(handle, comment, told_at),
        text=comment.text,
        at=at,
        version_at=at if heard.act == "said" else told_at,
        edited_at=told_at if heard.act == "edited" else None,
        removed_at=told_at if heard.act == "removed" else None,
        is_own=comment.is_own,
        is_hidden=comment.is_hidden or heard.act == "hidden",
        is_whole=heard.is_whole and heard.act not in ("removed", "hidden", "shown"),
        permalink=_web_address(comment.permalink),
    )
    if not remark.is_own and _answered_outside(conversation, remark):
        remark.answered_at = timezone.now()
    if remark.is_own:
        _answer_before(conversation, remark)
    index(conversation, remark.text)
    triaging.propose_for(conversation, remark)
    return remark


def _change(remark: Remark, heard: Heard, told_at: datetime) -> None:
    comment = heard.comment
    if heard.act == "removed":
        remark.removed_at = remark.removed_at or told_at
        return
    if heard.act in ("hidden", "shown"):
        remark.is_hidden = heard.act == "hidden"
        return
    if remark.contact_id is None and not comment.is_own and remark.handle is not None:
        remark.contact = contact_of(remark.handle, comment, told_at)
        remark.is_own = False
    remark.permalink = remark.permalink or _web_address(comment.permalink)
    if not heard.is_whole:
        return
    version = (comment.at or told_at) if heard.act == "said" else told_at
    is_first = not remark.is_whole
    if is_first and comment.at:
        remark.at = comment.at
    if not is_first and (version <= remark.version_at or comment.text == remark.text):
        return
    if not is_first:
        remark.earlier = [*remark.earlier, {"at": _moment(remark), "text": remark.text}]
        remark.edited_at = told_at
    if is_first and remark.edited_at and heard.act == "said":
        return  # the edit came before, and is newer
    remark.text, remark.version_at, remark.is_whole = comment.text, version, True
    index(remark.conversation, remark.text)
    triaging.propose_for(remark.conversation, remark)
    if not is_first and not remark.is_own:
        remark.answered_at = None  # it says something else now: somebody looks again


def _moment(remark: Remark) -> str:
    return remark.version_at.isoformat()


def _answered_outside(conversation: Conversation, remark: Remark) -> bool:
    """Somebody answered later on the platform itself; the portal's own answers are not meant: who
    wrote those did not see this.
    """
    own = conversation.remarks.filter(is_own=True, at__gte=remark.at, removed_at__isnull=True)
    return own.filter(reply__isnull=True).exists() and not _is_ours(own.first())


def _is_ours(remark: Remark | None) -> bool:
    if remark is None:
        return False
    sent = Delivery.objects.filter(handle=remark.handle, platform_id=remark.external_id)
    return sent.filter(message__source="reply").exists()


def _answer_before(conversation: Conversation, own: Remark) -> None:
    """Written on the platform itself, it answers everything before it."""
    if not _is_ours(own):
        unanswered(conversation).filter(at__lte=own.at).update(answered_at=own.at)


def unanswered(conversation: Conversation) -> QuerySet[Remark]:
    return conversation.remarks.filter(
        answered_at__isnull=True, is_own=False, removed_at__isnull=True
    )


# --- what the conversation shows of it -----------------------------------------------------------


def settle(conversation: Conversation) -> None:
    """Make the conversation say what its remarks say now. Its row is locked."""
    shown = conversation.remarks.filter(removed_at__isnull=True)
    told = shown.aggregate(last=Max("at"), last_citizen=Max("at", filter=Q(is_own=False)))
    waiting = unanswered(conversation).aggregate(since=Min("at"))["since"]
    newest = shown.exclude(text="").order_by("-at", "-pk").first()
    conversation.last_at = told["last"] or conversation.last_at
    conversation.last_citizen_at = told["last_citizen"]
    conversation.waiting_since = waiting
    conversation.remark_count = conversation.remarks.count()
    conversation.excerpt = newest.text[:EXCERPT] if newest else ""
    if conversation.contact_id is None:
        first = conversation.remarks.filter(contact__isnull=False).order_by("at").first()
        conversation.contact = first.contact if first else None
    if waiting:
        conversation.state = ConversationState.WAITING
    elif conversation.state == ConversationState.WAITING:
        conversation.state = ConversationState.ANSWERED
    conversation.save()


def index(conversation: Conversation, text: str) -> None:
    """What it can be found by; a word once for each conversation."""
    found = {sound_of(word) for word in words(text[:3000]) if word not in STOP_WORDS}
    terms = sorted(term for term in found if term)[:MOST_TERMS]
    ConversationTerm.objects.bulk_create(
        (
            ConversationTerm(
                conversation=conversation, department_id=conversation.department_id, term=term
            )
            for term in terms
        ),
        ignore_conflicts=True,
    )


def _web_address(link: str) -> str:
    return link if link.startswith(("https://", "http://")) and len(link) <= 500 else ""
