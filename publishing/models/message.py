"""Approved messages, and their way to each handle."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.models import Department, Handle
from departments.platforms import Platform
from publishing.states import OPEN, DeliveryState, Outcome, Rank

from .audience import Subscriber
from .media import Derivative, Media

SOURCES = {"post": _("Post"), "reply": _("Answer")}  # what a message can be made of, in words


class MessageQuerySet(models.QuerySet["Message"]):
    def from_source(self, source: str, source_id: int) -> MessageQuerySet:
        return self.filter(source=source, source_id=source_id)


class Message(models.Model):
    """Approved content, frozen: what was sealed is what is stored here, and nothing else is sent.

    `source` and `source_id` say what was approved, without this app knowing what that is.
    """

    department = models.ForeignKey(Department, models.PROTECT, related_name="messages")
    source = models.CharField(max_length=20)
    source_id = models.BigIntegerField()
    topic = models.CharField(
        max_length=40, blank=True, default="", db_default=""
    )  # what it is about: "scheme:12"
    seal = models.CharField(max_length=64)
    not_before = models.DateTimeField(null=True, blank=True)  # none: at once
    not_after = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "source_id"],
                condition=Q(cancelled_at__isnull=True),
                name="message_one_live_per_source",
            ),
            models.CheckConstraint(
                condition=Q(not_after__isnull=True)
                | Q(not_before__isnull=True)
                | Q(not_after__gt=F("not_before")),
                name="message_window_is_open",
            ),
            models.CheckConstraint(
                condition=Q(seal__regex=r"^[0-9a-f]{64}$"), name="message_sealed"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["source", "source_id"], name="message_source"),
            models.Index(fields=["topic"], condition=~Q(topic=""), name="message_topic"),
        ]

    def __str__(self) -> str:
        return f"{SOURCES.get(self.source, self.source)} {self.source_id}"

    @property
    def page(self) -> str:
        """Where officers see what was approved (settings.MESSAGE_PAGES)."""
        return reverse(settings.MESSAGE_PAGES[self.source], args=[self.source_id])

    @property
    def origin(self) -> str:
        """What was approved, in one word: "post:12"."""
        return f"{self.source}:{self.source_id}"


class MessagePart(models.Model):
    """What one platform gets of the message."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="parts")
    platform = models.CharField(max_length=20, choices=Platform)
    text = models.TextField(blank=True)
    title = models.CharField(max_length=250, blank=True)
    tags = models.JSONField(default=list)
    options = models.JSONField(default=dict)  # playlist, template: keys of Connector.options
    media = models.ManyToManyField(Media, through="PartMedia", related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "platform"], name="part_one_per_platform"),
        ]

    def __str__(self) -> str:
        return f"{self.message} · {self.get_platform_display()}"


class Place(models.TextChoices):
    """What a file is in a part."""

    SHOWN = "shown", _("Shown")
    THUMBNAIL = "thumbnail", _("Thumbnail of the video")


class PartMedia(models.Model):
    part = models.ForeignKey(MessagePart, models.CASCADE, related_name="attachments")
    media = models.ForeignKey(Media, models.PROTECT, related_name="+")
    # The copy that fits the platform, where the original does not.
    derivative = models.ForeignKey(
        Derivative, models.PROTECT, null=True, blank=True, related_name="+"
    )
    place = models.CharField(max_length=10, choices=Place, default=Place.SHOWN)
    alt = models.CharField(max_length=1000)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["part", "position"], name="part_media_in_order"),
        ]

    def __str__(self) -> str:
        return self.alt


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, at: datetime) -> DeliveryQuerySet:
        """Queued, and whose time has come."""
        return self.filter(state=DeliveryState.QUEUED, next_try_at__lte=at)

    def abandoned(self, at: datetime) -> DeliveryQuerySet:
        """Claimed by a worker whose lease has run out."""
        return self.filter(state=DeliveryState.SENDING, lease_until__lt=at)

    def to_look_for(self, at: datetime) -> DeliveryQuerySet:
        return self.filter(state=DeliveryState.UNKNOWN, next_try_at__lte=at)

    def to_follow(self, at: datetime) -> DeliveryQuerySet:
        """Accepted, but still processed by the platform."""
        return self.filter(state=DeliveryState.PROCESSING, next_try_at__lte=at)

    def planned(self) -> DeliveryQuerySet:
        """Open, and needing no officer to post them."""
        return self.filter(state__in=OPEN - {DeliveryState.ASSISTED})

    def sent(self) -> DeliveryQuerySet:
        """What people can see; a take-down that succeeded is nothing to see."""
        return self.filter(state=DeliveryState.SENT).exclude(operation=Operation.REMOVE)


