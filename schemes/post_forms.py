"""What an officer types about a post, checked for form; what is allowed is for the actions."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.access import own_departments, usable_handles
from departments.models import Department, User
from departments.platforms import Platform
from portal.errors import ActionRefused
from portal.web.fields import LinesField, MomentField, RecordsField, file_input
from portal.web.text import tidy
from publishing.media import add_media
from publishing.models import Media, MediaKind

from .access import visible_schemes
from .models import Post, Variant
from .variants import Preview, derived, preview
from .workflow import PostKind

LONGEST_COMMENT = 2000  # characters as people count them
LONGEST_TEXT = 20_000  # characters; the longest any platform takes, and far below any harm


def _lines(rows: int, language: str) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "lang": language, "dir": "auto"})


class PostForm(forms.ModelForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("Choose")), *PostKind.choices])
    publish_at = MomentField(
        label=_("Publish at"),
        required=False,
        help_text=_(
            "Day-month-year and time in IST, for example 05-10-2026 18:30."
            " Leave empty to publish as soon as it is approved."
        ),
    )
    last_useful_at = MomentField(
        label=_("Not later than"),
        required=False,
        help_text=_("After this moment the post would be stale and is not published."),
    )
    photo_file = forms.FileField(
        label=_("Photo"),
        required=False,
        help_text=_("JPEG, PNG or WebP, at most 5 MB, each side at least 320 pixels."),
        widget=file_input("image/jpeg,image/png,image/webp"),
    )
    photo_alt_hi = forms.CharField(
        label=_("What the photo shows, in Hindi"),
        max_length=140,
        required=False,
    )
    photo_alt_en = forms.CharField(
        label=_("What the photo shows, in English"), max_length=140, required=False
    )
    video_file = forms.FileField(
        label=_("Video"),
        required=False,
        help_text=_("MP4, at most 64 MB. YouTube needs one."),
        widget=file_input("video/mp4"),
    )
    video_alt_hi = forms.CharField(
        label=_("What the video shows, in Hindi"),
        max_length=140,
        required=False,
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    form_key = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid.uuid4)

    class Meta:
        model = Post
        fields: ClassVar = [
            "department",
            "kind",
            "route",
            "scheme",
            "title_hi",
            "title_en",
            "text_hi",
            "text_en",
            "text_ur",
            "handles",
            "photo",
            "video",
            "publish_at",
            "last_useful_at",
        ]
        field_classes: ClassVar = {"handles": RecordsField}
        widgets: ClassVar = {
            "title_hi": forms.TextInput(attrs={"lang": "hi"}),
            "title_en": forms.TextInput(attrs={"lang": "en"}),
            "text_hi": _lines(10, "hi"),
            "text_en": _lines(10, "en"),
            "text_ur": _lines(4, "ur"),
            "handles": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args: Any, officer: User, **options: Any) -> None:
        self.officer = officer
        super().__init__(*args, **options)
        keys = list(own_departments(officer).values_list("pk", flat=True))
        self._offer_records(keys)
        for name in ("text_hi", "text_en", "text_ur"):
            self.fields[name].widget.attrs["maxlength"] = LONGEST_TEXT
        department = self._choice("department")
        department.empty_label = _("Choose")
        if len(keys) == 1:
            department.initial, department.empty_label = keys[0], None
        if self.instance.pk:
            department.disabled = True
            self.fields["version"].initial = self.instance.version

    def _offer_records(self, department_ids: list[int]) -> None:
        """Only what belongs to the officer's own departments can be chosen."""
        schemes = visible_schemes(self.officer).filter(department__in=department_ids)
        media = Media.objects.filter(department__in=department_ids)
        self._choice("department").queryset = own_departments(self.officer)
        self._choice("handles").queryset = usable_handles(department_ids)
        for name, records, nothing in (
            ("scheme", schemes, _("No scheme")),
            ("photo", media.filter(kind=MediaKind.PHOTO), _("None")),
            ("video", media.filter(kind=MediaKind.VIDEO), _("None")),
        ):
            self._choice(name).queryset = records
            self._choice(name).empty_label = nothing
        for name in ("photo", "video"):
            self.fields[name].label = _("From the library")

    def _choice(self, name: str) -> forms.ModelChoiceField:
        return cast("forms.ModelChoiceField", self.fields[name])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        starts, ends = cleaned.get("publish_at"), cleaned.get("last_useful_at")
        for name, moment in (("publish_at", starts), ("last_useful_at", ends)):
            if moment and moment <= timezone.now():
                self.add_error(name, _("This moment has already passed."))
        if starts and ends and ends <= starts:
            self.add_error("last_useful_at", _("Give a moment after the time of publishing."))
        for name in ("text_hi", "text_en", "text_ur"):
            if len(tidy(cleaned.get(name) or "")) > LONGEST_TEXT:
                self.add_error(name, _("The text is too long for any platform."))
        for kind in ("photo", "video"):
            if cleaned.get(f"{kind}_file") and not cleaned.get(f"{kind}_alt_hi", "").strip():
                self.add_error(
                    f"{kind}_alt_hi", _("Say what it shows, for people who cannot see it.")
                )
            wrong = {f"{kind}_alt_hi", f"{kind}_alt_en"} & self.errors.keys()
            if wrong and cleaned.get(f"{kind}_file"):
                self.add_error(f"{kind}_file", _("Choose the file again: it could not be kept."))
        return cleaned

    def take_files(self) -> None:
        """Store valid uploads at once, so that an error elsewhere on the page loses no file."""
        self.is_valid()
        department = self.cleaned_data.get("department")
        if department is None:
            return
        for kind in ("photo", "video"):
            upload = self.cleaned_data.get(f"{kind}_file")
            alt = self.cleaned_data.get(f"{kind}_alt_hi", "").strip()
            if upload and alt and f"{kind}_alt_en" not in self.errors:
                self._take(kind, department, upload, alt)

    def _take(self, kind: str, department: Department, upload: UploadedFile, alt: str) -> None:
        try:
            media = add_media(
                department,
                upload,
                kind=kind,
                alt_hi=alt,
                alt_en=self.cleaned_data.get(f"{kind}_alt_en", ""),
                actor=self.officer,
            )
        except ActionRefused as refusal:
            self.add_error(f"{kind}_file", str(refusal.message))
            return
        self.cleaned_data[kind] = media
        # The page shown again, for whatever else is wrong, offers it as chosen.
        self.data = QueryDict.copy(cast("QueryDict", self.data))
        self.data[kind] = str(media.pk)
        # Its description is stored with it; what is typed there now would be for another file.
        self.data[f"{kind}_alt_hi"] = self.data[f"{kind}_alt_en"] = ""

    def post_fields(self) -> dict[str, Any]:
        """What the actions take, besides department and handles."""
        names = set(self.Meta.fields) - {"department", "handles"}
        return {name: self.cleaned_data.get(name) for name in names}

    def handle_groups(self) -> list[tuple[str, list[Any]]]:
        """The handles to choose from, by platform: [(label, [checkbox, ...]), ...]."""
        groups: dict[str, list[Any]] = {}
        keys = own_departments(self.officer).values_list("pk", flat=True)
        platforms = dict(usable_handles(keys).values_list("pk", "platform"))
        for box in self["handles"].subwidgets:
            platform = Platform(platforms[box.data["value"].value])
            groups.setdefault(str(platform.label), []).append(box)
        return list(groups.items())


