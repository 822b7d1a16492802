"""Comments at YouTube: threads of one level, their moderation (Y6)."""

from __future__ import annotations

import secrets
import time
from typing import Any

from .stage import Request, Response, as_json, clock_text
from .store import File, Post, Remark, Store
from .youtube_answers import ISO, bad_page, error, paged, wrong_part
from .youtube_uploads import no_video

COMMENT_LIMIT = 10_000
EMBEDDED = 5  # replies that come with their thread
STATES = ("published", "heldForReview", "rejected")


class Comments:
    def __init__(self, store: Store) -> None:
        self.store = store

    def threads(self, request: Request) -> Response:
        account, video = request.account, request.query.get("videoId", "")
        channel = request.query.get("allThreadsRelatedToChannelId", "")
        post = self.store.post("youtube", video)
        if account is None or bool(video) == bool(channel):
            return wrong_part()
        if video and post is None:
            return no_video()
        if post and post.extra["status"].get("selfDeclaredMadeForKids"):
            return error(403, "commentsDisabled", "The video has <b>disabled comments</b>.")
        owner = post.account if post else channel
        wanted = request.query.get("moderationStatus", "published")
        said = self.store.remarks("youtube", owner, "comment", video)
        tops = [one for one in reversed(said) if not one.parent and self._state(one) == wanted]
        page = paged(tops, request, 100)
        if page is None:
            return bad_page()
        items = [self._thread(one, said, is_owner=owner == account.id) for one in page[0]]
        return as_json({"kind": "youtube#commentThreadListResponse", "items": items, **page[1]})

    def replies(self, request: Request) -> Response:
        account, parent = request.account, request.query.get("parentId", "")
        top = self._remark(parent)
        if account is None or not top:
            return error(404, "commentNotFound", "The <code>comment</code> cannot be found.")
        said = self.store.remarks("youtube", top.account, "comment", top.post)
        found = [one for one in said if one.parent == parent and self._state(one) == "published"]
        page = paged(found, request, 100)
        if page is None:
            return bad_page()
        items = [self._comment(one, is_owner=top.account == account.id) for one in page[0]]
        return as_json({"kind": "youtube#commentListResponse", "items": items, **page[1]})

    def add_thread(self, request: Request) -> Response:
        given = request.json().get("snippet", {})
        top = given.get("topLevelComment", {}) if isinstance(given, dict) else {}
        text = top.get("snippet", {}).get("textOriginal", "") if isinstance(top, dict) else ""
        post = self.store.post("youtube", str(given.get("videoId", "")))
        if post is None:
            return no_video()
        return self._text_refusal(text) or as_json(
            self._thread(self._say(request, post, text), [], is_owner=True)
        )

    def add_reply(self, request: Request) -> Response:
        given = request.json().get("snippet", {})
        parent = self._remark(str(given.get("parentId", "")))
        if not given.get("parentId"):
            return error(400, "parentIdMissing", "The <b>parent</b> is missing.")
        post = self.store.post("youtube", parent.post) if parent else None
        if parent is None or post is None or parent.parent:
            return error(404, "commentNotFound", "The <code>comment</code> cannot be found.")
        text = given.get("textOriginal", "")
        return self._text_refusal(text) or as_json(
            self._comment(self._say(request, post, text, parent.id), is_owner=True)
        )

    def moderate(self, request: Request) -> Response:
        wanted, account = request.query.get("moderationStatus", ""), request.account
        ids = request.query.get("id", "").split(",")
        found = [one for one in map(self._remark, ids) if one and account]
        if wanted not in STATES:
            return error(400, "operationNotSupported", "The status cannot be <b>set</b>.")
        if request.query.get("banAuthor") == "true" and wanted != "rejected":
            return error(400, "banWithoutReject", "Only a rejected author can be banned.")
        if len(found) != len(ids) or len(ids) > 50:
            return error(404, "commentNotFound", "The <code>comment</code> cannot be found.")
        if account is None or any(one.account != account.id for one in found):
            return error(403, "forbidden", "Only the <b>owner</b> may moderate.")
        for one in found:
            if self._state(one) != "rejected":  # for good
                row = File("youtube", f"moderation-{one.id}", one.account, "", time.time(), {})
                self.store.put_file(File(**{**vars(row), "extra": {"state": wanted}}))
        return Response(204)

    # --- inside -----------------------------------------------------------------------------------

    def _text_refusal(self, text: Any) -> Response | None:
        if not isinstance(text, str) or not text.strip():
            return error(400, "commentTextRequired", "The comment has no <b>text</b>.")
        if len(text) > COMMENT_LIMIT:
            return error(400, "commentTextTooLong", "The comment is too <b>long</b>.")
        return None

    def _say(self, request: Request, post: Post, text: str, parent: str = "") -> Remark:
        account = request.account
        made = secrets.token_urlsafe(18)
        remark = Remark(
            "youtube",
            f"{parent}.{made}" if parent else f"Ug{made}",
            post.account,
            "comment",
            post.id,
            parent,
            account.id if account else "",
            account.name if account else "",
            text,
            time.time(),
        )
        self.store.add_remark(remark)
        return remark

    def _remark(self, comment: str) -> Remark | None:
        for account in self.store.accounts("youtube"):
            for one in self.store.remarks("youtube", account.id, "comment"):
                if one.id == comment:
                    return one
        return None

    def _state(self, remark: Remark) -> str:
        kept = self.store.file("youtube", f"moderation-{remark.id}")
        return str(kept.extra["state"]) if kept else "published"

    def _thread(self, top: Remark, said: list[Remark], *, is_owner: bool) -> dict[str, Any]:
        replies = [one for one in said if one.parent == top.id and self._state(one) == "published"]
        thread: dict[str, Any] = {
            "kind": "youtube#commentThread",
            "id": top.id,
            "snippet": {
                "channelId": top.account,
                "videoId": top.post,
                "topLevelComment": self._comment(top, is_owner=is_owner),
                "canReply": True,
                "totalReplyCount": len(replies),
                "isPublic": self._state(top) == "published",
            },
        }
        if replies:
            shown = [self._comment(one, is_owner=is_owner) for one in replies[:EMBEDDED]]
            thread["replies"] = {"comments": shown}
        return thread

    def _comment(self, remark: Remark, *, is_owner: bool) -> dict[str, Any]:
        at = clock_text(remark.at, ISO)
        snippet: dict[str, Any] = {
            "channelId": remark.account,
            "videoId": remark.post,
            "textDisplay": remark.text,
            "authorDisplayName": remark.author_name,
            "authorChannelId": {"value": remark.author},
            "likeCount": 0,
            "publishedAt": at,
            "updatedAt": at,
        }
        if remark.author == remark.account:
            snippet["textOriginal"] = remark.text
        if remark.parent:
            snippet["parentId"] = remark.parent
        if is_owner and self._state(remark) != "published":
            snippet["moderationStatus"] = self._state(remark)
        return {"kind": "youtube#comment", "id": remark.id, "snippet": snippet}