class Operation(models.TextChoices):
    """What a delivery does at the platform."""

    PUBLISH = "publish", _("Publication")
    REPOST = "repost", _("Repost")
    EDIT = "edit", _("Correction")
    REMOVE = "remove", _("Take-down")
    REPLY = "reply", _("Answer")


# Tried a second time, these would be seen twice: an unclear outcome is looked for first.
MAKES_NEW = (Operation.PUBLISH, Operation.REPLY)


class Reached(models.TextChoices):
    """How far a message to a person got, by the platform's callbacks; never backwards."""

    SENT = "sent", _("On its way")
    DELIVERED = "delivered", _("Delivered")
    READ = "read", _("Read")


class Delivery(models.Model):
    """One message to one handle, or through it to one person who agreed to be written to.

    `target` is the delivery that this one reposts, corrects or takes down.

    `fence` grows with every claim: whoever claimed earlier can no longer write. `kept` is what the
    connector obtained so far (a media id, an upload address); `armed_at` is set immediately before
    the first call of this attempt that can make something visible.
    """

    message = models.ForeignKey(Message, models.PROTECT, related_name="deliveries")
    handle = models.ForeignKey(Handle, models.PROTECT, related_name="deliveries")
    # The handle's. Database defaults: the version before this one, still running, knows neither
    # this nor `rank` nor `due_at`; the sweep fills it in.
    platform = models.CharField(max_length=20, choices=Platform, editable=False, db_default="")
    operation = models.CharField(max_length=10, choices=Operation, default=Operation.PUBLISH)
    target = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="followers"
    )
    recipient = models.ForeignKey(
        Subscriber, models.PROTECT, null=True, blank=True, related_name="deliveries"
    )
    # The conversation that a reply belongs to, in which answers go in order; posts have none.
    thread = models.CharField(max_length=200, blank=True, editable=False, default="", db_default="")
    sealed_to = models.BinaryField(null=True)  # the address a private reply goes to, encrypted
    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(
        max_length=20, choices=DeliveryState, default=DeliveryState.QUEUED, editable=False
    )
    state_since = models.DateTimeField(default=timezone.now)
    rank = models.PositiveSmallIntegerField(
        choices=Rank, default=Rank.ROUTINE, db_default=Rank.ROUTINE
    )
    due_at = models.DateTimeField(
        default=timezone.now, db_default=Now()
    )  # its place in the handle's order
    problem = models.CharField(max_length=60, blank=True)  # a code of problems.py
    next_try_at = models.DateTimeField(null=True, blank=True)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    looks_made = models.PositiveSmallIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    armed_at = models.DateTimeField(null=True, blank=True)
    kept = models.JSONField(default=dict)
    platform_id = models.CharField(max_length=200, blank=True)
    permalink = models.URLField(max_length=500, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    metrics_at = models.DateTimeField(null=True, blank=True)  # when its numbers were last read
    reached = models.CharField(max_length=10, choices=Reached, blank=True)
    price = models.DecimalField(max_digits=8, decimal_places=4, default=0)  # US dollars, estimated
    # Who asked for a take-down; who posted by hand and gave the link as proof.
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    posted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.TextField(blank=True)  # of a take-down

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["message", "handle"],
                condition=Q(recipient__isnull=True) & ~Q(operation=Operation.REMOVE),
                name="delivery_once_per_handle",
            ),
            models.UniqueConstraint(
                fields=["message", "handle", "recipient"],
                condition=Q(recipient__isnull=False) & ~Q(operation=Operation.REMOVE),
                name="delivery_once_per_person",
            ),
            models.UniqueConstraint(
                fields=["target"],
                condition=Q(operation=Operation.REMOVE)
                & ~Q(state__in=("failed", "cancelled", "expired")),
                name="delivery_taken_down_once",
            ),
            models.UniqueConstraint(
                fields=["handle"],
                condition=Q(state=DeliveryState.SENDING, recipient__isnull=True, thread=""),
                name="delivery_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(operation__in=(Operation.PUBLISH, Operation.REPLY), target__isnull=True)
                | (
                    ~Q(operation__in=(Operation.PUBLISH, Operation.REPLY)) & Q(target__isnull=False)
                ),
                name="delivery_change_has_target",
            ),
            models.CheckConstraint(
                condition=Q(operation=Operation.REPLY) ^ Q(thread=""),
                name="delivery_reply_has_thread",
            ),
            models.UniqueConstraint(
                fields=["handle", "thread"],
                condition=Q(state=DeliveryState.SENDING) & ~Q(thread=""),
                name="delivery_one_reply_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=DeliveryState.values), name="delivery_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=DeliveryState.SENT)
                | (~Q(platform_id="") & Q(sent_at__isnull=False)),
                name="delivery_sent_has_proof",
            ),
            models.CheckConstraint(
                condition=Q(state=DeliveryState.SENDING, lease_until__isnull=False)
                | Q(state=DeliveryState.PROCESSING)
                | (~Q(state=DeliveryState.SENDING) & Q(lease_until__isnull=True)),
                name="delivery_lease_while_sending",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_try_at"],
                condition=Q(state__in=("queued", "waiting", "unknown", "processing")),
                name="delivery_next_try",
            ),
            models.Index(
                fields=["lease_until"], condition=Q(state="sending"), name="delivery_lease"
            ),
            # What is to be claimed, platform by platform, the most urgent first.
            models.Index(
                fields=["platform", "rank", "due_at", "id"],
                condition=Q(state="queued"),
                name="delivery_queue",
            ),
            # What of a handle comes before what.
            models.Index(
                fields=["handle", "thread", "state"],
                condition=Q(
                    state__in=("queued", "sending", "waiting", "unknown"), recipient__isnull=True
                ),
                name="delivery_lane",
            ),
            models.Index(
                fields=["sent_at"], condition=Q(sent_at__isnull=False), name="delivery_sent_at"
            ),
            # What was not published of late (status.py).
            models.Index(
                fields=["state_since"],
                condition=Q(state__in=("failed", "expired")),
                name="delivery_not_published",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.handle} · {self.message}"

    @property
    def note(self) -> str:
        """The code of what could not be done after publishing, a thumbnail for instance."""
        return str(self.kept.get("note", ""))

    @property
    def numbers(self) -> list[Metric]:
        """The latest of each; lists prefetch `metrics`."""
        latest: dict[str, Metric] = {}
        for metric in self.metrics.all():
            latest.setdefault(metric.name, metric)
        return list(latest.values())


