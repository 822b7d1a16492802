"""From stored media and parts to what a connector is handed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import IO

from django.core.files.storage import Storage
from django.db.models import Prefetch
from django.db.models.fields.files import FieldFile

from departments.credentials import CredentialMissing, open_text

from .audience import address_of, with_template
from .connectors.base import Answers, Attachment, CaptionFile, Content
from .connectors.errors import Refused
from .links import signed_media_url
from .media import fitted
from .models import Delivery, Derivative, Media, MediaKind, MessagePart, Operation, PartMedia, Place

ANSWERS = "answers."  # begins the options that say what a reply answers


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
        recipient=address_for(delivery),
    )
    if delivery.operation == Operation.REPLY:
        content = replace(content, answers=answers_in(part.options))
    return with_template(content, [delivery.handle])


def options_of(answers: Answers) -> dict[str, str]:
    """As the options of a part keep it: sealed with everything else."""
    at = answers.at.astimezone(UTC).isoformat() if answers.at else ""
    told = {**asdict(answers), "at": at}
    return {f"{ANSWERS}{name}": str(value) for name, value in told.items() if value}


def answers_in(options: Mapping[str, str]) -> Answers:
    told = {
        key.removeprefix(ANSWERS): value
        for key, value in options.items()
        if key.startswith(ANSWERS)
    }
    at = told.pop("at", "")
    return Answers(**{"kind": "", "id": "", **told}, at=datetime.fromisoformat(at) if at else None)


def address_for(delivery: Delivery) -> str:
    """Whom it goes to, where it goes to one person. Raises Refused if no key of today opens it."""
    if delivery.recipient is not None:
        return address_of(delivery.recipient)
    if delivery.sealed_to is None:
        return ""
    try:
        return open_text(delivery.sealed_to)
    except CredentialMissing:
        raise Refused("recipient_unreadable") from None


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
        found[delivery.pk] = replace(shared[key], recipient=address_for(delivery))
    return found


def _frozen(item: PartMedia) -> Attachment:
    return _attached(item.media, item.derivative, item.alt)
