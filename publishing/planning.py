"""Which deliveries an approved message becomes: to a handle, as a repost, to single people."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from departments.models import Handle, Way
from portal.errors import MoveNotAllowed

from .audience import recipients_of
from .connectors import connector_class
from .content import content_of
from .models import Delivery, Message, Operation
from .states import DeliveryState, Rank

CAMPAIGN_FROM = 100  # deliveries of one message, from which on those of others go first


def plan(
    message: Message,
    handles: Collection[Handle],
    *,
    due: datetime,
    corrects: Message | None,
    is_urgent: bool = False,
) -> list[Delivery]:
    """Stores them. Raises MoveNotAllowed where there is nothing to correct."""
    if corrects is not None:
        planned = _corrections(message, handles, corrects, due)
        return Delivery.objects.bulk_create(_ranked(planned, is_urgent))
    made = Delivery.objects.bulk_create(_ranked(_first(message, handles, due), is_urgent))
    reposts = _reposts(message, handles, made, due)
    made += Delivery.objects.bulk_create(_ranked(reposts, is_urgent))
    _put_prices(made)
    return made


def _ranked(planned: list[Delivery], is_urgent: bool) -> list[Delivery]:
    rank = Rank.ROUTINE if len(planned) < CAMPAIGN_FROM else Rank.BULK
    for delivery in planned:
        delivery.platform = delivery.handle.platform
        delivery.rank = Rank.URGENT if is_urgent else rank
    return planned


def _first(message: Message, handles: Collection[Handle], due: datetime) -> list[Delivery]:
    """Everything but reposts: where copies are forbidden, the first handle speaks for all."""
    templates = {part.platform for part in message.parts.all() if part.options.get("template")}
    first = []
    for handle in handles:
        if handle.platform in templates:
            people = [
                Delivery(
                    message=message, handle=handle, recipient=person, due_at=due, next_try_at=due
                )
                for person in recipients_of(handle)
            ]
            if not people:
                raise MoveNotAllowed(
                    _("Nobody has agreed to be written to through %(handle)s.") % {"handle": handle}
                )
            first += people
        elif not reposts_instead(handle) or handle == speaker_of(handles, handle.platform):
            first.append(Delivery(message=message, handle=handle, due_at=due, next_try_at=due))
    return first


def _reposts(
    message: Message, handles: Iterable[Handle], made: list[Delivery], due: datetime
) -> list[Delivery]:
    """They have no time of their own: the delivery that they repeat wakes them."""
    speakers = {one.handle.platform: one for one in made if reposts_instead(one.handle)}
    speaking = {delivery.handle_id for delivery in made}
    return [
        Delivery(
            message=message,
            handle=handle,
            operation=Operation.REPOST,
            target=speakers[handle.platform],
            due_at=due,
        )
        for handle in handles
        if handle.pk not in speaking and reposts_instead(handle)
    ]


def speaker_of(handles: Iterable[Handle], platform: str) -> Handle | None:
    """Whose post the other accounts repost, where copies are forbidden: the first by key."""
    able = [one for one in handles if one.platform == platform and reposts_instead(one)]
    return min(able, key=lambda one: one.pk or 0, default=None)


def reposts_instead(handle: Handle) -> bool:
    return handle.way == Way.API and connector_class(handle.platform).reposts_copies


def _corrections(
    message: Message, handles: Iterable[Handle], corrects: Message, due: datetime
) -> list[Delivery]:
    out = Delivery.objects.filter(
        message=corrects, state=DeliveryState.SENT, recipient__isnull=True
    ).exclude(operation__in=(Operation.REPOST, Operation.REMOVE))
    targets = {delivery.handle_id: delivery for delivery in out}
    handles = list(handles)
    if any(handle.pk not in targets for handle in handles):
        raise MoveNotAllowed(_("On one of these handles there is no post that can be corrected."))
    return [
        Delivery(
            message=message,
            handle=handle,
            operation=Operation.EDIT,
            target=targets[handle.pk],
            due_at=due,
            next_try_at=due,
        )
        for handle in handles
    ]


def _put_prices(made: list[Delivery]) -> None:
    """One price for each platform: everybody there gets the same content."""
    for platform in {delivery.handle.platform for delivery in made}:
        same = [
            delivery
            for delivery in made
            if delivery.handle.platform == platform and delivery.operation == Operation.PUBLISH
        ]
        if same:
            price = connector_class(platform).price(content_of(same[0]))
            if price:
                Delivery.objects.filter(pk__in=[one.pk for one in same]).update(price=price)
