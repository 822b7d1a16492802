"""From stored media and parts to what a connector is handed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import IO

from django.core.files.storage import Storage
from django.db.models import Prefetch
from django.db.models.fields.files import FieldFile

from .audience import address_of, with_template
from .connectors.base import Attachment, CaptionFile, Content
from .links import signed_media_url
from .media import fitted
from .models import Delivery, Derivative, Media, MediaKind, MessagePart, PartMedia, Place


@dataclass(frozen=True)
class StoredFile:
    """Opened anew each time: one post goes to many handles at once, each read by its own thread."""

    storage: Storage
    name: str

    def open(self, mode: str = "rb", /) -> IO[bytes]:
        opened: IO[bytes] = self.storage.open(self.name, mode)
        return opened


def attachment(media: Media, alt: str, *, platform: str) -> Attachment:
    """As the platform gets it: by the copy that fits it, once that is ready."""
    return _attached(media, fitted(media, platform), alt)


def _attached(media: Media, copy: Derivative | None, alt: str) -> Attachment:
    sent = copy or media
    return Attachment(
        file=_stored(sent.file),
        mime=sent.mime,
        size=sent.size,
        width=sent.width,
        height=sent.height,
        sha256=sent.sha256,
        alt=alt,
        duration=sent.duration,
        url=signed_media_url(sent),
        captions=_captions(media),
        facts=sent.facts,
    )


def _captions(media: Media) -> tuple[CaptionFile, ...]:
    if media.kind != MediaKind.VIDEO:
        return ()
    return tuple(
        CaptionFile(_stored(one.file), one.language, one.sha256) for one in media.captions.all()
    )


def _stored(file: FieldFile) -> StoredFile:
    return StoredFile(file.storage, file.name or "")


def content_of(delivery: Delivery) -> Content:
    """The sealed part of the message that is meant for the delivery's platform."""
    files = PartMedia.objects.select_related("media", "derivative").prefetch_related(
        "media__captions"
    )
    part = MessagePart.objects.prefetch_related(Prefetch("attachments", files)).get(
        message=delivery.message, platform=delivery.handle.platform
    )
    items = list(part.attachments.all())
    shown = [_frozen(one) for one in items if one.place == Place.SHOWN]
    thumbnails = [_frozen(one) for one in items if one.place == Place.THUMBNAIL]
    content = Content(
        part.text,
        part.title,
        tuple(part.tags),
        tuple(shown),
        thumbnail=next(iter(thumbnails), None),
        options=part.options,
        recipient=address_of(delivery.recipient) if delivery.recipient else "",
    )
    return with_template(content, [delivery.handle])


def contents_of(deliveries: Iterable[Delivery]) -> dict[int, Content]:
    """The same for many, by their keys; what deliveries share is read once."""
    shared: dict[tuple[int, str, int | None], Content] = {}
    found = {}
    for delivery in deliveries:
        # With a template the words are the handle's own.
        own = delivery.handle_id if delivery.recipient_id else None
        key = (delivery.message_id, delivery.platform, own)
        if key not in shared:
            shared[key] = content_of(delivery)
        recipient = address_of(delivery.recipient) if delivery.recipient else ""
        found[delivery.pk] = replace(shared[key], recipient=recipient)
    return found


def _frozen(item: PartMedia) -> Attachment:
    return _attached(item.media, item.derivative, item.alt)
