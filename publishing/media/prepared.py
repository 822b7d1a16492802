"""What a file becomes before it is stored, and how it is refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.errors import ActionRefused

Progress = Callable[[float], None]  # told the share that is done, from 0 to 1


class MediaRefused(ActionRefused):
    """The file cannot be used; the sentence says why."""


@dataclass(frozen=True)
class Prepared:
    """A clean file in a temporary folder; nothing of the uploader's bytes but the picture."""

    kind: str
    path: Path
    thumbnail: bytes  # JPEG; empty for a copy, which needs none
    mime: str
    suffix: str
    width: int  # pixels, as shown
    height: int
    duration: float | None = None  # seconds
    # video_codec, audio_codec, pix_fmt, fps, bit_rate, has_audio; frames of an animation
    facts: Mapping[str, Any] = field(default_factory=dict)


class Patience:
    """A file may ask for endless work: after so many seconds it is refused."""

    def __init__(self, seconds: float) -> None:
        self.ends = time.monotonic() + seconds

    def check(self) -> None:
        if time.monotonic() > self.ends:
            raise MediaRefused(
                _("The file takes too long to read. Save it anew with another program.")
            )


def ignore(share: float) -> None:
    """Nobody watches the progress of what is done while the officer waits."""