def variant_edits(data: Any) -> dict[str, dict[str, str]]:
    """The officer's own words for single platforms: variant-<platform>-text and -title."""
    return {
        platform: {
            "text": data.get(f"variant-{platform}-text", "")[:LONGEST_TEXT],
            "title": data.get(f"variant-{platform}-title", "")[:250],
        }
        for platform in Platform.values
        if f"variant-{platform}-text" in data
    }


def unsaved_previews(form: PostForm, edits: dict[str, dict[str, str]]) -> list[Preview]:
    """What the platforms would get of what is on the screen now, valid or not; stores nothing."""
    form.is_valid()
    cleaned = form.cleaned_data
    texts = {
        name: cleaned.get(name) or ""
        for name in ("title_hi", "title_en", "text_hi", "text_en", "text_ur")
    }
    media = {name: cleaned.get(name) for name in ("photo", "video", "scheme")}
    post = Post(**texts, **media)
    handles = list(cleaned.get("handles") or [])
    chosen = {handle.platform for handle in handles}
    return [
        preview(post, _variant(post, platform, edits.get(platform, {})), handles)
        for platform in Platform.values
        if platform in chosen
    ]


def _variant(post: Post, platform: str, edit: dict[str, str]) -> Variant:
    words = {**derived(post, platform), **{name: text for name, text in edit.items() if text}}
    return Variant(post=post, platform=platform, is_edited=bool(edit.get("text")), **words)


class DecisionForm(forms.Form):
    """A reviewer's or the department's word on a post."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    comment = LinesField(label=_("Comment"), required=False, longest=LONGEST_COMMENT)


class DeliveryDecisionForm(forms.Form):
    """What an officer saw on the platform."""

    is_out = forms.TypedChoiceField(
        label=_("What do you see on the platform?"),
        choices=[("yes", _("The post is there")), ("no", _("The post is not there"))],
        coerce=lambda answer: answer == "yes",
        widget=forms.RadioSelect,
    )
    permalink = forms.URLField(label=_("Link of the post"), required=False, assume_scheme="https")
