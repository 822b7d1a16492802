"""The rules of eligibility as fields of a form. Empty is "not known", not "unlimited"."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from portal.web.fields import LinesField
from portal.web.text import plain_digits

from .eligibility import as_number, as_word
from .eligibility_rules import (
    EMPTY,
    LISTS,
    LONGEST_TEXT,
    NUMBERS,
    TEXTS,
    WORDS,
    ages_are_crossed,
)

RULE = "rule_"  # and the rule's name: the name of its field
SHORT_GENDERS = {
    "any": _("For everyone"),
    "female": _("Women and girls"),
    "male": _("Men and boys"),
    "transgender": _("Transgender persons"),
}
NOT_KNOWN = ("", _("Not entered yet"))


class WholeField(forms.IntegerField):
    """A whole number in any digits, with or without commas; shown with them."""

    def __init__(self, rule: str, **options: Any) -> None:
        self.least, self.most = NUMBERS[rule]
        widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
        super().__init__(required=False, widget=widget, **options)

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, str):
            value = "".join(plain_digits(value).replace(",", "").split()).lstrip("₹")
        try:
            number = super().to_python(value)
        except ValidationError:
            number = -1
        if number is not None and not self.least <= number <= self.most:
            limits = {"least": _grouped(self.least), "most": _grouped(self.most)}
            raise ValidationError(
                _("Write a whole number from %(least)s to %(most)s."), params=limits
            )
        return number

    def prepare_value(self, value: Any) -> Any:
        return _grouped(value) if isinstance(value, int) else value


def _grouped(number: int) -> str:
    return number_format(number, force_grouping=True)


def _choice(label: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False)


def _checks(label: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label, required=False, widget=forms.CheckboxSelectMultiple
    )


class EligibilityForm(forms.Form):
    """A part of the scheme's form; `initial["eligibility_rules"]` are the rules as they stand."""

    rule_min_age = WholeField("min_age", label=_("Age, at least"), help_text=_("In years."))
    rule_max_age = WholeField("max_age", label=_("Age, at most"), help_text=_("In years."))
    rule_min_disability_percent = WholeField(
        "min_disability_percent",
        label=_("Disability, at least"),
        help_text=_("Per cent; 0 means a disability of any degree."),
    )
    rule_max_income = WholeField(
        "max_income", label=_("Family income, at most"), help_text=_("Rupees a year.")
    )
    rule_max_income_rural = WholeField(
        "max_income_rural", label=_("Income in a rural area"), help_text=_("Rupees a year.")
    )
    rule_max_income_urban = WholeField(
        "max_income_urban", label=_("Income in a town or city"), help_text=_("Rupees a year.")
    )
    rule_gender = _choice(_("Gender"))
    rule_residence = _choice(_("Residence"))
    rule_min_education = _choice(_("Education, at least"))
    rule_max_beneficiaries_per_family = WholeField(
        "max_beneficiaries_per_family",
        label=_("From one family, at most"),
        help_text=_("How many persons."),
    )
    rule_caste = _checks(_("Social category"))
    rule_occupation = _checks(_("Occupation"))
    rule_other_hi = LinesField(
        label=_("Other conditions in Hindi"), longest=LONGEST_TEXT, language="hi", required=False
    )
    rule_other_en = LinesField(
        label=_("Other conditions in English"), longest=LONGEST_TEXT, language="en", required=False
    )

    def offer(self, rules: Any) -> None:
        """Show these rules; words among them that are not known can be chosen too."""
        self.initial = {**self.initial, "eligibility_rules": rules, **rule_values(rules)}
        self.said: dict[str, dict[str, str]] = {}
        for name, known in {**WORDS, **LISTS, "gender": SHORT_GENDERS}.items():
            field = self.fields[RULE + name]
            assert isinstance(field, forms.ChoiceField)
            stored = self.initial[RULE + name]
            words = stored if isinstance(stored, list) else [stored]
            said = {code: str(sentence).rstrip(".।") for code, sentence in known.items()}
            said |= {word: word for word in words if word and word not in known}
            self.said[RULE + name] = said
            field.choices = [*([NOT_KNOWN] if name in WORDS else []), *said.items()]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        ages = ("rule_min_age", "rule_max_age")
        if set(ages) & set(self.changed_data) and ages_are_crossed(*map(cleaned.get, ages)):
            self.add_error("rule_max_age", _("The highest age cannot be below the lowest."))
        return cleaned

    def rules(self) -> dict[str, Any]:
        """What was touched, as typed; all else as it stood, known to this form or not."""
        stood = self.initial["eligibility_rules"]
        rules = dict(stood) if isinstance(stood, dict) else {}
        for name in (*NUMBERS, *WORDS, *LISTS, *TEXTS):
            if RULE + name in self.changed_data:
                rules[name] = self.cleaned_data[RULE + name]
        return rules

    def rules_unlike(self, stored: Any) -> list[dict[str, Any]]:
        """Label and stored value, in words, of each rule that was typed differently."""
        return [
            {"label": self.fields[name].label, "stored": self._in_words(name, value)}
            for name, value in rule_values(stored).items()
            if self.fields[name].has_changed(value, self[name].data)
        ]

    def _in_words(self, name: str, value: Any) -> str:
        said = self.said.get(name, {})
        values = value if isinstance(value, list) else [value]
        shown = [self.fields[name].prepare_value(one) for one in values if one not in EMPTY]
        return ", ".join(str(said.get(one, one)) for one in shown)


def rule_values(rules: Any) -> dict[str, Any]:
    """Rules as the fields show them; what makes no sense is not shown."""
    rules = rules if isinstance(rules, dict) else {}
    values: dict[str, Any] = {}
    for name, (least, most) in NUMBERS.items():
        number = as_number(rules.get(name))
        fits = number is not None and number == int(number) and least <= number <= most
        values[name] = int(number) if number is not None and fits else None
    for name in (*WORDS, *TEXTS):
        values[name] = as_word(rules.get(name))
    if values["gender"] == "all":
        values["gender"] = "any"
    for name, known in LISTS.items():
        stored = rules.get(name)
        words = [as_word(word) for word in (stored if isinstance(stored, list) else [stored])]
        others = [word for word in dict.fromkeys(words) if word and word not in known]
        values[name] = [*(word for word in known if word in words), *others]
    return {RULE + name: value for name, value in values.items()}
