from __future__ import annotations

from typing import Any, ClassVar, cast

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from departments.models import Department, District, Named, in_language


class Category(Named):
    """What a scheme is about: the fifteen of standards.md 12.6."""

    slug = models.SlugField(unique=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "slug"]
        verbose_name_plural = "categories"


class Persona(Named):
    """Whom a scheme is for: farmer, student, widow ... (M6)."""

    slug = models.SlugField(unique=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "slug"]


class Level(models.TextChoices):
    STATE = "state", pgettext_lazy("level of a scheme", "State")
    CENTRAL = "central", _("Central")
    JOINT = "joint", _("Centrally sponsored")
    DISTRICT = "district", _("District")


class SchemeStatus(models.TextChoices):
    ANNOUNCED = "announced", _("Announced")
    OPEN = "open", _("Open")
    CLOSED_TO_NEW = "closed_to_new", _("Closed to new applicants")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")


class ApplyMode(models.TextChoices):
    ONLINE = "online", _("Online")
    OFFLINE = "offline", _("At the office")
    BOTH = "both", _("Online or at the office")
    CSC = "through-csc", _("Through a Common Service Centre")
    INSTITUTION = "through-institution", _("Through the institution")
    WALK_IN = "walk-in", _("In person, without an application")


class SchemeQuerySet(models.QuerySet["Scheme"]):
    def public(self) -> SchemeQuerySet:
        return self.filter(is_public=True)

    def of_department(self, department: Department) -> SchemeQuerySet:
        return self.filter(department=department)


class Scheme(models.Model):
    """A welfare scheme, field by field as standards.md 12 asks; `code` there is `slug` here.

    Rich text is stored clean: whatever writes it passes schemes/cleaning.py first.
    """

    slug = models.SlugField(_("code"), max_length=100, unique=True)
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="schemes", verbose_name=_("department")
    )
    title_hi = models.CharField(_("title in Hindi"), max_length=150, blank=True)
    title_en = models.CharField(_("title in English"), max_length=150, blank=True)
    short_title_hi = models.CharField(_("short title in Hindi"), max_length=40, blank=True)
    short_title_en = models.CharField(_("short title in English"), max_length=40, blank=True)
    aliases = models.JSONField(_("other names"), default=list, blank=True)
    summary_hi = models.TextField(_("benefit in a sentence, in Hindi"), blank=True)
    summary_en = models.TextField(_("benefit in a sentence, in English"), blank=True)
    description_hi = models.TextField(_("description in Hindi"), blank=True)
    description_en = models.TextField(_("description in English"), blank=True)
    benefits_hi = models.TextField(_("benefits in Hindi"), blank=True)
    benefits_en = models.TextField(_("benefits in English"), blank=True)
    eligibility_hi = models.TextField(_("who can apply, in Hindi"), blank=True)
    eligibility_en = models.TextField(_("who can apply, in English"), blank=True)
    eligibility_rules = models.JSONField(_("eligibility rules"), default=dict, blank=True)
    application_hi = models.TextField(_("how to apply, in Hindi"), blank=True)
    application_en = models.TextField(_("how to apply, in English"), blank=True)
    # [{"hi": ..., "en": ...}]; None where it is not known which documents are asked for
    documents = models.JSONField(_("documents"), null=True, blank=True)
    level = models.CharField(_("level"), max_length=10, choices=Level, default=Level.STATE)
    status = models.CharField(
        _("status"), max_length=15, choices=SchemeStatus, default=SchemeStatus.OPEN
    )
    categories = models.ManyToManyField(
        Category, related_name="schemes", blank=True, verbose_name=_("categories")
    )
    personas = models.ManyToManyField(
        Persona, related_name="schemes", blank=True, verbose_name=_("beneficiaries")
    )
    districts = models.ManyToManyField(  # none: the whole State
        District, related_name="schemes", blank=True, verbose_name=_("districts")
    )
    tags = models.JSONField(default=list, blank=True)
    launched = models.PositiveSmallIntegerField(_("launched in"), null=True, blank=True)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    apply_mode = models.CharField(_("way to apply"), max_length=20, choices=ApplyMode, blank=True)
    apply_url = models.URLField(_("address to apply"), max_length=500, blank=True)
    helpline = models.CharField(_("helpline"), max_length=100, blank=True)
    source_note = models.TextField(_("source"), blank=True)
    is_public = models.BooleanField(_("shown to the public"), default=False)
    review_by = models.DateField(_("review by"), null=True, blank=True)
    content_changed_at = models.DateTimeField(default=timezone.now)  # F14: what people read
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1)  # two tabs: the later save sees it is late

    objects = SchemeQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["title_hi", "slug"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(title_hi="") | ~Q(title_en=""), name="scheme_has_a_title"
            ),
            models.CheckConstraint(  # M8: both languages before the public sees it
                condition=Q(is_public=False)
                | (~Q(title_hi="") & ~Q(title_en="") & ~Q(summary_hi="") & ~Q(summary_en="")),
                name="scheme_public_in_both_languages",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True)
                | Q(valid_from__isnull=True)
                | Q(valid_to__gte=F("valid_from")),
                name="scheme_valid_to_after_from",
            ),
            models.CheckConstraint(condition=Q(level__in=Level.values), name="scheme_level_known"),
            models.CheckConstraint(
                condition=Q(status__in=SchemeStatus.values), name="scheme_status_known"
            ),
            models.CheckConstraint(
                condition=Q(apply_url="")
                | Q(apply_url__startswith="https://")
                | Q(apply_url__startswith="http://"),
                name="scheme_apply_url_is_web",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["is_public", "title_hi"], name="scheme_public_by_title"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return in_language(self.title_hi, self.title_en)

    @property
    def summary(self) -> str:
        return in_language(self.summary_hi, self.summary_en)


class ChangeState(models.TextChoices):
    WAITING = "waiting", _("Waiting for another officer")
    CONFIRMED = "confirmed", _("Confirmed")
    DECLINED = "declined", _("Declined")


class SchemeChange(models.Model):
    """What an officer would change in a scheme that the public reads; another confirms it (M7).

    `fields` are names of scheme_actions.CLEANERS with cleaned values, links as slugs.
    """

    scheme = models.ForeignKey(Scheme, models.CASCADE, related_name="changes")
    fields = models.JSONField(encoder=DjangoJSONEncoder)
    state = models.CharField(max_length=10, choices=ChangeState, default=ChangeState.WAITING)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    comment = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scheme"], condition=Q(state="waiting"), name="scheme_change_one_waiting"
            ),
            models.CheckConstraint(
                condition=Q(state__in=ChangeState.values), name="scheme_change_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", decided_by__isnull=True, decided_at__isnull=True)
                | (~Q(state="waiting") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="scheme_change_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | ~Q(decided_by=F("proposed_by")),
                name="scheme_change_confirmed_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scheme} · {self.get_state_display()}"

    def values(self) -> dict[str, Any]:
        """The new values as the scheme's fields hold them; links as lists of records."""
        return {name: _restored(name, value) for name, value in self.fields.items()}


def field_named(name: str) -> models.Field[Any, Any]:
    """A field of Scheme."""
    return cast("models.Field[Any, Any]", Scheme._meta.get_field(name))


def _restored(name: str, value: Any) -> Any:
    field = field_named(name)
    if isinstance(field, models.ManyToManyField):
        return list(field.related_model._default_manager.filter(slug__in=value))
    return field.to_python(value)


class Indicator(Named):
    """What a scheme's progress is measured in: pensions paid, houses built."""

    scheme = models.ForeignKey(Scheme, models.CASCADE, related_name="indicators")
    unit_hi = models.CharField(_("unit in Hindi"), max_length=40)
    unit_en = models.CharField(_("unit in English"), max_length=40)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scheme", "name_hi"], name="indicator_once_per_scheme"),
        ]


