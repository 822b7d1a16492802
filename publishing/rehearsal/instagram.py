"""Instagram as the connector knows it: containers that get their files, then get published."""

from __future__ import annotations

import json
import time
from typing import Any, ClassVar
from urllib.parse import urlsplit

import requests

from .graph import ID, PostStage, V, graph_error, image_kind
from .stage import Request, Response, Route, as_json, clock_text
from .store import Account, File, Post, Remark

CAPTION_LIMIT = 2_200
PHOTO_LIMIT = 8 * 1024 * 1024
VIDEO_LIMIT = 300_000_000
CONTAINER_KEPT = 24 * 3600
PROCESSING_SECONDS = 0.3  # an account's `processing` gives another time
DAILY_POSTS = 100  # an account's `daily_posts` gives another figure
LOOPBACK = ("127.0.0.1", "localhost", "::1")
VIDEO_KINDS = ("REELS", "VIDEO")


class InstagramStage(PostStage):
    platform = "instagram"
    limit_code = 4
    usage_type = "instagram"
    tells = "instagram"
    metrics: ClassVar = {
        "views": 800,
        "reach": 600,
        "likes": 25,
        "comments": 3,
        "shares": 4,
        "saved": 5,
        "total_interactions": 37,
        "reposts": 1,
    }

    @property
    def routes(self) -> list[Route]:
        return [
            ("POST", V + ID + "/media", "upload", self.create),
            ("POST", r"/ig-api-upload" + V + ID, "upload", self.receive),
            ("POST", V + ID + "/media_publish", "publish", self.publish),
            ("GET", V + ID + "/media", "read", self.media),
            ("GET", V + ID + "/content_publishing_limit", "read", self.quota),
            ("GET", V + ID + "/comments", "read", self.comments),
            ("GET", V + ID + "/replies", "read", self.replies),
            ("POST", V + ID + "/replies", "reply", self.answer),
            ("POST", V + ID + "/messages", "reply", self.answer_privately),
            ("GET", V + ID + "/tags", "read", self.tags),
            ("GET", V + ID + "/insights", "read", self.insights),
            ("GET", V + ID + "/conversations", "read", self.conversations),
            ("GET", V + r"/t_([\w.:-]+)/messages", "read", self.conversation),
            ("GET", V + ID, "read", self.node),
            ("POST", V + ID, "publish", self.change),
            ("DELETE", V + ID, "publish", self.remove),
        ]

    # --- containers -------------------------------------------------------------------------------

    def create(self, request: Request, account: str) -> Response:
        if request.account is None or request.account.id != account:
            return self.wrong_account()
        fields = request.fields
        if len(str(fields.get("caption", ""))) > CAPTION_LIMIT:
            return graph_error(36004, "The caption is too long", subcode=2207010)
        kind = str(fields.get("media_type", "IMAGE"))
        make = {
            "IMAGE": self._create_photo,
            "CAROUSEL": self._create_carousel,
            **dict.fromkeys(VIDEO_KINDS, self._create_video),
        }.get(kind)
        if make is None:
            return graph_error(100, "Unknown media type", subcode=2207023)
        return make(request, account)

    def _create_photo(self, request: Request, account: str) -> Response:
        body = fetch(str(request.fields.get("image_url", "")))
        refusal = _unreachable() if body is None else _photo_refusal(body)
        if refusal or body is None:
            return refusal or _unreachable()
        return as_json({"id": self._contain(request, account, "image/jpeg", body)})

    def _create_video(self, request: Request, account: str) -> Response:
        kind = request.fields["media_type"]
        if kind == "VIDEO" and request.fields.get("is_carousel_item") != "true":
            return graph_error(100, "VIDEO is for carousels; use REELS", subcode=2207023)
        if request.fields.get("upload_type") == "resumable":
            container = self._contain(request, account, "video/mp4", b"")
            return as_json(
                {"id": container, "uri": f"{self.base_url}/ig-api-upload/v26.0/{container}"}
            )
        body = fetch(str(request.fields.get("video_url", "")))
        if body is None:
            return _unreachable()
        return as_json({"id": self._contain(request, account, "video/mp4", body)})

    def _create_carousel(self, request: Request, account: str) -> Response:
        given = str(request.fields.get("children", ""))
        children = json.loads(given) if given.startswith("[") else given.split(",")
        if not 2 <= len(children) <= 10:
            return graph_error(100, "A carousel has 2 to 10 children", subcode=2207028)
        for child in children:
            file = self._container(str(child), account)
            if file is None or not file.extra["is_child"]:
                return graph_error(24, "A child is missing", subcode=2207006)
            if self._state(request.account, file) != "FINISHED":
                return graph_error(9007, "A child is not ready", subcode=2207027)
        container = self._contain(request, account, "", b"", [str(child) for child in children])
        return as_json({"id": container})

    def _contain(
        self, request: Request, account: str, mime: str, body: bytes, children: Any = ()
    ) -> str:
        container = str(self.store.new_id())
        fields = request.fields
        extra = {
            "caption": str(fields.get("caption", "")),
            "alt": str(fields.get("alt_text", "")),
            "kind": str(fields.get("media_type", "IMAGE")),
            "is_child": fields.get("is_carousel_item") == "true",
            "children": list(children),
        }
        if body:
            self.store.put_piece("instagram", container, 0, body)
        self.store.put_file(File("instagram", container, account, mime, time.time(), extra))
        return container

    def receive(self, request: Request, container: str) -> Response:
        """The bytes of a video, whole (3.2)."""
        own = request.account.id if request.account else ""
        file = self._container(container, own)
        if file is None:
            return _upload_refused("ProcessingFailedError", retriable=False)
        if request.headers.get("offset") != "0":
            return _upload_refused("OffsetInvalidError", retriable=True)
        if request.headers.get("file_size") != str(len(request.body)):
            return _upload_refused("PartialRequestError", retriable=True)
        if len(request.body) > VIDEO_LIMIT:
            return _upload_refused("ProcessingFailedError", retriable=False)
        self.store.put_piece("instagram", container, 0, request.body)
        return as_json({"success": True, "message": "Upload successful."})

    def _container(self, container: str, account: str) -> File | None:
        file = self.store.file("instagram", container)
        return file if file and file.account == account else None

    def _state(self, account: Account | None, container: File) -> str:
        posts = self.store.posts("instagram", container.account)
        if any(post.extra.get("container") == container.id for post in posts):
            return "PUBLISHED"
        age = time.time() - container.at
        if age > CONTAINER_KEPT:
            return "EXPIRED"
        takes = float(account.extra.get("processing", PROCESSING_SECONDS)) if account else 0
        body = self.store.content("instagram", container.id)
        if age < takes or not (body or container.extra["children"]):
            return "IN_PROGRESS"
        if container.mime == "video/mp4" and b"ftyp" not in body[:16]:
            return "ERROR"
        return "FINISHED"

    # --- publishing -------------------------------------------------------------------------------

    def publish(self, request: Request, account: str) -> Response:
        if request.account is None or request.account.id != account:
            return self.wrong_account()
        container = self._container(str(request.fields.get("creation_id", "")), account)
        if container is None:
            return graph_error(24, "The requested resource does not exist", subcode=2207008)
        with self.store.exclusive():
            if self._state(request.account, container) != "FINISHED":
                return graph_error(9007, "The media is not ready to be published", subcode=2207027)
            if self._used(account) >= self._daily(request.account):
                return graph_error(9, "Application request limit reached", subcode=2207042)
            media, now = str(self.store.new_id()), time.time()
            files = container.extra["children"] or [container.id]
            extra = {"container": container.id, "files": files, "kind": container.extra["kind"]}
            caption = container.extra["caption"]
            self.store.add_post(
                Post(
                    "instagram", media, account, caption, "", files[0],
                    now, now + request.late, extra,
                )
            )  # fmt: skip
            return as_json({"id": media})

    def quota(self, request: Request, account: str) -> Response:
        if request.account is None or request.account.id != account:
            return self.wrong_account()
        config = {"quota_total": self._daily(request.account), "quota_duration": 86_400}
        return as_json({"data": [{"quota_usage": self._used(account), "config": config}]})

    def _daily(self, account: Account) -> int:
        return int(account.extra.get("daily_posts", DAILY_POSTS))

    def _used(self, account: str) -> int:
        return self.store.count_posts("instagram", account, since=time.time() - 86_400)

    # --- reading ----------------------------------------------------------------------------------

    def media(self, request: Request, account: str) -> Response:
        if request.account is None or request.account.id != account:
            return self.wrong_account()
        posts = self.store.listed_posts("instagram", account, since=0, limit=1000)
        return self.paged(
            request, [_shown(post) for post in posts if not post.extra.get("removed")]
        )

    def node(self, request: Request, node: str) -> Response:
        container = self._container(node, request.account.id if request.account else "")
        if container:
            state = self._state(request.account, container)
            said = "Error: Media upload has failed with error code 2207026"
            status = said if state == "ERROR" else f"{state.title()}: Media"
            return self.one(request, {"id": node, "status_code": state, "status": status})
        post = self.post_of(request, node)
        return self.one(request, _shown(post)) if post else self.wrong_account()

    def comments(self, request: Request, media: str) -> Response:
        """Newest first, each with its replies (3.6)."""
        post = self.post_of(request, media)
        if post is None:
            return self.wrong_account()
        found = self.store.remarks("instagram", post.account, "comment", media)
        rows = []
        for remark in found[::-1]:
            replies = [_shown_remark(one) for one in found if one.parent == remark.id]
            if not remark.parent:
                rows.append(_shown_remark(remark) | {"replies": {"data": replies}})
        return self.paged(request, rows)

    def replies(self, request: Request, comment: str) -> Response:
        remark = self.remark_of(request, comment)
        if remark is None:
            return self.wrong_account()
        said = self.store.remarks("instagram", remark.account, "comment", remark.post)
        return self.paged(request, [_shown_remark(one) for one in said if one.parent == remark.id])

    def change(self, request: Request, node: str) -> Response:
        remark = self.remark_of(request, node)
        value = request.query.get("hide", "") or str(request.fields.get("hide", ""))
        return self.hide(request, remark, value) if remark else self.wrong_account()

    def remove(self, request: Request, node: str) -> Response:
        remark = self.remark_of(request, node)
        return self.take_away(remark) if remark else self.delete(request, node)

    def tags(self, request: Request, account: str) -> Response:
        if request.account is None or request.account.id != account:
            return self.wrong_account()
        found = self.store.remarks("instagram", account, "mention")
        rows = [
            {
                "id": remark.id,
                "caption": remark.text,
                "username": remark.author_name,
                "timestamp": clock_text(remark.at),
                "permalink": f"https://www.instagram.com/p/{remark.id}/",
            }
            for remark in found[::-1]
        ]
        return self.paged(request, rows)

    def event_about(self, remark: Remark) -> dict[str, Any]:
        if remark.kind == "message":
            return self.message_event(remark)
        value: dict[str, Any] = {"media_id": remark.post or remark.id}
        if remark.kind == "comment":
            value = {
                "id": remark.id,
                "text": remark.text,
                "from": {"id": remark.author, "username": remark.author_name},
                "media": {"id": remark.post, "media_product_type": "FEED"},
            }
            if remark.parent:
                value["parent_id"] = remark.parent
        field = "comments" if remark.kind == "comment" else "mentions"
        changes = [{"field": field, "value": value}]
        return self.event(remark.account, {"time": int(remark.at), "changes": changes})


