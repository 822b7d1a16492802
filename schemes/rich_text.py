"""CKEditor 5 on a form; without script it is a plain text box. decisions/0004 on its CSP."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import flatatt
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django_ckeditor_5.widgets import CKEditor5Widget

from .cleaning import clean_rich, paragraphs

_TAG = re.compile(r"</?[a-zA-Z]")
LONGEST_RICH_TEXT = 60_000  # characters with markup; the longest scheme known has 20,000


class RichText(CKEditor5Widget):
    """Without the package's upload field: nothing is uploaded from here."""

    def __init__(self, language: str) -> None:
        self.content_language = language
        attrs = {"lang": language, "rows": 8, "maxlength": LONGEST_RICH_TEXT}
        super().__init__(config_name="scheme", attrs=attrs)

    def render(
        self,
        name: str,
        value: Any,
        attrs: dict[str, Any] | None = None,
        renderer: Any = None,
    ) -> SafeString:
        context = forms.Widget.get_context(self, name, value, attrs)
        languages = {"ui": get_language() or "hi", "content": self.content_language}
        context["attributes"] = flatatt(context["widget"]["attrs"])
        context["config"] = {**self.config, "language": languages}
        context["script_id"] = f"{context['widget']['attrs']['id']}_script"
        return render_to_string("desk/_rich_text.html", context)


class RichField(forms.CharField):
    def __init__(self, *, language: str, **options: Any) -> None:
        super().__init__(required=False, widget=RichText(language), **options)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if len(text) > LONGEST_RICH_TEXT:
            raise ValidationError(_("This text is too long. Keep to what people need to know."))
        return clean_rich(text if _TAG.search(text) else paragraphs(text))
