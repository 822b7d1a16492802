import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from departments.models import Department
from schemes.models import Category, Scheme, SearchTerm
from schemes.search import index_scheme, search
from schemes.search.fold import fold, sound_of, stem, words
from schemes.search.query import is_one_letter_away


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("हिंदी", "हिन्दी"),
        ("संपदा", "सम्पदा"),
        ("पेंशन", "पेन्शन"),
        ("इंडिया", "इण्डिया"),
        ("सुमंगला", "सुमङ्गला"),
        ("हूँ", "हूं"),
        ("रोज़गार", "रोजगार"),
        ("ड़", "ड"),
        ("र्\u200dया", "र्या"),
        ("श्री\u200cमती", "श्रीमती"),
        ("निःशुल्क", "निशुल्क"),
        ("योजना।", "योजना "),
        ("२०२६", "2026"),
        ("MGNREGA", "mgnrega"),
        ("डॉ.", "डॉ"),
        ("café", "cafe"),
    ],
)
def test_spellings_fold_into_one(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize("word", ["सम्मान", "अन्न", "जन्म", "कन्या"])
def test_doubled_and_joined_nasals_stay(word):
    assert fold(word) == word


@pytest.mark.parametrize(
    ("hindi", "roman"),
    [
        ("वृद्धावस्था", "vridhavastha vriddhavastha vridhawastha"),
        ("कन्या", "kanya"),
        ("सुमंगला", "sumangala sumangla"),
        ("किसान", "kisan kisaan"),
        ("सम्मान", "samman samaan"),
        ("योजना", "yojana yojna"),
        ("छात्रवृत्ति", "chhatravritti chatravriti"),
        ("शौचालय", "shauchalaya shauchalay sauchalay"),
        ("विश्वकर्मा", "vishwakarma vishvkarma"),
        ("रोज़गार", "rozgar rojgaar"),
        ("फसल", "fasal phasal"),
        ("बीमा", "bima beema"),
        ("आवास", "awas aawas avaas"),
        ("ग्रामीण", "gramin grameen"),
        ("विवाह", "vivah vivaah"),
        ("संपदा", "sampada"),
        ("मृत्यु", "mrityu"),
        ("गोवंश", "govansh gauvansh"),
    ],
)
def test_hindi_sounds_like_its_roman_spellings(hindi, roman):
    keys = {sound_of(fold(spelling)) for spelling in [hindi, *roman.split()]}
    assert len(keys) == 1


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("किसानों", "किसान"),
        ("महिलाओं", "महिला"),
        ("बेटियों", "बेटी"),
        ("widows", "widow"),
        ("families", "family"),
        ("address", "address"),
        ("बस", "बस"),
    ],
)
def test_a_plural_is_its_singular(plural, singular):
    assert stem(plural) == singular


def test_a_hyphenated_word_is_found_in_parts_and_whole():
    assert words("जन-धन!") == ["जन", "धन", "जनधन"]


@pytest.mark.parametrize(
    ("one", "other", "is_away"),
    [
        ("pensn", "pinsn", True),
        ("pensn", "pesn", True),
        ("pensn", "penssn", True),
        ("pensn", "pesnn", True),
        ("pensn", "pensn", False),
        ("pensn", "pissn", False),
        ("pe", "pens", False),
    ],
)
def test_one_letter_away(one, other, is_away):
    assert is_one_letter_away(one, other) is is_away


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_sound_keys_hold_only_what_every_database_orders_alike(text):
    for word in words(text):
        key = sound_of(word)
        assert key == "" or (key.isascii() and key.isalnum() and key == key.lower())


# --- on the database ----------------------------------------------------------------------------


@pytest.fixture
def department(db) -> Department:
    return Department.objects.create(
        slug="social", name_hi="समाज कल्याण विभाग", name_en="Social Welfare", kind="department"
    )


