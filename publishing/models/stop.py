"""What the Directorate has stopped, until when, and what may go out in spite of a freeze."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.models import Department
from departments.platforms import Platform

from .message import Message


class Scope(models.TextChoices):
    """How much a stop holds back."""

    EVERYTHING = "everything", _("Everything")
    PLATFORM = "platform", _("One platform")
    DEPARTMENT = "department", _("One department")
    TOPIC = "topic", _("One scheme")
    MESSAGE = "message", _("One post")


class StopQuerySet(models.QuerySet["Stop"]):
    def in_force(self, at: datetime) -> StopQuerySet:
        """Pressed and not released; a freeze only between its days."""
        return self.filter(
            Q(ends_at__isnull=True) | Q(ends_at__gt=at), released_at__isnull=True, starts_at__lte=at
        )


class Stop(models.Model):
    """Nothing in its scope leaves while it is in force, take-downs excepted.

    A stop has no end of its own; a freeze (election, mourning) is one with an end, fixed
    beforehand. A department pauses its own post with a stop that is not `by_directorate`.
    """

    scope = models.CharField(max_length=12, choices=Scope)
    platform = models.CharField(max_length=20, choices=Platform, blank=True)
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="stops"
    )
    topic = models.CharField(max_length=40, blank=True)  # as in Message.topic
    message = models.ForeignKey(
        Message, models.PROTECT, null=True, blank=True, related_name="stops"
    )
    # The same in one word, so that whoever presses twice has pressed once.
    place = models.CharField(max_length=80, editable=False, default="")
    reason = models.TextField(_("reason"))
    by_directorate = models.BooleanField(default=True)
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)  # of a freeze
    pressed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    pressed_at = models.DateTimeField(default=timezone.now)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    released_at = models.DateTimeField(null=True, blank=True)
    release_reason = models.TextField(blank=True)

    objects = StopQuerySet.as_manager()
    about: str  # how much, in words; stop_notice.named says it

    class Meta:
        ordering: ClassVar = ["-pressed_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(
                    Q(scope=Scope.EVERYTHING, platform="", topic="")
                    & Q(department__isnull=True, message__isnull=True)
                )
                | (Q(scope=Scope.PLATFORM) & ~Q(platform=""))
                | Q(scope=Scope.DEPARTMENT, department__isnull=False)
                | (Q(scope=Scope.TOPIC) & ~Q(topic=""))
                | Q(scope=Scope.MESSAGE, message__isnull=False),
                name="stop_scope_is_named",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="stop_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True, released_by__isnull=True)
                | (Q(released_at__isnull=False, released_by__isnull=False) & ~Q(release_reason="")),
                name="stop_released_by_someone",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="stop_has_reason"),
            models.UniqueConstraint(
                fields=["place", "by_directorate"],
                condition=Q(released_at__isnull=True, ends_at__isnull=True),
                name="stop_pressed_once",
            ),
            models.UniqueConstraint(
                fields=["place", "starts_at", "ends_at"],
                condition=Q(released_at__isnull=True, ends_at__isnull=False),
                name="freeze_set_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["starts_at"], condition=Q(released_at__isnull=True), name="stop_in_force"
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_scope_display())

    def save(self, *args: Any, **options: Any) -> None:
        named = self.platform or self.department_id or self.topic or self.message_id
        self.place = f"{self.scope}:{named}" if named else self.scope
        super().save(*args, **options)

    @property
    def is_freeze(self) -> bool:
        return self.ends_at is not None

    def is_in_force(self, at: datetime) -> bool:
        has_ended = self.ends_at is not None and self.ends_at <= at
        return self.released_at is None and self.starts_at <= at and not has_ended


class Exemption(models.Model):
    """One post may go out in spite of a freeze: asked for by one officer, confirmed by another."""

    stop = models.ForeignKey(Stop, models.PROTECT, related_name="exemptions")
    message = models.ForeignKey(Message, models.PROTECT, related_name="exemptions")
    reason = models.TextField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["stop", "message"], name="exemption_once"),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | (
                    Q(confirmed_by__isnull=False, confirmed_at__isnull=False)
                    & ~Q(confirmed_by=F("asked_by"))
                ),
                name="exemption_needs_two_people",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="exemption_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.stop} · {self.message}"
