"""Every change to a scheme and its progress; rich text is cleaned here, on the way in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.models import Department, District, User
from portal.audit.actions import record
from portal.errors import MoveNotAllowed, NotPermitted

from . import access
from .cleaning import clean_rich, plain
from .models import Indicator, Progress, Scheme
from .search import index_scheme

PUBLIC_NEEDS = ("title_hi", "title_en", "summary_hi", "summary_en")
LINKS = ("categories", "personas", "districts")
# Of the office, not for the reader: changing them leaves "last updated" as it is (F14).
UNREAD = frozenset({"review_by", "source_note", "aliases"})


def _documents(value: list[Mapping[str, str]] | None) -> list[dict[str, str]] | None:
    if value is None:
        return None
    named = [{"hi": plain(one.get("hi", "")), "en": plain(one.get("en", ""))} for one in value]
    return [one for one in named if one["hi"] or one["en"]]


def _names(value: list[str]) -> list[str]:
    return list(dict.fromkeys(name for name in map(plain, value) if name))


def _unchanged(value: Any) -> Any:
    return value


# Every field an officer may set, and how it is cleaned.
CLEANERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(
        [
            f"{name}_{language}"
            for name in ("title", "short_title", "summary")
            for language in ("hi", "en")
        ],
        plain,
    ),
    **dict.fromkeys(
        [
            f"{name}_{language}"
            for name in ("description", "benefits", "eligibility", "application")
            for language in ("hi", "en")
        ],
        clean_rich,
    ),
    **dict.fromkeys(["apply_url", "helpline", "source_note"], plain),
    **dict.fromkeys(["aliases", "tags"], _names),
    "documents": _documents,
    **dict.fromkeys(
        [
            *("level", "status", "apply_mode", "launched", "valid_from", "valid_to", "review_by"),
            *("eligibility_rules", *LINKS),
        ],
        _unchanged,
    ),
}


@transaction.atomic
def create_scheme(department: Department, *, actor: User, slug: str, **fields: Any) -> Scheme:
    """A new scheme, not yet shown to the public. `fields` are names of CLEANERS."""
    if not access.can_add_scheme(actor, department.pk):
        raise NotPermitted(_("You may not write schemes of this department."))
    scheme = Scheme(slug=slug, department=department, changed_by=actor)
    links = _assign(scheme, fields)[1]
    _check(scheme)
    if Scheme.objects.filter(slug=slug).exists():
        raise MoveNotAllowed(_("A scheme with this code already exists."))
    scheme.save(force_insert=True)
    for name, chosen in links.items():
        getattr(scheme, name).set(chosen)
    index_scheme(scheme)
    _record("schemes.scheme.created", scheme, actor, {"new": _shown(fields)})
    return scheme


@transaction.atomic
def change_scheme(scheme: Scheme, *, actor: User, version: int, **fields: Any) -> Scheme:
    """Change some fields. `version` is the one on the officer's screen."""
    scheme = _locked(scheme, actor, version)
    old, links = _assign(scheme, fields)
    for name, chosen in links.items():
        before = set(getattr(scheme, name).all())
        if before != set(chosen):
            old[name] = before
            getattr(scheme, name).set(chosen)
    if not old:
        return scheme
    _check(scheme)
    _save(scheme, actor, is_read=not old.keys() <= UNREAD)
    index_scheme(scheme)
    new = {name: fields[name] for name in old}
    _record("schemes.scheme.changed", scheme, actor, {"old": _shown(old), "new": _shown(new)})
    return scheme


@transaction.atomic
def show_scheme(scheme: Scheme, *, actor: User, version: int) -> Scheme:
    """Let the public see it: both languages must say what it is and what it gives (M8)."""
    scheme = _locked(scheme, actor, version)
    if scheme.is_public:
        raise MoveNotAllowed(_("The scheme is already shown to the public."))
    if not access.can_show_scheme(actor, scheme):
        raise NotPermitted(_("You changed this scheme last, so another officer must show it."))
    scheme.is_public = True
    _check(scheme)
    _save(scheme, actor, is_read=False)
    _record("schemes.scheme.published", scheme, actor, {})
    return scheme


@transaction.atomic
def hide_scheme(scheme: Scheme, *, actor: User, version: int) -> Scheme:
    scheme = _locked(scheme, actor, version)
    if not scheme.is_public:
        raise MoveNotAllowed(_("The scheme is not shown to the public."))
    scheme.is_public = False
    _save(scheme, actor, is_read=False)
    _record("schemes.scheme.hidden", scheme, actor, {})
    return scheme


