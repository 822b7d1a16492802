"""Storing a photo or video, and what may be said of it later. Its bytes never change."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from departments.models import Department, User
from portal.audit.actions import record
from portal.errors import NotPermitted
from publishing import access
from publishing.models import Media, MediaKind, Rights

from .photos import prepare_photo
from .prepared import MediaRefused, Prepared
from .videos import prepare_video

VIDEO_BYTES = 64 * 1024 * 1024  # with a form; larger ones come in pieces (uploads.py)


def add_media(
    department: Department,
    upload: UploadedFile,
    *,
    kind: str,
    alt_hi: str,
    alt_en: str = "",
    rights: str = Rights.OWN,
    rights_note: str = "",
    consent_reference: str = "",
    actor: User,
) -> Media:
    """Store a photo, animation or video, whatever its name says.

    A photo that moves becomes an animation. Raises MediaRefused, NotPermitted.
    """
    words = described(alt_hi, alt_en, rights, rights_note, consent_reference)
    may_add(actor, department)
    if kind == MediaKind.VIDEO and (upload.size or 0) > VIDEO_BYTES:
        raise MediaRefused(_("The video is larger than 64 MB. Add it on the page of the library."))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "in")
        with source.open("wb") as file:
            file.writelines(upload.chunks())
        return store_file(department, source, kind, words, actor)


def may_add(actor: User, department: Department) -> None:
    """Raises NotPermitted."""
    if not access.can_add_media(actor, department.pk):
        raise NotPermitted(_("You may not do this."))


def described(
    alt_hi: str,
    alt_en: str = "",
    rights: str = Rights.OWN,
    rights_note: str = "",
    consent_reference: str = "",
) -> dict[str, str]:
    """What is said of a file, tidied, by the fields of Media. Raises MediaRefused."""
    words = {
        "alt_hi": alt_hi.strip()[:140],
        "alt_en": alt_en.strip()[:140],
        "rights": rights,
        "rights_note": rights_note.strip()[:200],
        "consent_reference": consent_reference.strip()[:200],
    }
    if not words["alt_hi"]:
        raise MediaRefused(_("Say in Hindi what the photo or video shows."))
    _check_rights(words)
    return words


def _check_rights(words: dict[str, str]) -> None:
    if words["rights"] not in Rights.values:
        raise MediaRefused(_("Say on what ground the department may publish it."))
    if words["rights"] != Rights.OWN and not words["rights_note"]:
        raise MediaRefused(_("Say whose it is, and where the permission or licence is."))


def store_file(
    department: Department, source: Path, kind: str, words: dict[str, str], actor: User
) -> Media:
    """Make a file clean and keep it. `words` come from `described`. Raises MediaRefused."""
    prepare = prepare_video if kind == MediaKind.VIDEO else prepare_photo
    with tempfile.TemporaryDirectory() as folder:
        return _store(department, prepare(source, Path(folder)), words, actor)


def _store(department: Department, prepared: Prepared, words: dict[str, str], actor: User) -> Media:
    """The bytes are written before the row, so that no transaction waits for a storage."""
    with prepared.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    same = {
        "department": department,
        "sha256": sha256,
        "alt_hi": words["alt_hi"],
        "alt_en": words["alt_en"],
    }
    if known := Media.objects.filter(**same).first():
        return known  # sent twice, or chosen again
    media = Media(
        department=department,
        kind=prepared.kind,
        sha256=sha256,
        mime=prepared.mime,
        suffix=prepared.suffix,
        size=prepared.path.stat().st_size,
        width=prepared.width,
        height=prepared.height,
        duration=prepared.duration,
        facts=dict(prepared.facts),
        added_by=actor,
        **words,
    )
    with prepared.path.open("rb") as file:
        media.file.save("file", File(file), save=False)
    media.thumbnail.save("file", ContentFile(prepared.thumbnail), save=False)
    kept = _keep(media, same)
    if kept.pk != media.pk:
        media.file.delete(save=False)
        media.thumbnail.delete(save=False)
    return kept


@transaction.atomic
def _keep(media: Media, same: dict[str, object]) -> Media:
    """The row, unless the same file was stored by another request in between."""
    Department.objects.select_for_update().get(pk=media.department_id)
    if known := Media.objects.filter(**same).first():
        return known
    media.save()
    data = {"sha256": media.sha256, "size": media.size, "rights": media.rights}
    _recorded("publishing.media.added", media, media.added_by, data)
    return media


@transaction.atomic
def change_rights(
    media: Media, *, rights: str, rights_note: str, consent_reference: str, actor: User
) -> Media:
    """Raises MediaRefused, NotPermitted."""
    media = _locked(media, actor)
    words = {"rights": rights, "rights_note": rights_note.strip()}
    _check_rights(words)
    words["consent_reference"] = consent_reference.strip()
    old = {name: getattr(media, name) for name in words}
    if old == words:
        return media
    for name, value in words.items():
        setattr(media, name, value)
    media.save(update_fields=list(words))
    data = {"old": old, "new": words}
    _recorded("publishing.media.rights_changed", media, actor, data)
    return media


@transaction.atomic
def retire_media(media: Media, *, is_retired: bool, actor: User) -> Media:
    """Offer it for new posts no longer, or again. Raises NotPermitted."""
    media = _locked(media, actor)
    if media.is_retired != is_retired:
        media.is_retired = is_retired
        media.save(update_fields=["is_retired"])
        name = "publishing.media.retired" if is_retired else "publishing.media.restored"
        _recorded(name, media, actor, {})
    return media


def _locked(media: Media, actor: User) -> Media:
    media = (
        Media.objects.select_for_update(of=("self",)).select_related("department").get(pk=media.pk)
    )
    may_add(actor, media.department)
    return media


def _recorded(action: str, media: Media, actor: User, data: Mapping[str, object]) -> None:
    record(action, media, actor=actor, department=media.department.slug, data=data)
