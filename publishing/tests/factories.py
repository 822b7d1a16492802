"""Messages and deliveries for tests, named by state."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile

from departments.actions import connect_handle
from departments.credentials import Secrets
from departments.models import Department, Handle
from departments.tests.factories import department, person_without_charge, registered_handle
from publishing.actions import queue_message
from publishing.claiming import claim
from publishing.models import Delivery, Media
from publishing.seal import SealedPart, compute_seal

_numbers = itertools.count(1)


def connected_handle(owner: Department, platform: str = "x", **fields: Any) -> Handle:
    """With credentials, as after linking."""
    number = next(_numbers)
    handle = registered_handle(owner, platform=platform, **fields)
    secrets = Secrets(f"token-{number}", {"group": f"group-{number}"})
    return connect_handle(handle, external_id=f"linked-{number}", secrets=secrets, actor=None)


def stored_photo(owner: Department, content: bytes = b"photo") -> Media:
    media = Media(
        department=owner,
        kind="photo",
        sha256=content.hex()[:64].ljust(64, "0"),
        mime="image/jpeg",
        suffix=".jpg",
        size=len(content),
        width=800,
        height=600,
        alt_hi="शिविर",
        added_by=person_without_charge(),
    )
    media.file.save("file", ContentFile(content), save=False)
    media.save()
    return media


def queued_delivery(
    text: str = "जनपद लखनऊ में शिविर 25 नवम्बर को।",
    *,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> Delivery:
    """Sealed, committed, its handle connected; nothing has been tried yet."""
    owner = department()
    handle = connected_handle(owner)
    part = SealedPart("x", text, "", (), ())
    message = queue_message(
        department=owner,
        source="post",
        source_id=next(_numbers),
        parts=[part],
        media={},
        handles=[handle],
        not_before=not_before,
        not_after=not_after,
        seal=compute_seal([part], [handle.pk], not_before, not_after),
        actor=person_without_charge(),
    )
    return message.deliveries.get()


def sending_delivery() -> Delivery:
    """Claimed by a worker that has not called the platform yet."""
    claimed = claim(queued_delivery().pk, worker="worker-1")
    assert claimed
    return claimed[0]
