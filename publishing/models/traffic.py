"""How much a platform lets through just now, and whether it answers at all."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.models import Handle
from departments.platforms import Platform


class CircuitState(models.TextChoices):
    CLOSED = "closed", _("Working")
    OPEN = "open", _("Not answering, publishing waits")
    HALF_OPEN = "half_open", _("Being tried with one post")


class Circuit(models.Model):
    """The breaker of one platform; its row also puts those who claim there in order.

    `failures` counts failures in a row, of different handles: one broken handle opens nothing.
    """

    platform = models.CharField(max_length=20, choices=Platform, unique=True)
    state = models.CharField(max_length=10, choices=CircuitState, default=CircuitState.CLOSED)
    failures = models.PositiveSmallIntegerField(default=0)
    failed_handle = models.ForeignKey(
        Handle, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    problem = models.CharField(max_length=60, blank=True)  # of the last failure
    times_opened = models.PositiveSmallIntegerField(default=0)  # in a row
    opened_at = models.DateTimeField(null=True, blank=True)
    next_probe_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state=CircuitState.CLOSED, next_probe_at__isnull=True)
                | (~Q(state=CircuitState.CLOSED) & Q(next_probe_at__isnull=False)),
                name="circuit_open_has_probe",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_platform_display()} · {self.get_state_display()}"


class Allowance(models.Model):
    """A token bucket: of one handle or, without one, of the app that all its handles share.

    `tokens` were there at `filled_at`; `per_second` come again, up to `capacity`. A platform that
    said when it takes more set `closed_until`.
    """

    platform = models.CharField(max_length=20, choices=Platform)
    handle = models.ForeignKey(
        Handle, models.CASCADE, null=True, blank=True, related_name="allowances"
    )
    capacity = models.FloatField()
    per_second = models.FloatField()
    tokens = models.FloatField()
    filled_at = models.DateTimeField(default=timezone.now)
    closed_until = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)  # by the platform; none: its usual pace

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["platform"], condition=Q(handle__isnull=True), name="allowance_of_app"
            ),
            models.UniqueConstraint(
                fields=["handle"], condition=Q(handle__isnull=False), name="allowance_of_handle"
            ),
            models.CheckConstraint(
                condition=Q(capacity__gt=0, per_second__gte=0), name="allowance_fills"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_platform_display()} · {self.handle or '*'}"


class Publisher(models.Model):
    """A process that publishes, with its last sign of life (pulse.py)."""

    name = models.CharField(max_length=100, unique=True)  # host:pid
    version = models.CharField(max_length=40, blank=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    in_flight = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
