"""The library under /desk/media/: photos and videos of the departments an officer sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from departments.access import own_departments, visible_departments
from departments.decorators import OfficerRequest, officer_required
from departments.platforms import Platform
from departments.views.answers import announce, attempt, say_errors
from portal.web.export import as_file
from portal.web.filters import asked_choice, asked_text
from portal.web.paging import page_of

from . import access
from .media import add_captions, add_media, change_rights, retire_media
from .media.captions import LANGUAGES
from .media.fitting import fit_for, needed
from .media.videos import HEAD, container_of
from .media_forms import CaptionsForm, MediaForm, RightsForm
from .models import Derivative, Media, MediaKind, Message, Rights, Upload, Work

PER_PAGE = 24
USES_SHOWN = 50
USE = (("usable", _("To be used")), ("retired", _("No longer to be used")))


@officer_required
@require_safe
def media_list(request: OfficerRequest) -> HttpResponseBase:
    found, asked = _filtered(request)
    if file := as_file(request, "media", _HEADINGS, _rows(found)):
        return file
    underway = Prefetch(
        "derivatives", Derivative.objects.exclude(state=Work.READY), to_attr="underway"
    )
    return render(
        request,
        "desk/media.html",
        {
            "page": page_of(found.prefetch_related(underway), request, PER_PAGE),
            "asked": asked,
            "is_filtered": any(asked.values()),
            "departments": visible_departments(request.user),
            "kinds": MediaKind.choices,
            "rights": Rights.choices,
            "uses": USE,
            "uploads": shown_uploads(request),
            "may_add": own_departments(request.user).exists(),
        },
    )


def _filtered(request: OfficerRequest) -> tuple[QuerySet[Media], dict[str, str]]:
    asked = {
        "q": asked_text(request, "q"),
        "department": asked_text(request, "department"),
        "kind": asked_choice(request, "kind", MediaKind.values),
        "rights": asked_choice(request, "rights", Rights.values),
        "use": asked_choice(request, "use", dict(USE)),
    }
    found = access.visible_media(request.user).select_related("department", "added_by")
    if asked["q"]:
        found = found.filter(Q(alt_hi__icontains=asked["q"]) | Q(alt_en__icontains=asked["q"]))
    if asked["use"]:
        found = found.filter(is_retired=asked["use"] == "retired")
    for field, lookup in (("department", "department__slug"), ("kind", "kind"), ("rights",) * 2):
        if asked[field]:
            found = found.filter(**{lookup: asked[field]})
    return found.order_by("-added_at", "-pk"), asked


_HEADINGS = (
    _("Kind"),
    _("What it shows, in Hindi"),
    _("What it shows, in English"),
    _("Department"),
    _("Rights"),
    _("Whose it is"),
    _("Consent of those shown"),
    _("Added by"),
    _("Added on"),
    _("Bytes"),
    _("No longer to be used"),
)


def _rows(found: QuerySet[Media]) -> Iterator[tuple[object, ...]]:
    for one in found.iterator(chunk_size=500):
        yield (
            one.get_kind_display(),
            one.alt_hi,
            one.alt_en,
            one.department.name,
            one.get_rights_display(),
            one.rights_note,
            one.consent_reference,
            one.added_by.name,
            timezone.localtime(one.added_at).strftime("%d-%m-%Y"),
            one.size,
            _("Yes") if one.is_retired else _("No"),
        )


@officer_required
@require_http_methods(["GET", "POST"])
def media_add(request: OfficerRequest) -> HttpResponse:
    if not own_departments(request.user).exists():
        raise Http404
    form = MediaForm(request.POST or None, request.FILES or None, officer=request.user)
    if request.method == "POST" and form.is_valid():
        said = {**form.cleaned_data}
        department, file = said.pop("department"), said.pop("file")
        kind = kind_of(file.read(HEAD))
        file.seek(0)
        media = attempt(
            form, lambda: add_media(department, file, kind=kind, actor=request.user, **said)
        )
        if media:
            messages.success(request, _("It is in the library now."))
            return redirect("desk:media_file", media.pk)
    context = {"form": form, "uploads": shown_uploads(request)}
    return render(request, "desk/media_add.html", context, status=422 if form.errors else 200)


def shown_uploads(request: OfficerRequest) -> QuerySet[Upload]:
    """The officer's large files that are not in the library yet, newest first."""
    unfinished = access.own_uploads(request.user).exclude(state=Work.READY)
    return unfinished.select_related("department").order_by("-started_at")[:PER_PAGE]


def kind_of(head: bytes) -> str:
    return MediaKind.VIDEO if container_of(head) in {"mov", "matroska"} else MediaKind.PHOTO


@officer_required
@require_http_methods(["GET", "POST"])
def media_file(request: OfficerRequest, pk: int) -> HttpResponse:
    """One of the library: what is known of it, and what may be changed."""
    media = access.get_own_media(request.user, pk)
    may_change = access.can_change_media(request.user, media)
    if request.method == "POST" and not may_change:
        raise Http404
    form = RightsForm.of(media, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        if attempt(form, lambda: change_rights(media, actor=request.user, **said)):
            messages.success(request, _("Saved."))
            return redirect("desk:media_file", pk)
    context = {
        "media": media,
        "form": form,
        "captions_form": CaptionsForm(auto_id="captions_%s"),
        "captions": [(LANGUAGES.get(one.language), one) for one in media.captions.all()],
        "copies": copies_of(media),
        "messages_with_it": _uses(media),
        "may_change": may_change,
    }
    return render(request, "desk/media_file.html", context, status=422 if form.errors else 200)


def copies_of(media: Media) -> list[dict[str, Any]]:
    """What each platform gets of it: platform, and the copy, `original`, `not_taken` or neither."""
    made = {copy.recipe: copy for copy in media.derivatives.all()}
    rows = []
    for platform in Platform:
        fit = fit_for(media, platform)
        recipe = needed(media, platform)
        rows.append(
            {
                "platform": platform.label,
                "copy": made.get(recipe.name) if recipe else None,
                "is_original": fit is not None and recipe is None,
                "is_taken": fit is not None,
            }
        )
    return rows


def _uses(media: Media) -> list[Message]:
    """Approved messages that carry it, newest first."""
    return list(
        Message.objects.filter(parts__attachments__media=media)
        .distinct()
        .order_by("-created_at")[:USES_SHOWN]
    )


@officer_required
@require_POST
def media_retire(request: OfficerRequest, pk: int) -> HttpResponse:
    media = access.get_own_media(request.user, pk)
    if not access.can_change_media(request.user, media):
        raise Http404
    wanted = request.POST.get("is_retired") == "yes"
    done = (
        _("It is no longer offered for posts.") if wanted else _("It is offered for posts again.")
    )
    announce(request, lambda: retire_media(media, is_retired=wanted, actor=request.user), done)
    return redirect("desk:media_file", pk)


@officer_required
@require_POST
def captions_add(request: OfficerRequest, pk: int) -> HttpResponse:
    media = access.get_own_media(request.user, pk)
    if not access.can_change_media(request.user, media):
        raise Http404
    form = CaptionsForm(request.POST, request.FILES)
    if not form.is_valid():
        say_errors(request, form)
        return redirect("desk:media_file", pk)
    said = form.cleaned_data
    announce(
        request,
        lambda: add_captions(media, said["language"], said["file"], request.user),
        _("The captions are stored."),
    )
    return redirect("desk:media_file", pk)
