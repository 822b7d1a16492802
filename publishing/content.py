"""From stored media and parts to what a connector is handed."""

from __future__ import annotations

from django.db.models import Prefetch

from .connectors.base import Attachment, Content
from .links import signed_media_url
from .models import Delivery, Media, MessagePart, PartMedia


def attachment(media: Media, alt: str) -> Attachment:
    return Attachment(
        file=media.file,
        mime=media.mime,
        size=media.size,
        width=media.width,
        height=media.height,
        sha256=media.sha256,
        alt=alt,
        duration=media.duration,
        url=signed_media_url(media),
    )


def content_of(delivery: Delivery) -> Content:
    """The sealed part of the message that is meant for the delivery's platform."""
    files = PartMedia.objects.select_related("media")
    part = MessagePart.objects.prefetch_related(Prefetch("attachments", files)).get(
        message=delivery.message, platform=delivery.handle.platform
    )
    attachments = tuple(attachment(item.media, item.alt) for item in part.attachments.all())
    return Content(part.text, part.title, tuple(part.tags), attachments)
