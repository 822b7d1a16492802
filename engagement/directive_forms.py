"""What the Directorate and departments type about a directive."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from departments.models import Department, DepartmentKind
from departments.names import name_order
from portal.web.fields import LineField, LinesField, MomentField, RecordsField
from publishing.models import Media
from schemes.workflow import PostKind


class DirectiveForm(forms.Form):
    """Departments are chosen in groups, or one by one."""

    title = LineField(label=_("Title"), longest=120, stored=150)
    instruction = LinesField(label=_("What is to be done"), longest=3000, rows=5)
    kind = forms.ChoiceField(label=_("Kind of post"), choices=PostKind.choices)
    deadline = MomentField(label=_("Deadline"))
    everybody = forms.BooleanField(label=_("All departments and offices"), required=False)
    groups = forms.MultipleChoiceField(
        label=_("All of a kind"),
        choices=DepartmentKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    departments = RecordsField(
        Department.objects.none(),
        label=_("Single ones"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    kit_title_hi = LineField(
        label=_("Title of the post, in Hindi"), longest=120, stored=150, required=False
    )
    kit_text_hi = LinesField(
        label=_("Text of the post, in Hindi"), longest=3000, rows=6, required=False
    )
    kit_title_en = LineField(
        label=_("Title of the post, in English"), longest=120, stored=150, required=False
    )
    kit_text_en = LinesField(
        label=_("Text of the post, in English"), longest=3000, rows=4, required=False
    )
    pictures = RecordsField(
        Media.objects.none(),
        label=_("Pictures and videos of the kit"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, media: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        rows = cast("forms.ModelMultipleChoiceField", self.fields["departments"])
        rows.queryset = Department.objects.order_by(name_order())
        cast("forms.ModelMultipleChoiceField", self.fields["pictures"]).queryset = media

    def addressed(self) -> list[Department]:
        said = self.cleaned_data
        if said["everybody"]:
            return list(Department.objects.order_by("pk"))
        of_kind = Department.objects.filter(kind__in=said["groups"])
        return list((of_kind | said["departments"].order_by()).distinct().order_by("pk"))


class ProofForm(forms.Form):
    links = LinesField(
        label=_("Links"), longest=3000, rows=3, required=False, help_text=_("One on each line.")
    )


class ExtendForm(forms.Form):
    deadline = MomentField(label=_("New deadline"))
    reason = LinesField(label=_("Reason"), longest=500, rows=2)


class TalkForm(forms.Form):
    text = LinesField(label=_("Text"), longest=1000, rows=2)
    for_directorate = forms.BooleanField(label=_("For the Directorate alone"), required=False)
