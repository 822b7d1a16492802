"""What officers type about conversations and cases; what is allowed is for the actions."""

from __future__ import annotations

import uuid
from collections.abc import Container
from typing import Any, cast

from django import forms
from django.core.cache import cache
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from departments.models import Department, District
from departments.names import name_order
from portal.web.fields import DayField, LineField, LinesField, file_input
from schemes.models import Scheme

from . import access
from .models import Act, Case, Cause, Conversation, Elsewhere, Kind, Mood, Pace, Refusal, Urgency
from .states import CaseState

LONGEST_ANSWER = 4000
KEPT_SECONDS = 60
# The published rules of moderation (R4), as codes of what was broken.
RULES = [
    ("abuse", _("Abuse or threat")),
    ("hate", _("Hatred against a community")),
    ("personal", _("Somebody's personal data")),
    ("advertising", _("Advertising")),
    ("false", _("False information")),
    ("indecent", _("Indecency")),
]


class ReplyForm(forms.Form):
    form_key = forms.UUIDField(widget=forms.HiddenInput)
    text = LinesField(label=_("Answer"), longest=LONGEST_ANSWER, rows=5)
    template = forms.ChoiceField(label=_("Template"), required=False)

    def __init__(self, *args: Any, templates: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["form_key"].initial = uuid.uuid4()
        if templates:
            chosen = cast("forms.ChoiceField", self.fields["template"])
            chosen.choices = [("", _("None: a free answer")), *templates]
        else:
            del self.fields["template"]


class SortForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", "–"), *Kind.choices], required=False)
    mood = forms.ChoiceField(label=_("Mood"), choices=[("", "–"), *Mood.choices], required=False)
    urgency = forms.TypedChoiceField(
        label=_("Urgency"), choices=Urgency.choices, coerce=int, required=False, empty_value=None
    )
    district = forms.ModelChoiceField(
        District.objects.none(), label=_("District"), required=False, to_field_name="slug"
    )
    scheme = forms.ModelChoiceField(Scheme.objects.none(), label=_("Scheme"), required=False)
    belongs_to = forms.ModelChoiceField(
        Department.objects.none(),
        label=_("Belongs to"),
        required=False,
        to_field_name="slug",
    )

    def __init__(self, *args: Any, conversation: Conversation, **options: Any) -> None:
        initial = {
            "kind": conversation.kind,
            "mood": conversation.mood,
            "urgency": conversation.urgency,
            "district": conversation.district.slug if conversation.district else "",
            "scheme": conversation.scheme_id,
            "belongs_to": conversation.belongs_to.slug if conversation.belongs_to else "",
        }
        super().__init__(*args, **{"initial": initial, **options})
        _choose(self, "district", District.objects.all(), places("district"))
        _choose(self, "belongs_to", Department.objects.all(), places("department"))
        mine = Scheme.objects.filter(department=conversation.department)
        if conversation.scheme_id:
            mine |= Scheme.objects.filter(pk=conversation.scheme_id)
        _choose(self, "scheme", mine.order_by("title_hi").only("title_hi", "title_en"))


class TextForm(forms.Form):
    text = LinesField(label=_("Text"), longest=2000, rows=3)


class ReasonForm(forms.Form):
    reason = LinesField(label=_("Reason"), longest=500, rows=2)


class LabelsForm(forms.Form):
    names = LineField(
        label=_("Labels"), longest=300, required=False, help_text=_("Apart by commas.")
    )


class ModerationForm(forms.Form):
    act = forms.ChoiceField(label=_("What is to be done"), choices=Act.choices)
    rule = forms.ChoiceField(label=_("Which rule was broken"), choices=RULES)
    reason = LinesField(label=_("Reason"), longest=500, rows=2)

    def __init__(self, *args: Any, can: Container[str], **options: Any) -> None:
        super().__init__(*args, **options)
        chosen = cast("forms.ChoiceField", self.fields["act"])
        chosen.choices = [(value, words) for value, words in Act.choices if value in can]


class CaseForm(forms.Form):
    """Opens a case."""

    title = LineField(label=_("What it is about"), longest=120, stored=150)
    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices)
    pace = forms.ChoiceField(label=_("Time allowed"), choices=Pace.choices)
    district = forms.ModelChoiceField(
        District.objects.none(), label=_("District"), required=False, to_field_name="slug"
    )
    place = LineField(label=_("Place"), longest=120, stored=150, required=False)

    def __init__(self, *args: Any, conversation: Conversation, **options: Any) -> None:
        question = conversation.kind in (Kind.QUESTION, Kind.FAKE)
        pace = Pace.QUESTION if question else Pace.ORDINARY
        initial = {
            "title": conversation.excerpt[:100],
            "kind": conversation.kind or Kind.PROBLEM,
            "pace": Pace.URGENT if conversation.urgency == Urgency.URGENT else pace,
            "district": conversation.district.slug if conversation.district else "",
        }
        super().__init__(*args, **{"initial": initial, **options})
        _choose(self, "district", District.objects.all(), places("district"))


