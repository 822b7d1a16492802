from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .names import reader_language
from .platforms import NAMES, Platform
from .roles import STATE_WIDE, Role
from .states import HandleState


def in_language(hindi: str, english: str) -> str:
    """The text in the reader's language, or the other one where it is missing."""
    return (english or hindi) if reader_language() == "en" else (hindi or english)


class Named(models.Model):
    """Something with a Hindi and an English name."""

    name_hi = models.CharField(_("name in Hindi"), max_length=250)
    name_en = models.CharField(_("name in English"), max_length=250)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(self.name_hi, self.name_en)


class Division(Named):
    slug = models.SlugField(unique=True)

    class Meta:
        ordering: ClassVar = ["name_en"]


class District(Named):
    slug = models.SlugField(unique=True)
    division = models.ForeignKey(Division, models.PROTECT, related_name="districts")
    lgd_code = models.PositiveIntegerField(unique=True)
    aliases = models.JSONField(default=list, blank=True)

    class Meta:
        ordering: ClassVar = ["name_en"]


class DepartmentKind(models.TextChoices):
    DEPARTMENT = "department", _("Department")
    OFFICE = "office", _("Office")
    DIRECTORATE = "directorate", _("Directorate")
    COMMISSIONERATE = "commissionerate", _("Commissionerate")
    POLICE = "police", _("Police")
    BOARD = "board", _("Board")
    CORPORATION = "corporation", _("Corporation")
    AUTHORITY = "authority", _("Authority")
    MISSION = "mission", _("Mission")
    SOCIETY = "society", _("Society")
    LOCAL_BODY = "local-body", _("Local body")
    DISTRICT_ADMINISTRATION = "district-administration", _("District administration")


class Department(Named):
    slug = models.SlugField(max_length=100, unique=True)
    kind = models.CharField(_("kind"), max_length=30, choices=DepartmentKind)
    website = models.URLField(_("website"), blank=True)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="bodies",
        verbose_name=_("under"),
    )
    is_confirmed = models.BooleanField(_("seen in an official source"), default=False)
    source = models.TextField(_("source"), blank=True)

    class Meta:
        ordering: ClassVar = ["name_en"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("pk")),
                name="department_not_its_own_parent",
            ),
            models.CheckConstraint(
                condition=~Q(name_hi="") & ~Q(name_en=""), name="department_named_in_both"
            ),
        ]


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """An officer. What they may do follows from their memberships, never from a flag here."""

    email = models.EmailField(_("official e-mail"))
    name = models.CharField(_("name"), max_length=150)
    is_active = models.BooleanField(_("active"), default=True)
    invited_by = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="invited"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    _charges: list[Member]  # today's, kept for one request by access.charges_of

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = ["name"]

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="user_one_account_per_email"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name


class MemberQuerySet(models.QuerySet["Member"]):
    def on(self, day: date) -> MemberQuerySet:
        return self.filter(
            Q(to_date__isnull=True) | Q(to_date__gte=day), from_date__lte=day, user__is_active=True
        )

    def current(self) -> MemberQuerySet:
        return self.on(timezone.localdate())


class Member(models.Model):
    """A charge: one person's role in one department, from a day to a day."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="charges")
    department = models.ForeignKey(Department, models.PROTECT, related_name="members")
    role = models.CharField(_("role"), max_length=20, choices=Role)
    from_date = models.DateField(_("from"), default=timezone.localdate)
    to_date = models.DateField(_("to"), null=True, blank=True)

    objects = MemberQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["department", "role", "from_date"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(role__in=Role.values), name="member_role_known"),
            models.CheckConstraint(
                condition=Q(to_date__isnull=True) | Q(to_date__gte=F("from_date")),
                name="member_ends_after_it_begins",
            ),
            models.UniqueConstraint(
                fields=["user", "department", "role"],
                condition=Q(to_date__isnull=True),
                name="member_one_open_charge",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()} · {self.department}"

    @property
    def title(self) -> str:
        """The role in its department; a role of the Directorate says so itself."""
        role = self.get_role_display()
        return role if self.role in STATE_WIDE else f"{role}, {self.department}"


class HandleQuerySet(models.QuerySet["Handle"]):
    def connected(self) -> HandleQuerySet:
        return self.filter(state=HandleState.CONNECTED)

    def shown_to_public(self) -> HandleQuerySet:
        return self.exclude(state=HandleState.CLOSED).exclude(url="")


class Way(models.TextChoices):
    """How a handle is published to."""

    API = "api", _("By the portal")
    ASSISTED = "assisted", _("By an officer, by hand")


class Handle(models.Model):
    """One account of one department on one platform."""

    department = models.ForeignKey(Department, models.PROTECT, related_name="handles")
    platform = models.CharField(_("platform"), max_length=20, choices=Platform)
    name = models.CharField(_("name"), max_length=100)
    url = models.URLField(_("link"), blank=True)
    external_id = models.CharField(max_length=100, blank=True)  # the platform's own id, as text
    state = models.CharField(
        _("state"), max_length=20, choices=HandleState, default=HandleState.REGISTERED
    )
    state_reason = models.CharField(max_length=60, blank=True)  # a code of publishing/problems.py
    state_since = models.DateTimeField(default=timezone.now)
    way = models.CharField(_("way"), max_length=10, choices=Way, default=Way.API)
    # When the access ends for good unless a person links the account again; none: not known to.
    access_until = models.DateTimeField(null=True, blank=True)
    # When it was linked to another account than before: what was approved earlier was not for it.
    account_since = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    facts = models.JSONField(default=dict, blank=True)  # what the platform says of the account
    accountable_officer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="handles",
        verbose_name=_("accountable officer"),
    )
    district = models.ForeignKey(  # for whose people it speaks; none: the whole State
        District,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="handles",
        verbose_name=_("district"),
    )
    confidence = models.CharField(max_length=10, blank=True)  # of the starter data's source
    source = models.TextField(blank=True)
    note = models.TextField(_("note"), blank=True)

    objects = HandleQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["platform", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint("platform", Lower("name"), name="handle_once_per_platform"),
            models.UniqueConstraint(
                fields=["platform", "external_id"],
                condition=~Q(external_id=""),
                name="handle_account_connected_once",
            ),
            models.CheckConstraint(
                condition=Q(platform__in=Platform.values), name="handle_platform_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=HandleState.values), name="handle_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=HandleState.CONNECTED)
                | ~Q(external_id="")
                | Q(way=Way.ASSISTED),
                name="handle_connected_has_account",
            ),
        ]

    def __str__(self) -> str:
        return f"{NAMES.get(self.platform, self.platform)} · {self.name}"

    @property
    def is_by_hand(self) -> bool:
        """An officer posts there and gives the link; nothing opens the account for the portal."""
        return self.way == Way.ASSISTED and self.state == HandleState.CONNECTED


class Credential(models.Model):
    """What opens a handle, encrypted. Only credentials.py reads or writes this table."""

    handle = models.OneToOneField(Handle, models.CASCADE, related_name="+")
    sealed = models.BinaryField()
    token_until = models.DateTimeField(null=True, blank=True)  # when to renew it at the latest
    renewing_until = models.DateTimeField(null=True, blank=True)  # someone is renewing it: a lease
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"credential of handle {self.handle_id}"


class HandleNotice(models.Model):
    """The end of an access was announced to the department, so many days before."""

    handle = models.ForeignKey(Handle, models.CASCADE, related_name="notices")
    access_until = models.DateTimeField()
    days = models.PositiveSmallIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["handle", "access_until", "days"], name="notice_given_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.handle} · {self.days}"
