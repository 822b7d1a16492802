"""Rules of eligibility as sentences. null is unknown, not unlimited: nothing is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.formats import number_format
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from departments.names import reader_language

from .passages import Passage, chosen

GENDERS = {
    "any": gettext_lazy("Women, men and transgender persons can all apply."),
    "all": gettext_lazy("Women, men and transgender persons can all apply."),
    "female": gettext_lazy("Only for women and girls."),
    "male": gettext_lazy("Only for men and boys."),
    "transgender": gettext_lazy("Only for transgender persons."),
}
RESIDENCES = {
    "Uttar Pradesh": gettext_lazy("Lives in Uttar Pradesh."),
    "Uttar Pradesh (rural)": gettext_lazy("Lives in a rural area of Uttar Pradesh."),
    "Uttar Pradesh (urban)": gettext_lazy("Lives in a town or city of Uttar Pradesh."),
    "India": gettext_lazy("Lives in India."),
    "India (rural)": gettext_lazy("Lives in a rural area of India."),
    "India (urban)": gettext_lazy("Lives in a town or city of India."),
}
SOCIAL_CATEGORIES = {
    "SC": gettext_lazy("Scheduled Caste"),
    "ST": gettext_lazy("Scheduled Tribe"),
    "OBC": gettext_lazy("Other Backward Class"),
    "General": gettext_lazy("General category"),
    "Minority": gettext_lazy("Minority community"),
    "EWS": gettext_lazy("Economically weaker section"),
    "PVTG": gettext_lazy("Particularly vulnerable tribal group"),
    "DNT": gettext_lazy("Denotified tribe"),
}
OCCUPATIONS = {
    "student": gettext_lazy("student"),
    "farmer": gettext_lazy("farmer"),
    "small farmer": gettext_lazy("small farmer"),
    "marginal farmer": gettext_lazy("marginal farmer"),
    "tenant farmer": gettext_lazy("tenant farmer"),
    "sharecropper": gettext_lazy("sharecropper"),
    "dairy farmer": gettext_lazy("dairy farmer"),
    "cattle keeper": gettext_lazy("cattle keeper"),
    "fish farmer": gettext_lazy("fish farmer"),
    "fisher": gettext_lazy("fisher"),
    "boat operator": gettext_lazy("boat operator"),
    "construction worker": gettext_lazy("construction worker"),
    "factory worker": gettext_lazy("factory worker"),
    "street vendor": gettext_lazy("street vendor"),
    "artisan": gettext_lazy("artisan"),
    "potter": gettext_lazy("potter"),
    "carpenter": gettext_lazy("carpenter"),
    "tailor": gettext_lazy("tailor"),
    "barber": gettext_lazy("barber"),
    "goldsmith": gettext_lazy("goldsmith"),
    "blacksmith": gettext_lazy("blacksmith"),
    "basket weaver": gettext_lazy("basket weaver"),
    "cobbler": gettext_lazy("cobbler"),
    "halwai": gettext_lazy("sweet-maker"),
    "sportsperson": gettext_lazy("sportsperson"),
    "former sportsperson": gettext_lazy("former sportsperson"),
}
EDUCATIONS = {
    **{f"class {n}": format_lazy(gettext_lazy("class {number}"), number=n) for n in range(1, 13)},
    "graduate": gettext_lazy("graduation"),
    "diploma": gettext_lazy("a diploma"),
}


def conditions(rules: Any) -> list[Passage]:
    """What is known of who can apply. Rules may come from any import: what makes no sense is left
    out, a word without a translation is shown as it was entered."""
    if not isinstance(rules, dict):
        return []
    language = reader_language()
    said = [Passage(str(sentence), language) for sentence in _sentences(rules) if sentence]
    other = chosen(as_word(rules.get("other_hi")), as_word(rules.get("other_en")))
    return [*said, other] if other else said


def in_sentences(rules: Any) -> str:
    """All that the rules say, for who decides on them: other conditions in both languages."""
    if not isinstance(rules, dict):
        return ""
    others = [as_word(rules.get(name)) for name in ("other_hi", "other_en")]
    said = [str(sentence) for sentence in _sentences(rules) if sentence]
    return " ".join([*said, " / ".join(other for other in others if other)]).strip()


def _sentences(rules: dict[str, Any]) -> Iterator[Any]:
    yield _age(as_number(rules.get("min_age")), as_number(rules.get("max_age")))
    yield GENDERS.get(as_word(rules.get("gender")))
    yield from _income(rules)
    residence = as_word(rules.get("residence"))
    yield RESIDENCES.get(residence) or (_("Lives in: %(place)s.") % {"place": residence}
                                        if residence else None)  # fmt: skip
    yield _listed(_("Social category: %(names)s."), rules.get("caste"), SOCIAL_CATEGORIES)
    yield _listed(_("Occupation: %(names)s."), rules.get("occupation"), OCCUPATIONS)
    yield _education(as_word(rules.get("min_education")))
    yield _disability(as_number(rules.get("min_disability_percent")))
    yield _family(as_number(rules.get("max_beneficiaries_per_family")))


def _age(least: Decimal | None, most: Decimal | None) -> str | None:
    ages = {"least": _shown(least), "most": _shown(most)}
    if least and most:
        return _("Age: %(least)s to %(most)s years.") % ages
    if least:
        return _("Age: %(least)s years or more.") % ages
    if most:
        return _("Age: up to %(most)s years.") % ages
    return None


def _income(rules: dict[str, Any]) -> Iterator[str | None]:
    anywhere = as_number(rules.get("max_income"))
    rural = as_number(rules.get("max_income_rural"))
    urban = as_number(rules.get("max_income_urban"))
    if anywhere:
        yield _("Yearly family income: up to ₹%(sum)s.") % {"sum": _shown(anywhere)}
    if rural:
        yield _("Yearly family income in a rural area: up to ₹%(sum)s.") % {"sum": _shown(rural)}
    if urban:
        yield _("Yearly family income in a town or city: up to ₹%(sum)s.") % {"sum": _shown(urban)}


def _listed(sentence: str, words: Any, known: dict[str, Any]) -> str | None:
    words = words if isinstance(words, list) else [words]
    names = [str(known.get(word, word)) for word in map(as_word, words) if word]
    return sentence % {"names": ", ".join(names)} if names else None


def _education(level: str) -> str | None:
    return _("Has passed %(level)s.") % {"level": EDUCATIONS.get(level, level)} if level else None


def _disability(percent: Decimal | None) -> str | None:
    if percent is None:
        return None
    if not percent:
        return _("A disability of any degree.")
    return _("A disability of at least %(percent)s%%.") % {"percent": _shown(percent)}


def _family(people: Decimal | None) -> str | None:
    if not people:
        return None
    return _("At most %(people)s persons of one family.") % {"people": _shown(people)}


def as_number(value: Any) -> Decimal | None:
    """A finite number from 0 to 10^12, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value)[:30].strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 <= number < 10**12 else None


def as_word(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _shown(number: Decimal | None) -> str:
    if number is None:
        return ""
    whole = number == number.to_integral_value()
    return number_format(int(number) if whole else number, force_grouping=True)
