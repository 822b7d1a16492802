"""What an officer says about a stop; the rules are the actions'."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from departments.models import Department
from departments.names import name_order
from departments.platforms import Platform
from portal.web.fields import LinesField, MomentField

from .models import Message, Scope
from .stop_actions import Target
from .topics import names_of

LONGEST_REASON = 500  # characters as people count them
# A single post is stopped on its own page.
SCOPES = [(scope.value, scope.label) for scope in Scope if scope != Scope.MESSAGE]


class ReasonForm(forms.Form):
    reason = LinesField(label=_("Reason"), longest=LONGEST_REASON, rows=2)


class StopForm(ReasonForm):
    scope = forms.ChoiceField(
        label=_("How much"), choices=SCOPES, initial=Scope.EVERYTHING, widget=forms.RadioSelect
    )
    platform = forms.ChoiceField(
        label=_("Platform"), choices=[("", "–"), *Platform.choices], required=False
    )
    department = forms.ModelChoiceField(
        Department.objects.none(),
        label=_("Department"),
        to_field_name="slug",
        required=False,
        empty_label="–",
    )
    topic = forms.ChoiceField(label=_("Scheme"), required=False)
    field_order: tuple[str, ...] = ("scope", "platform", "department", "topic", "reason")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        departments = cast("forms.ModelChoiceField", self.fields["department"])
        departments.queryset = Department.objects.order_by(name_order())
        topics = Message.objects.exclude(topic="").values_list("topic", flat=True).distinct()
        named = sorted(names_of(topics).items(), key=lambda pair: pair[1])
        cast("forms.ChoiceField", self.fields["topic"]).choices = [("", "–"), *named]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        scope = found.get("scope")
        if scope in self.fields and scope not in self.errors and not found.get(scope):
            self.add_error(scope, _("Say which."))
        return found

    def target(self) -> Target:
        """What belongs to another scope than the chosen one is left out."""
        said, scope = self.cleaned_data, self.cleaned_data["scope"]
        named = {scope: said[scope]} if scope in ("platform", "department", "topic") else {}
        return Target(scope, **named)


class FreezeForm(StopForm):
    starts_at = MomentField(label=_("From"))
    ends_at = MomentField(label=_("Until"))
    field_order = ("scope", "platform", "department", "topic", "starts_at", "ends_at", "reason")
