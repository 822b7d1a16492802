"""The composer: a post is written, changed and previewed here, and nothing typed is lost."""

from __future__ import annotations

import uuid
from typing import cast

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.defaultfilters import date
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from departments.decorators import OfficerRequest, officer_required
from departments.views.answers import attempt
from portal.errors import ActionRefused
from portal.web.fields import LONGEST_KEY
from portal.web.filters import asked_text
from schemes import access, actions, workflow
from schemes.draft_actions import discard_draft, keep_draft
from schemes.models import Draft, Post
from schemes.post_forms import PostForm, library, unsaved_previews, variant_edits
from schemes.previews import previews

from .kept import keeps_text

NOT_KEPT = {
    "csrfmiddlewaretoken",
    "find",
    "pick",
    "photo_pending",
    "video_pending",
    "captions_pending",
}


@keeps_text
@officer_required
@require_http_methods(["GET", "POST"])
def post_add(request: OfficerRequest) -> HttpResponse:
    if not access.writes_posts(request.user):
        raise Http404
    left = _left(request, None)
    form = PostForm(request.POST or None, request.FILES or None, officer=request.user, left=left)
    if _is_complete(request, form):
        post = attempt(
            form,
            lambda: actions.write_post(
                form.cleaned_data["department"],
                variants=variant_edits(request.POST),
                actor=request.user,
                **form.post_fields(),
            ),
        )
        if post:
            messages.success(request, _("Saved. Look at it, then submit it for approval."))
            return redirect("desk:post", post.pk)
    return _compose(request, form, left=left)


def _left(request: OfficerRequest, post: Post | None) -> Draft | None:
    """What the officer takes up again, by ?draft=<page>."""
    try:
        key = uuid.UUID(request.GET.get("draft", ""))
    except ValueError:
        return None
    return Draft.objects.left_by(request.user, post).filter(form_key=key).first()


def _only_looks(request: OfficerRequest) -> bool:
    """For a photo or for handles: nothing is saved by that."""
    return bool({"find", "pick"} & request.POST.keys())


def _is_complete(request: OfficerRequest, form: PostForm) -> bool:
    """Sent to be saved, and nothing wrong; its files are stored either way."""
    if request.method != "POST" or _only_looks(request):
        return False
    form.take_files()
    return form.is_valid()


@keeps_text
@officer_required
@require_http_methods(["GET", "POST"])
def post_edit(request: OfficerRequest, pk: int) -> HttpResponse:
    post = access.get_post(request.user, pk)
    if not access.can_write_posts(request.user, post.department_id):
        raise Http404
    if post.state not in workflow.EDITABLE and request.method != "POST":
        return redirect("desk:post", post.pk)
    left = _left(request, post)
    form = PostForm(
        request.POST or None,
        request.FILES or None,
        instance=post,
        officer=request.user,
        left=left,
    )
    if _is_complete(request, form):
        changed = attempt(
            form,
            lambda: actions.change_post(
                post,
                version=form.cleaned_data.get("version") or 0,
                variants=variant_edits(request.POST),
                actor=request.user,
                **form.post_fields(),
            ),
        )
        if changed:
            messages.success(request, _("Saved. Look at it, then submit it for approval."))
            return redirect("desk:post", post.pk)
    return _compose(request, form, left=left, is_late=_is_late(request, form))


def _is_late(request: OfficerRequest, form: PostForm) -> bool:
    """Someone saved the draft meanwhile: saving what was typed once more is now a decision."""
    if request.method != "POST" or _only_looks(request):
        return False
    stored = access.get_post(request.user, form.instance.pk)
    if stored.state not in workflow.EDITABLE or request.POST.get("version") == str(stored.version):
        return False
    typed = cast("QueryDict", form.data).copy()
    typed["version"] = str(stored.version)
    form.data = typed
    return True


def _compose(
    request: OfficerRequest, form: PostForm, *, left: Draft | None, is_late: bool = False
) -> HttpResponse:
    searched = asked_text(request, "library_q") or request.POST.get("library_q", "")[:200]
    is_wrong = request.method == "POST" and not _only_looks(request) and form.errors
    status = 422 if is_wrong else 200
    context = {
        "form": form,
        "post": form.instance,
        "previews": _shown(request, form, left),
        "is_late": is_late,
        "library": library(request.user, searched),
        "library_q": searched,
        "is_searched": "find" in request.POST,
        "left": Draft.objects.left_by(request.user, form.instance if form.instance.pk else None)[:1]
        if request.method != "POST" and left is None
        else [],
    }
    return render(request, "desk/compose.html", context, status=status)


def _shown(request: OfficerRequest, form: PostForm, left: Draft | None) -> list[object]:
    if request.method == "POST":
        return [*unsaved_previews(form, variant_edits(request.POST))]
    if left is not None:
        typed = left.typed()
        form = PostForm(typed, officer=request.user)
        return [*unsaved_previews(form, variant_edits(typed))]
    return [*previews(form.instance, form.initial["handles"])] if form.instance.pk else []


@officer_required
@require_POST
def post_preview(request: OfficerRequest) -> HttpResponse:
    """The previews beside the text, from the same rules that decide in the end."""
    if not access.writes_posts(request.user):
        raise Http404
    form = PostForm(request.POST, officer=request.user)
    shown = unsaved_previews(form, variant_edits(request.POST))
    context = {"previews": shown, "editable": True, "checked": True, "is_live": True}
    return render(request, "desk/_previews.html", context)


@officer_required
@require_POST
def post_handles_pick(request: OfficerRequest) -> HttpResponse:
    """Where the post goes, as the page stands: for the page that is open."""
    if not access.writes_posts(request.user):
        raise Http404
    form = PostForm(request.POST, officer=request.user)
    return render(request, "desk/_handle_choice.html", {"form": form})


@officer_required
@require_POST
def post_autosave(request: OfficerRequest) -> HttpResponse:
    """Keeps the page as it stands; answers with the words that say so."""
    if not access.writes_posts(request.user):
        raise Http404
    try:
        form_key = uuid.UUID(request.POST.get("form_key", ""))
    except ValueError:
        return HttpResponse(gettext("This page is out of date."), status=422)
    post = _post_of_page(request)
    data = {name: values for name, values in request.POST.lists() if name not in NOT_KEPT}
    try:
        keep_draft(actor=request.user, form_key=form_key, post=post, data=data)
    except ActionRefused as refusal:
        return HttpResponse(str(refusal.message), status=413)
    return HttpResponse(gettext("Kept at %(time)s") % {"time": date(timezone.localtime(), "H:i")})


@officer_required
@require_POST
def draft_discard(request: OfficerRequest, form_key: uuid.UUID) -> HttpResponse:
    if not access.writes_posts(request.user):
        raise Http404
    discard_draft(actor=request.user, form_key=form_key)
    messages.success(request, _("Thrown away."))
    post = _post_of_page(request)
    return redirect("desk:post_edit", post.pk) if post else redirect("desk:post_add")


def _post_of_page(request: OfficerRequest) -> Post | None:
    """Whose page it is; None for a page of a new post."""
    number = request.POST.get("post", "")
    is_number = number.isascii() and number.isdigit() and len(number) <= LONGEST_KEY
    return access.get_post(request.user, int(number)) if is_number else None


@officer_required
@require_safe
def post_library(request: OfficerRequest) -> HttpResponse:
    """Photos and videos to choose from, for the page that is open."""
    if not access.writes_posts(request.user):
        raise Http404
    words = asked_text(request, "q")
    context = {"library": library(request.user, words), "is_searched": True}
    return render(request, "desk/_library.html", context)
