"""Writes SearchTerm rows: which words find a scheme, and how much each weighs.

A term is either a sound key ([a-z0-9], so that every database orders it alike and the start of a
word is a range) or, for the words that name the scheme, EXACT + the folded word, which is only
ever looked up whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, pairwise

from django.db import transaction
from django.db.models import QuerySet

from schemes.cleaning import plain_from_rich
from schemes.models import Scheme, SearchTerm

from .fold import LONGEST_WORD, STOP_WORDS, sound_of, words

EXACT = "0"
MOST_TERMS = 120
BATCH = 200
BODY_CHARACTERS = 3000

TITLE, NAME, SLUG, SUMMARY, FACET, DEPARTMENT, BODY = 100, 80, 50, 20, 15, 8, 4


def index_scheme(scheme: Scheme) -> None:
    """Make the index say what this scheme says now; its categories and personas included."""
    index_schemes([scheme.pk])


@transaction.atomic
def index_schemes(keys: Iterable[int]) -> None:
    keys = list(keys)
    SearchTerm.objects.filter(scheme__in=keys).delete()
    SearchTerm.objects.bulk_create(
        (
            SearchTerm(scheme_id=scheme.pk, term=term, weight=weight)
            for scheme in _with_facets(Scheme.objects.filter(pk__in=keys))
            for term, weight in terms_of(scheme)
        ),
        batch_size=4000,
    )


def reindex() -> int:
    """Rebuild the whole index in batches, each in its own transaction; the number of schemes."""
    keys = Scheme.objects.order_by("pk").values_list("pk", flat=True).iterator()
    count = 0
    while batch := list(islice(keys, BATCH)):
        index_schemes(batch)
        count += len(batch)
    return count


def _with_facets(schemes: QuerySet[Scheme]) -> QuerySet[Scheme]:
    return schemes.select_related("department").prefetch_related("categories", "personas")


def terms_of(scheme: Scheme) -> list[tuple[str, int]]:
    """The heaviest terms of a scheme, at most MOST_TERMS."""
    weights: dict[str, int] = {}
    for term, weight in _all_terms(scheme):
        weights[term] = max(weight, weights.get(term, 0))
    return sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:MOST_TERMS]


def _all_terms(scheme: Scheme) -> Iterator[tuple[str, int]]:
    for title in (scheme.title_hi, scheme.title_en):
        yield from _naming_terms(title, TITLE)
    for name in (scheme.short_title_hi, scheme.short_title_en, *scheme.aliases):
        yield from _naming_terms(str(name), NAME)
    yield from _naming_terms(scheme.slug.replace("-", " ").replace("_", " "), SLUG)
    for text, weight in _describing_texts(scheme):
        for word in _telling(words(text)):
            yield sound_of(word), weight


def _describing_texts(scheme: Scheme) -> Iterator[tuple[str, int]]:
    yield scheme.summary_hi, SUMMARY
    yield scheme.summary_en, SUMMARY
    for facet in (*scheme.categories.all(), *scheme.personas.all()):
        yield f"{facet.name_hi} {facet.name_en}", FACET
    yield " ".join(map(str, scheme.tags)), FACET
    yield f"{scheme.department.name_hi} {scheme.department.name_en}", DEPARTMENT
    rules = scheme.eligibility_rules
    for body in (
        *(str(rules.get("other_hi", "")), str(rules.get("other_en", ""))),
        *(scheme.eligibility_hi, scheme.eligibility_en, scheme.benefits_hi, scheme.benefits_en),
        *(scheme.description_hi, scheme.description_en),
    ):
        yield plain_from_rich(body[:BODY_CHARACTERS]), BODY


def _naming_terms(name: str, weight: int) -> Iterator[tuple[str, int]]:
    """Words of a name; a short name weighs more per word than a long one."""
    told = list(_telling(words(name)))
    weight = round(weight * (0.6 + 0.4 * min(1.0, 3 / max(len(told), 1))))
    for word in told:
        yield EXACT + word, weight
        yield sound_of(word), weight
    for first, second in pairwise(told):  # "जन धन" is also asked for as "jandhan"
        yield sound_of((first + second)[:LONGEST_WORD]), weight // 2


def _telling(found: Iterable[str]) -> Iterator[str]:
    return (word for word in found if word not in STOP_WORDS and sound_of(word))
