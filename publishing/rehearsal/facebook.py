"""Facebook Pages as the connector knows them (platform sheet, part 2)."""

from __future__ import annotations

import json
import time
from typing import Any, ClassVar

from .graph import ID, PostStage, V, graph_error, image_kind
from .stage import Request, Response, Route, as_json, clock_text
from .store import File, Post, Remark

TEXT_LIMIT = 63_206
PHOTO_LIMIT = 10_000_000
PHOTO_KEPT = 24 * 3600
VIDEO_LEAST, VIDEO_LIMIT = 1_000, 2_000_000_000
PIECE = 1_048_576  # of a video; an account's `piece` asks for another size
PROCESSING_SECONDS = 0.3  # of a video; an account's `processing` gives another time


class FacebookStage(PostStage):
    platform = "facebook"
    tells = "page"
    # Alive in 2026; what was removed by then answers 100, as any other name does (2.6).
    metrics: ClassVar = {
        "post_media_view": 1200,
        "post_total_media_view_unique": 900,
        "post_clicks": 45,
        "post_reactions_like_total": 30,
        "post_reactions_by_type_total": {"like": 30, "love": 4},
        "post_clicks_by_type": {"link clicks": 40, "other clicks": 5},
        "post_video_views": 300,
    }

    @property
    def routes(self) -> list[Route]:
        return [
            ("POST", V + ID + "/feed", "publish", self.feed),
            ("POST", V + ID + "/photos", "upload", self.photos),
            ("POST", V + ID + "/videos", "upload", self.videos),
            ("GET", V + ID + "/(?:published_posts|posts|feed)", "read", self.published_posts),
            ("GET", V + ID + "/tagged", "read", self.tagged),
            ("GET", V + ID + "/comments", "read", self.comments),
            ("POST", V + ID + "/comments", "reply", self.answer),
            ("POST", V + ID + "/messages", "reply", self.answer_privately),
            ("GET", V + ID + "/insights", "read", self.insights),
            ("GET", V + ID + "/conversations", "read", self.conversations),
            ("GET", V + r"/t_([\w.:-]+)/messages", "read", self.conversation),
            ("GET", V + ID, "read", self.node),
            ("POST", V + ID, "publish", self.edit),
            ("DELETE", V + ID, "publish", self.remove),
        ]

    # --- publishing -------------------------------------------------------------------------------

    def feed(self, request: Request, page: str) -> Response:
        account = request.account
        if account is None or account.id != page:
            return self.wrong_account()
        message, link = (str(request.fields.get(key, "")) for key in ("message", "link"))
        attached = self._attached(request, page)
        if attached is None:
            return graph_error(100, "Invalid parameter: attached_media")
        if refusal := _feed_refusal(message, link, attached):
            return refusal
        with self.store.exclusive():
            last = self.store.posts("facebook", page, limit=1)
            is_last = bool(last) and last[0].text == message and not last[0].extra.get("removed")
            if message and is_last and not self.takes_repeats:
                return graph_error(506, "Duplicate status message")
            return self._post(request, page, message, attached, {"link": link})

    def photos(self, request: Request, page: str) -> Response:
        account = request.account
        if account is None or account.id != page:
            return self.wrong_account()
        body = request.files.get("source", b"")
        kind = image_kind(body)
        if kind is None or len(body) > PHOTO_LIMIT:
            return graph_error(100, "Your photos couldn't be uploaded", subcode=1366046)
        photo = str(self.store.new_id())
        extra = {"alt": str(request.fields.get("alt_text_custom", ""))}
        self.store.put_piece("facebook", photo, 0, body)
        self.store.put_file(File("facebook", photo, page, kind[0], time.time(), extra))
        if request.fields.get("published", "true") == "false":
            return as_json({"id": photo})
        caption = str(request.fields.get("caption", request.fields.get("message", "")))
        post = json.loads(self._post(request, page, caption, [photo], {}).body)
        return as_json({"id": photo, "post_id": post["id"]})

    def _attached(self, request: Request, page: str) -> list[str] | None:
        """Ids of the attached photos, None if one of them cannot be attached."""
        given = request.fields.get("attached_media", "")
        if not given:
            return []
        try:
            photos = [str(one["media_fbid"]) for one in json.loads(given)]
        except (ValueError, LookupError, TypeError):
            return None
        files = [self.store.file("facebook", photo) for photo in photos]
        usable = all(
            file and file.account == page and time.time() - file.at < PHOTO_KEPT for file in files
        )
        return photos if usable and len(set(photos)) == len(photos) else None

    def _post(
        self, request: Request, page: str, text: str, files: list[str], extra: dict[str, Any]
    ) -> Response:
        now = time.time()
        post_id = f"{page}_{self.store.new_id()}"
        app = request.account.extra.get("app", "") if request.account else ""
        kept = {**extra, "files": files, "app": app}
        self.store.add_post(
            Post(
                "facebook", post_id, page, text, "", files[0] if files else "",
                now, now + request.late, kept,
            )
        )  # fmt: skip
        return as_json({"id": post_id})

    # --- video ------------------------------------------------------------------------------------

    def videos(self, request: Request, page: str) -> Response:
        if request.account is None or request.account.id != page:
            return self.wrong_account()
        phases = {"start": self._start, "transfer": self._transfer, "finish": self._finish}
        phase = phases.get(str(request.fields.get("upload_phase", "")))
        if phase is None:
            return graph_error(100, "Param upload_phase is missing", subcode=1363020)
        return phase(request, page)

    def route(self, request: Request) -> Any:
        """Finishing a video publishes it, although it goes to the address of uploads."""
        found = super().route(request)
        if found and found[0] == "upload" and request.fields.get("upload_phase") == "finish":
            return "publish", found[1]
        return found

    def _start(self, request: Request, page: str) -> Response:
        size = str(request.fields.get("file_size", ""))
        if not size.isdecimal() or int(size) < VIDEO_LEAST:
            return graph_error(100, "The video file is too small", subcode=1363022)
        if int(size) > VIDEO_LIMIT:
            return graph_error(100, "The video file is too big", subcode=1363023)
        video = str(self.store.new_id())
        extra = {"size": int(size)}
        self.store.put_file(File("facebook", video, page, "video/mp4", time.time(), extra))
        return as_json(
            {"upload_session_id": video, "video_id": video, **self._offsets(request, video)}
        )

    def _session(self, request: Request, page: str) -> File | None:
        video = self.store.file("facebook", str(request.fields.get("upload_session_id", "")))
        return video if video and video.account == page and "size" in video.extra else None

    def _transfer(self, request: Request, page: str) -> Response:
        video = self._session(request, page)
        if video is None:
            return graph_error(100, "The upload session has expired", subcode=1363041)
        offsets = self._offsets(request, video.id)
        if request.fields.get("start_offset") != offsets["start_offset"]:
            return graph_error(
                6000, "Your request's offset is wrong", subcode=1363037, data=offsets
            )
        piece = request.files.get("video_file_chunk", b"")
        if not piece or int(offsets["start_offset"]) + len(piece) > video.extra["size"]:
            return graph_error(6000, "The size of the file does not match", subcode=1363045)
        self.store.put_piece("facebook", video.id, int(offsets["start_offset"]), piece)
        return as_json(self._offsets(request, video.id))

    def _offsets(self, request: Request, video: str) -> dict[str, str]:
        """What is to come next; both are alike when everything is there."""
        file = self.store.file("facebook", video)
        start = self.store.length("facebook", video)
        asked = request.account.extra.get("piece", "") if request.account else ""
        piece = int(asked) if asked.isdecimal() else PIECE
        end = min(start + piece, file.extra["size"] if file else start)
        return {"start_offset": str(start), "end_offset": str(end)}

    def _finish(self, request: Request, page: str) -> Response:
        video = self._session(request, page)
        if video is None:
            return graph_error(100, "The upload session has expired", subcode=1363041)
        if self.store.length("facebook", video.id) != video.extra["size"]:
            return graph_error(6000, "The size of the file does not match", subcode=1363045)
        with self.store.exclusive():
            if not self._posted(video):
                text = str(request.fields.get("description", ""))
                self._post(request, page, text, [video.id], {"video": video.id})
        return as_json({"success": True})

    def _posted(self, video: File) -> Post | None:
        posts = self.store.posts("facebook", video.account)
        return next((post for post in posts if post.file == video.id), None)

    def _shown_video(self, request: Request, video: File) -> dict[str, Any]:
        post = self._posted(video)
        extra = request.account.extra if request.account else {}
        takes = float(extra.get("processing", PROCESSING_SECONDS))
        shown: dict[str, Any] = {"id": video.id, "post_id": None, "published": post is not None}
        if post is None:
            return shown | {"status": _status("upload_complete", "not_started", "not_started")}
        if b"ftyp" not in self.store.content("facebook", video.id)[:16]:
            status = _status("error", "error", "not_started")
            status["processing_phase"]["error"] = {"code": 1363024, "message": "Unsupported"}
            return shown | {"status": status}
        if time.time() < post.at + takes:
            return shown | {"status": _status("processing", "in_progress", "not_started")}
        ready = _status("ready", "complete", "complete")
        return shown | {"status": ready, "post_id": post.id.partition("_")[2]}

    # --- afterwards -------------------------------------------------------------------------------

    def edit(self, request: Request, node: str) -> Response:
        """A post by its message, a video by its description (2.2)."""
        if remark := self.remark_of(request, node):
            return self.hide(request, remark, str(request.fields.get("is_hidden", "")))
        post, key = self._post_at(request, node)
        if post is None:
            return self.wrong_account()
        text = str(request.fields.get(key, ""))
        if not text.strip():
            return graph_error(197, "The post is empty. Please enter a message to share.")
        self.store.change_post(post, text=text, edited=True)
        return as_json({"success": True})

    def remove(self, request: Request, node: str) -> Response:
        if remark := self.remark_of(request, node):
            return self.take_away(remark)
        post, _ = self._post_at(request, node)
        return self.delete(request, post.id if post else node)

    def _post_at(self, request: Request, node: str) -> tuple[Post | None, str]:
        file = self.store.file("facebook", node)
        found = self._posted(file) if file else None
        return self.post_of(request, found.id if found else node), (
            "description" if file else "message"
        )

    # --- reading ----------------------------------------------------------------------------------

    def published_posts(self, request: Request, page: str) -> Response:
        if request.account is None or request.account.id != page:
            return self.wrong_account()
        since = request.query.get("since", "0")
        posts = self.store.listed_posts(
            "facebook", page, since=float(since) if since.isdecimal() else 0, limit=1000
        )
        shown = [self._shown(post) for post in posts if not post.extra.get("removed")]
        return self.paged(request, shown)

    def node(self, request: Request, node: str) -> Response:
        own = request.account.id if request.account else ""
        file = self.store.file("facebook", node)
        if file and file.account == own and file.mime.startswith("video/"):
            return self.one(request, self._shown_video(request, file))
        post = self.post_of(request, node)
        return self.one(request, self._shown(post)) if post else self.wrong_account()

    def answer_id(self, remark: Remark) -> str:
        return f"{remark.post.partition('_')[2] or remark.id}_{self.store.new_id()}"

    def comments(self, request: Request, post_id: str) -> Response:
        """Of a post; or of a comment or mention, what answers it."""
        if remark := self.remark_of(request, post_id):
            return self._answers(request, remark)
        post = self.post_of(request, post_id)
        if post is None:
            return self.wrong_account()
        since = request.query.get("since", "")
        earliest = float(since) if since.isdecimal() else 0
        whole = request.query.get("filter") == "stream"
        rows = [
            self._shown_remark(remark)
            for remark in self.store.remarks("facebook", post.account, "comment", post.id)
            if remark.at >= earliest and (whole or not remark.parent)
        ]
        turned = request.query.get("order") == "reverse_chronological"
        return self.paged(request, rows[::-1] if turned else rows)

    def _answers(self, request: Request, remark: Remark) -> Response:
        said = self.store.remarks("facebook", remark.account, "comment")
        under = [one for one in said if remark.id in (one.parent, one.post)]
        turned = request.query.get("order") == "reverse_chronological"
        rows = [self._shown_remark(one) for one in under]
        return self.paged(request, rows[::-1] if turned else rows)

    def tagged(self, request: Request, page: str) -> Response:
        if request.account is None or request.account.id != page:
            return self.wrong_account()
        found = self.store.remarks("facebook", page, "mention")
        return self.paged(request, [self._shown_remark(remark) for remark in found[::-1]])

    def _shown_remark(self, remark: Remark) -> dict[str, Any]:
        return {
            "id": remark.id,
            "message": remark.text,
            "from": {"id": remark.author, "name": remark.author_name},
            "created_time": clock_text(remark.at),
            "parent": {"id": remark.parent} if remark.parent else None,
            "is_hidden": remark.state == "hidden",
            "permalink_url": f"https://www.facebook.com/{remark.post or remark.id}",
        }

    def _shown(self, post: Post) -> dict[str, Any]:
        files = post.extra.get("files") or ([post.file] if post.file else [])
        inner = [{"target": {"id": file}} for file in files]
        rows = inner if len(inner) < 2 else [{"subattachments": {"data": inner}}]
        if post.extra.get("link"):
            rows = [{"unshimmed_url": post.extra["link"]}]
        return {
            "id": post.id,
            "created_time": clock_text(post.at),
            "permalink_url": f"https://www.facebook.com/{post.id}",
            "message": post.text or None,
            "application": {"id": post.extra["app"]} if post.extra.get("app") else None,
            "attachments": {"data": rows} if rows else None,
        }

    def event_of_change(self, remark: Remark, verb: str) -> dict[str, Any] | None:
        return self.event_about(remark, verb) if remark.kind == "comment" else None

    def event_about(self, remark: Remark, verb: str = "add") -> dict[str, Any]:
        if remark.kind == "message":
            return self.message_event(remark)
        value = {
            "item": "comment" if remark.kind == "comment" else "post",
            "verb": verb,
            "post_id": remark.post or remark.id,
            "created_time": int(remark.at),
            "message": remark.text,
            "from": {"id": remark.author, "name": remark.author_name},
        }
        if remark.kind == "comment":
            value |= {"comment_id": remark.id, "parent_id": remark.parent or remark.post}
        field = "feed" if remark.kind == "comment" else "mention"
        changes = [{"field": field, "value": value}]
        return self.event(remark.account, {"time": int(remark.at), "changes": changes})


def _feed_refusal(message: str, link: str, attached: list[str]) -> Response | None:
    if not (message.strip() or attached or link):
        return graph_error(197, "The post is empty. Please enter a message to share.")
    if link and not link.startswith(("https://", "http://")):
        return graph_error(1500, "The url you supplied is invalid")
    return graph_error(100, "Param message is too long") if len(message) > TEXT_LIMIT else None


def _status(video: str, processing: str, publishing: str) -> dict[str, Any]:
    return {
        "video_status": video,
        "uploading_phase": {"status": "complete"},
        "processing_phase": {"status": processing},
        "publishing_phase": {"status": publishing},
    }
