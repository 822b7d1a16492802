"""The seal covers every letter, byte, handle and moment of what is sent, and the gate looks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from departments.tests.factories import department, person_without_charge
from publishing import actions, sending
from publishing.models import Delivery, Media, Message, MessagePart, PartMedia
from publishing.seal import SealedPart, compute_seal, seal_of_message, sealed_file
from publishing.states import DeliveryState

from .factories import connected_handle, stored_photo
from .scripted import Scripted

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(settings) -> Message:
    """Approved, with a photo, a title, tags and a time."""
    settings.CONNECTORS = {"x": "publishing.tests.scripted.Scripted"}
    Scripted.start()
    owner = department()
    handle, photo = connected_handle(owner), stored_photo(owner)
    part = SealedPart("x", "पाठ", "शीर्षक", ("पेंशन",), (sealed_file(photo, "शिविर", platform="x"),))
    ends = timezone.now() + timedelta(days=1)
    return actions.queue_message(
        department=owner,
        source="post",
        source_id=1,
        parts=[part],
        media={"x": [photo.pk]},
        handles=[handle],
        not_before=None,
        not_after=ends,
        seal=compute_seal([part], [handle.pk], None, ends),
        actor=person_without_charge(),
    )


def overwrite(message: Message) -> None:
    with Media.objects.get().file.open("wb") as file:
        file.write(b"other")


def swap(message: Message) -> None:
    other = stored_photo(message.department, b"another")
    PartMedia.objects.update(media=other)


TAMPERINGS: dict[str, Callable[[Message], object]] = {
    "text": lambda _: MessagePart.objects.update(text="पाठ "),
    "title": lambda _: MessagePart.objects.update(title="अन्य"),
    "tags": lambda _: MessagePart.objects.update(tags=[]),
    "platform": lambda _: MessagePart.objects.update(platform="facebook"),
    "choices": lambda _: MessagePart.objects.update(options={"privacy": "private"}),
    "place": lambda _: PartMedia.objects.update(place="thumbnail"),
    "alt": lambda _: PartMedia.objects.update(alt="अन्य"),
    "bytes": overwrite,
    "file gone": lambda _: Media.objects.get().file.delete(save=False),
    "other photo": swap,
    "no photo": lambda _: PartMedia.objects.all().delete(),
    "one more platform": lambda m: MessagePart.objects.create(message=m, platform="facebook"),
    "one more handle": lambda m: Delivery.objects.create(
        message=m, handle=connected_handle(m.department)
    ),
    "earlier": lambda _: Message.objects.update(not_before=timezone.now()),
    "later": lambda m: Message.objects.update(not_after=m.not_after + timedelta(seconds=1)),
}


def test_untouched_it_is_whole(message):
    assert seal_of_message(message) == message.seal


@pytest.mark.parametrize("tamper", TAMPERINGS.values(), ids=TAMPERINGS)
def test_whatever_is_touched_breaks_it_and_nothing_leaves(settings, message, tamper):
    settings.MESSAGE_SOURCES = {"post": "publishing.tests.test_seal.untouched_source"}
    first = message.deliveries.get()
    tamper(message)
    message = Message.objects.get()
    assert seal_of_message(message) != message.seal
    sending.send(first.pk)
    first.refresh_from_db()
    assert (first.state, first.problem) == (DeliveryState.FAILED, "seal_broken")
    assert Scripted.published == []


def untouched_source(source_id: int) -> str:
    """The post itself still is what was approved."""
    return Message.objects.get(source_id=source_id).seal
