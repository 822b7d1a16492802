"""What an officer says about single deliveries, and about a post that is out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from departments.platforms import SITES
from portal.web.fields import LinesField
from publishing.links import is_on_platform
from publishing.models import Delivery, Operation

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
        label=_("Link of the post"),
        required=False,
        max_length=500,
        assume_scheme="https",
        error_messages={"invalid": _("Give the whole link of the post, beginning with https://")},
    )

    def __init__(self, *args: Any, delivery: Delivery | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.delivery = delivery

    def clean_permalink(self) -> str:
        link: str = self.cleaned_data["permalink"]
        if self.delivery is None or self.delivery.operation == Operation.REMOVE:
            return link
        platform = self.delivery.handle.platform
        if not is_on_platform(platform, link):
            sites = ", ".join(sorted(SITES[platform]))
            raise forms.ValidationError(
                _("Give an address that begins with https:// on one of: %(sites)s.")
                % {"sites": sites}
            )
        return link


class TakeDownForm(forms.Form):
    reason = LinesField(label=_("Reason"), longest=LONGEST_REASON)
