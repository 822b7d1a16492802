"""Every change to a scheme and its progress; rich text is cleaned here, on the way in.

Two officers stand behind all that the public reads (M7): one shows a scheme that another wrote, and
what is changed in a shown scheme, or read of its progress, waits until another has confirmed it.
"""

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
from portal.web.text import tidy

from . import access
from .cleaning import clean_rich, plain
from .eligibility_rules import clean_rules
from .models import ChangeState, Indicator, Progress, Scheme, SchemeChange
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


def _plain_lines(value: str) -> str:
    return "\n".join(plain(line) for line in value.splitlines()).strip()


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
    **dict.fromkeys(["apply_url", "helpline"], plain),
    "source_note": _plain_lines,
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
    """Change some fields. `version` is the one on the officer's screen.

    What the public would read at once waits in a SchemeChange until another officer confirms it.
    """
    scheme = _locked(scheme, actor, version)
    waiting = waiting_change(scheme)
    if waiting and waiting.proposed_by_id != actor.pk:
        raise MoveNotAllowed(
            _("A change by another officer waits here. Confirm or decline it first.")
        )
    old, links = _differing(scheme, fields)
    new = {name: fields[name] for name in old}
    if scheme.is_public and not old.keys() <= UNREAD:
        _check(scheme)
        return _propose(scheme, waiting, actor, old, new)
    if waiting and waiting.fields.keys() <= fields.keys():
        _decline(scheme, waiting, actor)  # typed back to what is stored, or written below
    if not old:
        return scheme
    _write(scheme, actor, links, is_read=not old.keys() <= UNREAD)
    _record("schemes.scheme.changed", scheme, actor, {"old": _shown(old), "new": _shown(new)})
    return scheme


def waiting_change(scheme: Scheme) -> SchemeChange | None:
    waiting = scheme.changes.filter(state=ChangeState.WAITING)
    return waiting.select_related("proposed_by", "scheme").first()


@transaction.atomic
def confirm_change(scheme: Scheme, *, actor: User, version: int) -> Scheme:
    """Let the public read what another officer wrote."""
    scheme = _locked(scheme, actor, version)
    change = _needed_change(scheme)
    if not access.can_confirm_change(actor, change):
        raise NotPermitted(_("You wrote this change, so another officer must confirm it."))
    new = change.values()
    old, links = _differing(scheme, new)
    _settle(change, ChangeState.CONFIRMED, actor)
    _write(scheme, change.proposed_by, links, is_read=True)
    new = {name: new[name] for name in old}
    _record("schemes.change.confirmed", scheme, actor, {"old": _shown(old), "new": _shown(new)})
    return scheme


@transaction.atomic
def decline_change(scheme: Scheme, *, actor: User, version: int, comment: str = "") -> Scheme:
    """Leave the scheme as it is. Whoever wrote the change takes it back without a word."""
    scheme = _locked(scheme, actor, version)
    change = _needed_change(scheme)
    if change.proposed_by_id != actor.pk and not plain(comment):
        raise MoveNotAllowed(_("Say why you decline the change."))
    _raise_version(scheme)
    _decline(scheme, change, actor, comment)
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
    _raise_version(scheme)
    _record("schemes.scheme.published", scheme, actor, {})
    return scheme


@transaction.atomic
def hide_scheme(scheme: Scheme, *, actor: User, version: int, comment: str) -> Scheme:
    """Take it from the public at once: one officer may, for what is wrong should not stay."""
    scheme = _locked(scheme, actor, version)
    if not scheme.is_public:
        raise MoveNotAllowed(_("The scheme is not shown to the public."))
    if not plain(comment):
        raise MoveNotAllowed(_("Say why you hide the scheme."))
    scheme.is_public = False
    _raise_version(scheme)
    _record("schemes.scheme.hidden", scheme, actor, {"comment": tidy(comment)})
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
    _record_reading("schemes.progress.recorded", reading, scheme, actor)
    return reading


