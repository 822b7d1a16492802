"""Which deliveries an approved message becomes: to a handle, as a repost, to single people."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple
from uuid import uuid4

from django.db import connection
from django.utils.translation import gettext_lazy as _

from departments.models import Handle, User, Way
from portal.errors import MoveNotAllowed

from . import clock
from .connectors import connector_class
from .content import content_of
from .models import Delivery, Message, Operation, Subscriber
from .states import OPEN, DeliveryState, Rank

CAMPAIGN_FROM = 100  # deliveries of one message, from which on those of others go first
AT_ONCE = 150  # rows of one INSERT: SQLite takes 999 values


class Row(NamedTuple):
    """In what one delivery differs from the others of its message: columns of Delivery."""

    handle: int
    platform: str
    operation: str = Operation.PUBLISH.value
    recipient: int | None = None
    target: int | None = None


def plan(
    message: Message,
    handles: Collection[Handle],
    *,
    due: datetime,
    corrects: Message | None,
    is_urgent: bool = False,
) -> None:
    """Stores them. Raises MoveNotAllowed where there is nothing to correct."""
    if corrects is not None:
        rows = _corrections(handles, corrects)
        _store(rows, _pattern(message, due, len(rows), is_urgent=is_urgent))
        return
    copying = _copying(handles)
    speakers = _speakers(handles, copying)
    first = _first(message, handles, copying - {one.pk for one in speakers.values()})
    common = _pattern(message, due, max(len(first), len(handles)), is_urgent=is_urgent)
    _store(first, common)
    common.next_try_at = None  # a repost has no time of its own: what it repeats wakes it
    _store(_reposts(message, handles, copying, speakers), common)
    _put_prices(message, {handle.platform for handle in handles})


def plan_removals(
    message: Message, targets: Iterable[Delivery], *, reason: str, actor: User
) -> None:
    """One for each of these that is out; what is still on its way is removed once it is there."""
    waiting: list[Row] = []
    now: list[Row] = []
    for target in targets:
        platform = target.platform or target.handle.platform
        row = Row(target.handle_id, platform, Operation.REMOVE.value, target=target.pk)
        (waiting if target.state in OPEN else now).append(row)
    common = Delivery(message=message, rank=Rank.TAKE_DOWN, asked_by=actor, reason=reason)
    _store(waiting, common)
    common.next_try_at = clock.now()
    _store(now, common)


def _pattern(message: Message, due: datetime, number: int, *, is_urgent: bool) -> Delivery:
    """What all of them have in common."""
    rank = Rank.ROUTINE if number < CAMPAIGN_FROM else Rank.BULK
    return Delivery(
        message=message, due_at=due, next_try_at=due, rank=Rank.URGENT if is_urgent else rank
    )


def _first(message: Message, handles: Collection[Handle], silent: Container[int]) -> list[Row]:
    """Everything but reposts: where copies are forbidden, one handle speaks for all."""
    templates = {part.platform for part in message.parts.all() if part.options.get("template")}
    return [
        *_to_people([handle for handle in handles if handle.platform in templates]),
        *(
            Row(handle.pk, handle.platform)
            for handle in handles
            if handle.platform not in templates and handle.pk not in silent
        ),
    ]


def _to_people(handles: Collection[Handle]) -> Iterator[Row]:
    agreed = Subscriber.objects.agreed().filter(handle__in=handles).order_by("handle", "pk")
    people: dict[int, list[int]] = {handle.pk: [] for handle in handles}
    for handle_id, person in agreed.values_list("handle", "pk"):
        people[handle_id].append(person)
    for handle in handles:
        if not people[handle.pk]:
            raise MoveNotAllowed(
                _("Nobody has agreed to be written to through %(handle)s.") % {"handle": handle}
            )
        for person in people[handle.pk]:
            yield Row(handle.pk, handle.platform, recipient=person)


def _reposts(
    message: Message,
    handles: Iterable[Handle],
    copying: Container[int],
    speakers: dict[str, Handle],
) -> list[Row]:
    spoken = message.deliveries.filter(handle__in=speakers.values(), recipient__isnull=True)
    targets = dict(spoken.values_list("platform", "pk"))
    return [
        Row(handle.pk, handle.platform, Operation.REPOST.value, target=targets[handle.platform])
        for handle in handles
        if handle.pk in copying
        and handle.platform in targets
        and handle != speakers[handle.platform]
    ]


def _copying(handles: Collection[Handle]) -> set[int]:
    """Keys of those that would publish the same text as another, where that is forbidden."""
    platforms = {handle.platform for handle in handles}
    forbidding = {one for one in platforms if connector_class(one).reposts_copies}
    return {one.pk for one in handles if one.way == Way.API and one.platform in forbidding}


def _speakers(handles: Iterable[Handle], copying: Container[int]) -> dict[str, Handle]:
    """Whose post the other accounts repost, where copies are forbidden: the first by key."""
    found: dict[str, Handle] = {}
    for handle in sorted(handles, key=lambda one: one.pk or 0):
        if handle.pk in copying:
            found.setdefault(handle.platform, handle)
    return found


def speaker_of(handles: Iterable[Handle], platform: str) -> Handle | None:
    mine = [one for one in handles if one.platform == platform]
    return _speakers(mine, _copying(mine)).get(platform)


def reposts_instead(handle: Handle) -> bool:
    return handle.way == Way.API and connector_class(handle.platform).reposts_copies


def _corrections(handles: Collection[Handle], corrects: Message) -> list[Row]:
    out = Delivery.objects.filter(
        message=corrects, state=DeliveryState.SENT, recipient__isnull=True
    ).exclude(operation__in=(Operation.REPOST, Operation.REMOVE))
    targets = dict(out.values_list("handle_id", "pk"))
    if any(handle.pk not in targets for handle in handles):
        raise MoveNotAllowed(_("On one of these handles there is no post that can be corrected."))
    return [
        Row(handle.pk, handle.platform, Operation.EDIT.value, target=targets[handle.pk])
        for handle in handles
    ]


def _store(rows: Sequence[Row], common: Delivery) -> None:
    """As bulk_create would, without an object and thirty values for each of thousands of rows."""
    meta, name = Delivery._meta, connection.ops.quote_name
    reference = meta.get_field("reference")
    varying: list[Any] = [*(meta.get_field(field) for field in Row._fields), reference]
    same = [one for one in meta.concrete_fields if one not in varying and not one.primary_key]
    values = [one.get_db_prep_save(one.pre_save(common, add=True), connection) for one in same]
    columns = ", ".join(name(one.column) for one in (*varying, *same))
    told = (f"CAST(column{n} AS {one.db_type(connection)})" for n, one in enumerate(varying, 1))
    select = ", ".join([*told, *["%s"] * len(same)])
    with connection.cursor() as cursor:
        for start in range(0, len(rows), AT_ONCE):
            batch = rows[start : start + AT_ONCE]
            places = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(batch))
            told_values = [(*row, reference.get_db_prep_save(uuid4(), connection)) for row in batch]
            cursor.execute(
                f"INSERT INTO {name(meta.db_table)} ({columns})"  # noqa: S608 - names, no values
                f" SELECT {select} FROM (VALUES {places}) AS told",
                [*values, *chain.from_iterable(told_values)],
            )


def _put_prices(message: Message, platforms: Iterable[str]) -> None:
    """One price for each platform: everybody there gets the same content."""
    for platform in platforms:
        same = message.deliveries.filter(platform=platform, operation=Operation.PUBLISH)
        one = same.select_related("message", "handle", "recipient").order_by("pk").first()
        if one is not None and (price := connector_class(platform).price(content_of(one))):
            same.update(price=price)
