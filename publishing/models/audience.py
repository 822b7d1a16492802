"""Single people who agreed to be written to, and the templates in which that may be done."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.models import Handle


class ConsentWay(models.TextChoices):
    """How a person agreed (platform sheet 4.2.6; the proof is kept where `proof` says)."""

    WROTE_FIRST = "wrote_first", _("Wrote to the number and asked")
    PAPER = "paper", _("Signed on paper")
    WEB = "web", _("Ticked on a web page")
    CAMP = "camp", _("Agreed at a camp")


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def agreed(self) -> SubscriberQuerySet:
        return self.filter(left_at__isnull=True)


class Subscriber(models.Model):
    """A person as one handle may write to them. Only credentials' keys open the address."""

    handle = models.ForeignKey(Handle, models.PROTECT, related_name="subscribers")
    address_key = models.CharField(max_length=64)  # keyed hash: the same person, once
    sealed_address = models.BinaryField()
    ending = models.CharField(max_length=4)  # last digits, to tell people apart on a screen
    way = models.CharField(_("how they agreed"), max_length=15, choices=ConsentWay)
    proof = models.CharField(_("where the proof is"), max_length=200)
    agreed_at = models.DateTimeField(_("agreed on"), default=timezone.now)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    left_at = models.DateTimeField(_("left on"), null=True, blank=True)
    left_how = models.CharField(max_length=30, blank=True)

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-agreed_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["handle", "address_key"], name="subscriber_once"),
            models.CheckConstraint(condition=~Q(proof=""), name="subscriber_consent_is_proven"),
        ]

    def __str__(self) -> str:
        return f"…{self.ending}"


class Template(models.Model):
    """A message template as the platform has it; read from there, never invented here."""

    handle = models.ForeignKey(Handle, models.CASCADE, related_name="templates")
    name = models.CharField(max_length=512)
    language = models.CharField(max_length=10)
    category = models.CharField(max_length=20)
    status = models.CharField(max_length=30)
    body = models.TextField()
    header = models.CharField(max_length=10, blank=True)  # "", text, image, video, document
    names = models.JSONField(default=list)  # of the values in the body, in order
    is_named = models.BooleanField(default=True)  # {{text}} rather than {{1}}
    read_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["name", "language"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["handle", "name", "language"], name="template_once_per_language"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"
