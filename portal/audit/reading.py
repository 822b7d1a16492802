"""The audit trail as people read it: what changed, in words, and whether the chain holds here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.html import strip_tags
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from .models import FIRST_HASH, AuditEntry, ChainHead
from .names import LABELS

_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
LONGEST_SHOWN = 400  # characters of a value


@dataclass(frozen=True)
class Change:
    label: str
    old: str
    new: str


def action_label(action: str) -> str:
    return str(LABELS.get(action, action))


def changes(entry: AuditEntry) -> list[Change]:
    """What the entry says beyond its action: old and new by field, and other particulars."""
    model = _model(entry.target_type)
    data = dict(entry.data)
    old, new = data.pop("old", None), data.pop("new", None)
    found = _pairs(model, old, new)
    found += [_change(model, key, None, data[key]) for key in data]
    return [change for change in found if change.old or change.new]


def _pairs(model: type[models.Model] | None, old: Any, new: Any) -> list[Change]:
    if isinstance(old, Mapping) or isinstance(new, Mapping):
        before, after = _mapping(old), _mapping(new)
        keys = before or after  # `old` names what differs; a new record has only `new`
        return [_change(model, key, before.get(key), after.get(key)) for key in keys]
    if old is None and new is None:
        return []
    key = "state" if _has_state(model) else "value"
    return [_change(model, key, old, new)]


def _change(model: type[models.Model] | None, key: str, before: Any, after: Any) -> Change:
    """Rich text without its markup, unless it is the markup that changed."""
    old, new = _value(model, key, before), _value(model, key, after)
    plain_old, plain_new = unescape(strip_tags(old)), unescape(strip_tags(new))
    if plain_old != plain_new:
        old, new = plain_old, plain_new
    return Change(_label(model, key), _cut(old), _cut(new))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _model(target_type: str) -> type[models.Model] | None:
    try:
        return apps.get_model(target_type)
    except (LookupError, ValueError):
        return None


def _field(model: type[models.Model] | None, name: str) -> models.Field[Any, Any] | None:
    if model is None:
        return None
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return field if isinstance(field, models.Field) else None


def _has_state(model: type[models.Model] | None) -> bool:
    return _field(model, "state") is not None


def _label(model: type[models.Model] | None, name: str) -> str:
    words = {
        "indicator": _("Indicator"),
        "district": _("District"),
        "source": _("Source"),
        "file": _("File"),
        "role": _("Role"),
        "from": _("From"),
        "to": _("Until"),
        "reason": _("Reason"),
        "comment": _("Comment"),
        "value": _("Value"),
    }
    field = _field(model, name)
    if name not in words and field is not None:
        return capfirst(str(field.verbose_name))
    return words.get(name, capfirst(name.replace("_", " ")))


def _value(model: type[models.Model] | None, name: str, value: Any) -> str:
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list | tuple):
        text = ", ".join(_value(model, name, item) for item in value)
    elif isinstance(value, Mapping):
        text = ", ".join(f"{key}: {_value(model, key, item)}" for key, item in value.items())
    else:
        text = _choice(_field(model, name), str(value))
    day = _DAY.fullmatch(text)
    return f"{day[3]}-{day[2]}-{day[1]}" if day else text


def _choice(field: models.Field[Any, Any] | None, value: str) -> str:
    choices = dict(field.flatchoices) if field is not None and field.choices else {}
    return str(choices.get(value, value))


def broken_here(entries: Sequence[AuditEntry]) -> list[int]:
    """Numbers of those entries that were changed, or do not follow the entry before them.

    Reads the rows before these in one query; `check_audit` walks the whole chain.
    """
    before = [entry.number - 1 for entry in entries]
    found = AuditEntry.objects.filter(number__in=before).values_list("number", "hash")
    hashes = {0: FIRST_HASH, **dict(found)}
    return [
        entry.number
        for entry in entries
        if entry.previous_hash != hashes.get(entry.number - 1)
        or entry.computed_hash() != entry.hash
    ]


def last_number() -> int:
    head = ChainHead.objects.filter(pk=1).first()
    return head.number if head else 0
