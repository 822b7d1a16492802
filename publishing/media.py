"""Photos and videos on their way in: verified, re-encoded, stripped of metadata (S4, M10-M12).

Nothing of the uploaded bytes is stored: a photo is decoded and written anew, a video is remuxed
into a new container.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path

import av
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

from departments.models import Department, User
from portal.audit.actions import record
from portal.errors import ActionRefused, NotPermitted

from . import access
from .models import Media, MediaKind

PHOTO_BYTES = 5 * 1024 * 1024  # M11
PHOTO_PIXELS = 40_000_000
PHOTO_SIDE = 2048  # more than any of the five platforms shows
SMALLEST_SIDE = 320
THUMBNAIL_SIDE = 480
VIDEO_BYTES = 64 * 1024 * 1024
VIDEO_SECONDS = 15 * 60
PHOTO_FORMATS = ("JPEG", "PNG", "WEBP")


class MediaRefused(ActionRefused):
    """The file cannot be used; the sentence says why."""


@dataclass(frozen=True)
class _Prepared:
    kind: str
    content: bytes
    thumbnail: bytes
    mime: str
    suffix: str
    width: int
    height: int
    duration: float | None = None


def add_media(
    department: Department,
    upload: UploadedFile,
    *,
    kind: str,
    alt_hi: str,
    alt_en: str = "",
    actor: User,
) -> Media:
    """Store a photo or a video, whatever its name says. Raises MediaRefused, NotPermitted."""
    if not access.can_add_media(actor, department.pk):
        raise NotPermitted(_("You may not do this."))
    alt_hi, alt_en = alt_hi.strip(), alt_en.strip()
    if not alt_hi:
        raise MediaRefused(_("Say in Hindi what the photo or video shows."))
    prepared = _prepare_video(upload) if kind == MediaKind.VIDEO else _prepare_photo(upload)
    return _store(department, prepared, alt_hi, alt_en, actor)


@transaction.atomic
def _store(
    department: Department, prepared: _Prepared, alt_hi: str, alt_en: str, actor: User
) -> Media:
    sha256 = hashlib.sha256(prepared.content).hexdigest()
    same = {"department": department, "sha256": sha256, "alt_hi": alt_hi, "alt_en": alt_en}
    if known := Media.objects.filter(**same).first():
        return known  # sent twice, or chosen again
    media = Media(
        department=department,
        kind=prepared.kind,
        sha256=sha256,
        mime=prepared.mime,
        suffix=prepared.suffix,
        size=len(prepared.content),
        width=prepared.width,
        height=prepared.height,
        duration=prepared.duration,
        alt_hi=alt_hi,
        alt_en=alt_en,
        added_by=actor,
    )
    media.file.save("file", ContentFile(prepared.content), save=False)
    media.thumbnail.save("file", ContentFile(prepared.thumbnail), save=False)
    media.save()
    data = {"sha256": media.sha256, "size": media.size}
    record("publishing.media.added", media, actor=actor, department=department.slug, data=data)
    return media


def _prepare_photo(upload: UploadedFile) -> _Prepared:
    if (upload.size or 0) > PHOTO_BYTES:
        raise MediaRefused(_("The photo is larger than 5 MB. Save it smaller and try again."))
    try:
        with Image.open(upload, formats=PHOTO_FORMATS) as opened:
            if opened.width * opened.height > PHOTO_PIXELS:
                raise MediaRefused(_("The photo has too many pixels. Save it smaller."))
            opened.load()
            picture = _flattened(ImageOps.exif_transpose(opened))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise MediaRefused(
            _("This file is not a photo we can read. Use JPEG, PNG or WebP.")
        ) from None
    if min(picture.size) < SMALLEST_SIDE:
        raise MediaRefused(_("The photo is too small: each side needs at least 320 pixels."))
    picture.thumbnail((PHOTO_SIDE, PHOTO_SIDE))
    return _Prepared(
        MediaKind.PHOTO, _jpeg(picture, 88), _thumbnail(picture), "image/jpeg", ".jpg",
        picture.width, picture.height,
    )  # fmt: skip


def _flattened(picture: Image.Image) -> Image.Image:
    """RGB on white: platforms take no transparency in JPEG, and metadata stays behind."""
    layer = picture.convert("RGBA")
    ground = Image.new("RGB", layer.size, "white")
    ground.paste(layer, mask=layer.getchannel("A"))
    return ground


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return out.getvalue()


def _thumbnail(picture: Image.Image) -> bytes:
    small = picture.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return _jpeg(small, 80)


def _prepare_video(upload: UploadedFile) -> _Prepared:
    if (upload.size or 0) > VIDEO_BYTES:
        raise MediaRefused(_("The video is larger than 64 MB."))
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.mp4"), Path(folder, "out.mp4")
        with source.open("wb") as file:
            file.writelines(upload.chunks())
        try:
            return _remuxed(source, target)
        except (av.error.FFmpegError, ValueError, IndexError):
            raise MediaRefused(_("This file is not a video we can read. Use MP4.")) from None


def _remuxed(source: Path, target: Path) -> _Prepared:
    with av.open(str(source)) as incoming:
        if not incoming.streams.video:
            raise MediaRefused(_("The file has sound but no picture."))
        stream = incoming.streams.video[0]
        if stream.codec_context.name != "h264":
            raise MediaRefused(_("The video must be MP4 with H.264."))
        duration = float(incoming.duration or 0) / av.time_base
        if not 1 <= duration <= VIDEO_SECONDS:
            raise MediaRefused(_("The video must be between one second and 15 minutes long."))
        width, height = stream.codec_context.width, stream.codec_context.height
        first = next(incoming.decode(video=0)).to_image()
        incoming.seek(0)
        _copy_streams(incoming, target)
    return _Prepared(
        MediaKind.VIDEO, target.read_bytes(), _thumbnail(first), "video/mp4", ".mp4",
        width, height, round(duration, 2),
    )  # fmt: skip


def _copy_streams(incoming: av.container.InputContainer, target: Path) -> None:
    wanted = [*incoming.streams.video[:1], *incoming.streams.audio[:1]]
    with av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as outgoing:
        copies = {stream.index: outgoing.add_stream_from_template(stream) for stream in wanted}
        for packet in incoming.demux(wanted):
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                outgoing.mux(packet)
