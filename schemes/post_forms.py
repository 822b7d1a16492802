"""What an officer types about a post, checked for form; what is allowed is for the actions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, ClassVar, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.access import own_departments, usable_handles
from departments.models import Department, Handle, User
from departments.platforms import Platform
from portal.errors import ActionRefused
from portal.web.fields import (
    LONGEST_KEY,
    FilesField,
    LinesField,
    MomentField,
    PhrasesField,
    RecordsField,
    file_input,
)
from portal.web.text import plain_digits, tidy
from publishing.media import add_captions, add_media
from publishing.models import Media, MediaKind

from .access import visible_schemes
from .models import Draft, Post, Variant
from .previews import Preview, preview
from .variants import Files, VariantEdit, derived, possible_options
from .workflow import PostKind

LONGEST_COMMENT = 2000  # characters as people count them
LONGEST_TEXT = 20_000  # characters; the longest any platform takes, and far below any harm
LONGEST_ALT = 140
MOST_PHOTOS = 10  # of one post: the most any platform shows
PHOTO_KINDS = (MediaKind.PHOTO, MediaKind.ANIMATION)


def _lines(rows: int, language: str) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "lang": language, "dir": "auto"})


@dataclass(frozen=True)
class HandleGroup:
    """The handles of one department on one platform, to be chosen singly or all at once."""

    key: str  # <department>-<platform>
    label: str
    boxes: list[tuple[Handle, bool]]  # each with whether it is chosen

    @property
    def is_whole(self) -> bool:
        return all(chosen for _handle, chosen in self.boxes)


class PostForm(forms.ModelForm):
    """Photos come in four ways: `photos` in their places of `photo_order`, less `photos_drop`;
    `photos_add` from the library; `photo_file` with as many descriptions. A key in `all_of` stands
    for all handles of its group. So the page works without script.
    """

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
    photos = RecordsField(queryset=Media.objects.none(), required=False)
    photo_file = FilesField(
        label=_("Add photos"),
        required=False,
        help_text=_(
            "JPEG, PNG or WebP, at most 5 MB each, each side at least 320 pixels."
            " Several can be chosen at once."
        ),
        accept="image/jpeg,image/png,image/webp",
    )
    photo_alt_hi = PhrasesField(
        label=_("What the photo shows, in Hindi"), longest=LONGEST_ALT, language="hi"
    )
    photo_alt_en = PhrasesField(
        label=_("What the photo shows, in English"), longest=LONGEST_ALT, language="en"
    )
    video_file = forms.FileField(
        label=_("Add a video"),
        required=False,
        help_text=_("MP4, at most 64 MB. YouTube needs one."),
        widget=file_input("video/mp4"),  # a large one may come piece by piece: data-upload
    )
    video_alt_hi = forms.CharField(
        label=_("What the video shows, in Hindi"), max_length=LONGEST_ALT, required=False
    )
    captions_file = forms.FileField(
        label=_("Captions of the video, in Hindi"),
        required=False,
        help_text=_("WebVTT or SRT. A video is not published without."),
        widget=file_input(".vtt,.srt,text/vtt"),
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
            "video": forms.HiddenInput,
        }

    def __init__(
        self,
        data: QueryDict | None = None,
        files: Any = None,
        *,
        officer: User,
        instance: Post | None = None,
        left: Draft | None = None,
    ) -> None:
        """`left` is what the officer left unsaved on a page: shown again, not judged yet."""
        self.officer = officer
        self.departments = list(own_departments(officer))
        keys = [department.pk for department in self.departments]
        self.usable = list(usable_handles(keys).order_by("department", "platform", "name"))
        super().__init__(None if data is None else self._settled(data), files, instance=instance)
        self._offer_records(keys)
        self._begin()
        if left is not None:
            self._take_up(left)

    def _begin(self) -> None:
        for name in ("text_hi", "text_en", "text_ur"):
            self.fields[name].widget.attrs["maxlength"] = LONGEST_TEXT
        department = self._choice("department")
        choices = [(str(one.pk), str(one)) for one in self.departments]
        department.widget.choices = [("", _("Choose")), *choices]
        if len(self.departments) == 1:
            department.initial, department.widget.choices = self.departments[0].pk, choices
        if self.instance.pk:
            department.disabled = True
            self.fields["version"].initial = self.instance.version
            self.initial["photos"] = [photo.pk for photo in self.instance.ordered_photos]

    def _take_up(self, left: Draft) -> None:
        """What was typed becomes what the page begins with."""
        data = self._settled(left.typed())
        for name, field in self.fields.items():
            if name in data:
                self.initial[name] = field.widget.value_from_datadict(data, {}, name)
        # A kept page without chosen boxes says so by their absence.
        self.initial["handles"] = data.getlist("handles")
        self.initial["photos"] = data.getlist("photos")
        self.initial["form_key"] = left.form_key

    def _settled(self, data: QueryDict) -> QueryDict:
        """With the photos in their order and the handles that a group stands for."""
        data = data.copy()
        dropped = set(data.getlist("photos_drop"))
        rows = zip_longest(data.getlist("photos"), data.getlist("photo_order"), fillvalue="")
        placed = sorted(rows, key=lambda row: _place(row[1]))
        keys = [key for key, _number in placed] + data.getlist("photos_add")
        data.setlist("photos", [key for key in dict.fromkeys(keys) if key and key not in dropped])
        for name in ("photo_order", "photos_drop", "photos_add"):
            data.pop(name, None)
        if data.get("video_add") or data.get("video_drop"):
            data["video"] = data.get("video_add", "")
        whole = set(data.getlist("all_of"))
        grouped = [str(one.pk) for one in self.usable if _group_key(one) in whole]
        data.setlist("handles", [*dict.fromkeys([*data.getlist("handles"), *grouped])])
        return data

    def _offer_records(self, department_ids: list[int]) -> None:
        """Only what belongs to the officer's own departments can be chosen."""
        own = Media.objects.filter(department__in=department_ids)
        if self.instance.pk:  # what was retired later may stay
            here = Q(pk__in=self.instance.placed_photos.values("media"))
            here |= Q(pk=self.instance.video_id)
        else:
            here = Q(pk__in=[])
        media = own.filter(here | Q(is_retired=False))
        schemes = visible_schemes(self.officer).filter(department__in=department_ids)
        for name, records in (
            ("department", own_departments(self.officer)),
            ("handles", usable_handles(department_ids)),
            ("scheme", schemes),
            ("photos", media.filter(kind__in=PHOTO_KINDS)),
            ("video", media.filter(kind=MediaKind.VIDEO)),
        ):
            self._choice(name).queryset = records
        self._choice("scheme").empty_label = _("No scheme")

    def _choice(self, name: str) -> forms.ModelChoiceField:
        return cast("forms.ModelChoiceField", self.fields[name])

    def clean_photos(self) -> list[Media]:
        """In the order of the page."""
        chosen = {str(media.pk): media for media in self.cleaned_data["photos"]}
        return [chosen[key] for key in self._typed().getlist("photos") if key in chosen]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self._check_times(cleaned)
        for name in ("text_hi", "text_en", "text_ur"):
            if len(tidy(cleaned.get(name) or "")) > LONGEST_TEXT:
                self.add_error(name, _("The text is too long for any platform."))
        photos = len(cleaned.get("photos") or []) + len(cleaned.get("photo_file") or [])
        if photos > MOST_PHOTOS:
            self.add_error("photo_file", _("A post can have ten photos. Remove the others."))
        self._check_descriptions(cleaned)
        return cleaned

    def _check_times(self, cleaned: Mapping[str, Any]) -> None:
        starts, ends = cleaned.get("publish_at"), cleaned.get("last_useful_at")
        for name, moment in (("publish_at", starts), ("last_useful_at", ends)):
            if moment and moment <= timezone.now():
                self.add_error(name, _("This moment has already passed."))
        if starts and ends and ends <= starts:
            self.add_error("last_useful_at", _("Give a moment after the time of publishing."))

    def _check_descriptions(self, cleaned: Mapping[str, Any]) -> None:
        photos, said = cleaned.get("photo_file") or [], cleaned.get("photo_alt_hi") or []
        if "photo_alt_hi" not in self.errors and not all(
            [*said, *[""] * len(photos)][: len(photos)]
        ):
            self.add_error(
                "photo_alt_hi", _("Say of each photo what it shows, for people who cannot see it.")
            )
        video = cleaned.get("video_file")
        if video and not cleaned.get("video_alt_hi", "").strip():
            self.add_error("video_alt_hi", _("Say what it shows, for people who cannot see it."))
        for kind, files in (("photo", photos), ("video", video)):
            if files and {f"{kind}_alt_hi", f"{kind}_alt_en"} & self.errors.keys():
                self.add_error(f"{kind}_file", _("Choose the file again: it could not be kept."))

    def take_files(self) -> None:
        """Store valid uploads at once, so that an error elsewhere on the page loses no file."""
        self.is_valid()
        department = self.cleaned_data.get("department")
        if department is None or "photos" in self.errors:
            return
        if not {"photo_file", "photo_alt_hi", "photo_alt_en"} & self.errors.keys():
            self._take_photos(department)
        if not {"video_file", "video_alt_hi"} & self.errors.keys():
            self._take_video(department)

    def _take_photos(self, department: Department) -> None:
        said = self.cleaned_data.get("photo_alt_en", [])
        for place, upload in enumerate(self.cleaned_data.get("photo_file") or []):
            words = {
                "alt_hi": self.cleaned_data["photo_alt_hi"][place],
                "alt_en": said[place] if place < len(said) else "",
            }
            if photo := self._stored("photo", department, upload, words):
                self.cleaned_data["photos"].append(photo)
        self._remember("photos", [str(photo.pk) for photo in self.cleaned_data.get("photos", [])])
        # Descriptions are stored with the photos; what is typed now would be for others.
        self._remember("photo_alt_hi", [])
        self._remember("photo_alt_en", [])

    def _take_video(self, department: Department) -> None:
        upload = self.cleaned_data.get("video_file")
        words = {"alt_hi": self.cleaned_data.get("video_alt_hi", "").strip()}
        if upload and (video := self._stored("video", department, upload, words)):
            self.cleaned_data["video"] = video
            self._remember("video", [str(video.pk)])
            self._remember("video_alt_hi", [])
        self._take_captions()

    def _take_captions(self) -> None:
        """Of the video that is chosen now."""
        file, video = self.cleaned_data.get("captions_file"), self.cleaned_data.get("video")
        if file is None:
            return
        if video is None:
            self.add_error("captions_file", _("Choose the video first, then its captions."))
            return
        try:
            add_captions(video, "hi", file, self.officer)
        except ActionRefused as refusal:
            self.add_error("captions_file", str(refusal.message))

    def _stored(
        self, kind: str, department: Department, upload: UploadedFile, words: dict[str, str]
    ) -> Media | None:
        try:
            return add_media(department, upload, kind=kind, actor=self.officer, **words)
        except ActionRefused as refusal:
            self.add_error(f"{kind}_file", str(refusal.message))
            return None

    def _remember(self, name: str, values: list[str]) -> None:
        """For the page shown again, whatever else is wrong."""
        data = self._typed().copy()
        data.setlist(name, values)
        self.data = data

    def _typed(self) -> QueryDict:
        return cast("QueryDict", self.data)

    def post_fields(self) -> dict[str, Any]:
        """What the actions take, besides department."""
        names = (set(self.Meta.fields) | {"photos", "form_key"}) - {"department"}
        return {name: self.cleaned_data.get(name) for name in names}

    # --- for the page -----------------------------------------------------------------------------

    def handle_groups(self) -> list[HandleGroup]:
        chosen = {str(getattr(key, "pk", key)) for key in self["handles"].value() or []}
        groups: dict[str, HandleGroup] = {}
        for handle in self.usable:
            key, label = _group_key(handle), handle.get_platform_display()
            if len(self.departments) > 1:
                label = f"{label} · {handle.department.name}"
            group = groups.setdefault(key, HandleGroup(key, label, []))
            group.boxes.append((handle, str(handle.pk) in chosen))
        return list(groups.values())

    def photo_rows(self) -> list[Media]:
        """The photos chosen so far, in their order."""
        typed = [str(key) for key in self["photos"].value() or []]
        keys = [key for key in typed if key.isdecimal() and len(key) <= LONGEST_KEY]
        found = self._records("photos").filter(pk__in=keys[:100])
        stored = {str(media.pk): media for media in found}
        return [stored[key] for key in keys if key in stored]

    def video_row(self) -> Media | None:
        key = str(self["video"].value() or "")
        is_key = key.isdecimal() and len(key) <= LONGEST_KEY
        return self._records("video").filter(pk=key).first() if is_key else None

    def _records(self, name: str) -> QuerySet[Media]:
        return cast("QuerySet[Media]", self._choice(name).queryset)

    def new_photos(self) -> list[tuple[str, str]]:
        """The descriptions of photos being added: one at least is asked for."""
        said = self["photo_alt_hi"].value() or [""], self["photo_alt_en"].value() or [""]
        number = max(len(said[0]), len(self.files.getlist("photo_file")) if self.files else 0)
        return [
            tuple(words[place] if place < len(words) else "" for words in said)  # type: ignore[misc]
            for place in range(min(number, MOST_PHOTOS))
        ]


