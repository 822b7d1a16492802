"""Who speaks on which platform, how often, and what is expected."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.models import Department, Handle
from departments.platforms import Platform

FORTNIGHT = 14  # days: the national norm, which ours may tighten and never loosen


class Norm(models.Model):
    """What the Directorate expects of every department on one platform."""

    platform = models.CharField(_("platform"), max_length=20, choices=Platform, unique=True)
    is_required = models.BooleanField(_("every department needs it"), default=True)
    posts_per_week = models.PositiveSmallIntegerField(_("posts a week"), default=1)
    silent_after = models.PositiveSmallIntegerField(
        _("silent after so many days"), default=FORTNIGHT
    )
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(silent_after__gte=1, silent_after__lte=FORTNIGHT),
                name="norm_within_a_fortnight",
            ),
        ]

    def __str__(self) -> str:
        return self.get_platform_display()


class NormExemption(models.Model):
    """A department that need not be on a platform, and why."""

    department = models.ForeignKey(Department, models.PROTECT, related_name="norm_exemptions")
    platform = models.CharField(_("platform"), max_length=20, choices=Platform)
    reason = models.CharField(_("reason"), max_length=200)
    until = models.DateField(_("until"), null=True, blank=True)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["department", "platform"], name="norm_exemption_once"),
        ]

    def __str__(self) -> str:
        return f"{self.department} · {self.platform}"


class HandleWeek(models.Model):
    """How many posts of a handle went out in a week that began on this Monday (IST)."""

    handle = models.ForeignKey(Handle, models.CASCADE, related_name="weeks")
    monday = models.DateField()
    posts = models.PositiveIntegerField()
    last_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["handle", "monday"], name="handle_week_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["monday"], name="handle_week_monday")]

    def __str__(self) -> str:
        return f"{self.handle_id} · {self.monday}"


class WeeklyReport(models.Model):
    """The report of a week was sent to the Additional Chief Secretary: once."""

    monday = models.DateField(unique=True)
    sent_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.monday)
