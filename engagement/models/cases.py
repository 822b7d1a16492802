"""Problems: each with a number, an owner and a clock (standards.md 13)."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.models import Department, District
from engagement.states import OPEN, CaseState
from schemes.models import Scheme

from .listening import Contact, Conversation, Kind, Remark, Urgency


class Pace(models.TextChoices):
    """Which of the times in settings.CASE_TIMES a case has (standards.md 13.3)."""

    QUESTION = "question", _("Question")
    ORDINARY = "ordinary", _("Ordinary problem")
    INQUIRY = "inquiry", _("Needs an inquiry on the spot")
    URGENT = "urgent", _("Life and safety")


class Cause(models.TextChoices):
    """Why the problem arose; counted for each scheme every month."""

    NOT_KNOWN = "not_known", _("People did not know the rules")
    DOCUMENTS = "documents", _("Papers were missing or wrong")
    DELAY = "delay", _("Work was late in an office")
    PAYMENT = "payment", _("A payment did not arrive")
    FAULT = "fault", _("Something was broken")
    CONDUCT = "conduct", _("Conduct of somebody in an office")
    OTHER_OFFICE = "other_office", _("It lay with another office")
    NO_GROUND = "no_ground", _("The report did not hold")


class Refusal(models.TextChoices):
    """What is not taken up, and is told where to go (standards.md 13.1)."""

    COURT = "court", _("It is before a court")
    RTI = "rti", _("It is a request under the Right to Information Act")
    PRIVATE = "private", _("It is a family or private dispute")
    RELIGIOUS = "religious", _("It is a religious matter")
    SERVICE = "service", _("It is a service matter of a government employee")
    NO_PROBLEM = "no_problem", _("It reports no problem")


class Elsewhere(models.TextChoices):
    """Where a problem is passed on that belongs to another system of the State (F21)."""

    JANSUNWAI = "jansunwai", _("Jansunwai (IGRS)")
    HELPLINE = "1076", _("CM Helpline 1076")


class CaseYear(models.Model):
    """The last serials that were given in a year; whoever needs a new one locks the row."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)  # of cases
    directives = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.year)


