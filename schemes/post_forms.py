"""What an officer types about a post, checked for form; what is allowed is for the actions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, ClassVar, NamedTuple, cast

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q, QuerySet, prefetch_related_objects
from django.http import QueryDict
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from departments.access import departments_of, own_departments
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
from publishing.media.adding import VIDEO_BYTES
from publishing.models import Media, MediaKind

from .access import handles_for, visible_schemes
from .handle_choice import HandleChoice, Offer
from .models import Draft, Post, Variant
from .previews import Preview, preview
from .variants import Files, VariantEdit, derived, possible_options
from .workflow import KIND_ROUTES, PostKind, Route, route_allowed

LONGEST_COMMENT = 2000  # characters as people count them
LONGEST_TEXT = 20_000  # characters; the longest any platform takes, and far below any harm
LONGEST_ALT = 140
LONGEST_NAME = 100  # of a file, where it is said
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


class SentPhoto(NamedTuple):
    """A row of a photo that is new on the page; without its file if that did not come."""

    upload: UploadedFile | None
    alt_hi: str
    alt_en: str
    name: str


class PostForm(forms.ModelForm):
    """Photos come in four ways: `photos` in their places of `photo_order`, less `photos_drop`;
    `photos_add` from the library; `photo_file` with as many descriptions. A key in `all_of` stands
    for all handles of its group. So the page works without script.

    `photo_name`, `video_name` and `captions_name` name files that were chosen on the page; those
    that do not come with it are lost and have to be chosen again.
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
    needed_with_video = ("video_alt_hi", "captions_file")
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
        self._left = QueryDict(mutable=True)
        self.departments = departments_of(officer)
        keys = [department.pk for department in self.departments]
        self.choice = HandleChoice(handles_for(self.departments))
        self.is_campaign = self.choice.is_campaign(keys)
        self.usable = [] if self.is_campaign else self._with_a_box()
        super().__init__(None if data is None else self._settled(data), files, instance=instance)
        self._offer_records(keys)
        self._begin()
        if left is not None:
            self._take_up(left)

    def _with_a_box(self) -> list[Handle]:
        named = {department.pk: department for department in self.departments}
        found = list(handles_for(self.departments).order_by("department", "platform", "name"))
        for handle in found:
            handle.department = named[handle.department_id]
        return found

    def _begin(self) -> None:
        for name in ("text_hi", "text_en", "text_ur"):
            self.fields[name].widget.attrs["maxlength"] = LONGEST_TEXT
        self.fields["video_file"].help_text = _(
            "MP4, at most %(here)s MB here and %(library)s MB in the library. YouTube needs one."
        ) % {
            "here": VIDEO_BYTES // 1024**2,
            "library": number_format(settings.MEDIA_LARGEST // 1024**2, force_grouping=True),
        }
        for name in self.needed_with_video:  # read by components/required.html
            self.fields[name].when_needed = _("needed with a video")  # type: ignore[attr-defined]
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
        self._left = data = self._settled(left.typed())
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
        if self.is_campaign:
            data.setlist("handles", self.choice.settled(data))
            data.pop("pick", None)
            return data
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
            ("handles", handles_for(self.departments)),
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
        self._check_route(cleaned)
        hindi, english = self._phrases("photo_alt_hi"), self._phrases("photo_alt_en")
        self._said = [*zip_longest(hindi, english, fillvalue="")]
        self._check_descriptions(cleaned)
        photos = len(cleaned.get("photos") or []) + len(cleaned.get("photo_file") or [])
        if photos > MOST_PHOTOS:
            self.add_error("photo_file", _("A post can have ten photos. Remove the others."))
        return cleaned

    def _phrases(self, name: str) -> list[str]:
        """As tidied, or as typed where something is wrong with them."""
        typed = [str(one) for one in self._typed().getlist(name)]
        return self.cleaned_data.get(name) or typed

    def _check_route(self, cleaned: Mapping[str, Any]) -> None:
        kind, route = cleaned.get("kind"), cleaned.get("route")
        if kind and route and not route_allowed(kind, route):
            self.add_error("route", _takes_route(kind))

    def _check_times(self, cleaned: Mapping[str, Any]) -> None:
        starts, ends = cleaned.get("publish_at"), cleaned.get("last_useful_at")
        for name, moment in (("publish_at", starts), ("last_useful_at", ends)):
            if moment and moment <= timezone.now():
                self.add_error(name, _("This moment has already passed."))
        if starts and ends and ends <= starts:
            self.add_error("last_useful_at", _("Give a moment after the time of publishing."))

    def _check_descriptions(self, cleaned: Mapping[str, Any]) -> None:
        photos = cleaned.get("photo_file") or []
        if "photo_alt_hi" not in self.errors:
            described = [hindi for hindi, _english in self._said]
            described += [""] * len(photos)
            for photo, hindi in zip(photos, described, strict=False):
                if not hindi:
                    self.add_error("photo_alt_hi", _undescribed(photo))
        video = cleaned.get("video_file")
        if video and not cleaned.get("video_alt_hi", "").strip():
            self.add_error("video_alt_hi", _undescribed(video))

    def take_files(self) -> None:
        """Store valid uploads at once, so that an error elsewhere on the page loses no file; what
        cannot be stored is remembered by its name.
        """
        self.is_valid()
        lost = self.lost
        department = self.cleaned_data.get("department")
        if "photos" in self.errors:
            department = None
        self._take_photos(department)
        self._take_video(department)
        self._take_captions()
        if lost:
            self.add_error("photo_file", _not_here(lost))
        self.files = MultiValueDict()

    def _take_photos(self, department: Department | None) -> None:
        left = sent = self._sent_photos()
        if department and not {"photo_file", "photo_alt_en"} & self.errors.keys():
            left = [row for row in sent if not self._took_photo(department, row)]
        elif untried := [row.name for row in sent if row.upload and row.alt_hi]:
            self.add_error("photo_file", _not_here(untried))
        if "photos" in self.cleaned_data:
            self._remember("photos", [str(photo.pk) for photo in self.cleaned_data["photos"]])
        self._remember("photo_alt_hi", [row.alt_hi for row in left])
        self._remember("photo_alt_en", [row.alt_en for row in left])
        self._remember("photo_name", [row.name for row in left])

    def _sent_photos(self) -> list[SentPhoto]:
        uploads = self._uploads("photo_file")
        names = [str(upload.name) for upload in uploads]
        names += self._typed().getlist("photo_name")[len(uploads) :]
        rows = []
        for upload, said, name in zip_longest(uploads, self._said, names):
            hindi, english = said or ("", "")
            rows.append(SentPhoto(upload, hindi, english, name or ""))
        return [row for row in rows if any(row)]

    def _took_photo(self, department: Department, row: SentPhoto) -> bool:
        if not row.upload or not row.alt_hi:
            return False
        words = {"alt_hi": row.alt_hi, "alt_en": row.alt_en}
        photo = self._stored("photo", department, row.upload, words)
        if photo:
            self.cleaned_data["photos"].append(photo)
        return photo is not None

    def _take_video(self, department: Department | None) -> None:
        upload = next(iter(self._uploads("video_file")), None)
        if upload is None:
            return
        words = {"alt_hi": self.cleaned_data.get("video_alt_hi", "").strip()}
        video = None
        if department and not {"video_file", "video_alt_hi"} & self.errors.keys():
            video = self._stored("video", department, upload, words)
        elif "video_alt_hi" not in self.errors:
            self.add_error("video_file", _not_here([str(upload.name)]))
        if video:
            self.cleaned_data["video"] = video
            self._remember("video", [str(video.pk)])
            self._remember("video_alt_hi", [])
        self._remember("video_name", [] if video else [str(upload.name)])

    def _take_captions(self) -> None:
        """Of the video that is chosen now."""
        file = next(iter(self._uploads("captions_file")), None)
        if file is None:
            return
        self._remember("captions_name", [str(file.name)])
        video = self.cleaned_data.get("video")
        if video is None:
            self.add_error("captions_file", _("Choose the video first, then its captions."))
            return
        try:
            add_captions(video, "hi", file, self.officer)
            self._remember("captions_name", [])
        except ActionRefused as refusal:
            self.add_error("captions_file", str(refusal.message))

    def _uploads(self, name: str) -> list[UploadedFile]:
        return self.files.getlist(name) if self.files else []

    def _stored(
        self, kind: str, department: Department, upload: UploadedFile, words: dict[str, str]
    ) -> Media | None:
        try:
            return add_media(department, upload, kind=kind, actor=self.officer, **words)
        except ActionRefused as refusal:
            self.add_error(f"{kind}_file", f"{upload.name}: {refusal.message}")
            return None

    def _remember(self, name: str, values: list[str]) -> None:
        """For the page shown again, whatever else is wrong."""
        data = self._typed().copy()
        data.setlist(name, values)
        self.data = data

    def _typed(self) -> QueryDict:
        return cast("QueryDict", self.data) if self.is_bound else self._left

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

    def handle_offer(self) -> Offer:
        """Where there are too many handles for a box each."""
        chosen = (getattr(key, "pk", key) for key in self["handles"].value() or [])
        return self.choice.offered(self._typed(), chosen)

    def photo_rows(self) -> list[Media]:
        """The photos chosen so far, in their order."""
        typed = [str(key) for key in self["photos"].value() or []]
        if self.instance.pk and typed == [str(one.pk) for one in self.instance.ordered_photos]:
            return self.instance.ordered_photos
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

    def new_photos(self) -> list[tuple[str, str, str]]:
        """Descriptions of photos being added, each with the name of a file to be chosen again;
        one row at least.
        """
        said = [self[name].value() or [] for name in ("photo_alt_hi", "photo_alt_en")]
        names = self._typed().getlist("photo_name")
        rows = [row for row in zip_longest(*said, names, fillvalue="") if any(row)]
        return rows[:MOST_PHOTOS] or [("", "", "")]

    @property
    def lost(self) -> list[str]:
        """Names of files that were chosen on the page and did not come with it."""
        typed = self._typed()
        here = len(typed.getlist("photo_pending")) or len(self._uploads("photo_file"))
        names = typed.getlist("photo_name")[here:]
        for kind in ("video", "captions"):
            if not typed.get(f"{kind}_pending") and not self._uploads(f"{kind}_file"):
                names += typed.getlist(f"{kind}_name")
        return [name[:LONGEST_NAME] for name in names if name][: MOST_PHOTOS + 2]

    @property
    def lost_video(self) -> str:
        return self._typed().get("video_name", "")

    @property
    def lost_captions(self) -> str:
        return self._typed().get("captions_name", "")

    def longer_routes(self) -> list[tuple[str, str, str]]:
        """(kind, route, what to say) where a kind may not take the shortest route."""
        return [
            (kind, route, _takes_route(kind))
            for kind, route in KIND_ROUTES.items()
            if not route_allowed(kind, Route.ROUTINE)
        ]


def _takes_route(kind: str) -> str:
    return gettext("A post of the kind “%(kind)s” takes the route “%(route)s”.") % {
        "kind": PostKind(kind).label,
        "route": Route(KIND_ROUTES[kind]).label,
    }


def _undescribed(upload: UploadedFile) -> str:
    return gettext(
        "Say what %(name)s shows, for people who cannot see it, and choose that file again: it"
        " could not be kept without."
    ) % {"name": upload.name}


def _not_here(names: list[str]) -> str:
    return gettext("Choose these files again, or leave them out: %(names)s.") % {
        "names": ", ".join(names)
    }


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
    files = Files(
        [*(cleaned.get("photos") or []), *pending],
        video,
        has_new_captions=bool(typed.get("captions_pending")),
        lost=form.lost,
    )
    stored = [media for media in (*files.photos, video) if media and media.pk]
    prefetch_related_objects(stored, "derivatives")
    return files


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
