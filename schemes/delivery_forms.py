"""What an officer says about single deliveries, and about a post that is out."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.web.fields import LinesField

LONGEST_REASON = 2000  # characters as people count them


class DeliveryDecisionForm(forms.Form):
    """What an officer saw on the platform."""

    is_out = forms.TypedChoiceField(
        label=_("What do you see on the platform?"),
        choices=[("yes", _("The post is there")), ("no", _("The post is not there"))],
        coerce=lambda answer: answer == "yes",
        widget=forms.RadioSelect,
    )
    permalink = forms.URLField(label=_("Link of the post"), required=False, assume_scheme="https")


class ByHandForm(forms.Form):
    """The proof of what was done by hand; none where something was taken down."""

    permalink = forms.URLField(
        label=_("Link of the post"), required=False, max_length=500, assume_scheme="https"
    )


class TakeDownForm(forms.Form):
    reason = LinesField(label=_("Reason"), longest=LONGEST_REASON)
