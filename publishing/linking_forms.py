"""What an officer types to link an account, and how one of several is chosen."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from departments.models import Handle
from portal.web.fields import LineField
from portal.web.text import plain_digits

from .connectors.consent import Ask, Candidate
from .linking import hindrance, is_another
from .problems import ASKED

CONFIRM = _("Confirm that the posts are to go to this account.")


class TypedAccessForm(forms.Form):
    """A field for each particular; what is secret is never shown again."""

    def __init__(self, *args: Any, asks: tuple[Ask, ...], **options: Any) -> None:
        super().__init__(*args, **options)
        for ask in asks:
            label, help_text = ASKED[ask.key]
            field = LineField(
                label=label,
                help_text=help_text,
                longest=1000 if ask.is_secret else 100,
                required=ask.is_needed,
            )
            if ask.is_secret:
                field.widget = forms.PasswordInput()
            field.widget.attrs.update(autocomplete="off", spellcheck="false")
            self.fields[ask.key] = field

    def typed(self) -> dict[str, str]:
        return {name: plain_digits(value) for name, value in self.cleaned_data.items()}


class ChoiceForm(forms.Form):
    """One of the accounts that a consent opened, by its place in the list."""

    account = forms.ChoiceField(label=_("Account on the platform"), widget=forms.RadioSelect)
    is_confirmed = forms.BooleanField(
        label=_("Yes, the posts are to go to this account."), required=False
    )

    def __init__(
        self, *args: Any, handle: Handle, candidates: list[Candidate], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        field = self.fields["account"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (str(place), one.name)
            for place, one in enumerate(candidates)
            if not hindrance(handle, one)
        ]
        confirmed = self.fields["is_confirmed"]
        confirmed.required = all(is_another(handle, one) for one in candidates)
        confirmed.error_messages["required"] = CONFIRM
        field.error_messages["required"] = _("Choose the account.")
        field.error_messages["invalid_choice"] = _("Choose one of the accounts listed here.")
