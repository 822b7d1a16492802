import pytest
from django.utils import translation

from portal.audit.models import AuditEntry
from portal.audit.reading import LONGEST_SHOWN, changes

OLD_LINK = '<p><a href="https://up.gov.in">Apply</a></p>'
NEW_LINK = '<p><a href="https://example.org">Apply</a></p>'


@pytest.mark.parametrize(
    ("target", "data", "said"),
    [
        ("departments.handle", {"old": "connected", "new": "closed"}, [("Connected", "Closed")]),
        ("departments.handle", {"old": {"name": "a"}, "new": {"name": "b"}}, [("a", "b")]),
        ("departments.member", {"old": None, "new": "2026-09-30"}, [("", "30-09-2026")]),
        ("departments.member", {"role": "auditor", "to": None}, [("", "Auditor")]),
        (
            "schemes.scheme",
            {"old": {"benefits_en": "<p>A &amp; B</p>"}, "new": {"benefits_en": "<p>C</p>"}},
            [("A & B", "C")],
        ),
        (
            "schemes.scheme",
            {"old": {"benefits_en": OLD_LINK}, "new": {"benefits_en": NEW_LINK}},
            [(OLD_LINK, NEW_LINK)],
        ),
        ("schemes.scheme", {"new": {"is_public": True, "aliases": ["x", "y"]}},
         [("", "Yes"), ("", "x, y")]),
        ("gone.model", {"old": {"colour": "red"}, "new": {}}, [("red", "")]),
        ("departments.handle", {}, []),
        ("departments.handle", {"old": ["odd"], "new": {"deep": {"er": 1}}}, [("", "Er: 1")]),
    ],
)  # fmt: skip
def test_what_an_entry_says(target, data, said):
    with translation.override("en"):
        found = changes(AuditEntry(target_type=target, data=data))
    assert [(change.old, change.new) for change in found] == said


def read(target: str, data: dict, language: str = "en", names: dict | None = None) -> list[tuple]:
    with translation.override(language):
        found = changes(AuditEntry(target_type=target, data=data), names)
    return [(change.label, change.old, change.new) for change in found]


@pytest.mark.parametrize(
    ("target", "data", "hindi", "english"),
    [
        (  # a moment in Indian time, wherever it was written down
            "schemes.post",
            {"old": {"publish_at": "2020-01-01 04:30:00+00:00"},
             "new": {"publish_at": "2020-01-01 11:15:30+05:30"}},
            ("प्रकाशन का समय", "01-01-2020 10:00", "01-01-2020 11:15:30"),
            ("Publish at", "01-01-2020 10:00", "01-01-2020 11:15:30"),
        ),
        (
            "schemes.progress", {"achieved": "108250.00"},
            ("उपलब्धि", "", "1,08,250"), ("Achieved", "", "1,08,250"),
        ),
        (
            "schemes.progress", {"target": "1200000.5"},
            ("लक्ष्य", "", "12,00,000.5"), ("Target", "", "12,00,000.5"),
        ),
        (
            "schemes.scheme", {"old": {"launched": 2019}, "new": {"launched": 2020}},
            ("आरंभ वर्ष", "2019", "2020"), ("Launched in", "2019", "2020"),
        ),
        (
            "publishing.delivery", {"is_out": False},
            ("प्लेटफ़ॉर्म पर है", "", "नहीं"), ("Is on the platform", "", "No"),
        ),
        (
            "publishing.delivery", {"old": "sending", "new": "sent"},
            ("स्थिति", "भेजा जा रहा है", "प्रकाशित"), ("State", "Being sent", "Published"),
        ),
        (
            "schemes.post", {"new": {"route": "policy"}},
            ("अनुमोदन मार्ग", "", "नीतिगत"), ("Route", "", "Policy"),
        ),
        (
            "schemes.scheme", {"old": {"documents": None}, "new": {"documents": []}},
            ("दस्तावेज़", "", "कोई दस्तावेज़ आवश्यक नहीं"), ("Documents", "", "No document is needed"),
        ),
        (
            "schemes.scheme", {"new": {"documents": [{"hi": "आधार", "en": "Aadhaar"}]}},
            ("दस्तावेज़", "", "आधार / Aadhaar"), ("Documents", "", "आधार / Aadhaar"),
        ),
        (
            "departments.department", {"here": {"created": 120000, "changed": 0}},
            ("इस विभाग में", "", "जोड़ी गई योजनाएँ: 1,20,000; बदली गई योजनाएँ: 0"),
            ("In this department", "", "Schemes added: 1,20,000; Schemes changed: 0"),
        ),
        (
            "departments.member", {"old": None, "new": "2026-09-30"},
            ("कब तक", "", "30-09-2026"), ("Until", "", "30-09-2026"),
        ),
    ],
)  # fmt: skip
def test_a_particular_is_said_in_both_languages(target, data, hindi, english):
    assert read(target, data, "hi") == [hindi]
    assert read(target, data, "en") == [english]


