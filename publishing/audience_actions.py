"""Every change to who may be written to, and to the templates that a platform approved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from departments.credentials import keyed_hash, seal_text
from departments.models import Handle, User
from portal.audit.actions import record
from portal.errors import MoveNotAllowed, NotPermitted

from . import access
from .audience import APPROVED, international, known_as
from .audience_files import Line
from .connectors.base import ReadTemplate
from .models import ConsentWay, Delivery, Subscriber, Template

LONGEST_PROOF = 200
# What a refused delivery says about its recipient.
LEFT_BY_PROBLEM = {"opted_out": "stopped", "recipient_unreachable": "unreachable"}


@dataclass
class Imported:
    """What came of a file; `refused` says for each bad row why."""

    added: int = 0
    known: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Agreement:
    """How and when somebody agreed, and where that is proven (4.2.6)."""

    way: str
    proof: str
    at: datetime


class _Known(MoveNotAllowed):
    """This person is on the list already."""


@transaction.atomic
def subscribe(handle: Handle, address: str, agreement: Agreement, *, actor: User) -> Subscriber:
    """Somebody agreed, with proof. Who left comes back only by a newer consent."""
    handle = _held(handle, actor)
    person = _join(handle, address, agreement, actor, may_return=True)
    data = {"agreed_by": agreement.way, "proof": agreement.proof, "handle": handle.pk}
    _recorded("publishing.subscriber.added", person, actor, data)
    return person


@transaction.atomic
def import_subscribers(
    handle: Handle, rows: Iterable[Line], agreement: Agreement, *, file: str, actor: User
) -> Imported:
    """A list of people who agreed in one way, on one day; good rows are taken, bad ones told.

    A row's own proof goes before that of the whole file. A list, which may be older than its date
    says, brings nobody back who left.
    """
    handle = _held(handle, actor)
    done = Imported()
    for line in rows:
        own = replace(agreement, proof=line.proof or agreement.proof)
        try:
            _join(handle, line.number, own, actor, may_return=False)
        except _Known:
            done.known += 1
        except MoveNotAllowed as refusal:
            done.refused.append((line.row, str(refusal.message)))
        else:
            done.added += 1
    record(
        "publishing.subscriber.imported",
        handle,
        actor=actor,
        department=handle.department.slug,
        data={
            "file": file,
            "agreed_by": agreement.way,
            "proof": agreement.proof,
            "people": done.added,
            "refused": len(done.refused),
        },
    )
    return done


def _held(handle: Handle, actor: User) -> Handle:
    """One after the other: a person is on the list once."""
    handles = Handle.objects.select_for_update(of=("self",)).select_related("department")
    handle = handles.get(pk=handle.pk)
    _require(access.can_edit_audience(actor, handle))
    return handle


def _join(
    handle: Handle, address: str, agreement: Agreement, actor: User, *, may_return: bool
) -> Subscriber:
    number, proof = international(address), agreement.proof.strip()[:LONGEST_PROOF]
    if not number:
        raise MoveNotAllowed(_("This is not a mobile number. Write its ten digits."))
    if agreement.way not in ConsentWay.values or not proof:
        raise MoveNotAllowed(_("Say how this person agreed, and where the proof of it is."))
    if agreement.at > timezone.now():
        raise MoveNotAllowed(_("Nobody can have agreed in the future."))
    person = known_as(handle, number).select_for_update(of=("self",)).first()
    if person is None:
        person = Subscriber(handle=handle, address_key=keyed_hash(number))
    elif not person.left_at:
        raise _Known(_("This person is on the list already."))
    else:
        _check_return(person, replace(agreement, proof=proof), may_return)
    person.sealed_address, person.ending = seal_text(number), number[-4:]
    person.way, person.proof, person.agreed_at = agreement.way, proof, agreement.at
    person.left_at, person.left_how, person.added_by = None, "", actor
    person.save()
    return person


def _check_return(person: Subscriber, agreement: Agreement, may_return: bool) -> None:
    """Who left comes back singly, by an agreement from after that and a proof of its own."""
    assert person.left_at
    if not may_return:
        day = date_format(timezone.localtime(person.left_at), "d-m-Y")
        raise MoveNotAllowed(
            _("This person left on %(day)s. Add them singly, with a new proof.") % {"day": day}
        )
    if agreement.at <= person.left_at:
        raise MoveNotAllowed(
            _("This person has left since then. They must agree anew before they are added.")
        )
    if agreement.proof == person.proof:
        raise MoveNotAllowed(
            _("This proof is from before this person left. Name the one of the new agreement.")
        )


@transaction.atomic
def take_out(subscriber: Subscriber, *, actor: User) -> Subscriber:
    """An officer takes somebody out who asked for it."""
    _require(access.can_edit_audience(actor, subscriber.handle))
    return leave(subscriber, how="asked", actor=actor)


@transaction.atomic
def leave(
    subscriber: Subscriber, *, how: str, at: datetime | None = None, actor: User | None = None
) -> Subscriber:
    """Nothing more is sent. A word from before the consent of today changes nothing."""
    person = _locked(subscriber)
    at = at or timezone.now()
    if person.left_at or at < person.agreed_at.replace(microsecond=0):
        return person
    person.left_at, person.left_how = max(at, person.agreed_at), how
    person.save()
    _recorded("publishing.subscriber.left", person, actor, {"how": how})
    return person


@transaction.atomic
def come_back(subscriber: Subscriber, *, at: datetime) -> Subscriber:
    """The person switched the messages on again in the app: that is a newer consent."""
    person = _locked(subscriber)
    if at <= max(person.agreed_at, person.left_at or person.agreed_at):
        return person
    was_away, person.agreed_at = bool(person.left_at), at
    person.left_at, person.left_how = None, ""
    person.save()
    if was_away:
        _recorded("publishing.subscriber.returned", person, None, {})
    return person


def learn_from(delivery: Delivery, problem: str) -> None:
    """What a refused message says about its recipient, or about its template, for the next ones."""
    if delivery.recipient is not None and problem in LEFT_BY_PROBLEM:
        leave(delivery.recipient, how=LEFT_BY_PROBLEM[problem])
    if problem == "template_paused":
        part = delivery.message.parts.filter(platform=delivery.handle.platform).first()
        name, _colon, language = (part.options.get("template", "") if part else "").partition(":")
        Template.objects.filter(handle=delivery.handle, name=name, language=language).update(
            status="PAUSED"
        )


# --- templates -----------------------------------------------------------------------------------


@transaction.atomic
def store_templates(handle: Handle, found: Iterable[ReadTemplate]) -> None:
    """What the platform has today replaces what was read before."""
    handle = Handle.objects.select_for_update(of=("self",)).get(pk=handle.pk)
    kept = []
    for read in found:
        template, _created = Template.objects.update_or_create(
            handle=handle,
            name=read.name,
            language=read.language,
            defaults={
                "category": read.category,
                "status": read.status,
                "body": read.body,
                "header": read.header,
                "names": list(read.names),
                "is_named": read.is_named,
            },
        )
        kept.append(template.pk)
    handle.templates.exclude(pk__in=kept).delete()


def template_changed(
    account: str, *, name: str, language: str, status: str, at: datetime | None
) -> None:
    """The platform told that a template's status changed; news older than what was read is old.

    One that is approved anew may have other words: only reading it tells.
    """
    if status == APPROVED:
        return
    at = at or timezone.now()
    Template.objects.filter(
        handle__facts__business=account,
        name=name,
        language=language,
        read_at__lt=at,
    ).update(status=status, read_at=at)


# --- inside --------------------------------------------------------------------------------------


def _require(permitted: bool) -> None:
    if not permitted:
        raise NotPermitted(_("You may not do this."))


def _locked(subscriber: Subscriber) -> Subscriber:
    return (
        Subscriber.objects.select_for_update(of=("self",))
        .select_related("handle__department")
        .get(pk=subscriber.pk)
    )


def _recorded(action: str, person: Subscriber, actor: User | None, data: dict[str, Any]) -> None:
    """The number is nowhere in it: `str(person)` shows its last four digits."""
    slug = person.handle.department.slug
    record(action, person, actor=actor, department=slug, data={"handle": person.handle_id, **data})
