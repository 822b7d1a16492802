"""What an officer types about people who agreed; the rules are the actions'."""

from __future__ import annotations

from datetime import date, datetime, time

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.web.fields import DayField, LineField, file_input

from .audience_actions import LONGEST_PROOF, Agreement
from .models import ConsentWay


class AgreementForm(forms.Form):
    way = forms.ChoiceField(label=_("How they agreed"), choices=ConsentWay.choices)
    proof = LineField(
        label=_("Where the proof is"),
        longest=LONGEST_PROOF,
        stored=LONGEST_PROOF,
        help_text=_(
            "For example the file number of the signed form. What is proven: they agreed to"
            " messages of this department on WhatsApp."
        ),
    )
    agreed_on = DayField(
        label=_("Agreed on"), required=False, help_text=_("DD-MM-YYYY; empty means today.")
    )

    def clean_agreed_on(self) -> date | None:
        day: date | None = self.cleaned_data["agreed_on"]
        if day and day > timezone.localdate():
            raise forms.ValidationError(_("Nobody can have agreed in the future."))
        return day

    def agreement(self) -> Agreement:
        day = self.cleaned_data["agreed_on"]
        return Agreement(self.cleaned_data["way"], self.cleaned_data["proof"], _moment(day))


class SubscriberForm(AgreementForm):
    number = LineField(
        label=_("Mobile number"),
        longest=20,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
        help_text=_(
            "Ten digits. It is stored encrypted; here only the last four digits are shown."
        ),
    )
    field_order = ("number", "way", "proof", "agreed_on")


class ImportForm(AgreementForm):
    file = forms.FileField(
        label=_("File with the numbers"),
        widget=file_input(".csv,.xlsx"),
        help_text=_(
            "CSV (UTF-8) or XLSX, at most 5,000 rows: a column “number” and, where it differs, a"
            " column “proof”."
        ),
    )
    field_order = ("file", "way", "proof", "agreed_on")


def _moment(day: date | None) -> datetime:
    """The beginning of the day, and for today now: so a newer consent is newer."""
    if day is None or day == timezone.localdate():
        return timezone.now()
    return timezone.make_aware(datetime.combine(day, time()))
