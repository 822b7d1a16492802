"""What the Directorate asks of departments, instead of in a group chat: with a deadline, a kit,
and a record of who did it.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.models import Department
from engagement.states import TaskState
from publishing.models import Media
from schemes.models import Post
from schemes.workflow import PostKind


class Directive(models.Model):
    """Issued once, to all of its departments in one transaction. Its number is `D-2026-0007`."""

    number = models.CharField(max_length=12, unique=True)
    title = models.CharField(_("title"), max_length=150)
    instruction = models.TextField(_("instruction"))
    kind = models.CharField(
        _("kind of post"), max_length=20, choices=PostKind, default=PostKind.SCHEME_INFORMATION
    )
    deadline = models.DateTimeField(_("deadline"))
    # The kit: what a department may make its own post of.
    kit_title_hi = models.CharField(_("title in Hindi"), max_length=150, blank=True)
    kit_text_hi = models.TextField(_("text in Hindi"), blank=True)
    kit_title_en = models.CharField(_("title in English"), max_length=150, blank=True)
    kit_text_en = models.TextField(_("text in English"), blank=True)
    kit_media = models.ManyToManyField(Media, related_name="+", blank=True)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    issued_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_reason = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-issued_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.number} · {self.title}"

    @property
    def has_kit(self) -> bool:
        return bool(self.kit_title_hi and self.kit_text_hi)


class DirectiveTask(models.Model):
    """One department's part in a directive. Whether it is overdue is asked of the deadline."""

    directive = models.ForeignKey(Directive, models.PROTECT, related_name="tasks")
    department = models.ForeignKey(Department, models.PROTECT, related_name="directive_tasks")
    state = models.CharField(
        max_length=10, choices=TaskState, default=TaskState.ISSUED, editable=False
    )
    state_since = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reason = models.TextField(blank=True)  # of a refusal, or why the proof did not show it
    post = models.OneToOneField(Post, models.SET_NULL, null=True, related_name="directive_task")
    nudged_at = models.DateTimeField(null=True)
    nudges = models.JSONField(default=list)  # which moments were announced: "-3", "0", "1" ...

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["directive", "department"], name="task_once"),
            models.CheckConstraint(
                condition=Q(state__in=TaskState.values), name="task_state_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["department", "state"], name="task_of_department")
        ]

    def __str__(self) -> str:
        return f"{self.directive.number} · {self.department}"

    @property
    def is_overdue(self) -> bool:
        return (
            self.state not in (TaskState.DONE, TaskState.DECLINED)
            and self.directive.withdrawn_at is None
            and self.directive.deadline < timezone.now()
        )


class Proof(models.Model):
    """A link that shows that it was done."""

    task = models.ForeignKey(DirectiveTask, models.CASCADE, related_name="proofs")
    link = models.URLField(max_length=500)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["task", "link"], name="proof_once"),
        ]

    def __str__(self) -> str:
        return self.link


class DirectiveRemark(models.Model):
    """A word in the discussion: read by all who are addressed, or by the Directorate alone."""

    directive = models.ForeignKey(Directive, models.CASCADE, related_name="remarks")
    department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    text = models.TextField(_("text"))
    for_directorate = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["at", "pk"]

    def __str__(self) -> str:
        return self.text[:60]
