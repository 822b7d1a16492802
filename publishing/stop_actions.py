"""What officers do about stops: press, freeze, release, and let single posts out of a freeze.

How a stop holds deliveries back is in stops.py; nothing here touches a delivery.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from departments.models import Department, User
from portal.audit.actions import record
from portal.errors import MoveNotAllowed, NotPermitted

from . import access, clock
from .models import Exemption, Message, Scope, Stop
from .stops import caught_by


@dataclass(frozen=True)
class Target:
    """How much is stopped; what is named must fit the scope."""

    scope: str
    platform: str = ""
    department: Department | None = None
    topic: str = ""
    message: Message | None = None

    @property
    def slug(self) -> str:
        """Of the department whose history it belongs to."""
        owner = self.message.department if self.message else self.department
        return owner.slug if owner else ""

    def fields(self) -> dict[str, Any]:
        return {
            "scope": self.scope,
            "platform": self.platform,
            "department": self.department,
            "topic": self.topic,
            "message": self.message,
        }


def press_stop(target: Target, *, reason: str, actor: User) -> Stop:
    """Nothing in its scope leaves from now on. Raises MoveNotAllowed if it is stopped already."""
    _require(access.can_stop(actor))
    return _store(target, "publishing.stop.pressed", reason=reason, actor=actor)


def set_freeze(
    target: Target, *, starts_at: datetime, ends_at: datetime, reason: str, actor: User
) -> Stop:
    """The same between two moments: an election's code of conduct, days of mourning."""
    _require(access.can_stop(actor))
    if ends_at <= max(starts_at, clock.now()):
        raise MoveNotAllowed(_("A freeze ends after it begins, and in the future."))
    return _store(
        target,
        "publishing.stop.freeze_set",
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        actor=actor,
    )


def pause_message(message: Message, *, reason: str, actor: User) -> Stop:
    """A department holds its own post back; only the Directorate's stops bind a department."""
    _require(access.can_decide(actor, message))
    by_directorate = access.can_stop(actor)
    target = Target(Scope.MESSAGE, message=message)
    return _store(
        target, "publishing.stop.pressed", reason=reason, actor=actor, by_directorate=by_directorate
    )


@transaction.atomic
def release_stop(stop: Stop, *, reason: str, actor: User) -> Stop:
    """What it held goes out, as far as nothing else holds it and it has not become too late."""
    stop = _locked(stop)
    _require(access.can_release(actor, stop))
    now = clock.now()
    if stop.released_at or (stop.ends_at and stop.ends_at <= now):
        raise MoveNotAllowed(_("This stop is not in force any more."))
    caught = caught_by(stop).count()
    stop.released_by, stop.released_at, stop.release_reason = actor, now, _said(reason)
    stop.save()
    data = {"reason": stop.release_reason, "deliveries": caught}
    record("publishing.stop.released", stop, actor=actor, department=_slug(stop), data=data)
    return stop


@transaction.atomic
def ask_exemption(stop: Stop, message: Message, *, reason: str, actor: User) -> Exemption:
    """One officer asks that a post may go out in spite of a freeze; another one confirms it."""
    stop = _locked(stop)
    _require(access.can_decide(actor, message))
    _must_freeze(stop)
    if not caught_by(stop).filter(message=message).exists():
        raise MoveNotAllowed(_("This freeze holds nothing of that post."))
    if stop.exemptions.filter(message=message).exists():
        raise MoveNotAllowed(_("The exemption of this post was asked for already."))
    exemption = Exemption.objects.create(
        stop=stop, message=message, reason=_said(reason), asked_by=actor, asked_at=clock.now()
    )
    _record_exemption("publishing.exemption.asked", exemption, actor)
    return exemption


@transaction.atomic
def confirm_exemption(exemption: Exemption, *, actor: User) -> Exemption:
    """By a second person, of the Directorate."""
    stop = _locked(exemption.stop)
    exemption = Exemption.objects.select_for_update(of=("self",)).get(pk=exemption.pk)
    _require(access.can_stop(actor))
    _must_freeze(stop)
    if exemption.confirmed_at:
        raise MoveNotAllowed(_("This exemption is confirmed already."))
    if exemption.asked_by_id == actor.pk:
        raise MoveNotAllowed(_("An exemption needs two people: another officer must confirm it."))
    exemption.confirmed_by, exemption.confirmed_at = actor, clock.now()
    exemption.save()
    _record_exemption("publishing.exemption.confirmed", exemption, actor)
    return exemption


# --- inside --------------------------------------------------------------------------------------


def _store(target: Target, action: str, *, reason: str, actor: User, **fields: Any) -> Stop:
    reason = _said(reason)
    fields.setdefault("starts_at", clock.now())
    try:
        with transaction.atomic():
            stop = Stop.objects.create(
                **target.fields(),
                reason=reason,
                pressed_by=actor,
                pressed_at=clock.now(),
                **fields,
            )
            record(action, stop, actor=actor, department=target.slug, data=_data(stop))
    except IntegrityError:
        same = Stop.objects.filter(**target.fields(), released_at__isnull=True)
        if same.exists():
            raise MoveNotAllowed(_("It is stopped already.")) from None
        raise
    return stop


def _data(stop: Stop) -> dict[str, Any]:
    said = {
        "scope": stop.scope,
        "platform": stop.platform,
        "topic": stop.topic,
        "message": str(stop.message or ""),
        "reason": stop.reason,
    }
    if stop.ends_at:
        said |= {"from": stop.starts_at.isoformat(), "to": stop.ends_at.isoformat()}
    return {key: value for key, value in said.items() if value}


def _record_exemption(action: str, exemption: Exemption, actor: User) -> None:
    message = exemption.message
    data = {"reason": exemption.reason, "message": str(message)}
    record(action, exemption, actor=actor, department=message.department.slug, data=data)


def _locked(stop: Stop) -> Stop:
    rows = Stop.objects.select_for_update(of=("self",))
    return rows.select_related("department", "message__department").get(pk=stop.pk)


def _slug(stop: Stop) -> str:
    owner = stop.message.department if stop.message else stop.department
    return owner.slug if owner else ""


def _must_freeze(stop: Stop) -> None:
    if not stop.is_freeze or not stop.is_in_force(max(clock.now(), stop.starts_at)):
        raise MoveNotAllowed(_("Only a freeze that has not ended can have exemptions."))


def _said(reason: str) -> str:
    if not reason.strip():
        raise MoveNotAllowed(_("Give the reason."))
    return reason.strip()


def _require(permitted: bool) -> None:
    if not permitted:
        raise NotPermitted(_("You may not do this."))
