"""Readers: from what a file holds to what a field of a scheme takes, or why not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from schemes.cleaning import clean_rich, paragraphs, plain
from schemes.models import ApplyMode, Level

LONGEST_LIST = 200
_SLUG = re.compile(r"[a-z0-9]+(?:[-_]+[a-z0-9]+)*\Z")
_is_web = URLValidator(schemes=["http", "https"])
_NUMBERED = re.compile(r"(?:^|\s)\d{1,2}\.\s+")
_MARKUP = re.compile(r"</?(?:p|ul|ol|li|br|h[1-6]|table|strong|em|a|b|i|div)\b", re.IGNORECASE)


class Refused(Exception):
    """The value cannot be taken; `reason` says why."""

    def __init__(self, reason: str | Promise) -> None:
        self.reason = reason
        super().__init__(reason)


def line(value: Any) -> str:
    """One line of plain text."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Refused(_("This must be text."))
    return plain(str(value))


def slug(value: Any) -> str:
    text = line(value).lower()
    if not text:
        raise Refused(_("This is missing."))
    if len(text) > 100 or not _SLUG.match(text):
        raise Refused(_("This must be 1 to 100 of the letters a-z, digits and hyphens."))
    return text


def slug_of_address(value: Any) -> str:
    """The last part of a page's address."""
    return slug(line(value).rstrip("/").rsplit("/", 1)[-1])


def rich(value: Any) -> str:
    """HTML of a text, or of a list of texts (one paragraph each)."""
    if isinstance(value, list):
        return "".join(paragraphs(text) for text in _leaves(value))
    if isinstance(value, str) and _MARKUP.search(value):
        return clean_rich(value)
    line(value)
    return paragraphs(str(value or ""))


def _leaves(value: Any) -> Iterable[str]:
    """Texts inside nested lists and objects, in order, without recursion."""
    waiting = [value]
    found = 0
    while waiting and found < LONGEST_LIST:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(reversed(one))
        elif isinstance(one, dict):
            waiting.extend(
                reversed([v for k, v in one.items() if k not in {"type", "mode", "url"}])
            )
        elif isinstance(one, str) and one.strip():
            found += 1
            yield one


def address(value: Any) -> str:
    text = line(value)
    if not text:
        return ""
    if len(text) > 500:
        raise Refused(_("This address is longer than 500 characters."))
    try:
        _is_web(text)
    except ValidationError:
        raise Refused(_("This is not a web address (https://…).")) from None
    return text


def texts(value: Any) -> list[str]:
    """A list of plain texts: a list, or one text with ";" or line ends between them."""
    if value in (None, ""):
        return []
    if isinstance(value, str):
        value = unpacked(value)
    if isinstance(value, str):
        value = re.split(r"[;\n]", value)
    if not isinstance(value, list):
        raise Refused(_("This must be a list."))
    if len(value) > LONGEST_LIST:
        raise Refused(_("This list has more than 200 entries."))
    return [text for text in map(line, value) if text]


def unpacked(value: Any) -> Any:
    """A CSV cell may hold a list or an object as JSON."""
    if not isinstance(value, str) or not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise Refused(_("This is neither plain text nor valid JSON.")) from None


def year(value: Any) -> int | None:
    found = whole_number(value)
    if found is not None and not 1900 <= found <= 2100:
        raise Refused(_("This must be a year."))
    return found


def whole_number(value: Any) -> int | None:
    if value in (None, ""):
        return None
    text = line(value)
    if not re.fullmatch(r"[0-9०-९]{1,15}(?:\.0+)?", text):
        raise Refused(_("This must be a whole number."))
    return int(float(text))


def day(value: Any) -> date | None:
    text = line(value)
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        raise Refused(_("This must be a day, as 2026-03-31.")) from None


def level(value: Any) -> str:
    text = line(value).casefold()
    known = {"centrally sponsored": Level.JOINT, "state/ ut": Level.STATE, "state/ut": Level.STATE}
    found = known.get(text, text)
    if found and found not in Level.values:
        raise Refused(_("This must be state, central, joint or district."))
    return str(found)


def apply_mode(value: Any) -> str:
    text = line(value).casefold()
    if text and text not in ApplyMode.values:
        raise Refused(_("This is not a known way to apply."))
    return text


def own_documents(value: Any) -> list[dict[str, str]] | None:
    """None: not known. []: none asked for."""
    value = unpacked(value)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = [{"hi": text} for text in texts(value)]
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Refused(_("This must be a list of documents, each named in hi and en."))
    if len(value) > LONGEST_LIST:
        raise Refused(_("This list has more than 200 entries."))
    return [{"hi": line(one.get("hi")), "en": line(one.get("en"))} for one in value]


_NUMBER_RULES = (
    *("min_age", "max_age", "max_income", "max_income_rural", "max_income_urban"),
    *("min_disability_percent", "max_beneficiaries_per_family"),
)
_WORD_RULES = ("gender", "residence", "min_education", "other_hi", "other_en")
_LIST_RULES = ("caste", "occupation")


def eligibility_rules(value: Any) -> dict[str, Any]:
    """The known rules that are set, by name; what is not known is left out."""
    value = unpacked(value)
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise Refused(_("This must be an object with named rules."))
    found: dict[str, Any] = {name: whole_number(value.get(name)) for name in _NUMBER_RULES}
    found |= {name: line(value.get(name)) or None for name in _WORD_RULES}
    found |= {name: texts(value.get(name)) or None for name in _LIST_RULES}
    return {name: one for name, one in found.items() if one is not None}


def english_documents(value: Any) -> list[dict[str, str]] | None:
    """Names of documents in one language, without the sub-headings among them ("Step 1:")."""
    if isinstance(value, str) and len(_NUMBERED.findall(value)) > 1:
        value = _NUMBERED.split(value)
    if isinstance(value, list):
        value = [one.get("document_name") if isinstance(one, dict) else one for one in value]
        value = value[:LONGEST_LIST]
    named = [text for text in texts(value) if not text.endswith(":")]
    return [{"hi": "", "en": text} for text in named] or None
