"""The audit trail as people read it: what changed, in words, and whether the chain holds here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from django.utils.html import strip_tags

from portal.web.templatetags.portal import graphemes

from .models import FIRST_HASH, AuditEntry, ChainHead
from .names import BARE, LABELS, RICH, SEALS
from .wording import Names, Wording

LONGEST_SHOWN = 400  # letters of a value
SHOWN_BEFORE = 60  # characters that are shown before the first difference of long values


@dataclass(frozen=True)
class Change:
    """`is_seal`: too long to read, so that its beginning will do where there is little room."""

    label: str
    old: str
    new: str
    is_seal: bool = False


def action_label(action: str) -> str:
    return str(LABELS.get(action, action))


def changes(entry: AuditEntry, names: Names | None = None) -> list[Change]:
    """What the entry says beyond its action: old and new by field, and other particulars.

    With `names_for` a page of entries, records are named; without, they stay numbers and codes.
    """
    words = Wording(entry.target_type, names or {})
    data = dict(entry.data)
    old, new = data.pop("old", None), data.pop("new", None)
    found = _pairs(words, old, new)
    found += [_change(words, key, None, data[key]) for key in data]
    return [change for change in found if change]


def _pairs(words: Wording, old: Any, new: Any) -> list[Change | None]:
    if isinstance(old, Mapping) or isinstance(new, Mapping):
        before, after = _mapping(old), _mapping(new)
        keys = before or after  # `old` names what differs; a new record has only `new`
        return [_change(words, key, before.get(key), after.get(key)) for key in keys]
    usual = "state" if words.field("state") else "value"
    return [_change(words, BARE.get(words.target_type, usual), old, new)]


def _change(words: Wording, key: str, before: Any, after: Any) -> Change | None:
    """None if there is nothing to say, or nothing changed."""
    old, new = _texts(words, key, before, after)
    if old == new:
        return None
    old, new = _cut(old, new)
    return Change(words.label(key), old, new, is_seal=key in SEALS)


def _texts(words: Wording, key: str, before: Any, after: Any) -> tuple[str, str]:
    """Rich text without its markup, unless it is the markup that changed."""
    old, new = words.said(key, before), words.said(key, after)
    if key not in RICH:
        return old, new
    plain = _without_markup(old), _without_markup(new)
    return (old, new) if plain[0] == plain[1] else plain


def _without_markup(text: str) -> str:
    return unescape(strip_tags(text))


def _cut(old: str, new: str) -> tuple[str, str]:
    """Of long texts, the place where they begin to differ."""
    start = 0
    if max(len(old), len(new)) > LONGEST_SHOWN:
        same = max(0, _first_difference(old, new) - SHOWN_BEFORE)
        start = old.rfind(" ", 0, same) + 1 or same  # not inside a word
    before = "…" if start else ""
    old, new = (graphemes(text[start:], LONGEST_SHOWN) for text in (old, new))
    return before + old, before + new


def _first_difference(old: str, new: str) -> int:
    pairs = enumerate(zip(old, new, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(old), len(new)))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


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
