"""YouTube as its sheet describes it: resumable uploads, processing, counted units (part Y)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from functools import partial
from typing import Any

from .stage import Handler, Request, Response, Route, Stage, as_json, clock_text
from .store import Account, File, Post
from .youtube_answers import (
    ISO,
    QUOTA_MESSAGE,
    Switches,
    bad_page,
    error,
    error_for,
    metadata_refusal,
    over_quota,
    paged,
    wrong_part,
)
from .youtube_comments import Comments
from .youtube_hub import Hub, feed, gone
from .youtube_uploads import Uploads, no_video, video_resource

UP = "/(?:resumable/)?upload/youtube/v3"
WITHOUT_PART = ("/thumbnails/set", "/comments/setModerationStatus", "/v2/reports")


class YouTubeStage(Stage):
    platform = "youtube"

    @property
    def switches(self) -> Switches:
        return Switches(self.store)

    @property
    def hub(self) -> Hub:
        return Hub(self.store, self.callbacks, self.signed)

    @property
    def routes(self) -> list[Route]:
        uploads = Uploads(self.store, self.switches, self.base_url)
        comments = Comments(self.store)
        return [
            ("POST", f"{UP}/videos", "upload", uploads.start),
            ("PUT", f"{UP}/videos", "publish", partial(self.announced, uploads.put)),
            ("POST", f"{UP}/thumbnails/set", "upload", uploads.thumbnail),
            ("POST", f"{UP}/captions", "upload", uploads.add_captions),
            ("GET", "/youtube/v3/captions", "read", uploads.list_captions),
            ("GET", "/youtube/v3/videos", "read", self.videos),
            ("PUT", "/youtube/v3/videos", "publish", self.update),
            ("DELETE", "/youtube/v3/videos", "publish", self.delete),
            ("GET", "/youtube/v3/videos:batchGetStats", "read", self.stats),
            ("GET", "/youtube/v3/channels", "read", self.channels),
            ("GET", "/youtube/v3/playlists", "read", self.playlists),
            ("POST", "/youtube/v3/playlists", "upload", self.add_playlist),
            ("GET", "/youtube/v3/playlistItems", "read", self.playlist),
            ("POST", "/youtube/v3/playlistItems", "upload", self.add_to_playlist),
            ("GET", "/youtube/v3/commentThreads", "read", comments.threads),
            ("POST", "/youtube/v3/commentThreads", "publish", comments.add_thread),
            ("GET", "/youtube/v3/comments", "read", comments.replies),
            ("POST", "/youtube/v3/comments", "reply", comments.add_reply),
            ("POST", "/youtube/v3/comments/setModerationStatus", "publish", comments.moderate),
            ("GET", "/v2/reports", "read", self.report),
        ]

    def route(self, request: Request) -> tuple[str, Any] | None:
        """A question to a session publishes nothing; switches and the hub ask for no token."""
        if (request.method, request.path) == ("POST", "/_control"):
            return "control", partial(self.switches.set, request)
        if (request.method, request.path) == ("POST", "/subscribe"):
            return "link", partial(self.hub.subscribe, request)
        found = super().route(request)
        asks = request.headers.get("content-range", "").startswith("bytes */")
        return ("read", found[1]) if found and found[0] == "publish" and asks else found

    def _enter(self, request: Request, handler: Handler, arguments: tuple[str, ...]) -> Response:
        if self.store.account_by_token(self.platform, request.token) is None:
            return self.bad_token()
        if over_quota(self.store, self.switches, request):
            return error(403, "quotaExceeded", QUOTA_MESSAGE, "youtube.quota")
        needs_part = request.method in ("GET", "POST") and not request.path.endswith(WITHOUT_PART)
        if needs_part and not request.query.get("part"):
            return wrong_part()
        return super()._enter(request, handler, arguments)

    # --- how it says no, and how it calls ---------------------------------------------------------

    def not_found(self) -> Response:
        return error(404, "notFound", "Not Found")

    def bad_token(self) -> Response:
        return error(401, "authError", "Invalid Credentials", "global")

    def rate_limited(self) -> Response:
        return error(403, "rateLimitExceeded", "Rate Limit <b>Exceeded</b>", "usageLimits")

    def failing(self) -> Response:
        return error(503, "backendError", "Backend Error", "global")

    def error_for(self, detail: str) -> Response:
        return error_for(detail) or super().error_for(detail)

    @staticmethod
    def signed(secret: str, body: bytes) -> dict[str, str]:
        digest = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
        return {"Content-Type": "application/atom+xml", "X-Hub-Signature": f"sha1={digest}"}

    def announced(self, handler: Handler, request: Request) -> Response:
        """WebSub tells of a new video (Y7)."""
        answer = handler(request)
        session = self.store.file("youtube", request.query.get("upload_id", ""))
        post = self.store.post("youtube", session.extra["video"]) if session else None
        if answer.status == 201 and post and request.body:
            self.hub.tell(post.account, feed(post))
        return answer

    # --- videos -----------------------------------------------------------------------------------

    def videos(self, request: Request) -> Response:
        parts = set(request.query["part"].split(","))
        items = [video_resource(post, parts) for post in self._seen(request)]
        return as_json({"kind": "youtube#videoListResponse", "items": items})

    def stats(self, request: Request) -> Response:
        """The same numbers in another shape."""
        items = [
            {
                "kind": "youtube#videoStat",
                "id": post.id,
                "statistics": {
                    name: count
                    for name, count in video_resource(post, {"statistics"})["statistics"].items()
                    if name != "favoriteCount"
                },
            }
            for post in self._seen(request)
        ]
        return as_json({"kind": "youtube#batchGetStatsResponse", "items": items})

    def update(self, request: Request) -> Response:
        """What is not sent again of a named part is erased."""
        body = request.json()
        post = self._own(request, str(body.get("id", "")))
        if post is None:
            return no_video()
        parts = {"snippet", "status"} & set(request.query.get("part", "").split(","))
        kept = {part: post.extra[part] for part in ("snippet", "status")}
        changed = {**kept, **{part: body.get(part, {}) for part in parts}}
        if reason := metadata_refusal(changed):
            return error(400, reason, "The request metadata is <b>invalid</b>.")
        if "snippet" in parts and "categoryId" not in changed["snippet"]:
            return error(400, "invalidCategoryId", "The <b>category</b> is missing.")
        snippet = changed["snippet"]
        text, title = snippet.get("description", ""), snippet["title"]
        is_news = (text, title) != (post.text, post.title)
        self.store.change_post(post, text=text, title=title, **changed)
        post = self.store.post("youtube", post.id) or post
        if is_news:
            self.hub.tell(post.account, feed(post))
        return as_json(video_resource(post, parts))

    def delete(self, request: Request) -> Response:
        post = self._own(request, request.query.get("id", ""))
        if post is None:
            return no_video()
        self.store.remove_post("youtube", post.id)
        self.hub.tell(post.account, gone(post))
        return Response(204)

    def _own(self, request: Request, video: str) -> Post | None:
        post = self.store.post("youtube", video)
        return post if post and request.account and post.account == request.account.id else None

    def _seen(self, request: Request) -> list[Post]:
        """Of the videos asked for, those this channel may see."""
        ids = request.query.get("id", "").split(",")[:50]
        own = request.account.id if request.account else ""
        found = [post for post in (self.store.post("youtube", one) for one in ids) if post]
        return [
            post
            for post in found
            if post.account == own or post.extra["status"]["privacyStatus"] != "private"
        ]

    # --- channel and playlists --------------------------------------------------------------------

    def channels(self, request: Request) -> Response:
        account, wanted = request.account, request.query.get("id", "")
        if account is None or (wanted and wanted != account.id):
            return as_json({"kind": "youtube#channelListResponse"})
        posts = len(self.store.posts("youtube", account.id))
        shown: dict[str, Any] = {
            "snippet": {"title": account.name, "customUrl": f"@{account.id.lower()}"},
            "contentDetails": {"relatedPlaylists": {"uploads": uploads_of(account)}},
            "statistics": {
                "viewCount": "0",
                "subscriberCount": "0",
                "hiddenSubscriberCount": False,
                "videoCount": str(posts),
            },
            "status": {
                "privacyStatus": "public",
                "longUploadsStatus": self.switches["long_uploads"],
            },
        }
        parts = request.query["part"].split(",")
        item = {part: shown[part] for part in shown if part in parts}
        item = {"kind": "youtube#channel", "id": account.id, **item}
        return as_json({"kind": "youtube#channelListResponse", "items": [item]})

    def playlists(self, request: Request) -> Response:
        kept = (
            self.store.file("youtube", f"playlists-{request.account.id}")
            if request.account
            else None
        )
        rows = list(kept.extra.items()) if kept else []
        items = [playlist_resource(key, title) for key, title in rows]
        return as_json({"kind": "youtube#playlistListResponse", "items": items})

    def add_playlist(self, request: Request) -> Response:
        snippet, account = request.json().get("snippet", {}), request.account
        title = snippet.get("title") if isinstance(snippet, dict) else None
        if account is None or not isinstance(title, str) or not title:
            return error(400, "playlistTitleRequired", "The playlist needs a <b>title</b>.")
        made = f"PL{secrets.token_urlsafe(24)}"
        self._keep_more(f"playlists-{account.id}", account, {made: title})
        self._keep_more(made, account, {})
        return as_json(playlist_resource(made, title))

    def playlist(self, request: Request) -> Response:
        account, wanted = request.account, request.query.get("playlistId", "")
        if account is None:
            return self.bad_token()
        if wanted == uploads_of(account):
            posts = self.store.listed_posts("youtube", account.id, since=0, limit=-1)
            rows = [item_resource(post, f"UU.{post.id}", wanted) for post in posts]
        else:
            kept = self._playlist(account, wanted)
            if kept is None:
                return no_playlist()
            pairs = [(self.store.post("youtube", video), key) for key, video in kept.extra.items()]
            rows = [item_resource(post, key, wanted) for post, key in pairs if post]
        video = request.query.get("videoId", "")
        found = [row for row in rows if not video or row["contentDetails"]["videoId"] == video]
        page = paged(found, request, 50)
        if page is None:
            return bad_page()
        parts = {"kind", "id", *request.query["part"].split(",")}
        items = [{key: row[key] for key in row if key in parts} for row in page[0]]
        return as_json({"kind": "youtube#playlistItemListResponse", "items": items, **page[1]})

    def add_to_playlist(self, request: Request) -> Response:
        snippet, account = request.json().get("snippet", {}), request.account
        wanted = str(snippet.get("playlistId", ""))
        post = self.store.post("youtube", str(snippet.get("resourceId", {}).get("videoId", "")))
        kept = self._playlist(account, wanted) if account else None
        if kept is None or account is None:
            return no_playlist()
        if post is None:
            return no_video()
        if post.id in kept.extra.values():
            return error(409, "conflict", "The video is <b>already</b> in the playlist.")
        made = secrets.token_urlsafe(18)
        self._keep_more(wanted, account, {made: post.id})
        return as_json(item_resource(post, made, wanted))

    def _playlist(self, account: Account, wanted: str) -> File | None:
        kept = self.store.file("youtube", wanted) if wanted.startswith("PL") else None
        return kept if kept and kept.account == account.id else None

    def _keep_more(self, name: str, account: Account, more: dict[str, str]) -> None:
        with self.store.exclusive():
            kept = self.store.file("youtube", name)
            extra = {**(kept.extra if kept else {}), **more}
            self.store.put_file(File("youtube", name, account.id, "", time.time(), extra))

    # --- analytics --------------------------------------------------------------------------------

    def report(self, request: Request) -> Response:
        """One row for the video of the filter, with a zero for everything nobody counted."""
        video = request.query.get("filters", "").partition("video==")[2]
        post, names = self._own(request, video), request.query.get("metrics", "").split(",")
        columns = [{"name": n, "columnType": "METRIC", "dataType": "INTEGER"} for n in names]
        studied = post.extra.get("studied", {}) if post else {}
        rows = [[studied.get(name, 0) for name in names]] if post else []
        kind = "youtubeAnalytics#resultTable"
        return as_json({"kind": kind, "columnHeaders": columns, "rows": rows})


def uploads_of(account: Account) -> str:
    return account.extra.get("uploads") or f"UU{account.id[2:]}"


def no_playlist() -> Response:
    return error(404, "playlistNotFound", "The playlist cannot be <code>found</code>.")


def playlist_resource(key: str, title: str) -> dict[str, Any]:
    return {"kind": "youtube#playlist", "id": key, "snippet": {"title": title}}


def item_resource(post: Post, key: str, playlist: str) -> dict[str, Any]:
    at = clock_text(post.at, ISO)
    video = {"kind": "youtube#video", "videoId": post.id}
    snippet = {"title": post.title, "publishedAt": at, "playlistId": playlist}
    return {
        "kind": "youtube#playlistItem",
        "id": key,
        "snippet": {**snippet, "channelId": post.account, "resourceId": video},
        "contentDetails": {"videoId": post.id, "videoPublishedAt": at},
        "status": {"privacyStatus": post.extra["status"]["privacyStatus"]},
    }