def fetch(address: str) -> bytes | None:
    """The file at a loopback address; nothing further away is ever asked."""
    try:
        if urlsplit(address).hostname not in LOOPBACK:
            return None
        with requests.Session() as session:
            session.trust_env = False
            with session.get(address, timeout=5, allow_redirects=False, stream=True) as answer:
                body = answer.raw.read(VIDEO_LIMIT + 1)
                return body if answer.status_code == 200 else None
    except (requests.RequestException, OSError, ValueError):
        return None


def _unreachable() -> Response:
    return graph_error(9004, "The media could not be fetched from this URI", subcode=2207052)


def _upload_refused(kind: str, *, retriable: bool) -> Response:
    return as_json(
        {"debug_info": {"retriable": retriable, "type": kind, "message": "Request failed"}}, 400
    )


def _photo_refusal(body: bytes) -> Response | None:
    kind = image_kind(body)
    if len(body) > PHOTO_LIMIT:
        return graph_error(36000, "The image is too large", subcode=2207004)
    if kind is None or kind[0] != "image/jpeg":
        return graph_error(36001, "The image format is not supported", subcode=2207005)
    if not 0.795 <= kind[1] / kind[2] <= 1.915:
        return graph_error(36003, "The aspect ratio is not supported", subcode=2207009)
    return None


def _shown(post: Post) -> dict[str, Any]:
    kind = post.extra.get("kind", "IMAGE")
    return {
        "id": post.id,
        "caption": post.text or None,
        "timestamp": clock_text(post.at),
        "permalink": f"https://www.instagram.com/p/{post.id}/",
        "shortcode": post.id,
        "media_product_type": "REELS" if kind == "REELS" else "FEED",
        "media_type": {"REELS": "VIDEO", "CAROUSEL": "CAROUSEL_ALBUM"}.get(kind, "IMAGE"),
    }


def _shown_remark(remark: Remark) -> dict[str, Any]:
    return {
        "id": remark.id,
        "text": remark.text,
        "username": remark.author_name,
        "from": {"id": remark.author, "username": remark.author_name},
        "timestamp": clock_text(remark.at),
        "hidden": remark.state == "hidden",
        "parent_id": remark.parent or None,
        "like_count": 0,
        "replies": None,
    }
