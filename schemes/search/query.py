"""Finds schemes for what a citizen typed: Hindi, English or Hindi in Roman letters."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat, StrIndex

from schemes.cleaning import plain
from schemes.models import Scheme, SearchTerm

from .fold import STOP_WORDS, sound_of, words
from .index import EXACT
from .synonyms import LONGEST_PHRASE, PHRASES, SYNONYMS

LONGEST_QUESTION = 200  # characters
MOST_WORDS = 8
COMMON = 2500  # a word with more index rows than this orders nothing
MOST_FOUND = 1000
MOST_COMPARED = 20_000  # index rows looked through for a misspelt word
LAST = "zzzzzzzz"  # after every sound key with the same start, in every database's order

WHOLE, SOUNDS, STARTS, SYNONYM, NEARLY = 1.0, 0.9, 0.55, 0.7, 0.4


@dataclass(frozen=True)
class Asked:
    """One word of the question, and the words that would do as well."""

    word: str
    others: frozenset[str] = frozenset()


def search(schemes: QuerySet[Scheme], text: str) -> QuerySet[Scheme]:
    """Those of `schemes` that the text asks for, best first; all of them if it asks for nothing."""
    asked = _understood(text)
    if asked is None:
        return schemes
    scores, common = _scores(asked)
    if not scores:
        return _having_all(schemes, common) if common else schemes.none()
    best = sorted(scores, key=lambda pk: (-scores[pk], pk))
    kept = set(
        schemes.order_by().filter(pk__in=best[: 3 * MOST_FOUND]).values_list("pk", flat=True)
    )
    return _in_order(schemes, [pk for pk in best if pk in kept][:MOST_FOUND])


def _in_order(schemes: QuerySet[Scheme], keys: list[int]) -> QuerySet[Scheme]:
    places = Value("," + ",".join(map(str, keys)) + ",")
    key = Concat(Value(","), Cast("pk", CharField()), Value(","), output_field=CharField())
    return schemes.filter(pk__in=keys).order_by(StrIndex(places, key))


def _understood(text: str) -> list[Asked] | None:
    """None if nothing was asked; [] if what was asked has no word we could know."""
    text = plain(text[:LONGEST_QUESTION])
    if not text:
        return None
    found = words(text)
    telling = [word for word in found if word not in STOP_WORDS] or found
    return _with_synonyms(list(dict.fromkeys(telling))[:MOST_WORDS])


def _with_synonyms(found: list[str]) -> list[Asked]:
    asked = []
    at = 0
    while at < len(found):
        length = _phrase_length(found, at)
        phrase = tuple(found[at : at + length])
        if length > 1:
            asked.append(Asked("".join(phrase), PHRASES[phrase]))
        else:
            asked.append(Asked(phrase[0], SYNONYMS.get(phrase[0], frozenset())))
        at += length
    return asked


def _phrase_length(found: list[str], at: int) -> int:
    for length in range(LONGEST_PHRASE, 1, -1):
        if tuple(found[at : at + length]) in PHRASES:
            return length
    return 1


def _scores(asked: list[Asked]) -> tuple[dict[int, float], list[Asked]]:
    """Scheme -> score, and the words too common to tell schemes apart."""
    found: list[tuple[float, dict[int, float]]] = []
    common = []
    for number, one in enumerate(asked):
        matches = _matches(one, is_last=number == len(asked) - 1)
        if matches is None:
            common.append(one)
        elif matches:
            found.append((math.log(2 + COMMON / len(matches)), matches))
    total = sum(rarity for rarity, _ in found)
    scores: dict[int, float] = {}
    matched: dict[int, float] = {}
    for rarity, matches in found:
        for pk, weight in matches.items():
            scores[pk] = scores.get(pk, 0) + rarity * weight
            matched[pk] = matched.get(pk, 0) + rarity
    # A scheme that has every word goes before one that has some of them very often.
    return {pk: score * (matched[pk] / total) ** 2 for pk, score in scores.items()}, common


def _matches(one: Asked, *, is_last: bool) -> dict[int, float] | None:
    """Scheme -> weight of its best term for this word; None if the word is too common."""
    terms = _wanted_terms(one)
    start = _start_of(one.word, is_last=is_last)
    rows = _rows(terms, start)
    if rows is None and start:
        rows = _rows(terms, "")
    if rows is None:
        return None
    if not rows:
        terms = dict.fromkeys(_misspelt(sound_of(one.word)), NEARLY)
        rows = (_rows(terms, "") if terms else None) or []
    best: dict[int, float] = {}
    for pk, term, weight in rows:
        value = weight * terms.get(term, STARTS)
        best[pk] = max(value, best.get(pk, 0))
    return best


def _wanted_terms(one: Asked) -> dict[str, float]:
    terms = {}
    for other in one.others:
        terms[sound_of(other)] = SYNONYM * SOUNDS
        terms[EXACT + other] = SYNONYM
    terms[sound_of(one.word)] = SOUNDS
    terms[EXACT + one.word] = WHOLE
    terms.pop("", None)
    return terms


def _start_of(word: str, *, is_last: bool) -> str:
    """The word being typed may end anywhere; earlier words only where the start says enough."""
    sound = sound_of(word)
    return sound if len(sound) >= (2 if is_last else 4) else ""


def _rows(terms: Iterable[str], start: str) -> list[tuple[int, str, int]] | None:
    """(scheme, term, weight) of these terms and of those that start so; None if too many."""
    wanted = Q(term__in=list(terms))
    if start:
        wanted |= Q(term__gte=start, term__lt=start + LAST)
    rows = SearchTerm.objects.filter(wanted).values_list("scheme_id", "term", "weight")
    found = list(rows[: COMMON + 1])
    if len(found) > COMMON:
        return None
    wanted_terms = set(terms)
    return [row for row in found if row[1] in wanted_terms or (start and row[1].startswith(start))]


def _having_all(schemes: QuerySet[Scheme], common: list[Asked]) -> QuerySet[Scheme]:
    """Only common words were asked: no order is better than the list's own."""
    for one in common:
        terms = SearchTerm.objects.filter(scheme=OuterRef("pk"), term__in=list(_wanted_terms(one)))
        schemes = schemes.filter(Exists(terms))
    return schemes


def _misspelt(sound: str) -> list[str]:
    """Known terms one letter away: searched among those that start alike."""
    if len(sound) < 4:
        return []
    near = SearchTerm.objects.filter(term__gte=sound[:2], term__lt=sound[:2] + LAST)
    known = set(near.values_list("term", flat=True)[:MOST_COMPARED])
    return sorted(term for term in known if is_one_letter_away(sound, term))[:20]


def is_one_letter_away(one: str, other: str) -> bool:
    """One letter more, less or other, or two neighbours exchanged."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    a, b = one[same:], other[same:]
    if len(a) != len(b):
        return a[1:] == b or a == b[1:]
    return a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
