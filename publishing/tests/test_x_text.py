"""Counting, splitting and comparing text (X2.3, X5)."""

import unicodedata
from time import thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publishing.connectors import x_text
from publishing.connectors.x import X

from .specifications import read

VECTORS = read("twitter-text-validate.yml")["tests"]
# The first group is of the configuration before the third; where both have a text, the later holds.
COUNTED = {
    case["text"]: case
    for name in (
        "WeightedTweetsCounterTest",
        "WeightedTweetsWithDiscountedEmojiCounterTest",
        "UnicodeDirectionalMarkerCounterTest",
    )
    for case in VECTORS[name]
}


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("क" * 280, 280),
        ("क" * 281, 281),
        ("₹" * 140, 280),
        ("\u095c" * 140, 280),
        ("\u095c" * 141, 282),
        ("up.gov.in", 23),
        ("🇮🇳", 2),
        ("क्\u200dष", 4),
        ("योगी 👨‍👩‍👧‍👦", 7),
        ("#उत्तरप्रदेश", 12),
        ("अ…", 3),
        ("ＡＢ", 4),
        ("।–—‘’", 5),
        ("https://example.in/बहुत/लंबा", 32),
        ("https://up.gov.in/" + "a" * 400, 23),
    ],
)
def test_weighted_length_of_hindi(text, length):
    assert X.count(text).length == length


def test_decomposed_and_composed_count_alike():
    word = "फ़ैज़ाबाद"
    assert X.count(unicodedata.normalize("NFD", word)) == X.count(
        unicodedata.normalize("NFC", word)
    )


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case["description"]) for case in COUNTED.values()]
)
def test_weighted_length_as_published_by_x(case):
    assert X.count(case["text"]).length == case["expected"]["weightedLength"]
    is_valid = not X.count(case["text"]).over and not set(case["text"]) & {"\ufffe", "\uffff"}
    assert is_valid == case["expected"]["valid"]


@pytest.mark.parametrize("text", ["a." * 50_000, "http://a.in/" + "(a)" * 30_000, "क" * 100_000])
def test_hostile_text_is_counted_quickly(text):
    began = thread_time()
    assert X.count(text).over > 0
    assert thread_time() - began < 5


# --- threads --------------------------------------------------------------------------------------

SENTENCE = "मुख्यमंत्री आवास योजना का शिविर जनपद लखनऊ में 25 नवम्बर को लगेगा।"


def pieces(text):
    """Parts without their numbers."""
    parts = X.parts(X.shape(text))
    if len(parts) == 1:
        return parts
    endings = [f" ({number}/{len(parts)})" for number in range(1, len(parts) + 1)]
    assert all(part.endswith(ending) for part, ending in zip(parts, endings, strict=True))
    return [part.removesuffix(ending) for part, ending in zip(parts, endings, strict=True)]


def test_short_text_is_left_alone():
    assert X.shape("क" * 280) == "क" * 280
    assert X.parts("  क \n") == ["  क \n"]


def test_long_text_is_split_at_sentences():
    parts = pieces(" ".join([SENTENCE] * 10))
    assert len(parts) > 2
    assert all(part.endswith("।") for part in parts)


@pytest.mark.parametrize("end", ["।", ".", "!", "?", "।”", "\n"])
def test_every_kind_of_sentence_end_counts(end):
    text = f"{'शब्द ' * 40}अंत{end} {'और ' * 40}"
    assert pieces(text)[0].endswith(f"अंत{end}".strip())


def test_abbreviation_ends_no_sentence():
    text = f"{'शब्द ' * 40}डॉ. {'और ' * 60}"
    assert not pieces(text)[0].endswith("डॉ.")


def test_short_first_sentence_makes_no_stump():
    assert len(pieces(f"नमस्ते। {'शब्द ' * 100}")[0]) > 100


def test_link_is_never_cut():
    link = "https://up.gov.in/" + "a" * 300
    text = f"{'शब्द ' * 50}{link} {'और ' * 50}"
    assert sum(link in part for part in pieces(text)) == 1


def test_word_longer_than_a_post_stays_whole_and_is_too_long():
    text = "क" * 400
    assert X.shape(text) == text
    assert X.count(text).over


def test_own_division_is_kept():
    text = f"पहला\n---\n{SENTENCE}"
    assert X.shape(text) == text
    assert X.parts(text) == ["पहला", SENTENCE]
    assert X.parts("पहला\n----\nदूसरा") == ["पहला\n----\nदूसरा"]
    assert X.parts("---\n---") == [""]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["योजना", "शिविर।", "up.gov.in", "₹500", "🇮🇳", "डॉ.", "है?\n", "a" * 60]),
        min_size=1,
        max_size=200,
    )
)
def test_thread_fits_loses_nothing_and_stays_as_it_is(words):
    text = " ".join(words)
    shaped = X.shape(text)
    assert all(x_text.weight(part) <= 280 for part in X.parts(shaped))
    assert " ".join(pieces(text)).split() == text.split()
    assert X.shape(shaped) == shaped


@pytest.mark.parametrize("text", ["क ख।" * 1700, "a.in " * 1400, "क" * 100_000])
def test_hostile_text_is_split_quickly(text):
    began = thread_time()
    X.shape(text)
    assert thread_time() - began < 5


# --- what a text contains, and how it comes back -------------------------------------------------


def test_what_counts_as_link():
    assert x_text.links("देखें up.gov.in और https://example.in/a") == [
        "up.gov.in",
        "https://example.in/a",
    ]
    assert x_text.links("योजना 2.0 है।") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://example.in/बहुत", True),
        ("https://example.in/a?q=योजना", True),
        ("https://example.in/a में", False),
        ("https://example.in/a।", False),
        ("up.gov.in में", False),
    ],
)
def test_hindi_in_a_link(text, found):
    assert x_text.has_devanagari_in_link(text) == found


@pytest.mark.parametrize("name", ["note_tweet", "note_post"])
def test_long_post_is_read_whole_in_either_style(name):
    post = {"text": "शुरू…", name: {"text": "शुरू से अंत तक"}}
    assert x_text.as_written(post) == "शुरू से अंत तक"
