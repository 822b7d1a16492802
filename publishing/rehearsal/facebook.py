"""Facebook Pages as the connector knows them."""

from __future__ import annotations

import json
import time

from .graph import ID, GraphStage, V, graph_error, image_kind
from .stage import Request, Response, Route, as_json, clock_text
from .store import File, Post

TEXT_LIMIT = 63_206
PHOTO_LIMIT = 10_000_000
PHOTO_KEPT = 24 * 3600


class FacebookStage(GraphStage):
    platform = "facebook"

    @property
    def routes(self) -> list[Route]:
        return [
            ("POST", V + ID + "/feed", "publish", self.feed),
            ("POST", V + ID + "/photos", "upload", self.photos),
            ("GET", V + ID + "/(?:published_posts|posts|feed)", "read", self.published_posts),
            ("GET", V + ID, "read", self.node),
        ]

    def feed(self, request: Request, page: str) -> Response:
        account = request.account
        if account is None or account.id != page:
            return self.wrong_account()
        message = str(request.fields.get("message", ""))
        attached = self._attached(request, page)
        if attached is None:
            return graph_error(100, "Invalid parameter: attached_media")
        if not message.strip() and not attached:
            return graph_error(197, "The post is empty. Please enter a message to share.")
        if len(message) > TEXT_LIMIT:
            return graph_error(100, "Param message is too long")
        with self.store.exclusive():
            last = self.store.posts("facebook", page, limit=1)
            if message and last and last[0].text == message:
                return graph_error(506, "Duplicate status message")
            return self._post(request, page, message, attached)

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
        post = json.loads(self._post(request, page, caption, photo).body)
        return as_json({"id": photo, "post_id": post["id"]})

    def published_posts(self, request: Request, page: str) -> Response:
        if request.account is None or request.account.id != page:
            return self.wrong_account()
        since, limit = request.query.get("since", "0"), request.query.get("limit", "25")
        posts = self.store.listed_posts(
            "facebook",
            page,
            since=float(since) if since.isdecimal() else 0,
            limit=min(int(limit), 100) if limit.isdecimal() else 25,
        )
        return as_json({"data": [self._shown(post) for post in posts], "paging": {}})

    def node(self, request: Request, post_id: str) -> Response:
        post = self.store.post("facebook", post_id)
        if post is None or request.account is None or post.account != request.account.id:
            return self.wrong_account()
        return as_json(self._shown(post))

    def _attached(self, request: Request, page: str) -> str | None:
        """The id of the attached photo, "" for none, None if it cannot be attached."""
        given = request.fields.get("attached_media", "")
        if not given:
            return ""
        try:
            photo = str(json.loads(given)[0]["media_fbid"])
        except (ValueError, LookupError, TypeError):
            return None
        file = self.store.file("facebook", photo)
        usable = file and file.account == page and time.time() - file.at < PHOTO_KEPT
        return photo if usable else None

    def _post(self, request: Request, page: str, message: str, photo: str) -> Response:
        now = time.time()
        post_id = f"{page}_{self.store.new_id()}"
        self.store.add_post(
            Post("facebook", post_id, page, message, "", photo, now, now + request.late)
        )
        return as_json({"id": post_id})

    def _shown(self, post: Post) -> dict[str, object]:
        shown: dict[str, object] = {
            "id": post.id,
            "created_time": clock_text(post.at),
            "permalink_url": f"{self.base_url}/{post.id}",
        }
        if post.text:
            shown["message"] = post.text
        if post.file:
            shown["attachments"] = {"data": [{"target": {"id": post.file}}]}
        return shown
