"""The seal: SHA-256 over exactly what will be sent, and when it may be (design.md 2, 4).

The same function seals a post at its last approval and a message immediately before each send, so
whatever changed in between, a letter, a photo's bytes, a handle, the time, no longer matches.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from .models import Media, Message, Operation


@dataclass(frozen=True)
class SealedFile:
    sha256: str  # of the bytes as stored, not as remembered
    alt: str


@dataclass(frozen=True)
class SealedPart:
    platform: str
    text: str
    title: str
    tags: tuple[str, ...]
    files: tuple[SealedFile, ...]


def compute_seal(
    parts: Iterable[SealedPart],
    handle_ids: Iterable[int],
    not_before: datetime | None,
    not_after: datetime | None,
) -> str:
    """64 hexadecimal digits. `not_before` None means at once, on approval."""
    sealed = {
        "parts": [asdict(part) for part in sorted(parts, key=lambda part: part.platform)],
        "handles": sorted(handle_ids),
        "window": [_moment(not_before), _moment(not_after)],
    }
    canonical = json.dumps(sealed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def sealed_file(media: Media, alt: str) -> SealedFile:
    """Reads the bytes again: a file that was replaced or is gone breaks the seal."""
    digest = hashlib.sha256()
    try:
        with media.file.open("rb") as stored:
            for block in iter(lambda: stored.read(1 << 20), b""):
                digest.update(block)
    except FileNotFoundError:
        return SealedFile("missing", alt)
    return SealedFile(digest.hexdigest(), alt)


def seal_of_message(message: Message) -> str:
    """The seal of what is stored now; equal to `message.seal` unless somebody touched it."""
    parts = [
        SealedPart(
            part.platform,
            part.text,
            part.title,
            tuple(part.tags),
            tuple(sealed_file(item.media, item.alt) for item in part.attachments.all()),
        )
        for part in message.parts.prefetch_related("attachments__media")
    ]
    handles = (
        message.deliveries.exclude(operation=Operation.REMOVE)
        .order_by("handle_id")
        .values_list("handle_id", flat=True)
        .distinct()
    )
    return compute_seal(parts, handles, message.not_before, message.not_after)


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
