"""The seal covers every letter, byte, handle and moment of what is sent, and the gate looks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from departments.tests.factories import department, person, person_without_charge
from portal.errors import MoveNotAllowed
from publishing import actions, gate, sending
from publishing.delivery_actions import confirm_by_hand
from publishing.models import Delivery, Media, Message, MessagePart, PartMedia
from publishing.problems import label
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


@pytest.fixture
def retired(settings, message) -> Message:
    settings.MESSAGE_SOURCES = {"post": "publishing.tests.test_seal.untouched_source"}
    Media.objects.update(is_retired=True)
    return message


def test_a_retired_file_does_not_leave(retired):
    delivery = retired.deliveries.get()
    sending.send(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.problem) == (DeliveryState.FAILED, "media_retired")
    assert Scripted.published == []


def test_a_retired_file_does_not_leave_by_hand(retired):
    Delivery.objects.update(state=DeliveryState.ASSISTED)
    nodal = person(where=retired.department)
    with pytest.raises(MoveNotAllowed) as caught:
        confirm_by_hand(
            retired.deliveries.get(), permalink="https://x.com/up/status/1", actor=nodal
        )
    assert caught.value.message == label("media_retired")


def test_a_retired_file_of_another_platform_hinders_nothing(retired):
    MessagePart.objects.update(platform="facebook")
    assert gate.barrier(retired.deliveries.get()) != (DeliveryState.FAILED, "media_retired")


OUT = {"state": DeliveryState.SENT, "platform_id": "1", "sent_at": timezone.now()}


def is_public(media: Media) -> bool:
    return Client().get(f"/media/{media.pk}/full/").status_code == 200


def test_a_retired_file_is_public_only_where_a_platform_shows_it(message):
    media = Media.objects.get()
    assert not is_public(media)
    message.deliveries.update(**OUT)
    Media.objects.update(is_retired=True)
    assert is_public(media)
    MessagePart.objects.update(platform="facebook")  # what is out shows another file
    assert not is_public(media)
    Media.objects.update(is_retired=False)
    assert is_public(media)


def test_an_officer_s_files_are_asked_for_anew_each_time(message):
    media = Media.objects.get()
    address = f"/media/{media.pk}/full/"
    browser = Client()
    browser.force_login(person(where=message.department))
    answer = browser.get(address)
    assert {"private", "no-cache"} == set(answer["Cache-Control"].split(", "))
    same = browser.get(address, headers={"If-None-Match": answer["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert "no-cache" in same["Cache-Control"]
    small = browser.get(f"/media/{media.pk}/small/", headers={"If-None-Match": answer["ETag"]})
    assert small.status_code != 304
    browser.logout()
    assert browser.get(address, headers={"If-None-Match": answer["ETag"]}).status_code == 404
    message.deliveries.update(**OUT)
    assert "max-age=3600" in browser.get(address)["Cache-Control"]


def test_what_was_taken_down_is_not_public(message):
    (out,) = message.deliveries.all()
    Delivery.objects.filter(pk=out.pk).update(**{**OUT, "state": DeliveryState.REMOVED})
    Delivery.objects.create(
        message=message,
        handle=out.handle,
        operation="remove",
        target=out,
        **OUT,
    )
    assert not is_public(Media.objects.get())


def untouched_source(source_id: int) -> str:
    """The post itself still is what was approved."""
    return Message.objects.get(source_id=source_id).seal
