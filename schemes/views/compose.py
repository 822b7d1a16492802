"""The composer: a post is written, changed and previewed here."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from departments.decorators import OfficerRequest, officer_required
from departments.views.answers import attempt
from schemes import access, actions, workflow
from schemes.post_forms import PostForm, unsaved_previews, variant_edits
from schemes.variants import previews


@officer_required
@require_http_methods(["GET", "POST"])
def post_add(request: OfficerRequest) -> HttpResponse:
    if not access.writes_posts(request.user):
        raise Http404
    form = PostForm(request.POST or None, request.FILES or None, officer=request.user)
    if _is_complete(request, form):
        post = attempt(
            form,
            lambda: actions.write_post(
                form.cleaned_data["department"],
                handles=form.cleaned_data["handles"],
                form_key=form.cleaned_data.get("form_key"),
                actor=request.user,
                **form.post_fields(),
            ),
        )
        if post:
            messages.success(request, _("Saved. Look at it, then submit it for approval."))
            return redirect("desk:post", post.pk)
    return _compose(request, form)


def _is_complete(request: OfficerRequest, form: PostForm) -> bool:
    """Sent, and nothing wrong; its files are stored either way."""
    if request.method != "POST":
        return False
    form.take_files()
    return form.is_valid()


@officer_required
@require_http_methods(["GET", "POST"])
def post_edit(request: OfficerRequest, pk: int) -> HttpResponse:
    post = access.get_post(request.user, pk)
    if not access.can_write_posts(request.user, post.department_id):
        raise Http404
    if post.state not in workflow.EDITABLE and request.method != "POST":
        return redirect("desk:post", post.pk)
    form = PostForm(
        request.POST or None, request.FILES or None, instance=post, officer=request.user
    )
    if _is_complete(request, form):
        changed = attempt(
            form,
            lambda: actions.change_post(
                post,
                version=form.cleaned_data.get("version") or 0,
                handles=form.cleaned_data["handles"],
                variants=variant_edits(request.POST),
                actor=request.user,
                **form.post_fields(),
            ),
        )
        if changed:
            messages.success(request, _("Saved. Look at it, then submit it for approval."))
            return redirect("desk:post", post.pk)
    return _compose(request, form, is_late=_is_late(request, form))


def _is_late(request: OfficerRequest, form: PostForm) -> bool:
    """Someone saved the draft meanwhile: saving what was typed once more is now a decision."""
    if request.method != "POST":
        return False
    stored = access.get_post(request.user, form.instance.pk)
    if stored.state not in workflow.EDITABLE or request.POST.get("version") == str(stored.version):
        return False
    typed = request.POST.copy()
    typed["version"] = str(stored.version)
    form.data = typed
    return True


def _compose(request: OfficerRequest, form: PostForm, *, is_late: bool = False) -> HttpResponse:
    if request.method == "POST":
        shown = unsaved_previews(form, variant_edits(request.POST)) if form.is_bound else []
    else:
        shown = previews(form.instance) if form.instance.pk else []
    context = {"form": form, "post": form.instance, "previews": shown, "is_late": is_late}
    return render(request, "desk/compose.html", context, status=422 if form.errors else 200)


@officer_required
@require_POST
def post_preview(request: OfficerRequest) -> HttpResponse:
    """The previews beside the text, from the same rules that decide in the end."""
    if not access.writes_posts(request.user):
        raise Http404
    form = PostForm(request.POST, officer=request.user)
    shown = unsaved_previews(form, variant_edits(request.POST))
    return render(
        request, "desk/_previews.html", {"previews": shown, "editable": True, "checked": True}
    )
