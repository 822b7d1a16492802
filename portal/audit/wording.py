"""How what an entry keeps is said to people: labels, days, numbers, codes and names of records."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.text import capfirst
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext as _

from portal.web.templatetags.portal import ist

from .models import AuditEntry
from .names import FIELDS, NONE_OF, PARTICULARS, REFERENCES, YEARS

_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d[\d:.]*([+-]\d\d:\d\d|Z)?", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,6})?", re.ASCII)
_NUMBER_FIELDS = (models.IntegerField, models.DecimalField, models.FloatField)

Names = Mapping[tuple[str, str], str]  # of a key and what is stored under it


def names_for(entries: Iterable[AuditEntry]) -> Names:
    """Today's names of records that the entries keep as numbers or codes: a query for each kind."""
    asked: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        for key, stored in _references(entry.data):
            asked[key].add(stored)
    return {
        (key, stored): name
        for key, wanted in asked.items()
        for stored, name in _names(*REFERENCES[key], wanted)
    }


def _references(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for part in (data, data.get("old"), data.get("new")):
        if isinstance(part, Mapping):
            for key in REFERENCES.keys() & part.keys():
                given = part[key] if isinstance(part[key], list) else [part[key]]
                yield from ((key, str(one)) for one in given if isinstance(one, str | int))


def _names(label: str, column: str, wanted: set[str]) -> Iterator[tuple[str, str]]:
    """What is stored and its name, unless records of different names share it."""
    if column == "pk":
        wanted = {one for one in wanted if re.fullmatch(r"[0-9]{1,18}", one)}
    found: dict[str, set[str]] = defaultdict(set)
    for record in apps.get_model(label)._default_manager.filter(**{f"{column}__in": wanted}):
        found[str(getattr(record, column))].add(str(record))
    return ((stored, names.pop()) for stored, names in found.items() if len(names) == 1)


@dataclass(frozen=True)
class Wording:
    """The words for entries about one kind of record. `names` are those of `names_for`."""

    target_type: str
    names: Names = field(default_factory=dict)

    def label(self, key: str) -> str:
        return self.known_label(key) or capfirst(key.replace("_", " "))

    def known_label(self, key: str) -> str | None:
        if key in PARTICULARS:
            return capfirst(str(PARTICULARS[key]))
        found = self.field(key)
        # A name that Django made of the field's own is a plain string.
        is_named = found is not None and isinstance(found.verbose_name, Promise)
        return capfirst(str(found.verbose_name)) if found and is_named else None

    def said(self, key: str, value: Any) -> str:
        if value == [] and key in NONE_OF:
            return str(NONE_OF[key])
        if value is None or value in ("", [], {}):
            return ""
        if in_words := settings.AUDIT_WORDS.get(f"{self.target_type}.{key}"):
            return str(import_string(in_words)(value))
        return self._by_shape(key, value)

    def _by_shape(self, key: str, value: Any) -> str:
        if isinstance(value, bool):
            return _("Yes") if value else _("No")
        if isinstance(value, list):
            texts = [self.said(key, one) for one in value]
            return ("; " if any("," in text for text in texts) else ", ").join(texts)
        if isinstance(value, Mapping):
            return self._counted(value)
        return self._one(key, value)

    def field(self, key: str) -> models.Field[Any, Any] | None:
        try:
            model = apps.get_model(self.target_type)
            found = model._meta.get_field(FIELDS.get(key, key))
        except (LookupError, ValueError, FieldDoesNotExist):
            return None
        return found if isinstance(found, models.Field) else None

    def _counted(self, value: Mapping[str, Any]) -> str:
        """Several things under one key; a text in both languages is said one after the other."""
        if value.keys() <= {"hi", "en"}:
            return " / ".join(self.said("", one) for one in value.values() if one)
        return "; ".join(f"{self.label(key)}: {self.said(key, one)}" for key, one in value.items())

    def _one(self, key: str, value: Any) -> str:
        text, found = str(value), self.field(key)
        if key in REFERENCES:
            return self.names.get((key, text), text)
        if found is not None and found.choices:
            return str(dict(found.flatchoices).get(text, text))
        if isinstance(value, int | float) or isinstance(found, _NUMBER_FIELDS):
            return text if key in YEARS else grouped(text)
        if found is None or isinstance(found, models.DateField):
            return moment(text)
        return text


def grouped(text: str) -> str:
    """1,08,250; hundredths only where there are some (N4)."""
    if not _NUMBER.fullmatch(text):
        return text
    amount = Decimal(text)
    whole = amount == amount.to_integral_value()
    return number_format(int(amount) if whole else amount, force_grouping=True)


def moment(text: str) -> str:
    """A day, or a moment in Indian time, as it is written here (N1, N2); other text as it is."""
    if day := _DAY.fullmatch(text):
        return f"{day[3]}-{day[2]}-{day[1]}"
    if not _MOMENT.fullmatch(text):
        return text
    try:
        found = parse_datetime(text)
        if found is None or not found.second:
            return ist(found, "short") or text
        return date_format(localtime(found) if is_aware(found) else found, "d-m-Y H:i:s")
    except (ValueError, OverflowError):  # the 32nd; the last hours of the year 9999
        return text
