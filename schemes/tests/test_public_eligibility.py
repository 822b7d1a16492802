from __future__ import annotations

import pytest
from django.utils.translation import override

from schemes.eligibility import conditions

UNKNOWN = {
    "min_age": None, "max_age": None, "gender": None, "max_income": None,
    "max_income_rural": None, "max_income_urban": None, "residence": None, "caste": None,
    "occupation": None, "min_education": None, "min_disability_percent": None,
    "max_beneficiaries_per_family": None, "other_hi": None, "other_en": None,
}  # fmt: skip


def in_english(rules) -> list[str]:
    with override("en"):
        return [str(condition) for condition in conditions(rules)]


def test_nothing_is_said_of_what_is_unknown():
    assert in_english(UNKNOWN) == []


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({"min_age": 18, "max_age": 40}, "Age: 18 to 40 years."),
        ({"min_age": 60}, "Age: 60 years or more."),
        ({"min_age": 0, "max_age": 18}, "Age: up to 18 years."),
        ({"gender": "female"}, "Only for women and girls."),
        ({"max_income": 1800000}, "Yearly family income: up to ₹18,00,000."),
        ({"max_income_rural": 46080}, "Yearly family income in a rural area: up to ₹46,080."),
        ({"residence": "Uttar Pradesh"}, "Lives in Uttar Pradesh."),
        ({"residence": "Bundelkhand"}, "Lives in: Bundelkhand."),
        ({"caste": ["SC", "General"]}, "Social category: Scheduled Caste, General category."),
        ({"occupation": ["potter", "dhobi"]}, "Occupation: potter, dhobi."),
        ({"min_education": "class 8"}, "Has passed class 8."),
        ({"min_disability_percent": 40}, "A disability of at least 40%."),
        ({"min_disability_percent": 0}, "A disability of any degree."),
        ({"max_beneficiaries_per_family": 2}, "At most 2 persons of one family."),
        ({"other_en": "Land in own name."}, "Land in own name."),
    ],
)
def test_a_rule_is_a_sentence(rules, sentence):
    assert in_english(UNKNOWN | rules) == [sentence]


@pytest.mark.parametrize(
    "rules",
    [
        None, [], "18", 7, {"min_age": "NaN"}, {"min_age": float("inf")}, {"min_age": -3},
        {"min_age": True}, {"min_age": {"gte": 18}}, {"max_income": 10**400}, {"caste": [[], {}]},
        {"gender": ["female"]}, {"gender": "constructor"}, {"occupation": 5}, {"other_hi": {}},
    ],
)  # fmt: skip
def test_rules_that_make_no_sense_say_nothing(rules):
    assert in_english(rules) == []


def test_a_condition_without_translation_keeps_its_language():
    with override("en"):
        (condition,) = conditions({"other_hi": "भूमि अपने नाम हो।"})
    assert condition.language == "hi"
    assert condition.is_pending