class Case(models.Model):
    """A problem, whoever and however many report it. Its number is `UP-2026-0000000-0`.

    The proposed end (`end_state`, by whom, in which words) waits for a second officer; nothing
    ends a case before that.
    """

    number = models.CharField(max_length=20, unique=True)
    department = models.ForeignKey(Department, models.PROTECT, related_name="cases")
    opened_in = models.ForeignKey(Department, models.PROTECT, related_name="+")
    title = models.CharField(_("what it is about"), max_length=150)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.PROBLEM)
    pace = models.CharField(_("time allowed"), max_length=10, choices=Pace, default=Pace.ORDINARY)
    urgency = models.PositiveSmallIntegerField(choices=Urgency, default=Urgency.ORDINARY)
    district = models.ForeignKey(
        District,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("district"),
    )
    place = models.CharField(_("place"), max_length=150, blank=True)
    scheme = models.ForeignKey(
        Scheme,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="cases",
        verbose_name=_("Scheme"),
    )
    state = models.CharField(
        max_length=16, choices=CaseState, default=CaseState.SUBMITTED, editable=False
    )
    state_since = models.DateTimeField(default=timezone.now)
    opened_at = models.DateTimeField(default=timezone.now)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    due_at = models.DateTimeField()  # the target; moved by an interim reply, which gives a reason
    limit_at = models.DateTimeField()  # never moved, except by the time the clock stood still
    stopped_at = models.DateTimeField(null=True)  # the clock stands still: the citizen was asked
    level = models.PositiveSmallIntegerField(default=0)  # 1 owner, 2 head, 3 and 4 Directorate
    first_reply_at = models.DateTimeField(null=True)
    # The proposed end.
    end_state = models.CharField(max_length=16, blank=True)  # resolved or rejected
    end_text = models.TextField(blank=True)  # in plain words, for the citizen
    end_cause = models.CharField(max_length=14, choices=Cause, blank=True)
    end_refusal = models.CharField(max_length=12, choices=Refusal, blank=True)
    end_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    end_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)  # the last time an end was confirmed
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    # What the citizen said of it.
    is_satisfied = models.BooleanField(null=True)
    stars = models.PositiveSmallIntegerField(null=True)  # 1 to 5
    opinion = models.TextField(blank=True)
    reopened = models.PositiveSmallIntegerField(default=0)
    # Where it was passed on outside of this portal, with the reference there.
    elsewhere = models.CharField(max_length=20, choices=Elsewhere, blank=True)
    elsewhere_reference = models.CharField(max_length=60, blank=True)
    joined_to = models.ForeignKey("self", models.PROTECT, null=True, related_name="joined")
    closed_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=CaseState.values), name="case_state_known"
            ),
            models.CheckConstraint(
                condition=Q(ended_by__isnull=True) | ~Q(ended_by=F("end_by")),
                name="case_ended_by_two",
            ),
            models.CheckConstraint(
                condition=Q(state=CaseState.DUPLICATE, joined_to__isnull=False)
                | ~Q(state=CaseState.DUPLICATE) & Q(joined_to__isnull=True),
                name="case_joined_is_duplicate",
            ),
            models.CheckConstraint(
                condition=Q(stars__isnull=True) | Q(stars__gte=1, stars__lte=5),
                name="case_stars_one_to_five",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["department", "state", "due_at", "id"], name="case_queue"),
            models.Index(fields=["department", "-opened_at", "id"], name="case_newest"),
            models.Index(
                fields=["due_at", "id"],
                condition=Q(
                    state__in=(
                        *("submitted", "acknowledged", "assigned", "in_progress", "transferred"),
                        *("interim_reply", "reopened", "appeal"),
                    )
                ),
                name="case_clock",
            ),
            models.Index(fields=["state", "state_since"], name="case_state_since"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_late(self) -> bool:
        return self.state in OPEN and self.stopped_at is None and self.due_at < timezone.now()

    @property
    def elsewhere_name(self) -> str:
        return str(Elsewhere(self.elsewhere).label) if self.elsewhere else ""


class Voice(models.Model):
    """One of those who report the problem, and where an answer reaches them."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="voices")
    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="voices")
    contact = models.ForeignKey(Contact, models.PROTECT, null=True, related_name="voices")
    remark = models.ForeignKey(Remark, models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["added_at", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "conversation"], name="voice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} · {self.conversation_id}"


class CaseAct(models.Model):
    """One step of a case. `is_public` ones make up the ladder that the citizen sees."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="acts")
    what = models.CharField(max_length=30)  # of engagement/wording.py ACTS
    old = models.CharField(max_length=16, blank=True)
    new = models.CharField(max_length=16, blank=True)
    text = models.TextField(blank=True)
    is_public = models.BooleanField(default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    key = models.CharField(max_length=40, blank=True)  # of what happens once: "level:3:0"

    class Meta:
        ordering: ClassVar = ["at", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "key"], condition=~Q(key=""), name="case_act_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case} · {self.what}"


class Evidence(models.Model):
    """A file about a case: from the citizen, or an officer's proof that it was put right."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="files")
    file = models.FileField(upload_to="cases/%Y/%m/")
    mime = models.CharField(max_length=40)
    size = models.PositiveIntegerField()  # bytes
    alt = models.CharField(_("what it shows"), max_length=200, blank=True)
    by_citizen = models.BooleanField(default=False)
    is_public = models.BooleanField(default=False)  # shown on the page of the problem
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["added_at", "pk"]
        verbose_name_plural = "evidence"

    def __str__(self) -> str:
        return self.alt or self.mime


class Promise(models.Model):
    """What was promised to be done by a day; its officer is reminded."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="promises")
    text = models.CharField(_("promise"), max_length=200)
    due_on = models.DateField(_("until"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    kept_at = models.DateTimeField(null=True)
    reminded_on = models.DateField(null=True)

    class Meta:
        ordering: ClassVar = ["due_on", "pk"]
        indexes: ClassVar = [
            models.Index(fields=["due_on"], condition=Q(kept_at__isnull=True), name="promise_open"),
        ]

    def __str__(self) -> str:
        return self.text


class Holiday(models.Model):
    """A day on which offices are closed, by the year's order of the State."""

    day = models.DateField(unique=True)
    name_hi = models.CharField(_("name in Hindi"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=80)

    class Meta:
        ordering: ClassVar = ["day"]

    def __str__(self) -> str:
        return f"{self.day} · {self.name_hi}"


class Consent(models.Model):
    """A citizen's clear yes to one use of what they told, and the notice they were shown (P3)."""

    contact = models.ForeignKey(Contact, models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=20)  # answer, pass_on, story
    notice = models.CharField(max_length=20)  # its version
    given_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["contact", "purpose"], name="consent_once"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} · {self.notice}"


class Disclosure(models.Model):
    """An officer looked at an address that lists show masked, and why (I1, P11)."""

    contact = models.ForeignKey(Contact, models.PROTECT, related_name="disclosures")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=200)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.user} · {self.contact_id}"
