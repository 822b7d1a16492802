"""What platforms sent to us, raw and once, before anything is done with it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from departments.platforms import Platform


class CallbackEvent(models.Model):
    """What a platform sent to us, raw and once, before anything is done with it."""

    platform = models.CharField(max_length=20, choices=Platform)
    key = models.CharField(max_length=64)  # SHA-256 of the body
    body = models.TextField()
    received_at = models.DateTimeField(auto_now_add=True)
    apart_at = models.DateTimeField(null=True)  # when its items were taken out of it

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["platform", "key"], name="callback_stored_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=Q(apart_at__isnull=True), name="callback_whole"),
        ]

    def __str__(self) -> str:
        return f"{self.platform} {self.key[:12]}"


class CallbackItem(models.Model):
    """One thing a callback tells, under the platform's own key: however often it comes, once."""

    event = models.ForeignKey(CallbackEvent, models.CASCADE, related_name="items")
    platform = models.CharField(max_length=20, choices=Platform)
    key = models.CharField(max_length=300)
    kind = models.CharField(max_length=20)  # of connectors.base.Told
    account = models.CharField(max_length=100, blank=True)  # external id of the handle
    reference = models.UUIDField(null=True, blank=True)  # the delivery that it names
    at = models.DateTimeField(null=True, blank=True)  # by the platform's clock
    heard_at = models.DateTimeField(null=True, blank=True)  # when what it means was carried out
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)  # that came to nothing
    said = models.JSONField()  # the part of the callback that tells it, as the platform sent it

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["platform", "key"], name="callback_item_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["reference"],
                condition=Q(reference__isnull=False),
                name="callback_item_reference",
            ),
            models.Index(fields=["platform", "account", "id"], name="callback_item_account"),
            models.Index(
                fields=["id"], condition=Q(heard_at__isnull=True), name="callback_item_unheard"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.platform} {self.key}"
