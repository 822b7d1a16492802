"""What an officer types about a scheme and its progress; rules are the actions'."""

from __future__ import annotations

from copy import copy
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from departments.access import own_departments
from departments.fields import NamedField, NamedRecordsField
from departments.models import Department, District, User
from portal.web.fields import AmountField, DayField, LineField, LinesField, RecordsField
from portal.web.text import plain_digits, tidy_line

from .eligibility_form import RULE, EligibilityForm, rule_values
from .models import Category, Indicator, Persona, Scheme, SchemeChange
from .models.scheme import ApplyMode, Level, SchemeStatus
from .rich_text import RichField

RICH = {
    "description": _("Description"),
    "benefits": _("What people get"),
    "eligibility": _("Who can apply"),
    "application": _("How to apply"),
}
MOST_ALIASES = 60
MOST_DOCUMENTS = 60


class YearField(forms.IntegerField):
    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "numeric", "size": 6})
        super().__init__(min_value=1947, max_value=2100, widget=widget, **options)

    def to_python(self, value: Any) -> int | None:
        return super().to_python(plain_digits(value) if isinstance(value, str) else value)


class NamesField(LinesField):
    """One name to a line, as a list without repetitions."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        names = list(dict.fromkeys(tidy_line(line) for line in text.split("\n") if line.strip()))
        if len(names) > MOST_ALIASES:
            raise ValidationError(_("At most %(count)d names."), params={"count": MOST_ALIASES})
        if any(len(name) > 150 for name in names):
            raise ValidationError(_("Each name may have 150 characters."))
        return names


def _checks(queryset: Any, label: Any) -> forms.ModelMultipleChoiceField:
    return RecordsField(queryset, label=label, required=False, widget=forms.CheckboxSelectMultiple)


class SchemeForm(EligibilityForm):
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    title_hi = LineField(
        label=_("Title in Hindi"),
        longest=150,
        stored=150,
        language="hi",
        error_messages={"required": _("Write the title in Hindi.")},
    )
    title_en = LineField(
        label=_("Title in English"), longest=150, stored=150, language="en", required=False
    )
    short_title_hi = LineField(
        label=_("Short title in Hindi"), longest=40, stored=40, language="hi", required=False
    )
    short_title_en = LineField(
        label=_("Short title in English"), longest=40, stored=40, language="en", required=False
    )
    summary_hi = LinesField(
        label=_("Benefit in a sentence, in Hindi"), longest=300, language="hi", required=False
    )
    summary_en = LinesField(
        label=_("Benefit in a sentence, in English"), longest=300, language="en", required=False
    )
    description_hi = RichField(label=_("Description in Hindi"), language="hi")
    description_en = RichField(label=_("Description in English"), language="en")
    benefits_hi = RichField(label=_("What people get, in Hindi"), language="hi")
    benefits_en = RichField(label=_("What people get, in English"), language="en")
    eligibility_hi = RichField(label=_("Who can apply, in Hindi"), language="hi")
    eligibility_en = RichField(label=_("Who can apply, in English"), language="en")
    application_hi = RichField(label=_("How to apply, in Hindi"), language="hi")
    application_en = RichField(label=_("How to apply, in English"), language="en")
    needs_no_documents = forms.BooleanField(label=_("No document is needed"), required=False)
    aliases = NamesField(
        label=_("Other names"),
        longest=5000,
        rows=4,
        required=False,
        help_text=_("Old, popular and Roman spellings, one to a line. People search by them."),
    )
    categories = _checks(Category.objects.all(), _("Categories"))
    personas = _checks(Persona.objects.all(), _("Beneficiaries"))
    districts = NamedRecordsField(
        District.objects.all(),
        label=_("Districts"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose none if the scheme runs in the whole State."),
    )
    level = forms.ChoiceField(label=_("Level"), choices=Level.choices, initial=Level.STATE)
    status = forms.ChoiceField(
        label=_("Status"), choices=SchemeStatus.choices, initial=SchemeStatus.OPEN
    )
    launched = YearField(
        label=_("Launched in"), required=False, help_text=_("The year, for example 2019.")
    )
    valid_from = DayField(label=_("Valid from"), required=False)
    valid_to = DayField(
        label=_("Valid to"),
        required=False,
        help_text=_("Leave empty while the scheme has no end date."),
    )
    apply_mode = forms.ChoiceField(
        label=_("Way to apply"),
        required=False,
        choices=[("", _("Not entered yet")), *ApplyMode.choices],
    )
    apply_url = forms.URLField(
        label=_("Address to apply"),
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text=_("The official page, beginning with https://"),
    )
    helpline = LineField(label=_("Helpline"), longest=100, stored=100, required=False)
    source_note = LinesField(
        label=_("Source"),
        longest=2000,
        required=False,
        help_text=_("The order or official page that these facts are taken from."),
    )
    review_by = DayField(
        label=_("Review by"), required=False, help_text=_("By when the facts are checked again.")
    )

    def __init__(
        self,
        *args: Any,
        scheme: Scheme | None = None,
        change: SchemeChange | None = None,
        **options: Any,
    ) -> None:
        """`change` is the officer's own that waits: they go on from what they wrote."""
        self.scheme, self.change = scheme, change
        super().__init__(*args, **options)
        self.fields["apply_url"].widget.attrs["inputmode"] = "url"
        if scheme is not None:
            self.initial = {**stored_values(scheme, change), **self.initial}
        self.offer(self.initial.get("eligibility_rules", {}))
        self.order_fields(_as_on_the_page(list(self.fields)))

    @property
    def documents(self) -> list[dict[str, str]]:
        """As stored, or as the waiting change has them."""
        kept = self.scheme.documents if self.scheme else None
        return (self.change.fields.get("documents", kept) if self.change else kept) or []

    def clean_apply_url(self) -> str:
        address: str = self.cleaned_data["apply_url"]
        if address and not address.startswith(("https://", "http://")):
            raise ValidationError(_("Give an address that begins with https://"))
        return address

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        start, end = cleaned.get("valid_from"), cleaned.get("valid_to")
        if start and end and end < start:
            self.add_error("valid_to", _("The last day cannot be before the first."))
        return cleaned

    def scheme_fields(self, documents: list[dict[str, str]]) -> dict[str, Any]:
        """What the actions take; documents are None where nobody has said which are needed."""
        left_out = {"version", "needs_no_documents", "department", "code"}
        fields = {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in left_out and not name.startswith(RULE)
        }
        fields["eligibility_rules"] = self.rules()
        known = documents or self.cleaned_data["needs_no_documents"]
        return {**fields, "documents": documents if known else None}

    @property
    def rich_pairs(self) -> list[tuple[Any, Any, Any]]:
        """(label, Hindi field, English field) of each rich text."""
        return [(label, self[f"{n}_hi"], self[f"{n}_en"]) for n, label in RICH.items()]


