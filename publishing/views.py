from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from . import access, callbacks
from .links import file_behind
from .streaming import streamed


@require_safe
def media(request: HttpRequest, pk: int, size: str) -> HttpResponseBase:
    """A photo or video: to officers who may see it, and to everyone once it has gone out."""
    found = access.get_media(request.user, pk)
    file, mime = found.file, found.mime
    if size == "small":
        file, mime = found.thumbnail, "image/jpeg"
    answer = streamed(request, file, mime)
    if request.user.is_authenticated:  # what they may see ends with their charge, or their session
        patch_cache_control(answer, private=True, no_cache=True)
    else:
        patch_cache_control(answer, private=True, max_age=3600)
    return answer


@require_safe
@cache_control(private=True, no_cache=True)
def media_copy(request: HttpRequest, pk: int) -> HttpResponseBase:
    copy = access.get_media_copy(request.user, pk)
    return streamed(request, copy.file, copy.mime)


@require_safe
@cache_control(private=True, no_cache=True)
def captions(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = access.get_captions(request.user, pk)
    return streamed(request, found.file, "text/vtt; charset=utf-8")


@require_safe
def media_for_platform(request: HttpRequest, token: str) -> HttpResponseBase:
    """For platforms that fetch a file themselves; the address is the permission."""
    found = file_behind(token)
    if found is None:
        raise Http404
    return streamed(request, found.file, found.mime)


# Signed by the platform over the raw body, which a cross-site form cannot do.
@csrf_exempt
@require_http_methods(["GET", "POST"])
def callback(request: HttpRequest, platform: str) -> HttpResponse:
    if platform not in settings.CONNECTORS:
        raise Http404
    if request.method == "GET":
        answer = callbacks.answer_to_handshake(platform, request.GET.dict())
        if answer is None:
            return HttpResponse(status=403)
        is_json = answer.startswith("{")
        return HttpResponse(answer, content_type="application/json" if is_json else "text/plain")
    if int(request.headers.get("Content-Length") or 0) > callbacks.LARGEST_BODY:
        return HttpResponse(status=413)
    body = request.body
    if not callbacks.is_genuine(platform, body, request.headers):
        return HttpResponse(status=403)
    callbacks.store_event(platform, body)
    return HttpResponse("ok", content_type="text/plain")