@transaction.atomic
def add_indicator(
    scheme: Scheme, *, actor: User, name_hi: str, name_en: str, unit_hi: str, unit_en: str
) -> Indicator:
    """What the scheme's progress is measured in from now on."""
    scheme = _locked(scheme, actor, None)
    names = {"name_hi": name_hi, "name_en": name_en, "unit_hi": unit_hi, "unit_en": unit_en}
    names = {name: plain(text) for name, text in names.items()}
    if not all(names.values()):
        raise MoveNotAllowed(_("Give the indicator's name and unit in Hindi and in English."))
    if scheme.indicators.filter(name_hi=names["name_hi"]).exists():
        raise MoveNotAllowed(_("The scheme already has this indicator."))
    indicator = Indicator(scheme=scheme, **names)
    _full_clean(indicator)
    indicator.save()
    _record("schemes.scheme.changed", scheme, actor, {"new": {"indicator": names["name_en"]}})
    return indicator


@transaction.atomic
def record_progress(
    indicator: Indicator,
    *,
    actor: User,
    achieved: Decimal,
    as_on: date,
    source_hi: str,
    source_en: str,
    target: Decimal | None = None,
    district: District | None = None,
) -> Progress:
    """A reading for the State or a district. What was read once for a day stays (12.5)."""
    scheme = _locked(indicator.scheme, actor, None)
    if as_on > timezone.localdate():
        raise MoveNotAllowed(_("The as-on date cannot be in the future."))
    if achieved < 0 or (target is not None and target < 0):
        raise MoveNotAllowed(_("A reading cannot be below zero."))
    reading = Progress(
        indicator=indicator,
        district=district,
        target=target,
        achieved=achieved,
        as_on=as_on,
        source_hi=plain(source_hi),
        source_en=plain(source_en),
        entered_by=actor,
    )
    _full_clean(reading)
    # The scheme's row is locked, so that no second reading can slip in between.
    if indicator.readings.filter(as_on=as_on, district=district).exists():
        raise MoveNotAllowed(_("There is already a reading for this day and place."))
    reading.save()
    scheme.content_changed_at = timezone.now()
    scheme.save(update_fields=["content_changed_at"])
    data = {"indicator": indicator.name_en, "achieved": achieved, "target": target, "as_on": as_on}
    data |= {"district": district.slug if district else "", "source": reading.source_en}
    record(
        "schemes.progress.recorded",
        reading,
        actor=actor,
        department=scheme.department.slug,
        data=data,
    )
    return reading


def _locked(scheme: Scheme, actor: User, version: int | None) -> Scheme:
    schemes = Scheme.objects.select_for_update(of=("self",)).select_related("department")
    scheme = schemes.get(pk=scheme.pk)
    if not access.can_edit_scheme(actor, scheme):
        raise NotPermitted(_("You may not write schemes of this department."))
    if version is not None and version != scheme.version:
        raise MoveNotAllowed(
            _("Someone changed this scheme while you had it open. Look at it again, then save.")
        )
    return scheme


def _assign(scheme: Scheme, fields: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set cleaned values; the old ones of those that differ, and the links still to be set.

    Raises KeyError for a field that is not in CLEANERS.
    """
    old, links = {}, {}
    for name, given in fields.items():
        value = fields[name] = CLEANERS[name](given)
        if name in LINKS:
            links[name] = value
        elif getattr(scheme, name) != value:
            old[name] = getattr(scheme, name)
            setattr(scheme, name, value)
    return old, links


def _check(scheme: Scheme) -> None:
    if scheme.is_public and not all(getattr(scheme, name) for name in PUBLIC_NEEDS):
        raise MoveNotAllowed(
            _("What the public sees needs its title and benefit in Hindi and in English.")
        )
    if not scheme.title_hi and not scheme.title_en:
        raise MoveNotAllowed(_("The scheme needs a title."))
    if scheme.valid_from and scheme.valid_to and scheme.valid_to < scheme.valid_from:
        raise MoveNotAllowed(_("The scheme cannot end before it begins."))
    _full_clean(scheme)


def _full_clean(row: Scheme | Indicator | Progress) -> None:
    try:
        # Nobody changed what an import brought in; who changes it now is set with the save.
        row.full_clean({"changed_by"}, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        raise MoveNotAllowed(" ".join(error.messages)) from None


def _save(scheme: Scheme, actor: User, *, is_read: bool) -> None:
    scheme.version += 1
    scheme.changed_by = actor
    if is_read:
        scheme.content_changed_at = timezone.now()
    scheme.save()


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """As the audit trail keeps it: links by slug."""
    return {
        name: sorted(one.slug for one in value) if name in LINKS else value
        for name, value in values.items()
    }


def _record(action: str, scheme: Scheme, actor: User, data: dict[str, Any]) -> None:
    record(action, scheme, actor=actor, department=scheme.department.slug, data=data)
