"""What a citizen fills in: a problem, the way back to it, and what became of it."""

from __future__ import annotations

import time
from typing import Any, cast

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from departments.models import Department, District
from departments.names import name_order
from portal.web.fields import LineField, LinesField, file_input
from publishing.audience import international

from .models import Kind
from .numbers import read_number

FASTEST = 4  # seconds in which no person fills in the form (S11)
OLDEST = 24 * 3600
LARGEST_FILE = 5 * 1024 * 1024  # 13.4
KINDS = [
    (Kind.PROBLEM.value, _("I have a problem")),
    (Kind.QUESTION.value, _("I want to know something")),
    (Kind.SUGGESTION.value, _("I have a suggestion")),
    (Kind.PRAISE.value, _("I want to thank somebody")),
    (Kind.FAKE.value, _("I have seen a false post")),
]


class ReportForm(forms.Form):
    """Little is asked: a telephone number or an e-mail address only if an answer is wanted (P4)."""

    kind = forms.ChoiceField(label=_("What is it about?"), choices=KINDS, widget=forms.RadioSelect)
    department = forms.ModelChoiceField(
        Department.objects.none(),
        label=_("Department"),
        to_field_name="slug",
        empty_label="–",
        help_text=_("If you do not know, choose the nearest: it will be passed on."),
    )
    district = forms.ModelChoiceField(
        District.objects.none(),
        label=_("District"),
        to_field_name="slug",
        required=False,
        empty_label="–",
    )
    place = LineField(
        label=_("Village, town or ward"),
        longest=120,
        stored=150,
        required=False,
    )
    text = LinesField(
        label=_("What has happened?"),
        longest=2000,
        rows=6,
        help_text=_(
            "In your own words. Write no Aadhaar number and no account number: nobody needs them."
        ),
    )
    photo = forms.FileField(
        label=_("Photo"),
        required=False,
        help_text=_("JPEG, PNG or WebP, 5 MB at most. Where it was taken is removed from it."),
        widget=file_input("image/jpeg,image/png,image/webp"),
    )
    name = LineField(
        label=_("Your name"),
        longest=100,
        stored=150,
        required=False,
    )
    reach = LineField(
        label=_("Mobile number or e-mail address"),
        longest=120,
        required=False,
        help_text=_("Only if you want to be told how it goes on. It is kept encrypted."),
    )
    consent = forms.BooleanField(
        label=_("I have read the notice above; this office may use what I write to answer me.")
    )
    # No person sees or fills it in.
    website = forms.CharField(required=False)
    begun = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        departments = cast("forms.ModelChoiceField", self.fields["department"])
        departments.queryset = Department.objects.order_by(name_order())
        districts = cast("forms.ModelChoiceField", self.fields["district"])
        districts.queryset = District.objects.order_by(name_order())
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        self.fields["begun"].initial = signing.dumps(int(time.time()), salt="engagement.form")

    def clean_photo(self) -> UploadedFile | None:
        photo: UploadedFile | None = self.cleaned_data.get("photo")
        if photo is not None and (photo.size or 0) > LARGEST_FILE:
            raise ValidationError(_("The photo has more than 5 MB. Save it smaller."))
        return photo

    def clean_reach(self) -> str:
        typed = str(self.cleaned_data.get("reach") or "").strip()
        if not typed:
            return ""
        if "@" in typed:
            forms.EmailField().clean(typed)
            return f"mail:{typed.lower()}"
        if number := international(typed):
            return f"tel:{number}"
        raise ValidationError(_("Write a mobile number of ten digits, or an e-mail address."))

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if found.get("website") or not self._is_by_a_person(str(found.get("begun") or "")):
            raise ValidationError(_("That was too fast. Please look at it once more and send it."))
        return found

    def _is_by_a_person(self, begun: str) -> bool:
        """No puzzle: whoever reads the form takes some seconds (S11)."""
        try:
            since = signing.loads(begun, salt="engagement.form", max_age=OLDEST)
        except signing.BadSignature:
            return False
        return time.time() - since >= FASTEST


class TrackForm(forms.Form):
    number = LineField(
        label=_("Number of your problem"),
        longest=30,
        help_text=_("For example UP-2026-0123456-7"),
    )
    code = LineField(
        label=_("Code"),
        longest=20,
        required=False,
        help_text=_("With the code you were given you see the answers, and can speak to them."),
    )

    def clean_number(self) -> str:
        number = read_number(str(self.cleaned_data["number"]))
        if not number:
            raise ValidationError(_("This is not one of our numbers. Check each digit."))
        return number


class OpinionForm(forms.Form):
    is_satisfied = forms.ChoiceField(
        label=_("Has your problem been resolved?"),
        choices=[("yes", _("Yes, it is resolved")), ("no", _("No, it is not resolved"))],
        widget=forms.RadioSelect,
    )
    stars = forms.TypedChoiceField(
        label=_("How were you treated?"),
        choices=[
            ("", "–"),
            ("5", _("5 – very well")),
            ("4", _("4 – well")),
            ("3", _("3 – fairly")),
            ("2", _("2 – badly")),
            ("1", _("1 – very badly")),
        ],
        coerce=int,
        empty_value=None,
        required=False,
    )
    words = LinesField(label=_("What would you add?"), longest=1000, rows=3, required=False)


class WordsForm(forms.Form):
    """For an appeal, or information that was asked for."""

    words = LinesField(label=_("In your words"), longest=2000, rows=4)
