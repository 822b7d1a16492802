"""Who wrote to a department, in which conversation, and what."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.models import Department, District, Handle
from departments.platforms import Platform
from engagement.states import ConversationState
from publishing.models import Delivery
from schemes.models import Scheme

OWN_FORM = "portal"  # where the channel is the portal's own form, and no platform


class Way(models.TextChoices):
    """How a person speaks to the department; decides where an answer appears."""

    COMMENT = "comment", _("Comment")
    MENTION = "mention", _("Mention")
    MESSAGE = "message", _("Message")
    FORM = "form", _("Form on this portal")


class Kind(models.TextChoices):
    """What a person wants (standards.md 13.1)."""

    PROBLEM = "problem", _("Problem")
    QUESTION = "question", _("Question")
    SUGGESTION = "suggestion", _("Suggestion")
    PRAISE = "praise", _("Praise")
    ABUSE = "abuse", _("Abuse")
    FAKE = "fake", _("False information")
    OTHER = "other", _("Something else")


class Mood(models.TextChoices):
    GOOD = "good", _("Content")
    NEUTRAL = "neutral", _("Neutral")
    BAD = "bad", _("Displeased")


class Urgency(models.IntegerChoices):
    URGENT = 0, _("Life and safety")
    SOON = 1, _("Soon")
    ORDINARY = 2, _("Ordinary")


class Contact(models.Model):
    """A citizen as one handle knows them.

    The platform's id of the person (a telephone number on WhatsApp) is stored encrypted and found
    by its keyed hash. `person` joins contacts that are known to be the same citizen.
    """

    department = models.ForeignKey(Department, models.PROTECT, related_name="contacts")
    handle = models.ForeignKey(Handle, models.PROTECT, null=True, related_name="contacts")
    address_key = models.CharField(max_length=64)
    sealed_address = models.BinaryField()
    tail = models.CharField(max_length=4, blank=True)  # of a telephone number, for recognising it
    name = models.CharField(_("name"), max_length=150, blank=True)
    person = models.ForeignKey("self", models.PROTECT, null=True, related_name="channels")
    first_at = models.DateTimeField(default=timezone.now)
    is_blocked = models.BooleanField(default=False)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["handle", "address_key"],
                condition=Q(handle__isnull=False) & ~Q(address_key=""),
                name="contact_once_per_handle",
            ),
            models.UniqueConstraint(
                fields=["department", "address_key"],
                condition=Q(handle__isnull=True) & ~Q(address_key=""),
                name="contact_once_per_form",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["address_key"], name="contact_address")]

    def __str__(self) -> str:
        """Never the address."""
        return self.name or (f"…{self.tail}" if self.tail else str(_("Citizen")))


class Label(models.Model):
    """A department's own word for sorting conversations."""

    department = models.ForeignKey(Department, models.PROTECT, related_name="labels")
    name = models.CharField(_("label"), max_length=40)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["department", "name"], name="label_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Conversation(models.Model):
    """One thread: a comment with what answers it, a mention, a private exchange, a form.

    `key` is the platform's own of the thread; the portal's form has one for each.
    """

    department = models.ForeignKey(Department, models.PROTECT, related_name="conversations")
    handle = models.ForeignKey(Handle, models.PROTECT, null=True, related_name="conversations")
    platform = models.CharField(max_length=20, choices=[*Platform.choices, (OWN_FORM, _("Form"))])
    way = models.CharField(max_length=10, choices=Way)
    key = models.CharField(max_length=200)
    post_id = models.CharField(max_length=200, blank=True)  # what it stands under, by the platform
    delivery = models.ForeignKey(  # the same, where the portal published it
        Delivery, models.SET_NULL, null=True, related_name="conversations"
    )
    contact = models.ForeignKey(Contact, models.PROTECT, null=True, related_name="conversations")
    state = models.CharField(
        max_length=10, choices=ConversationState, default=ConversationState.WAITING, editable=False
    )
    last_at = models.DateTimeField()  # by the platform's clock, like all of these
    last_citizen_at = models.DateTimeField(null=True)  # from which a window for answering counts
    waiting_since = models.DateTimeField(null=True)  # the oldest remark that nobody answered
    remark_count = models.PositiveIntegerField(default=0)
    excerpt = models.CharField(max_length=280, blank=True)  # of the newest remark

    # What it is about: proposed by words until an officer has decided (`triaged_by`).
    kind = models.CharField(max_length=12, choices=Kind, blank=True)
    mood = models.CharField(max_length=8, choices=Mood, blank=True)
    urgency = models.PositiveSmallIntegerField(choices=Urgency, default=Urgency.ORDINARY)
    scheme = models.ForeignKey(Scheme, models.SET_NULL, null=True, related_name="conversations")
    district = models.ForeignKey(District, models.PROTECT, null=True, related_name="+")
    belongs_to = models.ForeignKey(  # a department other than the handle's, perhaps
        Department, models.PROTECT, null=True, related_name="+"
    )
    reasons = models.JSONField(default=list)  # of triage.Reason: about, value, words
    triaged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    alerted_at = models.DateTimeField(null=True)  # when a named officer was told of the urgency
    labels = models.ManyToManyField(Label, related_name="conversations")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["handle", "way", "key"],
                condition=Q(handle__isnull=False),
                name="conversation_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ConversationState.values), name="conversation_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=ConversationState.WAITING) | Q(waiting_since__isnull=False),
                name="conversation_waits_since",
            ),
        ]
        indexes: ClassVar = [
            # The inbox: what waits, the most urgent and longest waiting first; then the newest.
            models.Index(
                fields=["department", "urgency", "waiting_since", "id"],
                condition=Q(state="waiting"),
                name="conversation_waiting",
            ),
            models.Index(
                fields=["department", "state", "-last_at", "id"], name="conversation_by_state"
            ),
            models.Index(fields=["department", "-last_at", "id"], name="conversation_newest"),
            models.Index(fields=["contact", "-last_at"], name="conversation_of_contact"),
            models.Index(fields=["delivery"], name="conversation_of_post"),
            models.Index(
                fields=["id"],
                condition=Q(urgency=0, alerted_at__isnull=True, state="waiting"),
                name="conversation_to_alert",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_way_display()} {self.pk}"


class Remark(models.Model):
    """Something that was written: by a citizen, or by us (`is_own`) as the platform shows it.

    Told by callback, read by polling, or both; the platform's id makes it one row. `version_at` is
    the platform's time of the newest version known: an older one that comes late changes nothing.
    """

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="remarks")
    handle = models.ForeignKey(Handle, models.PROTECT, null=True, related_name="remarks")
    external_id = models.CharField(max_length=200)
    parent_id = models.CharField(max_length=200, blank=True)
    contact = models.ForeignKey(Contact, models.PROTECT, null=True, related_name="remarks")
    text = models.TextField(blank=True)
    at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)
    version_at = models.DateTimeField()
    earlier = models.JSONField(default=list)  # texts before an edit: [{"at": ..., "text": ...}]
    edited_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)  # or put away: it waits for nobody any more
    is_own = models.BooleanField(default=False)
    is_hidden = models.BooleanField(default=False)
    is_whole = models.BooleanField(default=True)  # False: its words are still to be read
    permalink = models.URLField(max_length=500, blank=True)

    class Meta:
        ordering: ClassVar = ["at", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["handle", "external_id"],
                condition=Q(handle__isnull=False),
                name="remark_once_per_platform_id",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["conversation", "at", "id"], name="remark_in_order"),
            models.Index(fields=["id"], condition=Q(is_whole=False), name="remark_to_read"),
            models.Index(
                fields=["conversation", "at"],
                condition=Q(answered_at__isnull=True, is_own=False, removed_at__isnull=True),
                name="remark_unanswered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.external_id}"


class ConversationTerm(models.Model):
    """A word of a conversation as it sounds: what the inbox is searched by."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="+")
    department = models.ForeignKey(Department, models.CASCADE, related_name="+")
    term = models.CharField(max_length=50)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["department", "term", "conversation"], name="conversation_term_once"
            ),
        ]

    def __str__(self) -> str:
        return self.term


class Presence(models.Model):
    """An officer has a conversation open, and perhaps writes in it: others on it are told."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="presences")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()
    writing_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["conversation", "user"], name="presence_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.conversation_id}"


class Source(models.TextChoices):
    """What is polled, so that a callback that never came loses nothing."""

    COMMENTS = "comments", _("Comments")
    MENTIONS = "mentions", _("Mentions")
    MESSAGES = "messages", _("Messages")


class Reading(models.Model):
    """How far a source of a handle has been read without a gap, and when it is read next."""

    handle = models.ForeignKey(Handle, models.CASCADE, related_name="readings")
    source = models.CharField(max_length=10, choices=Source)
    through = models.DateTimeField()  # everything before was read, by the platform's clock
    next_at = models.DateTimeField(default=timezone.now)
    full_at = models.DateTimeField(null=True)  # when all of it was last read, not only what is new
    failures = models.PositiveSmallIntegerField(default=0)  # in a row
    problem = models.CharField(max_length=60, blank=True)  # a code of publishing/problems.py

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["handle", "source"], name="reading_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["next_at"], name="reading_next")]

    def __str__(self) -> str:
        return f"{self.handle} · {self.source}"


class Note(models.Model):
    """What officers tell each other about a conversation; no citizen ever reads it."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    text = models.TextField(_("note"))
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["at", "pk"]

    def __str__(self) -> str:
        return self.text[:60]


class SavedView(models.Model):
    """A filter of the inbox that an officer gave a name."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=500)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "name"], name="saved_view_once"),
        ]

    def __str__(self) -> str:
        return self.name
