"""X as the connector knows it: strict JSON, snowflake ids, no text twice."""

from __future__ import annotations

import hashlib
import html
import time
from datetime import datetime
from typing import Any

from twitter_text import extract_urls_with_indices, parse_tweet

from .graph import image_kind
from .stage import Request, Response, Route, Stage, as_json, clock_text
from .store import File, Post

DAY = 24 * 3600
PHOTO_LIMIT = 5_000_000
TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif", "video/mp4")
FIELDS = frozenset({"text", "media", "reply", "reply_settings", "poll", "made_with_ai"})
ISO = "%Y-%m-%dT%H:%M:%S.000Z"
NUMBER = "([0-9]{1,20})"


class XStage(Stage):
    platform = "x"

    @property
    def routes(self) -> list[Route]:
        return [
            ("POST", "/2/tweets", "publish", self.create),
            ("GET", f"/2/users/{NUMBER}/tweets", "read", self.timeline),
            ("GET", "/2/users/me", "read", self.me),
            ("POST", "/2/media/upload/initialize", "upload", self.initialize),
            ("POST", f"/2/media/upload/{NUMBER}/append", "upload", self.append),
            ("POST", f"/2/media/upload/{NUMBER}/finalize", "upload", self.finalize),
            ("GET", "/2/media/upload", "upload", self.status),
            ("POST", "/2/media/metadata", "upload", self.metadata),
        ]

    def not_found(self) -> Response:
        return problem(404, "Not Found", "Not Found")

    def bad_token(self) -> Response:
        return problem(401, "Unauthorized", "Unauthorized")

    def rate_limited(self) -> Response:
        return as_json(
            {"title": "Too Many Requests", "detail": "Too Many Requests", "status": 429},
            429,
            x_rate_limit_limit="100",
            x_rate_limit_remaining="0",
            x_rate_limit_reset=str(int(time.time()) + 30),
        )

    def failing(self) -> Response:
        return problem(503, "Service Unavailable", "Service Unavailable")

    def create(self, request: Request) -> Response:
        body = request.json()
        text, media = body.get("text", ""), body.get("media", {})
        refusal = self._refusal(request, body, text, media)
        if refusal or request.account is None:
            return refusal or self.bad_token()
        photo = media["media_ids"][0] if media else ""
        account, now = request.account.id, time.time()
        with self.store.exclusive():
            recent = self.store.posts("x", account, limit=200)
            if text and any(post.text == text and now - post.at < DAY for post in recent):
                return problem(
                    403,
                    "Forbidden",
                    "You are not allowed to create a Tweet with duplicate content.",
                )
            post_id = str(self.store.new_id())
            post = Post("x", post_id, account, text, "", photo, now, now + request.late)
            self.store.add_post(post)
        shown = {"id": post_id, "text": _shortened(post)[0], "edit_history_tweet_ids": [post_id]}
        return as_json({"data": shown}, 201)

    def _refusal(
        self, request: Request, body: dict[str, Any], text: Any, media: Any
    ) -> Response | None:
        kind = request.headers.get("content-type", "")
        if not kind.startswith("application/json") or not body:
            return invalid("Request body is not valid JSON")
        if unknown := sorted(set(body) - FIELDS):
            return invalid(f"Extra inputs are not permitted: {unknown[0]}")
        ids = media.get("media_ids", []) if isinstance(media, dict) else None
        if not isinstance(text, str) or not isinstance(ids, list):
            return invalid("One or more parameters to your request was invalid.")
        unusable = media and not (ids and all(self._usable(request, one) for one in ids))
        wrongs = (
            (not text and not ids, "text: is required"),
            (text and not parse_tweet(text[:2000]).valid, "Tweet text is too long"),
            (unusable, "Your media IDs are invalid."),
        )
        return next((invalid(message) for wrong, message in wrongs if wrong), None)

    def _usable(self, request: Request, media_id: Any) -> bool:
        file = self.store.file("x", media_id) if isinstance(media_id, str) else None
        own = request.account.id if request.account else ""
        return bool(
            file and file.account == own and file.extra.get("ready") and time.time() - file.at < DAY
        )

    def timeline(self, request: Request, account: str) -> Response:
        since = _moment(request.query.get("start_time", ""))
        wanted = request.query.get("max_results", "10")
        limit = min(max(int(wanted), 5), 100) if wanted.isdecimal() else 10
        posts = self.store.listed_posts("x", account, since=since, limit=limit)
        meta = {"result_count": len(posts)}
        return as_json(
            {"data": [_shown(post) for post in posts], "meta": meta} if posts else {"meta": meta}
        )

    def me(self, request: Request) -> Response:
        account = request.account
        if account is None:
            return self.bad_token()
        return as_json({"data": {"id": account.id, "name": account.name, "username": account.name}})

    def initialize(self, request: Request) -> Response:
        body = request.json()
        if body.get("media_type") not in TYPES or not isinstance(body.get("total_bytes"), int):
            return invalid("media_type: is not one of the accepted types")
        media, account = str(self.store.new_id()), request.account
        extra = {"total": body["total_bytes"], "ready": False}
        owner = account.id if account else ""
        self.store.put_file(File("x", media, owner, body["media_type"], time.time(), extra))
        return as_json(
            {"data": {"id": media, "media_key": f"3_{media}", "expires_after_secs": DAY}}
        )

    def append(self, request: Request, media: str) -> Response:
        file, piece = self._own(request, media), request.files.get("media", b"")
        index = str(request.fields.get("segment_index", ""))
        if file is None or not piece or not index.isdecimal() or int(index) > 999:
            return invalid("Your media IDs are invalid.")
        self.store.put_piece("x", media, int(index), piece)
        return as_json({"data": {"expires_at": int(time.time()) + DAY}})

    def finalize(self, request: Request, media: str) -> Response:
        file = self._own(request, media)
        if file is None or self.store.length("x", media) != file.extra["total"]:
            return invalid("Segments do not add up to provided total file size.")
        kind = image_kind(self.store.content("x", media))
        ready = kind is not None and kind[0] == file.mime and file.extra["total"] <= PHOTO_LIMIT
        extra = {**file.extra, "ready": ready, "looks": 0}
        self.store.put_file(File("x", media, file.account, file.mime, file.at, extra))
        return as_json({"data": self._media(media, "pending")})

    def status(self, request: Request) -> Response:
        media = request.query.get("media_id", "")
        file = self._own(request, media)
        if file is None:
            return problem(404, "Not Found", "Could not find the media")
        return as_json(
            {"data": self._media(media, "succeeded" if file.extra["ready"] else "failed")}
        )

    def metadata(self, request: Request) -> Response:
        body = request.json()
        media = str(body.get("id", ""))
        file = self._own(request, media)
        alt = body.get("metadata", {}).get("alt_text", {}).get("text", "")
        if file is None or not isinstance(alt, str) or len(alt) > 1000:
            return invalid("alt_text: is not valid")
        extra = {**file.extra, "alt": alt}
        self.store.put_file(File("x", media, file.account, file.mime, file.at, extra))
        return as_json({"data": {"id": media, "associated_metadata": body["metadata"]}})

    def _own(self, request: Request, media: str) -> File | None:
        file = self.store.file("x", media)
        return file if file and request.account and file.account == request.account.id else None

    def _media(self, media: str, state: str) -> dict[str, Any]:
        processing: dict[str, Any] = {"state": state}
        if state == "pending":
            processing["check_after_secs"] = 0
        if state == "failed":
            processing["error"] = {"code": 1, "name": "InvalidMedia", "message": "InvalidMedia"}
        return {
            "id": media,
            "media_key": f"3_{media}",
            "size": self.store.length("x", media),
            "expires_after_secs": DAY,
            "processing_info": processing,
        }


