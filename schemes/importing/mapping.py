"""From a row of a known shape to the fields of a scheme: one table per shape.

Own files (schemes-up.json, or a sheet with the same column names) are strict: an unknown category
is a bad row. What was copied from the myScheme portal is English only and taken as it comes:
an unusable soft value is left out with a note.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from schemes.cleaning import cut
from schemes.models import Level

from .rows import Problem, Row
from .values import (
    Refused,
    address,
    apply_mode,
    day,
    eligibility_rules,
    english_documents,
    level,
    line,
    own_documents,
    rich,
    slug,
    slug_of_address,
    texts,
    year,
)

LONGEST_TITLE, LONGEST_SHORT_TITLE, LONGEST_SUMMARY, LONGEST_HELPLINE = 150, 40, 300, 100

AGRICULTURE, BANKING = "agriculture-rural-environment", "banking-financial-services-insurance"
BUSINESS, EDUCATION, HEALTH = "business-entrepreneurship", "education-learning", "health-wellness"
SKILLS, WELFARE = "skills-employment", "social-welfare-empowerment"
UTILITY = "utility-sanitation"

# The kinds of schemes-up.json on the fifteen categories of standards.md 12.6.
CATEGORY_OF_KIND = {
    "agriculture": AGRICULTURE,
    "banking": BANKING,
    "credit": BANKING,
    "disability": WELFARE,
    "education": EDUCATION,
    "employment": SKILLS,
    "energy": UTILITY,
    "fisheries": AGRICULTURE,
    "food-security": WELFARE,
    "health": HEALTH,
    "housing": "housing-shelter",
    "infrastructure": BUSINESS,  # common facility centres for local products
    "insurance": BANKING,
    "irrigation": AGRICULTURE,
    "labour": WELFARE,
    "livelihood": SKILLS,
    "livestock": AGRICULTURE,
    "marketing": BUSINESS,
    "marriage-assistance": WELFARE,
    "nutrition": HEALTH,
    "sanitation": UTILITY,
    "scholarship": EDUCATION,
    "self-employment": BUSINESS,
    "skill": SKILLS,
    "social-security": WELFARE,
    "sports": "sports-culture",
    "women-child": "women-child",
}
# The myScheme portal's labels, letters only: its copies disagree about commas and capitals.
CATEGORY_OF_LABEL = {
    "agricultureruralenvironment": AGRICULTURE,
    "bankingfinancialservicesinsurance": BANKING,
    "businessentrepreneurship": BUSINESS,
    "educationlearning": EDUCATION,
    "healthwellness": HEALTH,
    "housingshelter": "housing-shelter",
    "publicsafetylawjustice": "public-safety-law-justice",
    "scienceitcommunications": "science-it-communications",
    "skillsemployment": SKILLS,
    "socialwelfareempowerment": WELFARE,
    "sportsculture": "sports-culture",
    "transportinfrastructure": "transport-infrastructure",
    "traveltourism": "travel-tourism",
    "utilitysanitation": UTILITY,
    "womenchild": "women-child",
}
PERSONAS = frozenset(
    [
        *("farmers", "women", "widows", "children", "orphans", "students", "youth", "elderly"),
        *("disabled", "patients", "workers", "artisans", "entrepreneurs", "street-vendors"),
        *("fishers", "sportspersons", "rural-poor", "urban-poor", "households", "sc", "st"),
        *("obc", "minority", "crime-victims"),
    ]
)


@dataclass(frozen=True)
class Field:
    """Where a field's value is found in a row ("a.b": inside an object) and who reads it."""

    target: str
    source: str
    read: Callable[[Any], Any]


@dataclass(frozen=True)
class Shape:
    name: str
    marks: frozenset[str]  # a row with these keys has this shape
    fields: tuple[Field, ...]
    is_own: bool = False


@dataclass(frozen=True)
class Mapped:
    """A row's scheme: field values, and the slugs of its department, categories and personas.

    `department` is "" and `categories` or `personas` None where the row says nothing about them.
    """

    number: int
    slug: str
    values: dict[str, Any]
    is_own: bool = True  # of our own files, not a copy of another portal
    department: str = ""
    categories: tuple[str, ...] | None = None
    personas: tuple[str, ...] | None = None


def _kinds(value: Any) -> tuple[str, ...]:
    found = []
    for kind in texts(value):
        category = CATEGORY_OF_KIND.get(kind.casefold()) or _category_labelled(kind)
        if not category:
            raise Refused(_("“%(name)s” is not a known category.") % {"name": kind[:60]})
        found.append(category)
    return tuple(dict.fromkeys(found))


def _category_labelled(label: str) -> str:
    label = label.casefold()
    if label in CATEGORY_OF_LABEL.values():
        return label
    return CATEGORY_OF_LABEL.get(re.sub(r"[^a-z]|\band\b", "", label), "")


def _labels(value: Any) -> tuple[str, ...]:
    """Categories named in a list or in one text, where commas also stand inside names."""
    text = " ".join(texts(value)) if isinstance(value, list) else line(value)
    letters = re.sub(r"[^a-z]|\band\b", "", text.casefold())
    return tuple(slug for label, slug in CATEGORY_OF_LABEL.items() if label in letters)


