"""What an officer types about a photo or video, checked for form; the rest is for the actions."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from departments.access import own_departments
from departments.models import Department, User
from portal.web.fields import LineField, file_input

from .media.captions import LANGUAGES
from .media.photos import ANIMATION_BYTES, PHOTO_BYTES
from .models import Media, Rights

SHOWN = "image/jpeg,image/png,image/webp,image/gif,video/mp4,video/quicktime,video/webm,.mkv"


class RightsForm(forms.Form):
    rights = forms.ChoiceField(label=_("Rights"), choices=Rights.choices, initial=Rights.OWN)
    rights_note = LineField(
        label=_("Whose it is, and where the permission or licence is"),
        longest=200,
        stored=200,
        required=False,
        help_text=_("Needed for everything the department has not made itself."),
    )
    consent_reference = LineField(
        label=_("Consent of those shown"),
        longest=200,
        stored=200,
        required=False,
        help_text=_(
            "File number or place of the written consent, if people can be recognised. The consent"
            " itself is not kept here."
        ),
    )

    @classmethod
    def of(cls, media: Media, data: Any = None) -> RightsForm:
        names = ("rights", "rights_note", "consent_reference")
        return cls(data, initial={name: getattr(media, name) for name in names})


class MediaForm(RightsForm):
    department = forms.ModelChoiceField(
        Department.objects.none(), label=_("Department"), to_field_name="slug"
    )
    file = forms.FileField(
        label=_("Photo or video"),
        widget=file_input(SHOWN),
    )
    alt_hi = LineField(
        label=_("What it shows, in Hindi"),
        longest=140,
        stored=140,
        language="hi",
        help_text=_("One sentence for people who cannot see it."),
    )
    alt_en = LineField(
        label=_("What it shows, in English"), longest=140, stored=140, language="en", required=False
    )
    field_order = ("department", "file", "alt_hi", "alt_en")

    def __init__(self, *args: Any, officer: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["file"].help_text = _(
            "Photo (JPEG, PNG, WebP): up to %(photo)s MB. Animation (GIF): up to %(animation)s MB."
            " Video (MP4, MOV, WebM, MKV): up to %(video)s MB."
        ) % {
            "photo": PHOTO_BYTES // 1024**2,
            "animation": ANIMATION_BYTES // 1024**2,
            "video": settings.MEDIA_LARGEST // 1024**2,
        }
        departments = own_departments(officer)
        field = cast("forms.ModelChoiceField", self.fields["department"])
        field.queryset = departments
        if len(departments) == 1:
            field.initial, field.empty_label = departments[0].slug, None


class UploadForm(MediaForm):
    """The same without the file, which follows in pieces."""

    def __init__(self, *args: Any, officer: User, **options: Any) -> None:
        super().__init__(*args, officer=officer, **options)
        del self.fields["file"]


class CaptionsForm(forms.Form):
    language = forms.ChoiceField(label=_("Language"), choices=list(LANGUAGES.items()))
    file = forms.FileField(
        label=_("Caption file"),
        help_text=_("SubRip (.srt) or WebVTT (.vtt), in UTF-8, at most 1 MB."),
        widget=file_input(".srt,.vtt,text/vtt"),
    )
