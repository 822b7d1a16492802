"""What officers answer, before it becomes a message."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.models import Department, Handle
from engagement.states import ReplyState
from publishing.models import Message

from .listening import Conversation, Kind, Remark


class Reply(models.Model):
    """An answer in a conversation. Approved, it is sealed and becomes a message (publishing).

    `form_key` is drawn when the form is shown: the same form sent twice is one answer.
    """

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="replies")
    remark = models.ForeignKey(Remark, models.PROTECT, null=True, related_name="+")  # answers it
    form_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    text = models.TextField(_("answer"))
    template = models.CharField(max_length=300, blank=True)  # of audience.approved_templates
    state = models.CharField(
        max_length=10, choices=ReplyState, default=ReplyState.WRITTEN, editable=False
    )
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)  # of a return
    seal = models.CharField(max_length=64, blank=True)
    not_after = models.DateTimeField(null=True)  # the platform takes no answer later than this
    message = models.OneToOneField(Message, models.PROTECT, null=True, related_name="+")
    # The remark that it became, once the platform has shown it to us.
    seen_as = models.OneToOneField(Remark, models.SET_NULL, null=True, related_name="reply")

    class Meta:
        ordering: ClassVar = ["written_at", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=ReplyState.values), name="reply_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=ReplyState.APPROVED) | ~Q(seal="") & Q(decided_by__isnull=False),
                name="reply_approved_is_sealed",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=Q(state="written"), name="reply_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.conversation} · {self.pk}"


class Canned(models.Model):
    """An answer kept ready; {name}, {number}, {department}, {scheme} and {link} are filled in."""

    department = models.ForeignKey(Department, models.PROTECT, related_name="canned")
    title = models.CharField(_("title"), max_length=80)
    text_hi = models.TextField(_("text in Hindi"))
    text_en = models.TextField(_("text in English"), blank=True)

    class Meta:
        ordering: ClassVar = ["title"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["department", "title"], name="canned_once"),
        ]

    def __str__(self) -> str:
        return self.title


class ReplyRule(models.Model):
    """A handle, or a kind of message on it, on which an answer needs a second officer."""

    handle = models.ForeignKey(Handle, models.CASCADE, related_name="reply_rules")
    kind = models.CharField(max_length=12, choices=Kind, blank=True)  # none: every kind

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["handle", "kind"], name="reply_rule_once"),
        ]

    def __str__(self) -> str:
        return f"{self.handle} · {self.kind}"


class Act(models.TextChoices):
    """What can be done about a remark on the platform itself (Connector.moderates)."""

    HIDE = "hide", _("Hide")
    SHOW = "show", _("Show again")
    REMOVE = "remove", _("Remove")
    BLOCK = "block", _("Block this person")


class Moderation(models.Model):
    """One act of keeping order, with who asked, why, and what the platform answered."""

    remark = models.ForeignKey(Remark, models.PROTECT, related_name="moderations")
    act = models.CharField(max_length=10, choices=Act)
    reason = models.TextField(_("reason"))
    rule = models.CharField(max_length=40)  # of the published moderation rules (R4)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    next_try_at = models.DateTimeField(null=True, default=timezone.now)
    tries = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=60, blank=True)  # a code of publishing/problems.py

    class Meta:
        ordering: ClassVar = ["-asked_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["remark", "act"],
                condition=Q(done_at__isnull=True, next_try_at__isnull=False),
                name="moderation_asked_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_try_at"],
                condition=Q(next_try_at__isnull=False),
                name="moderation_next",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.act} · {self.remark_id}"