class ProgressQuerySet(models.QuerySet["Progress"]):
    def confirmed(self) -> ProgressQuerySet:
        return self.filter(confirmed_by__isnull=False)

    def waiting(self) -> ProgressQuerySet:
        """Entered, and not yet looked at by another officer."""
        return self.filter(confirmed_by__isnull=True)


class Progress(models.Model):
    """A reading of an indicator. Nothing is shown without its as-on date and source (12.5)."""

    indicator = models.ForeignKey(Indicator, models.CASCADE, related_name="readings")
    district = models.ForeignKey(  # none: the whole State
        District,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("district"),
    )
    target = models.DecimalField(
        _("target"), max_digits=16, decimal_places=2, null=True, blank=True
    )
    achieved = models.DecimalField(_("achieved"), max_digits=16, decimal_places=2)
    as_on = models.DateField(_("as on"))
    source_hi = models.CharField(_("source in Hindi"), max_length=250)
    source_en = models.CharField(_("source in English"), max_length=250)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(auto_now_add=True)
    # Another officer, who looked at it; the public reads nothing before (M7).
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)

    objects = ProgressQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-as_on", "-pk"]
        verbose_name_plural = "progress"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["indicator", "district", "as_on"], name="progress_once_per_district"
            ),
            models.UniqueConstraint(
                fields=["indicator", "as_on"],
                condition=Q(district__isnull=True),
                name="progress_once_for_the_state",
            ),
            models.CheckConstraint(condition=Q(achieved__gte=0), name="progress_not_negative"),
            models.CheckConstraint(
                condition=~Q(source_hi="") & ~Q(source_en=""), name="progress_has_source"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | (
                    Q(confirmed_by__isnull=False, confirmed_at__isnull=False)
                    & ~Q(confirmed_by=F("entered_by"))
                ),
                name="progress_confirmed_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.indicator} · {self.as_on:%d-%m-%Y}"


class SearchTerm(models.Model):
    """One folded word of a scheme and how much it weighs: the index behind the search box.

    Rebuilt by schemes/search whenever the scheme changes; looked up by range, so that the start
    of a word finds it on SQLite and PostgreSQL alike.
    """

    scheme = models.ForeignKey(Scheme, models.CASCADE, related_name="search_terms")
    term = models.CharField(max_length=60)
    weight = models.PositiveSmallIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["term", "scheme"], name="search_term_once_per_scheme"),
        ]

    def __str__(self) -> str:
        return self.term
