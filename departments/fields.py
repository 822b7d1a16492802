"""Form fields with which officers choose among named records, in the alphabet of their language."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.models import ModelChoiceIterator
from django.utils.translation import gettext_lazy as _

from portal.web.fields import RecordsField

from .names import name_order


class NamesInOrder(ModelChoiceIterator):
    def __init__(self, field: forms.ModelChoiceField) -> None:
        super().__init__(field)
        assert field.queryset is not None
        self.queryset = field.queryset.order_by(name_order())


class NamedField(forms.ModelChoiceField):
    iterator = NamesInOrder

    def __init__(self, queryset: Any, **options: Any) -> None:
        options.setdefault("empty_label", _("Choose"))
        super().__init__(queryset, **options)


class NamedRecordsField(RecordsField):
    iterator = NamesInOrder
