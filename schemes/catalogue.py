"""The public list of schemes: what a reader asked for, however badly, and what matches it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from departments.models import Department, District
from departments.names import collated, name_order, reader_language

from .cleaning import plain
from .models import ApplyMode, Category, Level, Persona, Scheme
from .search import search

PER_PAGE = 20
LONGEST_QUERY = 200
# Columns of a card; the long texts stay in the database.
CARD_FIELDS = (
    *("slug", "title_hi", "title_en", "summary_hi", "summary_en", "status", "level"),
    *("valid_to", "apply_mode", "apply_url", "content_changed_at"),
    *("department__slug", "department__name_hi", "department__name_en"),
)

LABELS: dict[str, Promise] = {
    "category": _("Category"),
    "persona": _("For whom"),
    "department": _("Department"),
    "district": _("District"),
    "level": _("Level"),
    "mode": _("Way to apply"),
}
_RECORDS: dict[str, Any] = {
    "category": Category,
    "persona": Persona,
    "department": Department,
    "district": District,
}
_PLACES = {"category": "categories", "persona": "personas", "department": "department"}
_WORDS = {"level": Level, "mode": ApplyMode}
_COLUMNS = {"level": "level", "mode": "apply_mode"}


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    count: int | None = None


@dataclass(frozen=True)
class Facet:
    """One way to narrow the list: its choices, and the one that was taken."""

    name: str
    label: Promise
    choices: list[Choice]
    taken: Choice | None

    @property
    def value(self) -> str:
        return self.taken.value if self.taken else ""


@dataclass(frozen=True)
class Chip:
    """Something that narrows the list now, and the address of the list without it."""

    label: Promise
    value: str
    address: str


@dataclass
class Catalogue:
    """What was asked for. Anything that makes no sense is left out and named in `ignored`."""

    text: str = ""
    taken: dict[str, Choice] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)  # keys of what `taken` names
    ignored: list[Promise] = field(default_factory=list)
    is_cut: bool = False

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.taken)

    def schemes(self) -> QuerySet[Scheme]:
        """What matches: the most relevant first, or by title where nothing was searched for."""
        found = _card_rows(self._matching())
        return found if self.text else found.order_by(*title_order())

    @cached_property
    def _found(self) -> QuerySet[Scheme]:
        """Searched once; every facet then narrows the same answer."""
        return search(Scheme.objects.public(), self.text)

    def _matching(self, without: str = "") -> QuerySet[Scheme]:
        schemes = self._found
        for name in self.taken:
            if name != without:
                schemes = schemes.filter(self._condition(name))
        return schemes

    def _condition(self, name: str) -> Q:
        if name in _COLUMNS:
            return Q(**{_COLUMNS[name]: self.taken[name].value})
        key = self.records[name]
        if name == "department":
            return Q(department=key)
        if name == "district":  # of this district, or of the whole State
            places = Scheme.districts.through.objects.filter(scheme=OuterRef("pk"))
            return Q(~Exists(places) | Exists(places.filter(district=key)))
        through = getattr(Scheme, _PLACES[name]).through
        return Q(Exists(through.objects.filter(**{"scheme": OuterRef("pk"), name: key})))

    @cached_property
    def facets(self) -> list[Facet]:
        return [
            Facet(name, label, self._choices(name), self.taken.get(name))
            for name, label in LABELS.items()
        ]

    def _choices(self, name: str) -> list[Choice]:
        """With how many schemes each would leave; those that would leave none are not offered."""
        if name == "district":
            return [_choice(d) for d in District.objects.order_by(name_order())]
        matching = self._matching(without=name).order_by()
        if self.text:  # what ranks the answers must not group them
            matching = Scheme.objects.filter(pk__in=matching.values("pk")).order_by()
        if name in _WORDS:
            column = _COLUMNS[name]
            counts = dict(matching.values_list(column).annotate(Count("pk")))
            choices = [Choice(v, str(label), counts.get(v, 0)) for v, label in _WORDS[name].choices]
        else:
            choices = self._record_choices(name, matching)
        taken = self.taken.get(name)
        return [c for c in choices if c.count or (taken and taken.value == c.value)]

    def _record_choices(self, name: str, matching: QuerySet[Scheme]) -> list[Choice]:
        place = _PLACES[name]
        rows = matching.filter(**{f"{place}__isnull": False}).values_list(place)
        counts = dict(rows.annotate(Count("pk")))
        if name in self.records:
            counts.setdefault(self.records[name], 0)
        records = _RECORDS[name]._default_manager.filter(pk__in=counts)
        records = records.order_by(name_order()) if name == "department" else records
        return [_choice(record, counts[record.pk]) for record in records]

    @property
    def chips(self) -> list[Chip]:
        asked = [Chip(_("Search"), self.text, self.address(without="q"))] if self.text else []
        return asked + [
            Chip(label, self.taken[name].label, self.address(without=name))
            for name, label in LABELS.items()
            if name in self.taken
        ]

    def address(self, *, without: str = "") -> str:
        """The query string of this list, from the first page, without one of its parts."""
        parts = {"q": self.text} | {name: choice.value for name, choice in self.taken.items()}
        kept = {name: value for name, value in parts.items() if value and name != without}
        return f"?{urlencode(kept)}" if kept else "?"


def read(asked: QueryDict) -> Catalogue:
    """The reader's parameters, of whatever shape: never an error."""
    text = plain(asked.get("q", "")[: LONGEST_QUERY * 10])
    found = Catalogue(text=text[:LONGEST_QUERY].strip(), is_cut=len(text) > LONGEST_QUERY)
    for name, label in LABELS.items():
        value = asked.get(name, "").strip()
        if not value:
            continue
        choice = _take(found, name, value[:100])
        if choice is None:
            found.ignored.append(label)
        else:
            found.taken[name] = choice
    return found


def _take(found: Catalogue, name: str, value: str) -> Choice | None:
    if name in _WORDS:
        words: dict[str, Any] = dict(_WORDS[name].choices)
        return Choice(value, str(words[value])) if value in words else None
    if "\0" in value:  # PostgreSQL takes no NUL, not even to look for it
        return None
    record = _RECORDS[name]._default_manager.filter(slug=value).first()
    if record is None:
        return None
    found.records[name] = record.pk
    return _choice(record)


def _choice(record: Any, count: int | None = None) -> Choice:
    return Choice(record.slug, record.name, count)


def title_order() -> tuple[Any, str]:
    """By title in the reader's language and alphabet (H12)."""
    return collated(f"title_{reader_language()}"), "slug"


def cards(schemes: QuerySet[Scheme]) -> QuerySet[Scheme]:
    return _card_rows(schemes).order_by(*title_order())


def _card_rows(schemes: QuerySet[Scheme]) -> QuerySet[Scheme]:
    return schemes.select_related("department").only(*CARD_FIELDS)


def with_counts(kind: type[Category | Persona]) -> QuerySet[Any]:
    """Those that have schemes, in their order, with `scheme_count`."""
    counted = kind._default_manager.annotate(
        scheme_count=Count("schemes", filter=Q(schemes__is_public=True))
    )
    return counted.filter(scheme_count__gt=0).order_by("position", "slug")