@pytest.mark.parametrize(
    ("target", "key", "code"),
    [("departments.handle", "reason", "reconnect"), ("publishing.delivery", "problem", "too_late")],
)
def test_a_problem_is_said_in_a_sentence(target, key, code):
    ((_label, _old, said),) = read(target, {key: code}, "hi")
    assert said.endswith("।")


def test_rules_are_said_as_the_public_reads_them():
    (change,) = read("schemes.scheme", {"new": {"eligibility_rules": {"min_age": 60}}}, "hi")
    assert change == ("आवेदन की शर्तें", "", "आयु: 60 वर्ष या अधिक।")


@pytest.mark.parametrize(
    ("target", "key", "old", "new"),
    [
        ("schemes.post", "publish_at", "2020-01-01 04:30:00+00:00", "2020-01-01 10:00:00+05:30"),
        ("schemes.progress", "achieved", "5", "5.00"),
        ("schemes.scheme", "eligibility_rules", {"min_age": 60}, {"min_age": 60.0}),
        ("schemes.post", "text_en", "the same", "the same"),
        ("schemes.post", "scheme", None, ""),
    ],
)
def test_what_did_not_change_is_left_out(target, key, old, new):
    assert read(target, {"old": {key: old}, "new": {key: new}}) == []


@pytest.mark.parametrize(
    ("target", "key", "stored"),
    [
        ("schemes.post", "title_en", "2026-01-02"),  # a text, though it looks like a day
        ("schemes.post", "text_en", "1 < 2 <script>alert(1)</script>"),
        ("schemes.post", "title_en", "108250"),
        ("schemes.post", "publish_at", "2026-02-31 10:00:00+00:00"),
        ("schemes.post", "publish_at", "9999-12-31 23:59:59+00:00"),
        ("schemes.post", "route", "no-longer-a-route"),
        ("schemes.progress", "achieved", "1E+999999"),
        ("gone.model", "comment", "20260102"),
    ],
)
def test_what_is_not_understood_is_shown_as_it_was_stored(target, key, stored):
    ((_label, _old, said),) = read(target, {"new": {key: stored}})
    assert said == stored


def test_records_are_said_by_name_where_it_is_known():
    names = {("handles", "43"): "X · UPGovt", ("handles", "44"): "Facebook · UPGovt"}
    found = read("publishing.message", {"handles": [43, 44, 4500]}, "hi", names)
    assert found == [("हैंडल", "", "X · UPGovt, Facebook · UPGovt, 4500")]


def test_names_with_commas_are_kept_apart():
    names = {("categories", "a"): "Farming, rural", ("categories", "b"): "Health"}
    ((_label, _old, said),) = read("schemes.scheme", {"categories": ["a", "b"]}, names=names)
    assert said == "Farming, rural; Health"


def test_long_texts_are_shown_where_they_begin_to_differ():
    same = "word " * LONGEST_SHOWN
    ((_label, old, new),) = read(
        "schemes.post", {"old": {"text_en": same + "red"}, "new": {"text_en": same + "blue"}}
    )
    assert (old[0], old[-3:]) == ("…", "red")
    assert (new[0], new[-4:]) == ("…", "blue")
    assert len(new) < LONGEST_SHOWN


def test_a_very_long_text_is_cut():
    ((_label, _old, new),) = read("schemes.post", {"new": {"text_en": "word " * LONGEST_SHOWN}})
    assert new.endswith("…")
    assert len(new) <= LONGEST_SHOWN + 1
