"""What officers do with a conversation besides answering it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.credentials import CredentialMissing, open_text
from departments.models import Department, District, User
from portal.audit.actions import record
from portal.errors import MoveNotAllowed, NotPermitted
from publishing import sending
from publishing.connectors import connector_class
from publishing.connectors.base import Answers
from publishing.connectors.errors import ConnectorError
from schemes.models import Scheme

from . import access
from .models import (
    Act,
    Contact,
    Conversation,
    Disclosure,
    Label,
    Moderation,
    Note,
    Presence,
    Remark,
)
from .remark_actions import settle, unanswered
from .states import ConversationState

MOST_TRIES = 8


@dataclass(frozen=True)
class Sorting:
    """What an officer says a conversation is about; None leaves it as it is."""

    kind: str | None = None
    mood: str | None = None
    urgency: int | None = None
    district: District | None = None
    scheme: Scheme | None = None
    belongs_to: Department | None = None


@transaction.atomic
def sort_conversation(
    conversation: Conversation, said: Sorting, *, fields: Sequence[str], actor: User
) -> Conversation:
    """`fields` are those of `said` that were chosen. What words proposed gives way for good."""
    conversation = _worked_on(conversation, actor)
    old = {name: _plain(getattr(conversation, name)) for name in fields}
    for name in fields:
        setattr(conversation, name, getattr(said, name))
    conversation.triaged_by = actor
    conversation.save()
    new = {name: _plain(getattr(conversation, name)) for name in fields}
    _recorded("engagement.conversation.sorted", conversation, actor, {"old": old, "new": new})
    return conversation


def _plain(value: object) -> str:
    return str(getattr(value, "slug", value) or "")


@transaction.atomic
def put_away(conversation: Conversation, *, actor: User) -> Conversation:
    """It needs no answer. Whatever comes after brings it back."""
    conversation = _worked_on(conversation, actor)
    unanswered(conversation).update(answered_at=timezone.now())
    conversation.state = ConversationState.DONE
    settle(conversation)
    _recorded("engagement.conversation.put_away", conversation, actor, {})
    return conversation


@transaction.atomic
def take_up(conversation: Conversation, *, actor: User) -> Conversation:
    """Undo: its last remark waits again."""
    conversation = _worked_on(conversation, actor)
    last = conversation.remarks.filter(is_own=False, removed_at=None).order_by("-at").first()
    if last is None:
        raise MoveNotAllowed(_("Nothing in it can be answered."))
    Remark.objects.filter(pk=last.pk).update(answered_at=None)
    settle(conversation)
    return conversation


@transaction.atomic
def assign_conversation(
    conversation: Conversation, officer: User | None, *, actor: User
) -> Conversation:
    conversation = _worked_on(conversation, actor)
    if officer is not None and not access.is_of(officer, conversation.department_id):
        raise MoveNotAllowed(_("This officer does not belong to the department."))
    conversation.assigned_to = officer
    conversation.save(update_fields=["assigned_to"])
    return conversation


@transaction.atomic
def label_conversation(conversation: Conversation, names: str, *, actor: User) -> Conversation:
    """`names` apart by commas; those that are not named are taken off."""
    conversation = _worked_on(conversation, actor)
    wanted = [" ".join(one.split())[:40] for one in names.split(",") if one.strip()][:10]
    labels = [
        Label.objects.get_or_create(department=conversation.department, name=name)[0]
        for name in dict.fromkeys(wanted)
    ]
    conversation.labels.set(labels)
    return conversation


@transaction.atomic
def write_note(conversation: Conversation, text: str, *, actor: User) -> Note:
    """For officers only."""
    conversation = Conversation.objects.select_for_update().get(pk=conversation.pk)
    if not access.can_write_reply(actor, conversation):
        raise NotPermitted(_("You cannot write here."))
    return Note.objects.create(conversation=conversation, author=actor, text=text)


def be_present(conversation: Conversation, *, is_writing: bool, actor: User) -> None:
    now = timezone.now()
    here = Presence(conversation=conversation, user=actor, seen_at=now)
    here.writing_at = now if is_writing else None
    Presence.objects.bulk_create(
        [here],
        update_conflicts=True,
        update_fields=["seen_at", "writing_at"],
        unique_fields=["conversation", "user"],
    )


def forget_presence() -> None:
    """Of yesterday; nobody needs to know when an officer read what."""
    Presence.objects.filter(seen_at__lt=timezone.now() - timedelta(days=1)).delete()


@transaction.atomic
def disclose_address(contact: Contact, *, reason: str, actor: User) -> str:
    """The address in full, for a reason that is kept (P11, I1)."""
    if not access.can_see_address(actor, contact):
        raise NotPermitted(_("You cannot see this."))
    if len(reason.strip()) < 5:
        raise MoveNotAllowed(_("Say why you need it."))
    Disclosure.objects.create(contact=contact, user=actor, reason=reason[:200])
    slug = contact.department.slug
    data = {"reason": reason[:200]}
    record("engagement.contact.disclosed", contact, actor=actor, department=slug, data=data)
    try:
        return open_text(contact.sealed_address).partition(":")[2]
    except CredentialMissing:
        raise MoveNotAllowed(_("It can no longer be opened.")) from None


# --- keeping order on the platform ---------------------------------------------------------------


@transaction.atomic
def ask_moderation(remark: Remark, *, act: str, rule: str, reason: str, actor: User) -> Moderation:
    """Carried out by a worker at once; what was said stays on record here (R2)."""
    conversation = _worked_on(remark.conversation, actor)
    if conversation.handle is None or act not in connector_class(conversation.platform).moderates:
        raise MoveNotAllowed(_("This platform offers no way to do that."))
    if remark.is_own:
        raise MoveNotAllowed(_("This is the office's own answer."))
    if act not in Act.values or not reason.strip():
        raise MoveNotAllowed(_("Say why, by the published rules."))
    try:
        with transaction.atomic():
            asked = Moderation.objects.create(
                remark=remark, act=act, rule=rule[:40], reason=reason[:500], asked_by=actor
            )
    except IntegrityError:
        raise MoveNotAllowed(_("This has been asked for already.")) from None
    data = {"act": act, "rule": rule, "reason": reason, "text": remark.text}
    _recorded("engagement.remark.moderated", conversation, actor, data)
    return asked


def moderate_next() -> None:
    """Called by the clock: whatever is due, each outside of a transaction."""
    now = timezone.now()
    due = Moderation.objects.filter(next_try_at__lte=now, done_at__isnull=True)
    for asked in due.select_related("remark__conversation__handle", "remark__contact")[:20]:
        same = Moderation.objects.filter(pk=asked.pk, next_try_at=asked.next_try_at)
        if same.update(next_try_at=now + timedelta(minutes=5)):
            _carry_out(asked)


def _carry_out(asked: Moderation) -> None:
    """Repeating it does no harm, so what is unclear is simply done again."""
    remark, conversation = asked.remark, asked.remark.conversation
    assert conversation.handle is not None
    answers = Answers(conversation.way, remark.external_id, conversation.post_id, conversation.key)
    try:
        connector = sending.connector_for(conversation.handle)
        connector.moderate(asked.act, answers, person=_person(remark))
    except ConnectorError as error:
        tries = asked.tries + 1
        wait = timedelta(seconds=max(error.retry_after or 0, 30 * 2 ** min(tries, 8)))
        is_over = tries >= MOST_TRIES
        Moderation.objects.filter(pk=asked.pk).update(
            tries=tries,
            problem=error.code[:60],
            next_try_at=None if is_over else timezone.now() + wait,
        )
        return
    _done(asked)


@transaction.atomic
def _done(asked: Moderation) -> None:
    now = timezone.now()
    Moderation.objects.filter(pk=asked.pk).update(done_at=now, next_try_at=None, problem="")
    conversation = Conversation.objects.select_for_update().get(pk=asked.remark.conversation_id)
    remark = Remark.objects.select_for_update().get(pk=asked.remark_id)
    if asked.act == Act.BLOCK:
        Contact.objects.filter(remarks=remark).update(is_blocked=True)
    elif asked.act == Act.REMOVE:
        remark.removed_at = remark.removed_at or now
    else:
        remark.is_hidden = asked.act == Act.HIDE
    remark.save()
    settle(conversation)


def _person(remark: Remark) -> str:
    """The platform's own id of who wrote it, without which nobody can be blocked."""
    if remark.contact is None:
        return ""
    try:
        return open_text(remark.contact.sealed_address).partition(":")[2]
    except CredentialMissing:
        return ""


# --- inside --------------------------------------------------------------------------------------


def _worked_on(conversation: Conversation, actor: User) -> Conversation:
    rows = Conversation.objects.select_for_update(of=("self",))
    found = rows.select_related("department", "handle", "contact").get(pk=conversation.pk)
    if not access.can_work_on(actor, found):
        raise NotPermitted(_("This was written to another department."))
    return found


def _recorded(
    action: str, conversation: Conversation, actor: User, data: Mapping[str, object]
) -> None:
    slug = conversation.department.slug
    record(action, conversation, actor=actor, department=slug, data=data)
