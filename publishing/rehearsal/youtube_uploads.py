"""Uploads at YouTube: sessions that can be resumed, multipart bodies, what comes after (Y2)."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

from .graph import image_kind
from .stage import Request, Response, as_json
from .store import File, Post, Store
from .youtube_answers import Switches, error, metadata_refusal

GRANULE = 256 * 1024
THUMBNAIL_BYTES = 50 * 1024 * 1024
CAPTION_BYTES = 100 * 1024 * 1024


def parts_of(request: Request) -> tuple[dict[str, Any], bytes, str] | None:
    """The resource, the file and its type of a multipart/related body; None if it is none."""
    kind = request.headers.get("content-type", "")
    match = re.fullmatch(r'multipart/related;.*?boundary="?([^";]{1,200})"?.*', kind)
    pieces = request.body.split(b"--" + match.group(1).encode()) if match else []
    if len(pieces) != 4:  # what goes before, two parts, the end
        return None
    parts = [re.split(rb"\r?\n\r?\n", piece.lstrip(b"\r\n"), maxsplit=1) for piece in pieces[1:3]]
    if any(len(part) != 2 for part in parts):
        return None
    (_, described), (headers, file) = parts
    mime = re.search(rb"(?im)^content-type:\s*([\w/.+-]+)", headers)
    try:
        resource = json.loads(described)
    except (ValueError, RecursionError):
        return None
    if not isinstance(resource, dict):
        return None
    return resource, re.sub(rb"\r?\n\Z", b"", file), mime.group(1).decode() if mime else ""


class Uploads:
    """Each session remembers its answer: asked again, it repeats it."""

    def __init__(self, store: Store, switches: Switches, base_url: str) -> None:
        self.store = store
        self.switches = switches
        self.base_url = base_url

    # --- sessions ---------------------------------------------------------------------------------

    def start(self, request: Request) -> Response:
        if request.query.get("uploadType") == "multipart":
            return self._at_once(request)
        body, account = request.json(), request.account
        size = request.headers.get("x-upload-content-length", "")
        if request.query.get("uploadType") != "resumable" or not size.isdecimal() or size == "0":
            return no_body()
        if reason := metadata_refusal(body):
            return error(400, reason, "The request metadata is <b>invalid</b>.")
        session = secrets.token_urlsafe(24)
        announced = request.query.get("notifySubscribers", "true") != "false"
        extra = {"total": int(size), "body": body, "video": "", "announced": announced}
        mime = request.headers.get("x-upload-content-type", "video/mp4")
        owner = account.id if account else ""
        self.store.put_file(File("youtube", session, owner, mime, time.time(), extra))
        address = f"{self.base_url}{request.path}?uploadType=resumable&upload_id={session}"
        return Response(200, b"", {"Location": address, "X-GUploader-UploadID": session})

    def _at_once(self, request: Request) -> Response:
        parts, account = parts_of(request), request.account
        if parts is None or not parts[1] or account is None:
            return no_body()
        resource, file, mime = parts
        if reason := metadata_refusal(resource):
            return error(400, reason, "The request metadata is <b>invalid</b>.")
        session = secrets.token_urlsafe(24)
        announced = request.query.get("notifySubscribers", "true") != "false"
        extra = {"total": len(file), "body": resource, "video": "", "announced": announced}
        made = File("youtube", session, account.id, mime or "video/mp4", time.time(), extra)
        self.store.put_piece("youtube", session, 0, file)
        return self._finish(request, made, 200)

    def put(self, request: Request) -> Response:
        session = self.store.file("youtube", request.query.get("upload_id", ""))
        own = session and request.account and session.account == request.account.id
        if session is None or not own or "total" not in session.extra or self._is_over(session):
            return error(404, "notFound", "The upload session does not exist.")
        with self.store.exclusive():
            session = self.store.file("youtube", session.id) or session
            total = session.extra["total"]
            stored = self.store.length("youtube", session.id)
            if session.extra["video"]:
                return as_json(session.extra["answer"], 201)
            if request.headers.get("content-range") == f"bytes */{total}":
                return _incomplete(stored)
            if not _fits(request, stored, total):
                return error(400, "badRequest", "Invalid Content-Range")
            self.store.put_piece("youtube", session.id, stored, request.body)
            stored += len(request.body)
            return self._finish(request, session, 201) if stored == total else _incomplete(stored)

    def _is_over(self, session: File) -> bool:
        return time.time() - session.at > float(self.switches["session_seconds"])

    def _finish(self, request: Request, session: File, status: int) -> Response:
        video, now, body = secrets.token_urlsafe(8), time.time(), session.extra["body"]
        playable = self.store.content("youtube", session.id)[4:8] == b"ftyp"
        end = self.switches["end"] or ("processed" if playable else "failed:invalidFile")
        snippet = body.get("snippet", {})
        extra = {
            "snippet": snippet,
            "status": {"privacyStatus": "public", **body.get("status", {})},
            "end": end,
            "ready_at": now + float(self.switches["processing_seconds"]),
            "captions": [],
            "announced": session.extra["announced"],
        }
        post = Post(
            "youtube",
            video,
            session.account,
            snippet.get("description", ""),
            snippet["title"],
            session.id,
            now,
            now + request.late,
            extra,
        )
        self.store.add_post(post)
        parts = {"snippet", "status"} & set(request.query.get("part", "snippet,status").split(","))
        answer = video_resource(post, parts, just_taken=True)
        kept = {**session.extra, "video": video, "answer": answer}
        self.store.put_file(
            File("youtube", session.id, session.account, session.mime, session.at, kept)
        )
        return as_json(answer, status)

    # --- thumbnail and captions -------------------------------------------------------------------

    def thumbnail(self, request: Request) -> Response:
        post = self.own(request, request.query.get("videoId", ""))
        if post is None:
            return no_video()
        if not self.switches["verified"]:
            return error(
                403, "forbidden", "The thumbnail cannot be set: <b>verify</b> the channel."
            )
        kind = image_kind(request.body)
        if kind is None or kind[0] not in ("image/jpeg", "image/png"):
            return error(400, "invalidImage", "The provided image content is <b>invalid</b>.")
        if len(request.body) > THUMBNAIL_BYTES:
            return error(413, "mediaBodyTooLarge", "The image is too large.")
        name = f"thumbnail-{post.id}"
        self.store.put_piece("youtube", name, 0, request.body)
        self.store.put_file(File("youtube", name, post.account, kind[0], time.time(), {}))
        self.store.change_post(post, thumbnail=name)
        address = f"{self.base_url.rpartition('/')[0]}/files/youtube/{name}"
        item = {"default": {"url": address, "width": 120, "height": 90}}
        return as_json({"kind": "youtube#thumbnailSetResponse", "items": [item]})

    def add_captions(self, request: Request) -> Response:
        parts = parts_of(request)
        if parts is None or not parts[1] or len(parts[1]) > CAPTION_BYTES:
            return error(400, "contentRequired", "The request does not have <b>contents</b>.")
        snippet = parts[0].get("snippet", {})
        post = self.own(request, str(snippet.get("videoId", "")))
        if post is None:
            return no_video()
        language, name = snippet.get("language"), snippet.get("name", "")
        if not language or not isinstance(name, str) or len(name) > 150:
            return error(400, "invalidMetadata", "The caption metadata is <b>invalid</b>.")
        known = post.extra["captions"]
        if any((row["language"], row["name"]) == (language, name) for row in known):
            return error(409, "captionExists", "The track's <b>name</b> and language exist.")
        caption = secrets.token_urlsafe(18)
        self.store.put_piece("youtube", caption, 0, parts[1])
        row = {"id": caption, "language": language, "name": name}
        self.store.change_post(post, captions=[*known, row])
        return as_json(caption_resource(post.id, row))

    def list_captions(self, request: Request) -> Response:
        post = self.own(request, request.query.get("videoId", ""))
        if post is None:
            return no_video()
        items = [caption_resource(post.id, row) for row in post.extra["captions"]]
        return as_json({"kind": "youtube#captionListResponse", "items": items})

    def own(self, request: Request, video: str) -> Post | None:
        post = self.store.post("youtube", video)
        return post if post and request.account and post.account == request.account.id else None


def no_video() -> Response:
    return error(404, "videoNotFound", "The <code>video</code> cannot be found.")


def no_body() -> Response:
    return error(400, "mediaBodyRequired", "The request does not include the <b>video</b>.")


def caption_resource(video: str, row: Mapping[str, str]) -> dict[str, Any]:
    snippet = {"videoId": video, "language": row["language"], "name": row["name"]}
    about = {"trackKind": "standard", "status": "serving", "isDraft": False}
    return {"kind": "youtube#caption", "id": row["id"], "snippet": {**snippet, **about}}


def _incomplete(stored: int) -> Response:
    return Response(308, b"", {"Range": f"bytes=0-{stored - 1}"} if stored else {})


def _fits(request: Request, stored: int, total: int) -> bool:
    """No gap, no overlap, never more than was announced, and 256 KiB steps until the end."""
    given = request.headers.get("content-range", f"bytes 0-{total - 1}/{total}")
    match = re.fullmatch(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})", given)
    if not match:
        return False
    first, last, named = (int(number) for number in match.groups())
    whole = last - first + 1 == len(request.body)
    aligned = last + 1 == total or len(request.body) % GRANULE == 0
    return first == stored and named == total and last < total and whole and aligned


# --- the video as it is shown -------------------------------------------------------------------


def video_resource(post: Post, parts: set[str], *, just_taken: bool = False) -> dict[str, Any]:
    state, _, reason = str(post.extra["end"]).partition(":")
    if just_taken or time.time() < post.extra["ready_at"]:
        state, reason = "uploaded", ""
    shown = {
        "snippet": _snippet(post),
        "status": _status(post, state, reason),
        "processingDetails": _processing(state, reason),
        "statistics": _statistics(post),
        "contentDetails": {"duration": "PT1S", "dimension": "2d", "definition": "hd"},
        "fileDetails": {"fileName": "video.mp4", "fileType": "video"},
    }
    found = {part: shown[part] for part in shown if part in parts}
    return {"kind": "youtube#video", "etag": post.id, "id": post.id, **found}


def _snippet(post: Post) -> dict[str, Any]:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(post.at))
    return {**post.extra["snippet"], "publishedAt": at, "channelId": post.account}


def _status(post: Post, state: str, reason: str) -> dict[str, Any]:
    given = post.extra["status"]
    shown = {
        "embeddable": True,
        "license": "youtube",
        "publicStatsViewable": True,
        **given,
        "madeForKids": given.get("selfDeclaredMadeForKids", False),
        "uploadStatus": "uploaded" if state == "terminated" else state,
    }
    if state in ("failed", "rejected"):
        shown["failureReason" if state == "failed" else "rejectionReason"] = reason
    return shown


def _processing(state: str, reason: str) -> dict[str, Any]:
    if state == "uploaded":
        progress = {"partsTotal": "10", "partsProcessed": "4", "timeLeftMs": "20000"}
        return {"processingStatus": "processing", "processingProgress": progress}
    if state == "terminated":
        return {"processingStatus": "terminated", "processingFailureReason": reason}
    return {"processingStatus": "succeeded" if state == "processed" else "failed"}


def _statistics(post: Post) -> dict[str, str]:
    """As text; nothing where the channel hides its numbers."""
    if post.extra["status"].get("publicStatsViewable") is False:
        return {}
    counts = {"viewCount": 0, "likeCount": 0, "favoriteCount": 0, "commentCount": 0}
    return {
        name: str(number) for name, number in {**counts, **post.extra.get("counts", {})}.items()
    }
