"""Photos and videos of a department, and what is made of them."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from departments.models import Department


class MediaKind(models.TextChoices):
    PHOTO = "photo", _("Photo")
    VIDEO = "video", _("Video")
    ANIMATION = "animation", _("Animation")


class Rights(models.TextChoices):
    """On what ground a department may publish a photo or video (rights of the photographer)."""

    OWN = "own", _("Made by the department")
    PERMITTED = "permitted", _("Used with permission")
    OPEN = "open", _("Under an open licence")


def media_path(media: Media, filename: str) -> str:
    """By department and content hash: nothing of the uploader's file name survives."""
    return f"{media.department_id}/{media.sha256[:2]}/{media.sha256}{media.suffix}"


def thumbnail_path(media: Media, filename: str) -> str:
    return f"{media.department_id}/{media.sha256[:2]}/{media.sha256}-small.jpg"


class Media(models.Model):
    """A photo or video of a department: verified, re-encoded, without metadata. Never changed."""

    department = models.ForeignKey(Department, models.PROTECT, related_name="media")
    kind = models.CharField(max_length=10, choices=MediaKind)
    file = models.FileField(upload_to=media_path, max_length=200)
    thumbnail = models.FileField(upload_to=thumbnail_path, max_length=200)
    sha256 = models.CharField(max_length=64)
    mime = models.CharField(max_length=30)
    suffix = models.CharField(max_length=8)
    size = models.PositiveBigIntegerField()  # bytes
    width = models.PositiveIntegerField()  # pixels
    height = models.PositiveIntegerField()
    duration = models.FloatField(null=True, blank=True)  # seconds, for video
    # What the probe found: video_codec, audio_codec, fps.
    facts = models.JSONField(default=dict)
    alt_hi = models.CharField(_("what it shows, in Hindi"), max_length=140)
    alt_en = models.CharField(_("what it shows, in English"), max_length=140, blank=True)
    rights = models.CharField(_("rights"), max_length=10, choices=Rights, default=Rights.OWN)
    rights_note = models.CharField(_("whose it is"), max_length=200, blank=True)
    # Where the written consent of the people shown is kept; not the consent itself.
    consent_reference = models.CharField(_("consent of those shown"), max_length=200, blank=True)
    is_retired = models.BooleanField(_("no longer to be used"), default=False)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-added_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(alt_hi=""), name="media_has_alt_text"),  # M10
            models.CheckConstraint(
                condition=Q(rights=Rights.OWN) | ~Q(rights_note=""), name="media_rights_are_named"
            ),
        ]

    def __str__(self) -> str:
        return self.alt_hi


class Work(models.TextChoices):
    """Where something made in the background is."""

    WAITING = "waiting", _("Waiting to be prepared")
    RUNNING = "running", _("Being prepared")
    READY = "ready", _("Ready")
    REFUSED = "refused", _("Cannot be used")


def derivative_path(copy: Derivative, filename: str) -> str:
    folder = f"{copy.media.department_id}/{copy.media.sha256[:2]}"
    return f"{folder}/{copy.media.sha256}-{copy.recipe}{copy.suffix}"


class Derivative(models.Model):
    """A copy of a photo or video that fits one platform, made in the background."""

    media = models.ForeignKey(Media, models.CASCADE, related_name="derivatives")
    recipe = models.CharField(max_length=40)  # names what was asked for; same recipe, same copy
    state = models.CharField(max_length=10, choices=Work, default=Work.WAITING)
    progress = models.PositiveSmallIntegerField(default=0)  # of a hundred
    problem = models.CharField(max_length=60, blank=True)  # a code of problems.py
    file = models.FileField(upload_to=derivative_path, max_length=220, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    mime = models.CharField(max_length=30, blank=True)
    suffix = models.CharField(max_length=8, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    duration = models.FloatField(null=True, blank=True)
    facts = models.JSONField(default=dict)
    asked_at = models.DateTimeField(auto_now_add=True)
    taken_at = models.DateTimeField(null=True, blank=True)  # by a worker

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["media", "recipe"], name="derivative_made_once"),
            models.CheckConstraint(
                condition=~Q(state=Work.READY) | ~Q(sha256=""), name="derivative_ready_has_file"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.media} · {self.recipe}"


def captions_path(captions: Captions, filename: str) -> str:
    folder = f"{captions.media.department_id}/{captions.media.sha256[:2]}"
    return f"{folder}/{captions.media.sha256}-{captions.language}-{captions.sha256[:12]}.vtt"


class Captions(models.Model):
    """Subtitles of a video in one language, kept as WebVTT. Required for video (standards M13)."""

    media = models.ForeignKey(Media, models.CASCADE, related_name="captions")
    language = models.CharField(max_length=5)
    file = models.FileField(upload_to=captions_path, max_length=220)
    sha256 = models.CharField(max_length=64)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["language"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["media", "language"], name="captions_one_per_language"),
        ]

    def __str__(self) -> str:
        return f"{self.media} · {self.language}"


class Upload(models.Model):
    """A large file on its way in, piece by piece; when it is whole a worker makes Media of it."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    department = models.ForeignKey(Department, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=MediaKind)
    size = models.PositiveBigIntegerField()  # bytes announced
    received = models.PositiveBigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=Work, default=Work.WAITING)
    progress = models.PositiveSmallIntegerField(default=0)  # of a hundred, of the preparation
    problem = models.TextField(blank=True)  # the sentence that says why it cannot be used
    fields = models.JSONField(default=dict)  # alt text and rights, as typed
    media = models.ForeignKey(Media, models.SET_NULL, null=True, blank=True, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    started_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(received__lte=models.F("size")), name="upload_within_its_size"
            ),
        ]

    def __str__(self) -> str:
        return str(self.key)

    @property
    def is_unfinished(self) -> bool:
        """Part of it has not arrived: whoever has the file can go on sending it."""
        return self.state == Work.WAITING and self.received < self.size

    @property
    def percent(self) -> int:
        """Of the file that has arrived."""
        return self.received * 100 // self.size
