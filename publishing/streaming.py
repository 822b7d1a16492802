"""Stored files, piece by piece and from any byte: players seek, and platforms fetch in ranges."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response

BLOCK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def streamed(request: HttpRequest, stored: FieldFile, mime: str) -> HttpResponseBase:
    """Answers GET and HEAD, whole or one range of bytes (RFC 9110, 14), or that nothing changed."""
    try:
        size = stored.size
    except (FileNotFoundError, ValueError):
        raise Http404 from None
    # Its name holds the hash of its bytes; what it is called is not told.
    tag = f'"{hashlib.sha256(str(stored.name).encode()).hexdigest()}"'
    if unchanged := get_conditional_response(request, etag=tag):
        return unchanged
    span = asked_range(request.headers.get("Range", ""), size)
    if span is None:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, end = span
    is_part = (start, end) != (0, size)
    answer = StreamingHttpResponse(
        () if request.method == "HEAD" else pieces(stored, start, end - start),
        content_type=mime,
        status=206 if is_part else 200,
    )
    answer["ETag"] = tag
    answer["Accept-Ranges"] = "bytes"
    answer["Content-Length"] = str(end - start)
    answer["X-Content-Type-Options"] = "nosniff"
    if is_part:
        answer["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return answer


def asked_range(header: str, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last; None if the file has none of what is asked for.

    What is not understood, or asks for several ranges, is answered with the whole file.
    """
    found = _RANGE.fullmatch(header.strip())
    if not found or not any(found.groups()):
        return 0, size
    first, last = found.groups()
    if not first:  # the last so many bytes
        return (max(0, size - int(last)), size) if int(last) and size else None
    start = int(first)
    end = min(int(last) + 1, size) if last else size
    return (start, end) if start < end else None


def pieces(stored: FieldFile, start: int, length: int) -> Iterator[bytes]:
    if hasattr(stored.storage, "pieces"):  # far away: only what is asked for is fetched
        yield from stored.storage.pieces(stored.name, start, length)
        return
    with stored.storage.open(str(stored.name), "rb") as file:
        file.seek(start)
        while length > 0 and (block := file.read(min(BLOCK, length))):
            length -= len(block)
            yield block
