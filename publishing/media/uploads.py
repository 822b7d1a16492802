"""Large files that arrive piece by piece (tus 1.0.0, core and creation): a row says how much is
safe on the disk, and an interrupted sender goes on from there.

The pieces lie in VAR_DIR/uploads, which several web hosts must share; see docs/production.md.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.models import Department, User
from portal.errors import ActionRefused
from publishing.models import MediaKind, Upload, Work

from .adding import described, may_add
from .fitting import wake
from .photos import ANIMATION_BYTES
from .prepared import MediaRefused

BLOCK = 256 * 1024
OPEN_AT_MOST = 20  # unfinished uploads of one officer
ABANDONED_AFTER = timedelta(hours=24)
FORGOTTEN_AFTER = timedelta(days=7)  # the row of one that is finished


class Piece(Protocol):
    """What arrives, for instance a request."""

    def read(self, size: int, /) -> bytes: ...


class OffsetConflict(ActionRefused):
    """The piece does not begin where the last one ended: ask where that is, and go on there."""


def piece_path(upload: Upload) -> Path:
    return settings.VAR_DIR / "uploads" / str(upload.key)


def begin_upload(
    department: Department, *, kind: str, size: int, words: Mapping[str, str], actor: User
) -> Upload:
    """`words` by the names of `described`'s parameters. Raises MediaRefused, NotPermitted."""
    may_add(actor, department)
    said = described(**words)
    if kind not in {MediaKind.PHOTO, MediaKind.VIDEO}:
        raise MediaRefused(_("Say whether it is a photo or a video."))
    limit = settings.MEDIA_LARGEST if kind == MediaKind.VIDEO else ANIMATION_BYTES
    if not 0 < size <= limit:
        raise MediaRefused(
            _("The file is empty or larger than %(limit)s MB.") % {"limit": limit // 1024**2}
        )
    if open_uploads(actor).count() >= OPEN_AT_MOST:
        raise MediaRefused(_("Too many files are on their way. Let some arrive first."))
    return Upload.objects.create(
        department=department, kind=kind, size=size, fields=said, added_by=actor
    )


def open_uploads(actor: User) -> QuerySet[Upload]:
    return Upload.objects.filter(added_by=actor, state__in=(Work.WAITING, Work.RUNNING))


def append_piece(upload: Upload, offset: int, stream: Piece, *, actor: User) -> Upload:
    """Take what arrives, also if the connection breaks off in the middle.

    Raises OffsetConflict, NotPermitted.
    """
    may_add(actor, upload.department)
    with _alone(upload) as file:
        upload.refresh_from_db()
        if offset != upload.received or upload.state != Work.WAITING:
            raise OffsetConflict(_("The piece does not follow the last one."))
        file.truncate(upload.received)  # what an interrupted piece left behind the last safe byte
        file.seek(upload.received)
        received = upload.received + _written(file, stream, upload.size - upload.received)
        file.flush()
        os.fsync(file.fileno())
        _advance(upload, received)
    return upload


def _written(file: BinaryIO, stream: Piece, room: int) -> int:
    written = 0
    while written < room:
        try:
            block = stream.read(min(BLOCK, room - written))
        except OSError:  # the connection broke: what came before counts
            break
        if not block:
            break
        file.write(block)
        written += len(block)
    return written


@contextmanager
def _alone(upload: Upload) -> Iterator[BinaryIO]:
    """One writer at a time, among all processes that share the folder. Raises OffsetConflict."""
    path = piece_path(upload)
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o640), "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OffsetConflict(_("The same file is arriving already.")) from None
        yield file


@transaction.atomic
def _advance(upload: Upload, received: int) -> None:
    moved = Upload.objects.filter(pk=upload.pk, state=Work.WAITING, received=upload.received)
    if not moved.update(received=received, touched_at=timezone.now()):
        raise OffsetConflict(_("The piece does not follow the last one."))
    upload.received = received
    if received == upload.size:
        transaction.on_commit(wake)


def drop_upload(upload: Upload, *, actor: User) -> None:
    """Raises NotPermitted; one that is being prepared is left to end."""
    may_add(actor, upload.department)
    dropped, _rows = Upload.objects.filter(pk=upload.pk).exclude(state=Work.RUNNING).delete()
    if dropped:
        piece_path(upload).unlink(missing_ok=True)


def sweep_uploads(at: datetime) -> None:
    """Forget what nobody sends any more, and what was settled a while ago."""
    old = Upload.objects.filter(touched_at__lt=at - ABANDONED_AFTER)
    unfinished = old.filter(state=Work.WAITING, received__lt=F("size"))
    settled = Upload.objects.filter(
        touched_at__lt=at - FORGOTTEN_AFTER, state__in=(Work.READY, Work.REFUSED)
    )
    for upload in [*unfinished[:200], *settled[:200]]:
        upload.delete()
        piece_path(upload).unlink(missing_ok=True)