class NewSchemeForm(SchemeForm):
    department = NamedField(Department.objects.none(), label=_("Department"))
    code = forms.SlugField(
        label=_("Code"),
        required=False,
        max_length=100,
        help_text=_(
            "Part of the scheme's address, never changed later. Small Latin letters, digits and"
            " hyphens; empty means: made from the English title."
        ),
    )

    def __init__(self, *args: Any, officer: User, **options: Any) -> None:
        super().__init__(*args, **options)
        departments = own_departments(officer)
        field = self.fields["department"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = departments
        if len(departments) == 1:
            field.initial, field.empty_label = departments[0].pk, None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "code" in self.errors:
            return cleaned
        code = cleaned.get("code") or slugify(cleaned.get("title_en") or "")[:100].strip("-")
        if not code:
            self.add_error("code", _("Write a code, or a title in English to make it from."))
        cleaned["code"] = code.lower()
        return cleaned


def stored_values(scheme: Scheme, change: SchemeChange | None = None) -> dict[str, Any]:
    """The scheme as the form shows it, with what waits to be changed in it."""
    links: dict[str, Any] = {name: getattr(scheme, name).all() for name in _MANY}
    if change is not None:
        scheme = copy(scheme)
        for name, value in change.values().items():
            if name in _MANY:
                links[name] = value
            else:
                setattr(scheme, name, value)
    values = {
        name: getattr(scheme, name)
        for name in SchemeForm.base_fields
        if name != "needs_no_documents" and name not in _MANY and not name.startswith(RULE)
    }
    for name in _MANY:
        values[name] = [record.pk for record in links[name]]
    values["aliases"] = "\n".join(scheme.aliases)
    values["needs_no_documents"] = scheme.documents == []
    values["eligibility_rules"] = scheme.eligibility_rules
    return values | rule_values(scheme.eligibility_rules)


_MANY = ("categories", "personas", "districts")


def _as_on_the_page(names: list[str]) -> list[str]:
    """The rules after the text that they belong to."""
    rules = [name for name in names if name.startswith(RULE)]
    others = [name for name in names if not name.startswith(RULE)]
    place = others.index("eligibility_en") + 1
    return [*others[:place], *rules, *others[place:]]


class DocumentForm(forms.Form):
    hi = LineField(label=_("Document in Hindi"), longest=250, language="hi", required=False)
    en = LineField(label=_("Document in English"), longest=250, language="en", required=False)


class BaseDocuments(forms.BaseFormSet):
    def clean(self) -> None:
        if self.total_form_count() < self.initial_form_count():
            raise ValidationError(_("The page did not arrive whole. Open it again."))

    def named(self) -> list[dict[str, str]]:
        """The pairs with something in them; emptied ones are gone."""
        typed = (form.cleaned_data for form in self.forms)
        pairs = [{"hi": one.get("hi", ""), "en": one.get("en", "")} for one in typed]
        return [pair for pair in pairs if pair["hi"] or pair["en"]]


DocumentFormSet = forms.formset_factory(
    DocumentForm,
    formset=BaseDocuments,
    extra=3,
    max_num=MOST_DOCUMENTS,
    absolute_max=MOST_DOCUMENTS + 10,
    validate_max=True,
)


class IndicatorForm(forms.Form):
    name_hi = LineField(label=_("Indicator in Hindi"), longest=250, stored=250, language="hi")
    name_en = LineField(label=_("Indicator in English"), longest=250, stored=250, language="en")
    unit_hi = LineField(label=_("Unit in Hindi"), longest=40, stored=40, language="hi")
    unit_en = LineField(label=_("Unit in English"), longest=40, stored=40, language="en")


class ProgressForm(forms.Form):
    indicator = forms.ModelChoiceField(
        Indicator.objects.none(), label=_("Indicator"), empty_label=_("Choose")
    )
    district = NamedField(
        District.objects.all(),
        label=_("District"),
        required=False,
        empty_label=_("Whole State"),
    )
    as_on = DayField(label=_("As on"))
    achieved = AmountField(label=_("Achieved"))
    target = AmountField(label=_("Target"), required=False)
    source_hi = LineField(label=_("Source in Hindi"), longest=250, stored=250, language="hi")
    source_en = LineField(label=_("Source in English"), longest=250, stored=250, language="en")

    def __init__(self, *args: Any, scheme: Scheme, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["indicator"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = scheme.indicators.order_by("pk")
        if len(field.queryset) == 1:
            field.initial, field.empty_label = field.queryset[0].pk, None