def indexed(department, slug, **fields) -> Scheme:
    scheme = Scheme.objects.create(slug=slug, department=department, **fields)
    index_scheme(scheme)
    return scheme


def slugs(text, schemes=None) -> list[str]:
    queryset = Scheme.objects.all() if schemes is None else schemes
    return [scheme.slug for scheme in search(queryset, text)]


def test_the_title_weighs_more_than_the_text(department):
    indexed(department, "a", title_hi="आवास योजना", description_hi="<p>पेंशन भी मिलती है</p>")
    indexed(department, "b", title_hi="पेंशन योजना")
    assert slugs("पेंशन") == ["b", "a"]


def test_a_scheme_with_every_word_goes_first(department):
    indexed(department, "one", title_hi="विधवा विधवा", summary_hi="विधवा")
    indexed(department, "both", title_hi="सहायता", summary_hi="विधवा महिलाओं को पेंशन")
    assert slugs("विधवा पेंशन")[0] == "both"


def test_only_the_given_schemes_are_found(department):
    indexed(department, "hidden", title_hi="पेंशन योजना")
    assert slugs("पेंशन", Scheme.objects.public()) == []


def test_found_schemes_can_be_filtered_and_paged(department):
    category = Category.objects.create(slug="c", name_hi="क", name_en="C")
    for number in range(5):
        indexed(department, f"s{number}", title_hi="पेंशन योजना").categories.add(category)
    found = search(Scheme.objects.filter(categories=category), "पेंशन")
    assert found.count() == 5
    assert [scheme.slug for scheme in found[2:4]] == ["s2", "s3"]


def test_nothing_asked_gives_everything_and_nonsense_nothing(department):
    indexed(department, "a", title_hi="पेंशन योजना")
    assert slugs("") == ["a"]
    assert slugs("  \u200b ") == ["a"]
    assert slugs("क्वठझळ") == []
    assert slugs("٪٪ 😀 ؟") == []


def test_stop_words_alone_are_still_a_question(department):
    indexed(department, "a", title_hi="पेंशन योजना")
    assert slugs("के लिए") == []


def test_a_changed_scheme_is_found_by_its_new_words_only(department):
    scheme = indexed(department, "a", title_hi="पेंशन योजना")
    scheme.title_hi = "आवास योजना"
    scheme.save()
    index_scheme(scheme)
    assert slugs("पेंशन") == []
    assert slugs("आवास") == ["a"]


def test_a_word_in_every_scheme_still_lists_them(department, monkeypatch):
    monkeypatch.setattr("schemes.search.query.COMMON", 3)
    for number in range(6):
        indexed(department, f"s{number}", title_hi=f"योजना {number}")
    assert len(slugs("योजना")) == 6


@pytest.mark.parametrize(
    "hostile",
    [
        "%" * 50,
        "_",
        "'; DROP TABLE schemes_scheme; --",
        '"' * 100,
        "\x00पेंशन\x00",
        "\ud800",
        "😀👨‍👩‍👧",
        "\u202eنشن",
        "पेंशन " * 2000,
        "क" * 10_000,
        "a-" * 5000,
        "\\",
        "0" * 500,
        "<script>alert(1)</script>",
    ],
)
def test_hostile_questions_are_answered_fast_and_safely(department, hostile):
    indexed(department, "a", title_hi="पेंशन योजना")
    started = time.perf_counter()
    with CaptureQueriesContext(connection) as queries:
        list(search(Scheme.objects.all(), hostile))
    assert time.perf_counter() - started < 0.5
    assert len(queries) <= 30


def test_terms_per_scheme_are_capped_and_fit_the_column(department):
    long_words = " ".join(f"शब्द{n}" + "क" * 90 for n in range(500))
    scheme = indexed(department, "a", title_hi="योजना", description_hi=f"<p>{long_words}</p>")
    terms = SearchTerm.objects.filter(scheme=scheme)
    assert 10 < terms.count() <= 120
    assert max(len(row.term) for row in terms) <= 60