def problem(status: int, title: str, detail: str) -> Response:
    body = {"title": title, "detail": detail, "type": "about:blank", "status": status}
    return as_json(body, status)


def invalid(message: str) -> Response:
    return as_json(
        {
            "errors": [{"parameters": {}, "message": message}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": "https://api.x.com/2/problems/invalid-request",
        },
        400,
    )


def _moment(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0


def _shortened(post: Post) -> tuple[str, list[dict[str, str]]]:
    """The text as X stores it: links turned into t.co, a link to the media, signs escaped."""
    parts, links, last = [], [], 0
    for found in extract_urls_with_indices(post.text):
        start, end = found["indices"]
        link = found["url"]
        full = link if "://" in link else f"http://{link}"
        short = f"https://t.co/{hashlib.sha256((post.id + link).encode()).hexdigest()[:10]}"
        parts += [html.escape(post.text[last:start], quote=False), short]
        links.append({"url": short, "expanded_url": full, "display_url": link})
        last = end
    text = "".join([*parts, html.escape(post.text[last:], quote=False)])
    if post.file:
        short = f"https://t.co/{hashlib.sha256(post.id.encode()).hexdigest()[:10]}"
        address = f"https://x.com/i/status/{post.id}/photo/1"
        links.append({"url": short, "expanded_url": address, "media_key": f"3_{post.file}"})
        text = f"{text} {short}".strip()
    return text, links


def _shown(post: Post) -> dict[str, Any]:
    text, links = _shortened(post)
    shown: dict[str, Any] = {
        "id": post.id,
        "text": text,
        "created_at": clock_text(post.at, ISO),
        "edit_history_tweet_ids": [post.id],
    }
    if links:
        shown["entities"] = {"urls": links}
    if post.file:
        shown["attachments"] = {"media_keys": [f"3_{post.file}"]}
    return shown