def _personas(value: Any) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(text.casefold() for text in texts(value)))
    for persona in found:
        if persona not in PERSONAS:
            raise Refused(_("“%(name)s” is not a known beneficiary.") % {"name": persona[:60]})
    return found


def _tags(value: Any) -> list[str]:
    if isinstance(value, str):
        value = value.split(",")
    return [cut(text, 60) for text in texts(value)]


def _central_if_named(value: Any) -> str:
    """The copies name a ministry only for central schemes; a State's name is no ministry."""
    return str(Level.CENTRAL) if line(value).casefold().startswith("ministry") else ""


def _portal_link(value: Any) -> str:
    text = address(value)
    return "" if "myscheme.gov.in" in text else text


OWN = Shape(
    "own",
    frozenset({"slug", "name_hi"}),
    (
        Field("slug", "slug", slug),
        Field("department", "department", line),
        Field("title_hi", "name_hi", line),
        Field("title_en", "name_en", line),
        Field("short_title_hi", "short_name_hi", line),
        Field("short_title_en", "short_name_en", line),
        Field("aliases", "aliases", texts),
        Field("summary_hi", "benefit_summary_hi", line),
        Field("summary_en", "benefit_summary_en", line),
        Field("description_hi", "description_hi", rich),
        Field("description_en", "description_en", rich),
        Field("benefits_hi", "benefits_hi", rich),
        Field("benefits_en", "benefits_en", rich),
        Field("eligibility_rules", "eligibility", eligibility_rules),
        Field("eligibility_hi", "eligibility_hi", rich),
        Field("eligibility_en", "eligibility_en", rich),
        Field("application_hi", "application_hi", rich),
        Field("application_en", "application_en", rich),
        Field("documents", "documents", own_documents),
        Field("level", "level", level),
        Field("launched", "launched", year),
        Field("valid_from", "valid_from", day),
        Field("valid_to", "valid_to", day),
        Field("apply_mode", "apply_mode", apply_mode),
        Field("apply_url", "apply_url", address),
        Field("helpline", "helpline", line),
        Field("categories", "category", _kinds),
        Field("personas", "beneficiaries", _personas),
        Field("tags", "tags", _tags),
        Field("source_note", "source", line),
        Field("source_note+", "note", line),
        Field("source_note+", "confidence", line),
    ),
    is_own=True,
)
MYSCHEME = (
    Shape(
        "search-api",
        frozenset({"fields"}),
        (
            Field("slug", "fields.slug", slug),
            Field("title_en", "fields.schemeName", line),
            Field("short_title_en", "fields.schemeShortTitle", line),
            Field("summary_en", "fields.briefDescription", line),
            Field("level", "fields.level", level),
            Field("categories", "fields.schemeCategory", _labels),
            Field("tags", "fields.tags", _tags),
            Field("valid_to", "fields.schemeCloseDate", day),
        ),
    ),
    Shape(
        "detail",
        frozenset({"scheme_id", "scheme_name", "source_url"}),
        (
            Field("slug", "source_url", slug_of_address),
            Field("title_en", "scheme_name", line),
            Field("description_en", "detailed_description", rich),
            Field("benefits_en", "benefits.raw_benefits_text", rich),
            Field("eligibility_en", "eligibility_criteria.raw_eligibility_text", rich),
            Field("application_en", "application_process", rich),
            Field("documents", "required_documents", english_documents),
            Field("categories", "category", _labels),
            Field("apply_url", "application_link", _portal_link),
            Field("source_note", "source_url", line),
        ),
    ),
    Shape(
        "gujarat-csv",
        frozenset({"scheme_name", "scheme_link"}),
        (
            Field("slug", "scheme_link", slug_of_address),
            Field("title_en", "scheme_name", line),
            Field("description_en", "details", rich),
            Field("benefits_en", "benefits", rich),
            Field("eligibility_en", "eligibility", rich),
            Field("application_en", "application_process", rich),
            Field("documents", "documents_required", english_documents),
            Field("categories", "category", _labels),
            Field("source_note", "scheme_link", line),
        ),
    ),
    Shape(
        "csv",
        frozenset({"scheme_name", "slug"}),
        (
            Field("slug", "slug", slug),
            Field("title_en", "scheme_name", line),
            Field("description_en", "details", rich),
            Field("benefits_en", "benefits", rich),
            Field("eligibility_en", "eligibility", rich),
            Field("application_en", "application", rich),
            Field("documents", "documents", english_documents),
            Field("level", "level", level),
            Field("categories", "schemeCategory", _labels),
            Field("tags", "tags", _tags),
        ),
    ),
    Shape(
        "titled-columns",
        frozenset({"Scheme Name", "Source URL"}),
        (
            Field("slug", "Source URL", slug_of_address),
            Field("title_en", "Scheme Name", line),
            Field("summary_en", "Description", line),
            Field("benefits_en", "Benefits", rich),
            Field("eligibility_en", "Eligibility", rich),
            Field("application_en", "Application Process", rich),
            Field("documents", "Documents", english_documents),
            Field("tags", "Category", _tags),
            Field("source_note", "Source URL", line),
        ),
    ),
    Shape(
        "corpus",
        frozenset({"slug", "brief_description"}),
        (
            Field("slug", "slug", slug),
            Field("title_en", "name", line),
            Field("short_title_en", "short_title", line),
            Field("summary_en", "brief_description", line),
            Field("description_en", "details", rich),
            Field("benefits_en", "benefits", rich),
            Field("eligibility_en", "eligibility", rich),
            Field("application_en", "application_process", rich),
            Field("documents", "documents", english_documents),
            Field("level", "level", level),
            Field("categories", "categories", _labels),
            Field("tags", "tags", _tags),
            Field("apply_url", "apply_link", _portal_link),
            Field("valid_to", "close_date", day),
            Field("source_note", "source_url", line),
        ),
    ),
    Shape(
        "list",
        frozenset({"slug", "name", "description"}),
        (
            Field("slug", "slug", slug),
            Field("title_en", "name", line),
            Field("summary_en", "description", line),
            Field("level", "ministry", _central_if_named),
            Field("benefits_en", "benefits", rich),
            Field("eligibility_en", "eligibility", rich),
            Field("application_en", "application_process", rich),
            Field("apply_url", "apply_link", _portal_link),
        ),
    ),
)
SHAPES = (OWN, *MYSCHEME)

