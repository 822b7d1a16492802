"""CKEditor 5 on a form; without script it is a plain text box.

It runs under the portal's policy as it is: the bundle keeps its styles in a file of its own and
sets the rest through the DOM, which no policy counts as inline.
"""

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


# Tables come out of the editor inside a figure, their caption beside them.
_CAPTIONED = re.compile(
    r'<figure class="table"><table>(.*?)</table><figcaption[^>]*>(.*?)</figcaption></figure>', re.S
)

# What the editor's own catalogue leaves in English, keyed by its words.
EDITOR_WORDS = {
    "Back": _("Back"),
    "Bold": _("Bold"),
    "Bulleted List": _("Bulleted List"),
    "Cancel": _("Cancel"),
    "Choose heading": _("Choose heading"),
    "Column": _("Column"),
    "Delete column": _("Delete column"),
    "Delete row": _("Delete row"),
    "Displayed text": _("Displayed text"),
    "Dropdown toolbar": _("Dropdown toolbar"),
    "Edit link": _("Edit link"),
    "Editor toolbar": _("Editor toolbar"),
    "Enter table caption": _("Enter table caption"),
    "Header column": _("Header column"),
    "Header row": _("Header row"),
    "Heading": _("Heading"),
    "Heading 3": _("Heading 3"),
    "Heading 4": _("Heading 4"),
    "Insert": _("Insert"),
    "Insert column left": _("Insert column left"),
    "Insert column right": _("Insert column right"),
    "Insert paragraph after block": _("Insert paragraph after block"),
    "Insert paragraph before block": _("Insert paragraph before block"),
    "Insert row above": _("Insert row above"),
    "Insert row below": _("Insert row below"),
    "Insert table": _("Insert table"),
    "Italic": _("Italic"),
    "Link": _("Link"),
    "Link URL": _("Link URL"),
    "Merge cell down": _("Merge cell down"),
    "Merge cell left": _("Merge cell left"),
    "Merge cell right": _("Merge cell right"),
    "Merge cell up": _("Merge cell up"),
    "Merge cells": _("Merge cells"),
    "Numbered List": _("Numbered List"),
    "Open link in new tab": _("Open link in new tab"),
    "Paragraph": _("Paragraph"),
    "Redo": _("Redo"),
    "Rich Text Editor": _("Rich Text Editor"),
    "Row": _("Row"),
    "Save": _("Save"),
    "Select column": _("Select column"),
    "Select row": _("Select row"),
    "Show more items": _("Show more items"),
    "Split cell horizontally": _("Split cell horizontally"),
    "Split cell vertically": _("Split cell vertically"),
    "Table toolbar": _("Table toolbar"),
    "The URL must not be empty.": _("The URL must not be empty."),
    "Toggle caption off": _("Toggle caption off"),
    "Toggle caption on": _("Toggle caption on"),
    "Undo": _("Undo"),
    "Unlink": _("Unlink"),
    "Update": _("Update"),
}


class RichText(CKEditor5Widget):
    """Without the package's upload field: nothing is uploaded from here."""

    def __init__(self, language: str) -> None:
        self.content_language = language
        self.label: Any = ""  # of the field, for who cannot see it
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
        context["config"] = {
            **self.config,
            "language": languages,
            "label": str(self.label),
        }
        context["script_id"] = f"{context['widget']['attrs']['id']}_script"
        return render_to_string("desk/_rich_text.html", context)


class RichField(forms.CharField):
    def __init__(self, *, language: str, **options: Any) -> None:
        super().__init__(required=False, widget=RichText(language), **options)
        self.widget.label = self.label

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if len(text) > LONGEST_RICH_TEXT:
            raise ValidationError(_("This text is too long. Keep to what people need to know."))
        if not _TAG.search(text):
            return paragraphs(text)
        return clean_rich(_CAPTIONED.sub(r"<table><caption>\2</caption>\1</table>", text))
