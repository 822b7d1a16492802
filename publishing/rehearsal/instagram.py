"""Instagram as the connector knows it: containers that fetch their photo, then get published."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import requests

from .graph import ID, GraphStage, V, graph_error, image_kind
from .stage import Request, Response, Route, as_json, clock_text
from .store import File, Post

CAPTION_LIMIT = 2_200
PHOTO_LIMIT = 8 * 1024 * 1024
CONTAINER_KEPT = 24 * 3600
PROCESSING_SECONDS = 0.3
DAILY_POSTS = 100
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class InstagramStage(GraphStage):
    platform = "instagram"
    limit_code = 4

    @property
    def routes(self) -> list[Route]:
        return [
            ("POST", V + ID + "/media", "upload", self.create),
            ("POST", V + ID + "/media_publish", "publish", self.publish),
            ("GET", V + ID + "/media", "read", self.media),
            ("GET", V + ID + "/content_publishing_limit", "read", self.quota),
            ("GET", V + ID, "read", self.node),
        ]

    def create(self, request: Request, account: str) -> Response:
        if request.account is None or request.account.id != account:
            return self.wrong_account()
        caption = str(request.fields.get("caption", ""))
        if len(caption) > CAPTION_LIMIT:
            return graph_error(36004, "The caption is too long", subcode=2207010)
        body = fetch(str(request.fields.get("image_url", "")))
        if body is None:
            return graph_error(
                9004, "The media could not be fetched from this URI", subcode=2207052
            )
        refusal = _photo_refusal(body)
        if refusal:
            return refusal
        container = str(self.store.new_id())
        extra = {"caption": caption, "alt": str(request.fields.get("alt_text", ""))}
        self.store.put_piece("instagram", container, 0, body)
        self.store.put_file(File("instagram", container, account, "image/jpeg", time.time(), extra))
        return as_json({"id": container})

    def publish(self, request: Request, account: str) -> Response:
        if request.account is None or request.account.id != account:
            return self.wrong_account()
        container = self.store.file("instagram", str(request.fields.get("creation_id", "")))
        if container is None or container.account != account:
            return graph_error(24, "The requested resource does not exist", subcode=2207008)
        with self.store.exclusive():
            state = self._state(container)
            if state in ("IN_PROGRESS", "EXPIRED", "PUBLISHED"):
                return graph_error(9007, "The media is not ready to be published", subcode=2207027)
            if self._used(account) >= DAILY_POSTS:
                return graph_error(9, "Application request limit reached", subcode=2207042)
            now, media = time.time(), str(self.store.new_id())
            self.store.add_post(
                Post(
                    "instagram",
                    media,
                    account,
                    container.extra["caption"],
                    "",
                    container.id,
                    now,
                    now + request.late,
                    {"container": container.id},
                )
            )
            return as_json({"id": media})

    def media(self, request: Request, account: str) -> Response:
        if request.account is None or request.account.id != account:
            return self.wrong_account()
        posts = self.store.listed_posts("instagram", account, since=0, limit=25)
        return as_json({"data": [_shown(post) for post in posts], "paging": {}})

    def quota(self, request: Request, account: str) -> Response:
        if request.account is None or request.account.id != account:
            return self.wrong_account()
        config = {"quota_total": DAILY_POSTS, "quota_duration": 86_400}
        return as_json({"data": [{"quota_usage": self._used(account), "config": config}]})

    def node(self, request: Request, node: str) -> Response:
        own = request.account.id if request.account else ""
        container = self.store.file("instagram", node)
        if container and container.account == own:
            state = self._state(container)
            return as_json({"id": node, "status_code": state, "status": f"{state.title()}: Media"})
        post = self.store.post("instagram", node)
        if post and post.account == own:
            return as_json(_shown(post))
        return self.wrong_account()

    def _state(self, container: File) -> str:
        posts = self.store.posts("instagram", container.account)
        if any(post.extra.get("container") == container.id for post in posts):
            return "PUBLISHED"
        age = time.time() - container.at
        if age < PROCESSING_SECONDS:
            return "IN_PROGRESS"
        return "EXPIRED" if age > CONTAINER_KEPT else "FINISHED"

    def _used(self, account: str) -> int:
        day_ago = time.time() - 86_400
        return sum(post.at > day_ago for post in self.store.posts("instagram", account))


def fetch(address: str) -> bytes | None:
    """The photo at a loopback address; nothing further away is ever asked."""
    try:
        if urlsplit(address).hostname not in LOOPBACK:
            return None
        with requests.Session() as session:
            session.trust_env = False
            with session.get(address, timeout=5, allow_redirects=False, stream=True) as answer:
                body = answer.raw.read(PHOTO_LIMIT + 1)
                return body if answer.status_code == 200 else None
    except (requests.RequestException, OSError, ValueError):
        return None


def _photo_refusal(body: bytes) -> Response | None:
    kind = image_kind(body)
    if len(body) > PHOTO_LIMIT:
        return graph_error(36000, "The image is too large", subcode=2207004)
    if kind is None or kind[0] != "image/jpeg":
        return graph_error(36001, "The image format is not supported", subcode=2207005)
    if not 0.795 <= kind[1] / kind[2] <= 1.915:
        return graph_error(36003, "The aspect ratio is not supported", subcode=2207009)
    return None


def _shown(post: Post) -> dict[str, str]:
    return {
        "id": post.id,
        "caption": post.text,
        "timestamp": clock_text(post.at),
        "permalink": f"https://www.instagram.com/p/{post.id}/",
        "media_product_type": "FEED",
        "media_type": "IMAGE",
    }
