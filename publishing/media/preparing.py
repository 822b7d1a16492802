"""What a worker prepares: copies that fit the platforms, and large uploads that have arrived.

A row is taken for a while (its lease is renewed with every sign of progress), so that a worker that
is killed is followed by another. Each change asks whether the row is still this worker's.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone, translation

from publishing.models import Derivative, Upload, Work

from .adding import described, store_file
from .copies import CopyImpossible, make_copy
from .fitting import Recipe, wake
from .prepared import MediaRefused
from .uploads import piece_path, sweep_uploads

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=120)  # without a sign of life
TRIES = 3
TOLD_EVERY = 2  # seconds between two signs of life

Job = Derivative | Upload


class LeaseLost(Exception):
    """Another worker has taken it meanwhile: stop, write nothing."""


def prepare_next() -> None:
    """Prepare what has waited longest, if this may be done now; then ask for the next one."""
    job = take_next(timezone.now())
    if job is None:
        return
    try:
        prepare(job)
    except LeaseLost:
        log.info("%s %s was taken by another worker", job._meta.model_name, job.pk)
    if waiting(timezone.now()):
        transaction.on_commit(wake)


def sweep() -> None:
    """Follow up what lost its worker or its wake-up; forget uploads that nobody sends any more."""
    now = timezone.now()
    if waiting(now):
        wake()
    sweep_uploads(now)


def waiting(at: datetime) -> list[Job]:
    """What nobody works on, oldest first, as far as its file is on this machine."""
    copies = Derivative.objects.filter(_free("taken_at", at)).order_by("asked_at", "pk")[:1]
    whole = Upload.objects.filter(_free("touched_at", at), received=F("size"))
    here = [one for one in whole.order_by("started_at")[:20] if piece_path(one).exists()]
    return [*here[:1], *copies]


def take_next(at: datetime) -> Job | None:
    """Only so many at once, of all workers together: publishing must not wait for videos."""
    fresh = at - LEASE
    busy = Derivative.objects.filter(state=Work.RUNNING, taken_at__gte=fresh).count()
    busy += Upload.objects.filter(state=Work.RUNNING, touched_at__gte=fresh).count()
    if busy >= settings.MEDIA_AT_ONCE:
        return None
    return next((job for job in waiting(at) if _take(job, at)), None)


def _take(job: Job, at: datetime) -> bool:
    notes = _notes(job)
    tries = int(notes.get("tries", 0)) + 1
    values = {"state": Work.RUNNING, _lease(job): at, _notes_field(job): {**notes, "tries": tries}}
    free = type(job).objects.filter(_free(_lease(job), at), pk=job.pk)
    if not free.update(progress=0, **values):
        return False
    for name, value in values.items():
        setattr(job, name, value)
    return True


def prepare(job: Job) -> None:
    """Raises LeaseLost."""
    teller = _Teller(job)
    if _notes(job)["tries"] > TRIES:
        _refuse(job, "media_too_hard")
        return
    try:
        if isinstance(job, Upload):
            _finish_upload(job, teller)
        else:
            _finish_copy(job, teller)
    except CopyImpossible as refusal:
        _refuse(job, refusal.code)
    except MediaRefused as refusal:
        _refuse(job, refusal.message if isinstance(job, Upload) else "media_unreadable")


def _finish_copy(copy: Derivative, tell: _Teller) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / f"in{copy.media.suffix}"
        with copy.media.file.open("rb") as stored, source.open("wb") as file:
            while block := stored.read(1 << 20):
                file.write(block)
        made = make_copy(source, copy.media, Recipe.named(copy.recipe), folder, tell)
        with made.path.open("rb") as file:
            copy.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            copy.mime, copy.suffix = made.mime, made.suffix
            copy.file.save("file", File(file), save=False)
        _end(
            copy,
            state=Work.READY,
            file=copy.file.name,
            sha256=copy.sha256,
            mime=made.mime,
            suffix=made.suffix,
            size=made.path.stat().st_size,
            width=made.width,
            height=made.height,
            duration=made.duration,
            facts=dict(made.facts),
        )


def _finish_upload(upload: Upload, tell: _Teller) -> None:
    tell(0.05)
    words = described(**{name: upload.fields.get(name, "") for name in DESCRIBED})
    path = piece_path(upload)
    media = store_file(upload.department, path, upload.kind, words, upload.added_by)
    _end(upload, state=Work.READY, media=media)
    path.unlink(missing_ok=True)


DESCRIBED = ("alt_hi", "alt_en", "rights", "rights_note", "consent_reference")


class _Teller:
    """Stores the progress, which also renews the lease. Raises LeaseLost."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.told_at = time.monotonic()

    def __call__(self, share: float) -> None:
        if time.monotonic() - self.told_at < TOLD_EVERY:
            return
        self.told_at = time.monotonic()
        now = timezone.now()
        progress = max(0, min(99, int(share * 100)))
        _write(self.job, {"progress": progress, _lease(self.job): now})
        setattr(self.job, _lease(self.job), now)


def _refuse(job: Job, problem: object) -> None:
    """A code of problems.py for a copy; for an upload the sentence, translated when it is shown."""
    with translation.override("en"):
        _end(job, state=Work.REFUSED, problem=str(problem))
    if isinstance(job, Upload):
        piece_path(job).unlink(missing_ok=True)


def _end(job: Job, **values: Any) -> None:
    _write(job, {"progress": 100, **values})


def _write(job: Job, values: dict[str, Any]) -> None:
    if not _mine(job).update(**values):
        raise LeaseLost


def _mine(job: Job) -> QuerySet[Any]:
    lease = {_lease(job): getattr(job, _lease(job))}
    return type(job)._default_manager.filter(pk=job.pk, state=Work.RUNNING, **lease)


def _free(lease: str, at: datetime) -> Q:
    lost = Q(state=Work.RUNNING) & (Q(**{f"{lease}__lt": at - LEASE}) | Q(**{lease: None}))
    return Q(state=Work.WAITING) | lost


def _lease(job: Job) -> str:
    return "touched_at" if isinstance(job, Upload) else "taken_at"


def _notes_field(job: Job) -> str:
    return "fields" if isinstance(job, Upload) else "facts"


def _notes(job: Job) -> dict[str, Any]:
    return getattr(job, _notes_field(job))
