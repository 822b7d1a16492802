"""Form fields for what officers type: days, numbers, and text counted as people count it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn

import regex
from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import from_current_timezone
from django.utils.translation import gettext_lazy as _

from .filters import read_day, read_time
from .text import plain_digits, tidy, tidy_line

LONGEST_KEY = 18  # digits of a 64-bit key


def length_of(text: str) -> int:
    """In characters as people count them: क्षि is one (H8)."""
    return len(regex.findall(r"\X", text))


class DayField(forms.DateField):
    """dd-mm-yyyy in any digits; shown again as dd-mm-yyyy (N1, H9)."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("help_text", _("Day-month-year, for example 05-10-2026."))
        widget = forms.DateInput(
            format="%d-%m-%Y",
            attrs={"inputmode": "numeric", "placeholder": "DD-MM-YYYY", "autocomplete": "off"},
        )
        super().__init__(widget=widget, **options)

    def to_python(self, value: Any) -> date | None:
        if not isinstance(value, str):
            return super().to_python(value)
        if not value.strip():
            return None
        day = read_day(value)
        if day is None:
            raise ValidationError(_("Write the day as DD-MM-YYYY, for example 05-10-2026."))
        return day


class MomentField(forms.DateTimeField):
    """A day and a time in IST, dd-mm-yyyy hh:mm in any digits (N1, N2, H9).

    Not the browser's own control: it shows month before day wherever its language is American.
    """

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(
            format="%d-%m-%Y %H:%M",
            attrs={"placeholder": "DD-MM-YYYY HH:MM", "autocomplete": "off"},
        )
        super().__init__(widget=widget, **options)

    def to_python(self, value: Any) -> datetime | None:
        if not isinstance(value, str):
            return super().to_python(value)
        if not value.strip():
            return None
        day_text, _space, time_text = value.replace("T", " ").strip().partition(" ")
        day, clock = read_day(day_text), read_time(time_text)
        if day is None or clock is None:
            raise ValidationError(
                _("Write the day and the time as DD-MM-YYYY HH:MM, for example 05-10-2026 18:30.")
            )
        return from_current_timezone(datetime.combine(day, clock))


class AmountField(forms.DecimalField):
    """A number in any digits, with or without the commas of lakh and crore."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_digits", 16)
        options.setdefault("decimal_places", 2)
        options.setdefault("min_value", 0)
        super().__init__(widget=forms.TextInput(attrs={"inputmode": "decimal"}), **options)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        if isinstance(value, str):
            value = plain_digits(value).replace(",", "").replace(" ", "").lstrip("₹")
        try:
            return super().to_python(value)
        except ValidationError:
            raise ValidationError(_("Write a number, for example 12,34,567.")) from None


class LineField(forms.CharField):
    """One line of text, at most `longest` characters as people count them.

    `stored` is the width of the column, in code points.
    """

    def __init__(
        self, *, longest: int, stored: int = 0, language: str = "", **options: Any
    ) -> None:
        self.longest, self.stored = longest, stored
        attrs: dict[str, Any] = {"data-longest": longest, "dir": "auto"}
        if language:
            attrs["lang"] = language
        options.setdefault("widget", forms.TextInput(attrs=attrs))
        super().__init__(**options)

    def to_python(self, value: Any) -> str:
        return self._tidied(super().to_python(value) or "")

    def _tidied(self, text: str) -> str:
        return tidy_line(text)

    def validate(self, value: str) -> None:
        super().validate(value)
        long = length_of(value)
        if long > self.longest:
            raise ValidationError(
                _("Shorten this to %(longest)d characters; it has %(long)d."),
                params={"longest": self.longest, "long": long},
            )
        if self.stored and len(value) > self.stored:
            raise ValidationError(_("This is too long to be stored. Please shorten it."))


class LinesField(LineField):
    """Several lines of text."""

    def __init__(self, *, longest: int, language: str = "", rows: int = 3, **options: Any) -> None:
        attrs: dict[str, Any] = {"data-longest": longest, "dir": "auto", "rows": rows}
        if language:
            attrs["lang"] = language
        super().__init__(longest=longest, widget=forms.Textarea(attrs=attrs), **options)

    def _tidied(self, text: str) -> str:
        return tidy(text)


class RecordsField(forms.ModelMultipleChoiceField):
    """Several records; a key too large for any database is an unknown choice like any other."""

    def _check_values(self, value: Any) -> Any:
        """As Django's, which asks for every key alone and is slow where they are thousands."""
        keys = {str(key): key for key in value}
        for key in keys:
            if not (key.isascii() and key.isdigit() and len(key) <= LONGEST_KEY):
                self._refuse("invalid_pk_value", pk=key)
        assert self.queryset is not None
        found = self.queryset.filter(pk__in=keys)
        known = {str(record.pk) for record in found}
        for key in keys:
            if key not in known:
                self._refuse("invalid_choice", value=key)
        return found

    def _refuse(self, code: str, **params: str) -> NoReturn:
        raise ValidationError(self.error_messages[code], code=code, params=params)


def file_input(accept: str) -> forms.FileInput:
    """With script its button speaks the page's language, not the browser's. `accept` as in HTML."""
    return forms.FileInput(
        attrs={
            "accept": accept,
            "data-choose": _("Choose a file"),
            "data-none": _("No file chosen"),
        }
    )


class _FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files at once; a list. `accept` as in HTML."""

    def __init__(self, *, accept: str, **options: Any) -> None:
        widget = _FilesInput(attrs={**file_input(accept).attrs, "multiple": True})
        super().__init__(widget=widget, **options)

    def clean(self, value: Any, initial: Any = None) -> list[Any]:
        return [super(FilesField, self).clean(one) for one in value or []]


class _PhrasesInput(forms.TextInput):
    """As many inputs of one name as there are phrases; the page writes them."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return data.getlist(name)


class PhrasesField(LineField):
    """Several lines of text under one name, each at most `longest` characters; a list."""

    def __init__(self, *, longest: int, language: str, **options: Any) -> None:
        super().__init__(longest=longest, language=language, widget=_PhrasesInput, required=False,
                         **options)  # fmt: skip

    def clean(self, value: Any) -> list[str]:
        return [str(super(PhrasesField, self).clean(one)) for one in value or []]