# Without these a copied row is refused; its other fields are left out with a note.
_NEEDED = {"slug", "title_en", "title_hi", "department"}


def mapped(row: Row) -> tuple[Mapped | None, list[Problem]]:
    """The row's scheme and notes about it, or None and why the row is refused."""
    shape = next((one for one in SHAPES if one.marks <= row.values.keys()), None)
    if shape is None:
        return None, [Problem(row.number, "", _("The columns are not those of a known file."))]
    values, problems = _read_fields(row, shape)
    if not any(problem.is_note is False for problem in problems):
        problems += _fitted(row.number, values)
    if any(not problem.is_note for problem in problems):
        return None, problems
    if not values.get("level", True):
        del values["level"]  # not known: left as it is
    return (
        Mapped(
            number=row.number,
            slug=values.pop("slug"),
            is_own=shape.is_own,
            department=values.pop("department", ""),
            categories=values.pop("categories", None),
            personas=values.pop("personas", None),
            values=values,
        ),
        problems,
    )


def _read_fields(row: Row, shape: Shape) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for field in shape.fields:
        is_there, raw = _found(row.values, field.source)
        if not is_there and field.target not in {"slug", "title_en"}:
            continue
        try:
            value = field.read(raw)
        except Refused as refused:
            is_note = not shape.is_own and field.target not in _NEEDED
            problems.append(Problem(row.number, field.source, refused.reason, is_note))
            continue
        if field.target.endswith("+"):
            target = field.target[:-1]
            value = "\n".join(
                filter(None, [values.get(target, ""), _labelled(field.source, value)])
            )
            values[target] = value
        else:
            values[field.target] = value
    return values, problems


def _labelled(source: str, value: str) -> str:
    return f"{source}: {value}" if value else ""


def _found(values: dict[str, Any], source: str) -> tuple[bool, Any]:
    value: Any = values
    for key in source.split("."):
        if not isinstance(value, dict) or key not in value:
            return False, None
        value = value[key]
    return True, value


def _fitted(number: int, values: dict[str, Any]) -> list[Problem]:
    """Cut what is too long for its field, keeping the whole; refuse what lacks a name."""
    if not values.get("title_hi") and not values.get("title_en"):
        return [Problem(number, "name", _("The scheme has no name."))]
    if (
        values.get("valid_from")
        and values.get("valid_to")
        and (values["valid_to"] < values["valid_from"])
    ):
        return [Problem(number, "valid_to", _("The scheme ends before it begins."))]
    notes = []
    for language in ("hi", "en"):
        if _shorten(values, f"title_{language}", LONGEST_TITLE, keep="aliases"):
            reason = _(
                "Longer than 150 characters: shortened, the whole name kept as another name."
            )
            notes.append(Problem(number, f"title_{language}", reason, is_note=True))
        _shorten(values, f"short_title_{language}", LONGEST_SHORT_TITLE, keep="aliases")
        if _shorten(values, f"summary_{language}", LONGEST_SUMMARY):
            reason = _("Longer than 300 characters: shortened.")
            notes.append(Problem(number, f"summary_{language}", reason, is_note=True))
    if _shorten(values, "helpline", LONGEST_HELPLINE):
        reason = _("Longer than 100 characters: shortened.")
        notes.append(Problem(number, "helpline", reason, is_note=True))
    return notes


def _shorten(values: dict[str, Any], name: str, longest: int, *, keep: str = "") -> bool:
    whole = values.get(name) or ""
    short = cut(whole, longest)
    if short == whole:
        return False
    values[name] = short
    if keep and whole not in values.get(keep, []):
        values[keep] = [*values.get(keep, []), whole]
    return True