@transaction.atomic
def confirm_progress(reading: Progress, *, actor: User) -> Progress:
    """Let the public see a reading that another officer entered."""
    reading, scheme = _locked_reading(reading, actor)
    if not access.can_confirm_progress(actor, reading):
        raise NotPermitted(_("You entered this reading, so another officer must confirm it."))
    reading.confirmed_by, reading.confirmed_at = actor, timezone.now()
    reading.save()
    scheme.content_changed_at = reading.confirmed_at
    scheme.save(update_fields=["content_changed_at"])
    _record_reading("schemes.progress.confirmed", reading, scheme, actor)
    return reading


@transaction.atomic
def remove_progress(reading: Progress, *, actor: User) -> None:
    """A wrong reading makes way for the right one, as long as the public has not seen it."""
    reading, scheme = _locked_reading(reading, actor)
    _record_reading("schemes.progress.removed", reading, scheme, actor)
    reading.delete()


def _locked_reading(reading: Progress, actor: User) -> tuple[Progress, Scheme]:
    scheme = _locked(reading.indicator.scheme, actor, None)
    found = Progress.objects.select_related("indicator__scheme", "district").filter(pk=reading.pk)
    waiting = found.waiting().first()
    if waiting is None:
        raise MoveNotAllowed(_("This reading no longer waits: it was confirmed or removed."))
    return waiting, scheme


def _record_reading(action: str, reading: Progress, scheme: Scheme, actor: User) -> None:
    data = {
        "indicator": reading.indicator.name_en,
        "achieved": reading.achieved,
        "target": reading.target,
        "as_on": reading.as_on,
        "district": reading.district.slug if reading.district else "",
        "source": reading.source_en,
    }
    record(action, reading, actor=actor, department=scheme.department.slug, data=data)


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
        if name == "eligibility_rules":
            value = fields[name] = clean_rules(given, scheme.eligibility_rules)
        else:
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


def _differing(scheme: Scheme, fields: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set cleaned values; the old ones of all that differ, and the differing links to be set."""
    old, links = _assign(scheme, fields)
    for name in list(links):
        before = set(getattr(scheme, name).all())
        if before == set(links[name]):
            del links[name]
        else:
            old[name] = before
    return old, links


def _write(scheme: Scheme, author: User, links: dict[str, Any], *, is_read: bool) -> None:
    _check(scheme)
    for name, chosen in links.items():
        getattr(scheme, name).set(chosen)
    if is_read:
        scheme.changed_by, scheme.content_changed_at = author, timezone.now()
    _raise_version(scheme)
    index_scheme(scheme)


def _raise_version(scheme: Scheme) -> None:
    scheme.version += 1
    scheme.save()


def _propose(
    scheme: Scheme,
    waiting: SchemeChange | None,
    actor: User,
    old: dict[str, Any],
    new: dict[str, Any],
) -> Scheme:
    """Keep the change, in place of an earlier one of the same officer; the scheme stays."""
    change = waiting or SchemeChange(scheme=scheme, proposed_by=actor)
    change.fields, change.proposed_at = _shown(new), timezone.now()
    change.save()
    stored = Scheme.objects.select_related("department").get(pk=scheme.pk)
    _raise_version(stored)
    _record("schemes.change.proposed", stored, actor, {"old": _shown(old), "new": _shown(new)})
    return stored


def _needed_change(scheme: Scheme) -> SchemeChange:
    change = waiting_change(scheme)
    if change is None:
        raise MoveNotAllowed(_("No change waits here any more."))
    return change


def _decline(scheme: Scheme, change: SchemeChange, actor: User, comment: str = "") -> None:
    _settle(change, ChangeState.DECLINED, actor, comment)
    _record("schemes.change.declined", scheme, actor, {"comment": tidy(comment)})


def _settle(change: SchemeChange, state: str, actor: User, comment: str = "") -> None:
    change.state, change.comment = state, tidy(comment)
    change.decided_by, change.decided_at = actor, timezone.now()
    change.save()


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """As the audit trail keeps it: links by slug."""
    return {
        name: sorted(one.slug for one in value) if name in LINKS else value
        for name, value in values.items()
    }


def _record(action: str, scheme: Scheme, actor: User, data: dict[str, Any]) -> None:
    record(action, scheme, actor=actor, department=scheme.department.slug, data=data)