class Attempt(models.Model):
    """One try of a delivery. The row is the intent: it exists before the platform is called."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="attempts")
    fence = models.PositiveIntegerField()
    worker = models.CharField(max_length=100)
    started_at = models.DateTimeField(default=timezone.now)
    armed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome, blank=True)
    problem = models.CharField(max_length=60, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)  # HTTP
    detail = models.TextField(blank=True)  # the platform's answer, shortened, secrets masked

    class Meta:
        ordering: ClassVar = ["fence"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["delivery", "fence"], name="attempt_one_per_claim"),
            models.CheckConstraint(
                condition=Q(outcome="") | Q(ended_at__isnull=False), name="attempt_outcome_has_end"
            ),
        ]
        # Begun, not ended: an index on what a later update changes would slow that update down.
        indexes: ClassVar = [models.Index(fields=["started_at"], name="attempt_started")]

    def __str__(self) -> str:
        return f"{self.delivery_id} #{self.fence}"


class Metric(models.Model):
    """A number that the platform tells about a post, as it was on a day."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="metrics")
    name = models.CharField(max_length=60)  # of settings.METRICS
    day = models.DateField()
    value = models.BigIntegerField()

    class Meta:
        ordering: ClassVar = ["-day", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["delivery", "name", "day"], name="metric_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.value}"
