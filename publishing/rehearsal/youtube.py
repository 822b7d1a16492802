"""YouTube as the connector knows it: resumable uploads, the uploads playlist, videos."""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

from .stage import Request, Response, Route, Stage, as_json, clock_text
from .store import Account, File, Post

DESCRIPTION_BYTES, TITLE_LIMIT = 5_000, 100
GRANULE = 256 * 1024
ISO = "%Y-%m-%dT%H:%M:%SZ"


class YouTubeStage(Stage):
    platform = "youtube"

    @property
    def routes(self) -> list[Route]:
        return [
            ("POST", "/upload/youtube/v3/videos", "upload", self.start),
            ("PUT", "/upload/youtube/v3/videos", "publish", self.put),
            ("GET", "/youtube/v3/playlistItems", "read", self.playlist),
            ("GET", "/youtube/v3/videos", "read", self.videos),
            ("GET", "/youtube/v3/channels", "read", self.channels),
        ]

    def route(self, request: Request) -> tuple[str, Any] | None:
        """A question to a session publishes nothing."""
        found = super().route(request)
        asks = request.headers.get("content-range", "").startswith("bytes */")
        return ("read", found[1]) if found and found[0] == "publish" and asks else found

    def not_found(self) -> Response:
        return error(404, "notFound", "Not Found")

    def bad_token(self) -> Response:
        return error(401, "authError", "Invalid Credentials")

    def rate_limited(self) -> Response:
        return error(403, "rateLimitExceeded", "Rate Limit Exceeded")

    def failing(self) -> Response:
        return error(503, "backendError", "Backend Error")

    def start(self, request: Request) -> Response:
        body, account = request.json(), request.account
        snippet, status = body.get("snippet", {}), body.get("status", {})
        size = request.headers.get("x-upload-content-length", "")
        if account is None:
            return self.bad_token()
        if request.query.get("uploadType") != "resumable" or not size.isdecimal() or size == "0":
            return error(400, "mediaBodyRequired", "The request does not include the video.")
        if reason := _metadata_refusal(snippet):
            return error(400, reason, "The request metadata is <b>invalid</b>.")
        session = secrets.token_urlsafe(24)
        extra = {"total": int(size), "snippet": snippet, "status": status, "video": ""}
        mime = request.headers.get("x-upload-content-type", "video/mp4")
        self.store.put_file(File("youtube", session, account.id, mime, time.time(), extra))
        address = (
            f"{self.base_url}/upload/youtube/v3/videos?uploadType=resumable&upload_id={session}"
        )
        return Response(200, b"", {"Location": address})

    def put(self, request: Request) -> Response:
        session = self.store.file("youtube", request.query.get("upload_id", ""))
        if session is None or request.account is None or session.account != request.account.id:
            return error(404, "notFound", "The upload session does not exist.")
        with self.store.exclusive():
            session = self.store.file("youtube", session.id) or session
            total = session.extra["total"]
            stored = self.store.length("youtube", session.id)
            if session.extra["video"]:
                return as_json(self._resource(session.extra["video"]), 201)
            if request.headers.get("content-range") == f"bytes */{total}":
                return _incomplete(stored)
            refusal = self._piece_refusal(request, stored, total)
            if refusal:
                return refusal
            self.store.put_piece("youtube", session.id, stored, request.body)
            stored += len(request.body)
            return self._finish(request, session) if stored == total else _incomplete(stored)

    def _piece_refusal(self, request: Request, stored: int, total: int) -> Response | None:
        given = request.headers.get("content-range", f"bytes 0-{total - 1}/{total}")
        match = re.fullmatch(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})", given)
        if not match:
            return error(400, "badRequest", "Invalid Content-Range")
        first, last, named = (int(number) for number in match.groups())
        whole = last - first + 1 == len(request.body)
        aligned = last + 1 == total or len(request.body) % GRANULE == 0
        if first != stored or named != total or last >= total or not whole or not aligned:
            return error(400, "badRequest", "Invalid Content-Range")
        return None

    def _finish(self, request: Request, session: File) -> Response:
        video, now, extra = secrets.token_urlsafe(8), time.time(), session.extra
        playable = self.store.content("youtube", session.id)[4:8] == b"ftyp"
        self.store.add_post(
            Post(
                "youtube",
                video,
                session.account,
                extra["snippet"].get("description", ""),
                extra["snippet"]["title"],
                session.id,
                now,
                now + request.late,
                {
                    "snippet": extra["snippet"],
                    "status": extra["status"],
                    "upload": "processed" if playable else "failed",
                },
            )
        )
        kept = {**extra, "video": video}
        self.store.put_file(
            File("youtube", session.id, session.account, session.mime, session.at, kept)
        )
        return as_json(self._resource(video), 201)

    def playlist(self, request: Request) -> Response:
        account = request.account
        if account is None or request.query.get("playlistId") != _uploads(account):
            return error(404, "playlistNotFound", "The playlist cannot be <code>found</code>.")
        posts = self.store.listed_posts("youtube", account.id, since=0, limit=50)
        items = [
            {
                "kind": "youtube#playlistItem",
                "snippet": {"title": post.title, "publishedAt": clock_text(post.at, ISO)},
                "contentDetails": {"videoId": post.id},
            }
            for post in posts
        ]
        return as_json({"kind": "youtube#playlistItemListResponse", "items": items})

    def videos(self, request: Request) -> Response:
        wanted = request.query.get("id", "").split(",")[:50]
        items = [self._resource(video) for video in wanted if self.store.post("youtube", video)]
        return as_json({"kind": "youtube#videoListResponse", "items": items})

    def channels(self, request: Request) -> Response:
        account = request.account
        if account is None:
            return self.bad_token()
        item = {
            "id": account.id,
            "snippet": {"title": account.name},
            "contentDetails": {"relatedPlaylists": {"uploads": _uploads(account)}},
        }
        return as_json({"kind": "youtube#channelListResponse", "items": [item]})

    def _resource(self, video: str) -> dict[str, Any]:
        post = self.store.post("youtube", video)
        if post is None:
            return {}
        return {
            "kind": "youtube#video",
            "id": post.id,
            "snippet": {
                **post.extra["snippet"],
                "publishedAt": clock_text(post.at, ISO),
                "channelId": post.account,
            },
            "status": {**post.extra["status"], "uploadStatus": post.extra["upload"]},
        }


def error(status: int, reason: str, message: str) -> Response:
    item = {"message": message, "domain": "youtube", "reason": reason}
    return as_json({"error": {"code": status, "message": message, "errors": [item]}}, status)


def _uploads(account: Account) -> str:
    return account.extra.get("uploads") or f"UU{account.id[2:]}"


def _incomplete(stored: int) -> Response:
    return Response(308, b"", {"Range": f"bytes=0-{stored - 1}"} if stored else {})


def _metadata_refusal(snippet: dict[str, Any]) -> str:
    title, text = snippet.get("title", ""), snippet.get("description", "")
    if not title or len(title) > TITLE_LIMIT or "<" in title or ">" in title:
        return "invalidTitle"
    if len(text.encode()) > DESCRIPTION_BYTES or "<" in text or ">" in text:
        return "invalidDescription"
    return "" if sum(map(len, snippet.get("tags", []))) <= 500 else "invalidTags"
