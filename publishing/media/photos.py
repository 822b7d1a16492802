"""Photos and animations on their way in: decoded and written anew (S4, M10-M12)."""

from __future__ import annotations

import io
from pathlib import Path

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from publishing.models import MediaKind

from .prepared import MediaRefused, Patience, Prepared

PHOTO_BYTES = 5 * 1024 * 1024  # M11
ANIMATION_BYTES = 15 * 1024 * 1024
PHOTO_PIXELS = 40_000_000
ANIMATION_PIXELS = 200_000_000  # of all pictures together
ANIMATION_FRAMES = 350  # X2.2
PHOTO_SIDE = 2048  # more than any of the five platforms shows
SMALLEST_SIDE = 320
THUMBNAIL_SIDE = 480
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
PATIENCE = 30  # seconds

UNREADABLE = (
    UnidentifiedImageError,
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    OverflowError,
    MemoryError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def prepare_photo(source: Path, folder: Path) -> Prepared:
    """Raises MediaRefused."""
    if source.stat().st_size > ANIMATION_BYTES:
        raise _too_large()
    try:
        with Image.open(source, formats=FORMATS) as opened:
            _check_size(source, opened)
            if opened.format == "GIF" and getattr(opened, "n_frames", 1) > 1:
                return _animation(opened, folder)
            opened.load()
            picture = flattened(ImageOps.exif_transpose(opened))
    except UNREADABLE:
        raise MediaRefused(
            _("This file is not a photo we can read. Use JPEG, PNG, WebP or GIF.")
        ) from None
    picture.thumbnail((PHOTO_SIDE, PHOTO_SIDE))
    path = folder / "photo.jpg"
    path.write_bytes(jpeg(picture, 88))
    return Prepared(
        MediaKind.PHOTO, path, thumbnail(picture), "image/jpeg", ".jpg",
        picture.width, picture.height,
    )  # fmt: skip


def _check_size(source: Path, opened: Image.Image) -> None:
    if opened.format != "GIF" and source.stat().st_size > PHOTO_BYTES:
        raise _too_large()
    if opened.width * opened.height > PHOTO_PIXELS:
        raise MediaRefused(_("The photo has too many pixels. Save it smaller."))
    if min(opened.size) < SMALLEST_SIDE:
        raise MediaRefused(_("The photo is too small: each side needs at least 320 pixels."))


def _too_large() -> MediaRefused:
    return MediaRefused(
        _("The file is too large: a photo may have 5 MB, an animation 15 MB. Save it smaller.")
    )


def _animation(opened: Image.Image, folder: Path) -> Prepared:
    """Every picture written anew: comments and whatever else a GIF carries stay behind."""
    pixels = opened.width * opened.height
    patience = Patience(PATIENCE)
    frames, times = [], []
    for frame in ImageSequence.Iterator(opened):
        patience.check()
        times.append(min(max(int(frame.info.get("duration") or 100), 20), 10_000))
        frames.append(flattened(frame).quantize(256))
        if len(frames) > ANIMATION_FRAMES or len(frames) * pixels > ANIMATION_PIXELS:
            raise MediaRefused(_("The animation is too long. Shorten it, or use a video."))
    path = folder / "animation.gif"
    frames[0].save(
        path, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0, optimize=False
    )
    if path.stat().st_size > ANIMATION_BYTES:
        raise _too_large()
    return Prepared(
        MediaKind.ANIMATION, path, thumbnail(frames[0].convert("RGB")), "image/gif", ".gif",
        *opened.size, round(sum(times) / 1000, 2), {"frames": len(frames)},
    )  # fmt: skip


def flattened(picture: Image.Image) -> Image.Image:
    """RGB on white: platforms take no transparency in JPEG, and metadata stays behind."""
    layer = picture.convert("RGBA")
    ground = Image.new("RGB", layer.size, "white")
    ground.paste(layer, mask=layer.getchannel("A"))
    return ground


def jpeg(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return out.getvalue()


def thumbnail(picture: Image.Image) -> bytes:
    small = picture.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return jpeg(small, 80)
