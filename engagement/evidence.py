"""Photos about a case, decoded and written anew: nothing hidden in a file stays (S4, 13.4)."""

from __future__ import annotations

import uuid

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from departments.models import User
from portal.errors import MoveNotAllowed
from publishing.media.photos import PHOTO_BYTES, PHOTO_PIXELS, UNREADABLE, flattened, jpeg

from .models import Case, Evidence

FORMATS = ("JPEG", "PNG", "WEBP")
LONGEST_SIDE = 2048


def keep_photo(case: Case, photo: UploadedFile, *, alt: str, actor: User | None) -> Evidence:
    """The citizen's, where there is no actor; an officer's proof is shown to the citizen."""
    if (photo.size or 0) > PHOTO_BYTES:
        raise MoveNotAllowed(_("The photo has more than 5 MB. Save it smaller."))
    try:
        with Image.open(photo, formats=FORMATS) as opened:
            if opened.width * opened.height > PHOTO_PIXELS:
                raise MoveNotAllowed(_("The photo has too many pixels. Save it smaller."))
            opened.load()
            picture = flattened(ImageOps.exif_transpose(opened))
    except UNREADABLE:
        raise MoveNotAllowed(
            _("This file is not a photo we can read. Use JPEG, PNG or WebP.")
        ) from None
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    content = jpeg(picture, 85)
    kept = Evidence(
        case=case,
        mime="image/jpeg",
        size=len(content),
        alt=alt[:200],
        by_citizen=actor is None,
        is_public=actor is not None,
        added_by=actor,
    )
    kept.file.save(f"{uuid.uuid4().hex}.jpg", ContentFile(content), save=False)
    kept.save()
    return kept
