"""Threads as its connector knows it."""

from __future__ import annotations

import time

from .graph import ID, GraphStage, V, graph_error
from .instagram import fetch
from .stage import Request, Response, Route, as_json, clock_text
from .store import File, Post

TEXT_LIMIT = 500


class ThreadsStage(GraphStage):
    platform = "threads"

    @property
    def routes(self) -> list[Route]:
        return [
            ("POST", V + ID + "/threads", "upload", self.create),
            ("POST", V + ID + "/threads_publish", "publish", self.publish),
            ("GET", V + ID + "/threads", "read", self.listed),
        ]

    def create(self, request: Request, account: str) -> Response:
        if request.account is None or request.account.id != account:
            return self.wrong_account()
        text, address = str(request.fields.get("text", "")), request.fields.get("image_url", "")
        if not text or len(text) > TEXT_LIMIT:
            return graph_error(100, "The text is missing or too long")
        container, extra = str(self.store.new_id()), {"text": text, "photo": bool(address)}
        if address:
            body = fetch(str(address))
            if body is None:
                return graph_error(9004, "The media could not be fetched")
            self.store.put_piece("threads", container, 0, body)
        self.store.put_file(File("threads", container, account, "image/jpeg", time.time(), extra))
        return as_json({"id": container})

    def publish(self, request: Request, account: str) -> Response:
        container = self.store.file("threads", str(request.fields.get("creation_id", "")))
        if container is None or container.account != account:
            return graph_error(24, "The requested resource does not exist")
        now, post = time.time(), str(self.store.new_id())
        file = container.id if container.extra["photo"] else ""
        text = container.extra["text"]
        self.store.add_post(Post("threads", post, account, text, "", file, now, now + request.late))
        return as_json({"id": post})

    def listed(self, request: Request, account: str) -> Response:
        posts = self.store.listed_posts("threads", account, since=0, limit=25)
        rows = [{"id": one.id, "text": one.text, "timestamp": clock_text(one.at)} for one in posts]
        return as_json({"data": rows})
