"""Large files in pieces: tus 1.0.0, core, creation and termination, for the officer's own browser.

Refusals are plain sentences, which static/js/upload.js shows.
"""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from departments.access import own_departments
from departments.decorators import OfficerRequest, officer_required
from portal.errors import ActionRefused

from . import access
from .library_views import shown_uploads
from .media.uploads import OffsetConflict, append_piece, begin_upload, drop_upload
from .media_forms import UploadForm
from .models import Upload, Work

PIECE = "application/offset+octet-stream"
LONGEST_METADATA = 8_000  # characters


@officer_required
@require_http_methods(["GET", "POST"])
def uploads(request: OfficerRequest) -> HttpResponse:
    """GET: the officer's files on their way, as a part of a page. POST: announce one."""
    if not own_departments(request.user).exists():
        raise Http404
    if request.method == "GET":
        return render(request, "desk/_uploads.html", {"uploads": shown_uploads(request)})
    said = metadata_of(request.headers.get("Upload-Metadata", ""))
    form = UploadForm(said, officer=request.user)
    if not form.is_valid():
        return _refused(" ".join(str(one) for errors in form.errors.values() for one in errors))
    words = {**form.cleaned_data}
    department = words.pop("department")
    try:
        upload = begin_upload(
            department,
            kind=said.get("kind", ""),
            size=_number(request, "Upload-Length"),
            words=words,
            actor=request.user,
        )
    except ActionRefused as refusal:
        return _refused(str(refusal.message))
    location = reverse("desk:upload", args=[upload.key])
    return _answer(upload, status=201, headers={"Location": location})


@officer_required
@require_http_methods(["GET", "HEAD", "PATCH", "DELETE"])
def upload(request: OfficerRequest, key: UUID) -> HttpResponse:
    found = access.get_upload(request.user, key)
    if request.method == "GET":
        return JsonResponse(told(found))
    if request.method == "DELETE":
        drop_upload(found, actor=request.user)
        return HttpResponse(status=204)
    if request.method == "PATCH":
        return _take_piece(request, found)
    return _answer(found, status=200)


def told(upload: Upload) -> dict[str, object]:
    """What the page shows while it waits; `address` is where the file is in the library."""
    address = reverse("desk:media_file", args=[upload.media_id]) if upload.media_id else ""
    return {
        "state": upload.state,
        "words": str(Work(upload.state).label),
        "progress": upload.progress,
        "received": upload.received,
        "size": upload.size,
        "problem": gettext(upload.problem) if upload.problem else "",
        "address": address,
    }


def _take_piece(request: OfficerRequest, found: Upload) -> HttpResponse:
    if request.content_type != PIECE:
        return HttpResponse(status=415)
    try:
        found = append_piece(found, _number(request, "Upload-Offset"), request, actor=request.user)
    except OffsetConflict as refusal:
        return _answer(found, status=409, words=str(refusal.message))
    return _answer(found, status=204)


def metadata_of(header: str) -> dict[str, str]:
    """`name base64, name base64`; what cannot be read is left out."""
    said = {}
    for pair in header[:LONGEST_METADATA].split(","):
        name, _space, value = pair.strip().partition(" ")
        try:
            said[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError):
            continue
    return said


def _number(request: OfficerRequest, header: str) -> int:
    """-1 for what is no number, which fits nowhere."""
    text = request.headers.get(header, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else -1


def _answer(
    upload: Upload, *, status: int, words: str = "", headers: dict[str, str] | None = None
) -> HttpResponse:
    answer = HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")
    answer["Tus-Resumable"] = "1.0.0"
    answer["Upload-Offset"] = str(upload.received)
    answer["Upload-Length"] = str(upload.size)
    answer["Cache-Control"] = "no-store"
    for name, value in (headers or {}).items():
        answer[name] = value
    return answer


def _refused(words: str) -> HttpResponse:
    return HttpResponse(
        words or str(_("The file cannot be taken.")),
        status=422,
        content_type="text/plain; charset=utf-8",
    )