class TransferForm(ReasonForm):
    to = forms.ModelChoiceField(
        Department.objects.none(), label=_("To which department"), to_field_name="slug"
    )
    field_order: tuple[str, ...] = ("to", "reason")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        _choose(self, "to", Department.objects.order_by(name_order()))


class AssignForm(forms.Form):
    officer = forms.ChoiceField(label=_("Officer"))

    def __init__(self, *args: Any, case: Case, **options: Any) -> None:
        super().__init__(*args, **options)
        people = access.officers_of(case.department_id)
        chosen = cast("forms.ChoiceField", self.fields["officer"])
        chosen.choices = [(str(one.user_id), f"{one.user.name} · {one.title}") for one in people]


class InterimForm(TextForm):
    until = DayField(label=_("New date"))


class PromiseForm(forms.Form):
    text = LineField(label=_("What was promised"), longest=200, stored=200)
    until = DayField(label=_("Until"))


class PassOnForm(forms.Form):
    system = forms.ChoiceField(label=_("To"), choices=Elsewhere.choices)
    reference = LineField(label=_("Reference there"), longest=60, stored=60)


class EndForm(forms.Form):
    state = forms.ChoiceField(
        label=_("How it ends"),
        choices=[
            (CaseState.RESOLVED.value, _("Resolved")),
            (CaseState.REJECTED.value, _("Not taken up")),
        ],
        widget=forms.RadioSelect,
    )
    text = LinesField(
        label=_("In plain words, for the citizen"),
        longest=1000,
        rows=4,
        help_text=_("What was done, where and when. It is sent as it stands."),
    )
    cause = forms.ChoiceField(
        label=_("Why the problem arose"), choices=[("", "–"), *Cause.choices], required=False
    )
    refusal = forms.ChoiceField(
        label=_("Why it is not taken up"), choices=[("", "–"), *Refusal.choices], required=False
    )
    photo = forms.FileField(
        label=_("Photo as proof"),
        required=False,
        help_text=_("JPEG, PNG or WebP, 5 MB at most. The citizen sees it."),
        widget=file_input("image/jpeg,image/png,image/webp"),
    )


class AppealForm(TextForm):
    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[("uphold", _("Upheld: work goes on")), ("dismiss", _("Dismissed"))],
        widget=forms.RadioSelect,
    )


class SaidForm(forms.Form):
    """The remark in which the citizen said whether it is resolved."""

    remark = forms.IntegerField(widget=forms.HiddenInput)
    is_satisfied = forms.ChoiceField(
        label=_("What the citizen said"),
        choices=[("yes", _("Yes, it is resolved")), ("no", _("No, it is not resolved"))],
        widget=forms.RadioSelect,
    )


def places(what: str) -> list[tuple[str, str]]:
    """Districts or departments by slug and name; they hardly ever change, and every page shows
    them.
    """
    key = f"engagement.places:{what}:{get_language()}"
    known: list[tuple[str, str]] | None = cache.get(key)
    if known is None:
        table = District if what == "district" else Department
        rows = table.objects.order_by(name_order())
        known = [("", "–"), *((one.slug, one.name) for one in rows)]
        cache.set(key, known, KEPT_SECONDS)
    return known


def _choose(
    form: forms.Form, name: str, rows: Any, choices: list[tuple[str, str]] | None = None
) -> None:
    """`choices` where they are known without asking."""
    field = cast("forms.ModelChoiceField", form.fields[name])
    field.queryset = rows
    if choices is not None:
        field.choices = choices
