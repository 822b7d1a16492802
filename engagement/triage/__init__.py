"""What a message seems to be about, by its words: a proposal with its reasons, never a decision.

Words are data (words.csv); places, departments and schemes are the portal's own. Both are compared
by how they sound, so that Hindi, its spellings in Roman letters and English are one (H10, H11).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from schemes.search.fold import sound_of, words

LONGEST_PHRASE = 5  # words
LONGEST_TEXT = 3000  # characters that are looked at
Key = tuple[str, ...]  # a phrase, word by word as it sounds
# Where two kinds weigh the same, the one that hurts more to overlook comes first.
KINDS = ("abuse", "fake", "problem", "suggestion", "question", "praise")
MOODS = {"problem": "bad", "abuse": "bad", "fake": "bad", "praise": "good"}


@dataclass(frozen=True)
class Reason:
    """`words` led to the proposal that `about` (kind, department, ...) is `value`."""

    about: str
    value: str
    words: str


@dataclass(frozen=True)
class Proposal:
    """Empty where nothing in the text says anything."""

    kind: str = ""
    mood: str = ""
    urgency: str = "ordinary"  # urgent, soon, ordinary
    department: str = ""  # slugs
    district: str = ""
    scheme: int | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Gazetteer:
    """Names of the portal's own data, as they sound: to a district's or department's slug, or to
    a scheme's key.
    """

    districts: Mapping[Key, str] = field(default_factory=dict)
    departments: Mapping[Key, str] = field(default_factory=dict)
    schemes: Mapping[Key, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Hit:
    about: str
    value: str
    weight: int
    words: str
    start: int  # the words' place in the text
    end: int


def key_of(phrase: str) -> Key:
    return tuple(sound for word in words(phrase) if (sound := sound_of(word)))


def propose(text: str, gazetteer: Gazetteer, *, about_scheme: int | None = None) -> Proposal:
    """`about_scheme`: of the post that it answers, where its own words name none."""
    typed = words(text[:LONGEST_TEXT])
    heard = [sound_of(word) for word in typed]
    hits = [*_hits(typed, heard, _lexicon()), *_named(typed, heard, gazetteer)]
    reasons: list[Reason] = []
    kind = _heaviest(hits, "kind", reasons, KINDS)
    if not kind and "?" in text:
        kind = "question"
        reasons.append(Reason("kind", "question", "?"))
    urgency = _heaviest(hits, "urgency", reasons, ("urgent", "soon")) or "ordinary"
    if urgency == "soon" and kind in ("praise", "question", "suggestion"):
        urgency = "ordinary"
    mood = _heaviest(hits, "mood", reasons, ("bad", "good")) or MOODS.get(kind, "neutral")
    scheme = _heaviest(hits, "scheme", reasons, ())
    return Proposal(
        kind=kind or ("problem" if urgency == "urgent" else ""),
        mood=mood if kind else "",
        urgency=urgency,
        department=_heaviest(hits, "department", reasons, ()),
        district=_heaviest(hits, "district", reasons, ()),
        scheme=int(scheme) if scheme else about_scheme,
        reasons=tuple(reason for reason in reasons if _is_kept(reason, urgency)),
    )


def _is_kept(reason: Reason, urgency: str) -> bool:
    return reason.about != "urgency" or reason.value == urgency


def _heaviest(hits: list[_Hit], about: str, reasons: list[Reason], order: tuple[str, ...]) -> str:
    """The value whose words weigh most; its words are the reasons."""
    weights: dict[str, int] = {}
    mine = [hit for hit in hits if hit.about == about]
    for hit in mine:
        weights[hit.value] = weights.get(hit.value, 0) + hit.weight
    if not weights:
        return ""
    places = {value: place for place, value in enumerate(order)}
    chosen = min(weights, key=lambda value: (-weights[value], places.get(value, 99), value))
    # Thanks in the same breath as a complaint do not outweigh it.
    if about == "kind" and chosen in ("praise", "question") and weights.get("problem", 0) >= 3:
        chosen = "problem"
    said = dict.fromkeys(hit.words for hit in mine if hit.value == chosen)
    reasons += [Reason(about, chosen, words_) for words_ in list(said)[:3]]
    return chosen


def _hits(typed: list[str], heard: list[str], lexicon: Mapping[Key, list[_Word]]) -> list[_Hit]:
    """The longest phrase at each place counts, once for each thing that it is about."""
    found = []
    for start in range(len(heard)):
        taken: set[str] = set()
        for length in range(LONGEST_PHRASE, 0, -1):
            end = start + length
            for word in lexicon.get(tuple(heard[start:end]), ()) if end <= len(heard) else ():
                if word.about not in taken:
                    taken.add(word.about)
                    said = " ".join(typed[start:end])
                    found.append(_Hit(word.about, word.value, word.weight, said, start, end))
    return found


def _named(typed: list[str], heard: list[str], gazetteer: Gazetteer) -> Iterator[_Hit]:
    tables: tuple[tuple[str, Mapping[Key, object]], ...] = (
        ("district", gazetteer.districts),
        ("department", gazetteer.departments),
        ("scheme", gazetteer.schemes),
    )
    for about, table in tables:
        for start in range(len(heard)):
            for length in range(LONGEST_PHRASE, 0, -1):
                key = tuple(heard[start : start + length])
                if len(key) == length and key in table:
                    said = " ".join(typed[start : start + length])
                    weight = 4 * length
                    yield _Hit(about, str(table[key]), weight, said, start, start + length)
                    break


@dataclass(frozen=True)
class _Word:
    about: str
    value: str
    weight: int


@cache
def _lexicon() -> dict[Key, list[_Word]]:
    found: dict[Key, list[_Word]] = {}
    with (Path(__file__).parent / "words.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            word = _Word(row["about"], row["value"], int(row["weight"]))
            for phrase in row["phrases"].split("|"):
                key = key_of(phrase)
                if key and word not in found.setdefault(key, []):
                    found[key].append(word)
    return found


def values_of(about: str) -> set[str]:
    """What words.csv can propose: for the test that every department in it exists."""
    return {word.value for known in _lexicon().values() for word in known if word.about == about}


def names(pairs: Iterable[tuple[str, object]]) -> dict[Key, object]:
    """Names with what they mean, as they sound; a single letter says nothing."""
    found: dict[Key, object] = {}
    for name, meaning in pairs:
        key = key_of(name)
        if key and len(key) <= LONGEST_PHRASE and (len(key) > 1 or len(key[0]) > 1):
            found.setdefault(key, meaning)
    return found
