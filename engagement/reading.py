"""Reading what people wrote from the platforms themselves: what no callback told is found here.

Each source of a handle is read from where the last reading without a gap began, so an outage of a
day, theirs or ours, is made up for by the next reading. Now and then everything recent is read, not
only what is new: edits and removals of which no callback told are seen then.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django_q.tasks import async_task

from departments.models import Handle, Way
from departments.states import HandleState
from publishing import sending
from publishing.connectors.base import Answers, Comment, Connector, Heard, Page
from publishing.connectors.errors import ConnectorError, NeedsOfficer
from publishing.models import Delivery, Operation
from publishing.states import DeliveryState

from .models import Reading, Remark, Source
from .models import Way as Channel
from .remark_actions import take

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=15)  # longer than any reading; whoever dies in it is followed by another
OVERLAP = timedelta(minutes=15)  # clocks differ, and platforms list late
MOST_PAGES = 50
AT_ONCE = 20  # readings handed out in one go
LONGEST_WAIT = timedelta(hours=1)  # after failures in a row


def wake_reading() -> None:
    """Hand what is due to the workers. A task that is lost is followed by another after LEASE."""
    begin_readings()
    for reading in claim_due():
        async_task("engagement.tasks.read_source", reading.pk, task_name=f"read-{reading.pk}")


def begin_readings() -> None:
    """A row for each source of each handle that the portal itself opens."""
    opened = Handle.objects.filter(state=HandleState.CONNECTED, way=Way.API)
    lacking = opened.exclude(readings__source=Source.COMMENTS)
    since = timezone.now() - timedelta(days=settings.LISTEN_DAYS)
    for pk in lacking.values_list("pk", flat=True)[:100]:
        Reading.objects.bulk_create(
            (Reading(handle_id=pk, source=source, through=since) for source in Source),
            ignore_conflicts=True,
        )


def claim_due() -> list[Reading]:
    now = timezone.now()
    due = Reading.objects.filter(
        next_at__lte=now, handle__state=HandleState.CONNECTED, handle__way=Way.API
    )
    return [
        reading
        for reading in due.order_by("next_at")[:AT_ONCE]
        if Reading.objects.filter(pk=reading.pk, next_at=reading.next_at).update(
            next_at=now + LEASE
        )
    ]


def read(reading: Reading) -> None:
    begun = timezone.now()
    is_full = reading.full_at is None or begun - reading.full_at > timedelta(
        seconds=settings.LISTEN_FULL_SECONDS
    )
    since = reading.through - OVERLAP
    try:
        connector = sending.connector_for(reading.handle)
        READERS[Source(reading.source)](reading.handle, connector, since, is_full)
    except NeedsOfficer:
        _later(reading, begun, through=begun, full_at=begun)
    except ConnectorError as error:
        _failed(reading, begun, error)
    else:
        _later(reading, begun, through=begun, full_at=begun if is_full else reading.full_at)


def _later(
    reading: Reading, begun: datetime, *, through: datetime, full_at: datetime | None
) -> None:
    Reading.objects.filter(pk=reading.pk).update(
        through=through,
        full_at=full_at,
        failures=0,
        problem="",
        next_at=begun + timedelta(seconds=settings.LISTEN_EVERY_SECONDS),
    )


def _failed(reading: Reading, begun: datetime, error: ConnectorError) -> None:
    """What was read so far is kept; where the next one begins does not move."""
    log.info("%s of handle %d not read: %s", reading.source, reading.handle_id, error.code)
    failures = min(reading.failures + 1, 12)
    wait = max(timedelta(seconds=error.retry_after or 0), timedelta(seconds=30 * 2**failures))
    Reading.objects.filter(pk=reading.pk).update(
        failures=failures, problem=error.code[:60], next_at=begun + min(wait, LONGEST_WAIT)
    )


# --- by source -----------------------------------------------------------------------------------


def _read_comments(handle: Handle, connector: Connector, since: datetime, is_full: bool) -> None:
    for delivery in _posts(handle, since, is_full):
        post = sending.published(delivery)

        def page(after: str, post: sending.Published = post) -> Page[Comment]:
            return connector.read_comments(post, since=None if is_full else since, after=after)

        seen, is_whole = _taken(handle, Channel.COMMENT, page, since=None if is_full else since)
        if is_full and is_whole:
            _note_removed(handle, delivery.platform_id, seen)
    for remark in Remark.objects.filter(handle=handle, is_whole=False, removed_at=None)[:50]:
        _read_words(handle, connector, remark)


def _posts(handle: Handle, since: datetime, is_full: bool) -> Iterable[Delivery]:
    """Full: everything recent that people still comment on; else what is of the last days."""
    days = settings.LISTEN_DAYS if is_full else 3
    oldest = min(since, timezone.now() - timedelta(days=days))
    out = Delivery.objects.filter(
        handle=handle, state__in=(DeliveryState.SENT, DeliveryState.EDITED), sent_at__gte=oldest
    )
    posts = out.filter(operation__in=(Operation.PUBLISH, Operation.REPOST))
    return posts.filter(recipient__isnull=True).exclude(platform_id__contains="://").order_by("-pk")


def _read_words(handle: Handle, connector: Connector, remark: Remark) -> None:
    answers = Answers(remark.conversation.way, remark.external_id, remark.conversation.post_id)
    comment = connector.read_comment(answers)
    act = "said" if comment else "removed"
    if comment is None:
        comment = Comment(remark.external_id, "", None)
    take(handle, Heard(remark.conversation.way, act, comment), told_at=timezone.now())


def _note_removed(handle: Handle, post_id: str, seen: set[str]) -> None:
    """Known under this post, and no longer there."""
    if not post_id:
        return
    known = Remark.objects.filter(
        handle=handle, conversation__post_id=post_id, removed_at=None, is_hidden=False
    ).exclude(external_id__in=seen)
    for remark in known:
        gone = Heard("comment", "removed", Comment(remark.external_id, "", None))
        take(handle, gone, told_at=timezone.now())


def _read_mentions(handle: Handle, connector: Connector, since: datetime, is_full: bool) -> None:
    def page(after: str) -> Page[Comment]:
        return connector.read_mentions(since=since, after=after)

    _taken(handle, Channel.MENTION, page, since=since)


def _read_messages(handle: Handle, connector: Connector, since: datetime, is_full: bool) -> None:
    found: list[str] = []
    after = ""
    for _number in range(MOST_PAGES):
        page = connector.read_conversations(since=since, after=after)
        found += [one.conversation_id for one in page.items if one.conversation_id]
        after = page.after
        if not after:
            break
    for conversation in dict.fromkeys(found):

        def messages(after: str, conversation: str = conversation) -> Page[Comment]:
            return connector.read_conversation(conversation, after=after)

        _taken(handle, Channel.MESSAGE, messages, since=since)


def _taken(
    handle: Handle, way: Channel, page: Callable[[str], Page[Comment]], *, since: datetime | None
) -> tuple[set[str], bool]:
    """The ids that were read, and whether that was all of them."""
    seen: set[str] = set()
    after = ""
    for _number in range(MOST_PAGES):
        found = page(after)
        for comment in sorted(found.items, key=_moment):
            seen.add(comment.id)
            if since is None or comment.at is None or comment.at >= since:
                _take_read(handle, way, comment)
        if not found.after:
            return seen, True
        if since is not None and found.items and all(_is_older(one, since) for one in found.items):
            return seen, False
        after = found.after
    return seen, False


def _take_read(handle: Handle, way: Channel, comment: Comment) -> None:
    """What is read is how it stands now, whatever was told before."""
    known = Remark.objects.filter(handle=handle, external_id=comment.id).first()
    is_changed = known is not None and known.is_whole and known.text != comment.text
    if known is None or is_changed or not known.is_whole:
        heard = Heard(way, "edited" if is_changed else "said", comment)
        take(
            handle, heard, told_at=timezone.now() if is_changed else (comment.at or timezone.now())
        )
    elif known.is_hidden != comment.is_hidden:
        act = "hidden" if comment.is_hidden else "shown"
        take(handle, Heard(way, act, comment), told_at=timezone.now())


def _moment(comment: Comment) -> datetime:
    return comment.at or timezone.now()


def _is_older(comment: Comment, since: datetime) -> bool:
    return comment.at is not None and comment.at < since


READERS = {
    Source.COMMENTS: _read_comments,
    Source.MENTIONS: _read_mentions,
    Source.MESSAGES: _read_messages,
}
