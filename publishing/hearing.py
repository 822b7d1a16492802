"""What callbacks mean: for messages to single people, for those people, for templates, for handles.

Each item is carried out once, and may be carried out again without harm: a message never goes
backwards (delivered is not undone by a late "sent"), and a word of a person from before their
newest one changes nothing. A status `failed` for a message that the platform had accepted leaves
the delivery `sent`, as it was, and writes the problem beside it: it is not tried again.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.conf import settings
from django.core.cache import caches
from django.db.models import F, Q
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.tasks import async_task

from departments.models import Handle
from departments.states import HandleState

from . import sending, template_reading
from .audience import APPROVED, known_as
from .audience_actions import come_back, learn_from, leave, template_changed
from .callbacks import take_apart
from .connectors import connector_class
from .connectors.base import News
from .connectors.errors import ConnectorError
from .models import CallbackEvent, CallbackItem, Delivery, Reached, Subscriber
from .states import DeliveryState

log = logging.getLogger(__name__)

STALE = timedelta(seconds=2)  # its wake-up was lost, or held back
HEARING = "publishing.hearing"
AT_ONCE = 200  # items between two signs of life
HEARS_FOR = 30  # seconds that one worker goes on
HELD_FOR = 20  # seconds after its last sign of life that another one takes over
MOST_TRIES = 20  # then it waits for an officer of the portal: the log names it
WRITTEN = ("comment", "mention", "message")
ORDER = ["", Reached.SENT, Reached.DELIVERED, Reached.READ]


def wake_hearing() -> None:
    """Ask a worker to carry out what was stored and not heard: its own wake-up was lost."""
    stale = timezone.now() - STALE
    unheard = CallbackItem.objects.filter(heard_at__isnull=True, tries__lt=MOST_TRIES)
    whole = CallbackEvent.objects.filter(apart_at__isnull=True, received_at__lt=stale)
    if whole.exists() or unheard.filter(event__received_at__lt=stale).exists():
        async_task("publishing.tasks.hear_callbacks", task_name="hear-callbacks")


def hear_all() -> None:
    """Everything that was not heard; one worker at a time does it, as long as more comes."""
    if not caches["workers"].add(HEARING, 1, HELD_FOR):
        return
    try:
        end = time.monotonic() + HEARS_FOR
        while _hear_some() and time.monotonic() < end:
            caches["workers"].touch(HEARING, HELD_FOR)
    finally:
        caches["workers"].delete(HEARING)


def _hear_some() -> bool:
    """Oldest first, what failed behind the others; False if there was nothing."""
    whole = take_apart()
    heard = 0
    unheard = CallbackItem.objects.filter(heard_at__isnull=True, tries__lt=MOST_TRIES)
    for item in unheard.select_related("event").order_by("tries", "pk")[:AT_ONCE]:
        if _is_too_early(item):
            continue
        try:
            hear(item)
        except Exception:  # whatever one item holds, the others are heard
            log.exception("callback item %d could not be carried out", item.pk)
            CallbackItem.objects.filter(pk=item.pk).update(tries=F("tries") + 1)
            continue
        CallbackItem.objects.filter(pk=item.pk).update(heard_at=timezone.now())
        heard += 1
    return bool(whole or heard)


def _is_too_early(item: CallbackItem) -> bool:
    """Its message is just being sent: what came of that has to be written first."""
    if item.reference is None:
        return False
    about = Delivery.objects.filter(reference=item.reference)
    return about.filter(state=DeliveryState.SENDING).exists()


def hear(item: CallbackItem) -> None:
    if item.kind == "revoked":
        _about_access(item)
        return
    if item.kind in WRITTEN:
        _about_remark(item)
    news = connector_class(item.platform).news(item.kind, item.said)
    if news is None:
        return
    if news.reached or news.error:
        _about_message(item, news)
    if news.wants is not None:
        _about_person(item, news)
    if news.template:
        name, language, status = news.template
        template_changed(item.account, name=name, language=language, status=status, at=item.at)
        if status == APPROVED:
            _read_templates(item.account)


def _read_templates(business: str) -> None:
    for pk in Handle.objects.filter(facts__business=business).values_list("pk", flat=True):
        template_reading.refresh(pk)


def _about_remark(item: CallbackItem) -> None:
    """Whoever listens (settings.LISTENER) is told what somebody wrote to a handle of ours."""
    heard = connector_class(item.platform).heard(item.kind, item.said, account=item.account)
    handle = Handle.objects.filter(platform=item.platform, external_id=item.account).first()
    if heard is not None and handle is not None:
        import_string(settings.LISTENER)(handle, heard, told_at=item.at or item.event.received_at)


def _about_access(item: CallbackItem) -> None:
    """The platform is asked: the word may be late, and the handle linked anew meanwhile."""
    handles = Handle.objects.filter(platform=item.platform, external_id=item.account)
    for handle in handles.filter(state=HandleState.CONNECTED):
        name = f"check-handle-{handle.pk}"
        async_task("publishing.tasks.check_handle", handle.pk, task_name=name)


def _about_message(item: CallbackItem, news: News) -> None:
    if item.reference is None:
        return
    found = Delivery.objects.select_related("message", "handle", "recipient")
    delivery = found.filter(reference=item.reference, handle__platform=item.platform).first()
    if delivery is None:
        return
    if delivery.state == DeliveryState.UNKNOWN:
        sending.look(delivery.pk)
    if news.error:
        _failed(delivery, news.error)
    else:
        _reached(delivery, news.reached)


def _reached(delivery: Delivery, state: str) -> None:
    """A group's message has got as far as it got with anybody."""
    before = ORDER[: ORDER.index(state)]
    same = Delivery.objects.filter(pk=delivery.pk)
    same.filter(reached__in=before).update(reached=state)
    if state != Reached.SENT:
        same.filter(state=DeliveryState.SENT).update(problem="")


def _failed(delivery: Delivery, error: ConnectorError) -> None:
    """Only for a message to one person: in a group, others got it."""
    if delivery.recipient is None:
        return
    still_open = Q(state=DeliveryState.SENT) & Q(reached__in=("", Reached.SENT))
    Delivery.objects.filter(still_open, pk=delivery.pk).update(problem=error.code)
    learn_from(delivery, error.code)


def _about_person(item: CallbackItem, news: News) -> None:
    at = item.at or item.event.received_at
    for person in _people(item, news):
        if news.wants:
            come_back(person, at=at)
        else:
            leave(person, how=news.how, at=at)


def _people(item: CallbackItem, news: News) -> list[Subscriber]:
    """By their number or, where they hide it, by the message of ours that they answered."""
    handle = Handle.objects.filter(platform=item.platform, external_id=item.account).first()
    if handle is None:
        return []
    if news.address:
        return list(known_as(handle, news.address))
    answered = Delivery.objects.filter(handle=handle, platform_id=news.answers or None)
    return [one.recipient for one in answered.select_related("recipient") if one.recipient]
