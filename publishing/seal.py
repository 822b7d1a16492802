"""The seal: SHA-256 over exactly what will be sent, and when it may be (design.md 2, 4).

The same function seals a post at its last approval and a message immediately before each send, so
whatever changed in between, a letter, a photo's bytes, a handle, the time, no longer matches.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from django.db.models.fields.files import FieldFile

from .media import fitted
from .models import Derivative, Media, MediaKind, Message, Operation, Place, Template


@dataclass(frozen=True)
class SealedFile:
    sha256: str  # of the bytes as stored, not as remembered
    alt: str
    place: str = Place.SHOWN
    captions: tuple[tuple[str, str], ...] = ()  # (language, sha256), by language


@dataclass(frozen=True)
class SealedPart:
    platform: str
    text: str
    title: str
    tags: tuple[str, ...]
    files: tuple[SealedFile, ...]
    options: tuple[tuple[str, str], ...] = ()  # (key, value), by key


def compute_seal(
    parts: Iterable[SealedPart],
    handle_ids: Iterable[int],
    not_before: datetime | None,
    not_after: datetime | None,
) -> str:
    """64 hexadecimal digits. `not_before` None means at once, on approval."""
    parts, handles = sorted(parts, key=lambda part: part.platform), sorted(handle_ids)
    sealed: dict[str, object] = {
        "parts": [asdict(part) for part in parts],
        "handles": handles,
        "window": [_moment(not_before), _moment(not_after)],
    }
    if chosen := {dict(part.options)["template"] for part in parts if _has_template(part)}:
        sealed["templates"] = _words_of_templates(chosen, handles)
    canonical = json.dumps(sealed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _has_template(part: SealedPart) -> bool:
    return bool(dict(part.options).get("template"))


def _words_of_templates(chosen: set[str], handle_ids: list[int]) -> list[list[object]]:
    """What people will read around the words of the post, as each handle's platform has it."""
    words = ("handle_id", "name", "language", "body", "header", "names", "is_named")
    rows = Template.objects.filter(handle__in=handle_ids).order_by("handle", "name", "language")
    return [list(row) for row in rows.values_list(*words) if f"{row[1]}:{row[2]}" in chosen]


def sealed_file(media: Media, alt: str, place: str = Place.SHOWN, *, platform: str) -> SealedFile:
    """Of the copy that fits the platform, or of the original where that goes as it is."""
    return _sealed(media, fitted(media, platform), alt, place)


def _sealed(media: Media, copy: Derivative | None, alt: str, place: str) -> SealedFile:
    captions: tuple[tuple[str, str], ...] = ()
    if media.kind == MediaKind.VIDEO:
        captions = tuple((one.language, _digest(one.file)) for one in media.captions.all())
    return SealedFile(_digest((copy or media).file), alt, place, captions)


def _digest(stored: FieldFile) -> str:
    """Reads the bytes again: a file that was replaced or is gone breaks the seal."""
    try:
        with stored.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, ValueError):
        return "missing"


def sealed_options(options: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(options.items()))


def seal_of_message(message: Message) -> str:
    """The seal of what is stored now; equal to `message.seal` unless somebody touched it."""
    parts = [
        SealedPart(
            part.platform,
            part.text,
            part.title,
            tuple(part.tags),
            tuple(
                _sealed(item.media, item.derivative, item.alt, item.place)
                for item in part.attachments.all()
            ),
            sealed_options(part.options),
        )
        for part in message.parts.prefetch_related(
            "attachments__media__captions", "attachments__derivative"
        )
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