def _group_key(handle: Handle) -> str:
    return f"{handle.department_id}-{handle.platform}"


def _place(number: str) -> int:
    """A number of the page's own list; what is none stays behind the others."""
    digits = plain_digits(number.strip())
    return int(digits) if digits.isdecimal() and len(digits) < 4 else 1000


def library(officer: User, words: str, *, limit: int = 12) -> QuerySet[Media]:
    """Photos and videos that this officer may choose, the newest first."""
    own = Media.objects.filter(department__in=own_departments(officer), is_retired=False)
    if words:
        own = own.filter(Q(alt_hi__icontains=words) | Q(alt_en__icontains=words))
    return own.order_by("-added_at")[:limit]


# --- one platform's own part ----------------------------------------------------------------------


def variant_edits(data: Mapping[str, str]) -> dict[str, VariantEdit]:
    """The officer's own words and choices: variant-<platform>-text, -title, -option-<key>."""
    edits = {}
    for platform in Platform.values:
        start = f"variant-{platform}-"
        if f"{start}text" in data:
            options = f"{start}option-"
            edits[platform] = VariantEdit(
                data.get(f"{start}text", "")[:LONGEST_TEXT],
                data.get(f"{start}title", "")[:250],
                {
                    name.removeprefix(options): data[name]
                    for name in data
                    if name.startswith(options)
                },
            )
    return edits


