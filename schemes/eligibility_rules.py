"""Which rules of eligibility there are, what each may hold, and how given ones are cleaned."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from portal.errors import MoveNotAllowed

from .cleaning import plain
from .eligibility import EDUCATIONS, GENDERS, OCCUPATIONS, RESIDENCES, SOCIAL_CATEGORIES

RUPEES_A_YEAR = (1, 10**10 - 1)
# A limit of 0 would shut everyone out, so it is a mistake.
NUMBERS = {
    "min_age": (0, 120),
    "max_age": (1, 120),
    "max_income": RUPEES_A_YEAR,
    "max_income_rural": RUPEES_A_YEAR,
    "max_income_urban": RUPEES_A_YEAR,
    "min_disability_percent": (0, 100),
    "max_beneficiaries_per_family": (1, 99),
}
WORDS = {
    "gender": {code: said for code, said in GENDERS.items() if code != "all"},  # is "any"
    "residence": RESIDENCES,
    "min_education": EDUCATIONS,
}
LISTS = {"caste": SOCIAL_CATEGORIES, "occupation": OCCUPATIONS}
TEXTS = ("other_hi", "other_en")
LONGEST_TEXT = 2000
EMPTY: tuple[Any, ...] = (None, "", [])


def clean_rules(given: Any, stored: Any) -> dict[str, Any]:
    """The given rules without those that are empty now. What an import stored may stay as it is.

    Raises MoveNotAllowed for any other rule or value that is not known.
    """
    if not isinstance(given, dict):
        raise _refused("eligibility_rules")
    old = stored if isinstance(stored, dict) else {}
    rules: dict[str, Any] = {}
    for name, value in given.items():
        if _is_stored(name, value, old):
            rules[name] = value
        elif (cleaned := _cleaned(name, value, old.get(name))) not in EMPTY:
            rules[name] = cleaned
    changed = any(rules.get(name) != old.get(name) for name in ("min_age", "max_age"))
    if changed and ages_are_crossed(rules.get("min_age"), rules.get("max_age")):
        raise MoveNotAllowed(_("The highest age cannot be below the lowest."))
    return rules


def ages_are_crossed(least: Any, most: Any) -> bool:
    return isinstance(least, int) and isinstance(most, int) and most < least


def _is_stored(name: str, value: Any, old: dict[str, Any]) -> bool:
    return name in old and type(old[name]) is type(value) and old[name] == value


def _cleaned(name: str, value: Any, old: Any) -> Any:
    if value in EMPTY:
        return None
    if name in NUMBERS and type(value) is int:
        least, most = NUMBERS[name]
        if least <= value <= most:
            return value
    elif name in WORDS and isinstance(value, str) and value in WORDS[name]:
        return value
    elif name in LISTS and isinstance(value, list):
        kept = old if isinstance(old, list) else [old]
        if all(isinstance(one, str) and (one in LISTS[name] or one in kept) for one in value):
            return list(dict.fromkeys(value))
    elif name in TEXTS and isinstance(value, str) and len(value) <= LONGEST_TEXT * 4:
        return plain(value)
    raise _refused(name)


def _refused(name: str) -> MoveNotAllowed:
    return MoveNotAllowed(
        _("This condition cannot be stored: %(name)s.") % {"name": str(name)[:60]}
    )
