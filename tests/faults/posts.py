"""What is to be published: numbered posts of several kinds, to handles of two platforms."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO

from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

from departments.credentials import Secrets, seal_secrets
from departments.models import Credential, Department, Handle, User
from publishing.actions import queue_message
from publishing.connectors import x_text
from publishing.models import Delivery, Media, Message, MessagePart
from publishing.rehearsal.store import Store
from publishing.seal import SealedFile, SealedPart, compute_seal

PLATFORMS = ("facebook", "x")
KINDS = ("text", "thread", "photo", "photos")
FIRST_DUE = timedelta(minutes=30)  # ago: each handle has a queue, in order


def approved_seal(source_id: int) -> str:
    """What was approved does not change here; what is stored of it may (see `forge`)."""
    return Message.objects.get(source="faults", source_id=source_id).seal


def handles(owner: Department, officer: User, number: int, store: Store) -> list[Handle]:
    """Connected, and known to the rehearsal under the same accounts."""
    made = Handle.objects.bulk_create(
        Handle(
            department=owner,
            platform=PLATFORMS[place % len(PLATFORMS)],
            name=f"Fault{place}",
            url=f"https://example.com/Fault{place}",
            external_id=str(7_000_000 + place),
            state="connected",
            accountable_officer=officer,
        )
        for place in range(number)
    )
    Credential.objects.bulk_create(
        Credential(handle=one, sealed=seal_secrets(Secrets(f"token-{one.external_id}", {})))
        for one in made
    )
    for one in made:
        store.add_account(one.platform, one.external_id, one.name, f"token-{one.external_id}")
    return made


def queue(owner: Department, officer: User, to: list[Handle], number: int) -> None:
    """As many deliveries, round by round, each due after the one before. On Facebook a round is one
    campaign to all; on X every handle says something of its own, but for the first round, which
    one of them posts and the others repost.
    """
    photos = [_photo(owner, officer, place) for place in range(2)]
    pages = [one for one in to if one.platform == "facebook"]
    speakers = [one for one in to if one.platform == "x"]
    due, numbers = timezone.now() - FIRST_DUE, itertools.count()
    for place in itertools.count():
        groups = [pages, *([speakers] if place == 0 else [[one] for one in speakers])]
        for group in groups:
            some = group[:number]
            if not some:
                return
            message = _message(owner, officer, some, next(numbers), photos)
            moment = due + timedelta(seconds=place)
            Delivery.objects.filter(message=message).update(due_at=moment)
            number -= len(some)


def texts_of(number: int, platform: str) -> Iterator[str]:
    """What the platform holds of the numbered post once it is out whole."""
    text = _text(number)
    yield from x_text.thread_of(text) if platform == "x" else [text]


def _kind(number: int) -> str:
    return KINDS[number % len(KINDS)]


def _text(number: int) -> str:
    sentence = f"क्रमांक {number}: जनपद लखनऊ में पेंशन शिविर।"
    if _kind(number) != "thread":
        return sentence
    return "\n---\n".join(f"{sentence} आवेदन {place} बजे से लिए जाएँगे।" for place in (10, 11, 12))


def _message(
    owner: Department, officer: User, to: list[Handle], number: int, photos: list[Media]
) -> Message:
    count = {"photo": 1, "photos": 2}.get(_kind(number), 0)
    files = tuple(SealedFile(one.sha256, one.alt_hi, "shown") for one in photos[:count])
    there = sorted({one.platform for one in to})
    parts = [SealedPart(platform, _text(number), "", (), files) for platform in there]
    return queue_message(
        department=owner,
        source="faults",
        source_id=number,
        parts=parts,
        media={platform: [one.pk for one in photos[:count]] for platform in there},
        handles=to,
        not_before=None,
        not_after=None,
        seal=compute_seal(parts, [one.pk for one in to], None, None),
        actor=officer,
    )


def _photo(owner: Department, officer: User, place: int) -> Media:
    picture = BytesIO()
    Image.new("RGB", (640, 480), (40 * place, 90, 140)).save(picture, "JPEG")
    content = picture.getvalue()
    media = Media(
        department=owner,
        kind="photo",
        sha256=hashlib.sha256(content).hexdigest(),
        mime="image/jpeg",
        suffix=".jpg",
        size=len(content),
        width=640,
        height=480,
        alt_hi=f"शिविर {place}",
        added_by=officer,
    )
    media.file.save("file", ContentFile(content), save=False)
    media.save()
    return media


def forge() -> None:
    """Somebody changes one post behind the portal's back, in the database itself."""
    message = Message.objects.filter(source="faults").order_by("-pk")[0]
    MessagePart.objects.filter(message=message).update(text="जाली: पेंशन बंद कर दी गई है।")