def unsaved_previews(form: PostForm, edits: Mapping[str, VariantEdit]) -> list[Preview]:
    """What the platforms would get of what is on the screen now, valid or not; stores nothing."""
    form.is_valid()
    cleaned = form.cleaned_data
    texts = {
        name: cleaned.get(name) or ""
        for name in ("title_hi", "title_en", "text_hi", "text_en", "text_ur")
    }
    post = Post(**texts, scheme=cleaned.get("scheme"), publish_at=cleaned.get("publish_at"))
    handles = list(cleaned.get("handles") or [])
    chosen = {handle.platform for handle in handles}
    files = _files_on_screen(form)
    return [
        preview(post, _variant(post, platform, edits.get(platform)), files, handles)
        for platform in Platform.values
        if platform in chosen
    ]


def _files_on_screen(form: PostForm) -> Files:
    """Also what was chosen and not sent yet: `photo_pending` and `video_pending` tell its size."""
    cleaned, typed = form.cleaned_data, form._typed()
    alts = cleaned.get("photo_alt_hi") or []
    pending = [
        _pending("photo", place, told, alts[place] if place < len(alts) else "")
        for place, told in enumerate(typed.getlist("photo_pending")[:MOST_PHOTOS])
    ]
    video = cleaned.get("video")
    if told := typed.get("video_pending"):
        video = _pending("video", 0, told, cleaned.get("video_alt_hi") or "")
    return Files([*(cleaned.get("photos") or []), *pending], video)


def _pending(kind: str, place: int, told: str, alt: str) -> Media:
    """Not stored: its sha256 only names the file on the page. `told` is width x height x seconds,
    as the browser measured it.
    """
    numbers = [
        *(int(part) if part.isdecimal() and len(part) < 7 else 0 for part in told.split("x"))
    ]
    width, height, seconds = [*numbers, 0, 0, 0][:3]
    return Media(
        kind=kind,
        sha256=f"{kind}-{place}",
        mime="video/mp4" if kind == MediaKind.VIDEO else "image/jpeg",
        size=0,
        width=width,
        height=height,
        duration=seconds or None,
        alt_hi=alt,
    )


def _variant(post: Post, platform: str, edit: VariantEdit | None) -> Variant:
    edit, words = edit or VariantEdit(), derived(post, platform)
    own = {name: text for name, text in (("text", edit.text), ("title", edit.title)) if text}
    return Variant(
        post=post,
        platform=platform,
        is_edited=bool(edit.text),
        options=possible_options(platform, edit.options),
        **{**words, **own},
    )


class DecisionForm(forms.Form):
    """A reviewer's or the department's word on a post."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    comment = LinesField(label=_("Comment"), required=False, longest=LONGEST_COMMENT)
