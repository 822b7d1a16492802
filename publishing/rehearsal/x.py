"""X as its sheet describes it: strict JSON, snowflake ids, no text twice, counted calls."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from twitter_text import parse_tweet

from .stage import Handler, Request, Response, Route, Stage, as_json
from .store import Account, Post, Remark
from .x_answers import error_for, invalid, problem
from .x_media import XMedia
from .x_posts import Shape, Shown, as_post, is_newer, message, metrics, page, username
from .x_webhooks import Webhooks, signature

DAY = 24 * 3600
WINDOW = 15 * 60
FIELDS = frozenset(
    {"text", "media", "reply", "reply_settings", "poll", "made_with_ai", "paid_partnership"}
    | {"quote_tweet_id", "geo", "community_id", "card_uri", "edit_options", "nullcast"}
    | {"direct_message_deep_link", "for_super_followers_only", "share_with_followers"}
)
EXCLUSIVE = ("poll", "quote_tweet_id", "media", "card_uri", "direct_message_deep_link")
SUBSCRIPTIONS = "/2/activity/subscriptions"
NUMBER = "([0-9]{1,19})"
CONVERSATION = "([0-9]{1,19}-[0-9]{1,19}|[0-9]{15,19})"


class XStage(Stage):
    platform = "x"
    posts_per_handle = 100  # in 15 minutes (X3.2)
    posts_per_app = 10_000  # in a day
    looks_for_video = 2  # until it is processed
    replies_need_mention = True  # the rule of the self-serve plan

    @property
    def files(self) -> XMedia:
        return XMedia(self.store, self.looks_for_video)

    @property
    def webhooks(self) -> Webhooks:
        return Webhooks(self.store, self.callbacks)

    @property
    def routes(self) -> list[Route]:
        me = f"/2/users/{NUMBER}"
        files = self.files
        return [
            ("POST", "/2/tweets", "publish", self.create),
            ("GET", "/2/tweets", "read", self.lookup),
            ("DELETE", f"/2/tweets/{NUMBER}", "publish", self.delete),
            ("POST", f"{me}/retweets", "publish", self.repost),
            ("DELETE", f"{me}/retweets/{NUMBER}", "publish", self.undo_repost),
            ("GET", f"{me}/tweets", "read", self.timeline),
            ("GET", f"{me}/mentions", "read", self.mentions),
            ("GET", "/2/tweets/search/recent", "read", self.search),
            ("GET", "/2/users/me", "read", self.me),
            ("GET", "/2/dm_events", "read", self.messages),
            ("GET", f"/2/dm_conversations/{CONVERSATION}/dm_events", "read", self.messages),
            ("POST", "/2/media/upload/initialize", "upload", files.initialize),
            ("POST", f"/2/media/upload/{NUMBER}/append", "upload", files.append),
            ("POST", f"/2/media/upload/{NUMBER}/finalize", "upload", files.finalize),
            ("GET", "/2/media/upload", "upload", files.status),
            ("POST", "/2/media/upload", "upload", files.one_shot),
            ("POST", "/2/media/metadata", "upload", files.metadata),
            ("POST", "/2/media/subtitles", "upload", files.subtitles),
            ("POST", "/2/webhooks", "link", self.webhooks.register),
            ("GET", "/2/webhooks", "link", self.webhooks.hooks),
            ("POST", SUBSCRIPTIONS, "link", self.webhooks.subscribe),
            ("GET", SUBSCRIPTIONS, "link", self.webhooks.subscriptions),
            ("DELETE", SUBSCRIPTIONS, "link", self.webhooks.delete),
        ]

    # --- how it says no, and how it calls ---------------------------------------------------------

    def not_found(self) -> Response:
        return problem(404, "Not Found", "Not Found")

    def bad_token(self) -> Response:
        return problem(401, "Unauthorized", "Unauthorized")

    def rate_limited(self) -> Response:
        return problem(
            429,
            "Too Many Requests",
            "Too Many Requests",
            x_rate_limit_limit=str(self.posts_per_handle),
            x_rate_limit_remaining="0",
            x_rate_limit_reset=str(int(time.time()) + 30),
        )

    def failing(self) -> Response:
        return problem(503, "Service Unavailable", "Service Unavailable")

    def error_for(self, detail: str) -> Response:
        return error_for(detail)

    @staticmethod
    def signed(secret: str, body: bytes) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "x-twitter-webhooks-signature": signature(secret, body),
        }

    def _enter(self, request: Request, handler: Handler, arguments: tuple[str, ...]) -> Response:
        """Another user's id in a path that writes is refused."""
        request.account = self.store.account_by_token("x", request.token)
        is_for_app = request.path in ("/2/webhooks", SUBSCRIPTIONS) and request.token
        if request.account is None and not is_for_app:
            return self.bad_token()
        writes = request.method != "GET" and request.path.startswith("/2/users/")
        if writes and arguments[0] != _account(request).id:
            return problem(403, "Forbidden", "You are not permitted to perform this action.")
        return handler(request, *arguments)

    # --- writing ----------------------------------------------------------------------------------

    def create(self, request: Request) -> Response:
        account, body = _account(request), request.json()
        refusal = self._refusal(account, request, body)
        if refusal:
            return refusal
        text, now = body.get("text", ""), time.time()
        media = body.get("media", {}).get("media_ids", [])
        with self.store.exclusive():
            headers, is_full = self._counted(account, now)
            if is_full:
                return problem(429, "Too Many Requests", "Too Many Requests", **headers)
            if text and not self.takes_repeats and self._is_repeated(account, text, now):
                return error_for("403:duplicate content")
            post_id = str(self.store.new_id())
            replied = body.get("reply", {}).get("in_reply_to_tweet_id", "")
            extra = {
                "reply_to": replied,
                "root": self._root(replied, account.id) or post_id,
                "media": media,
            }
            first = media[0] if media else ""
            late = now + request.late
            post = Post("x", post_id, account.id, text, "", first, now, late, extra)
            self.store.add_post(post)
        shown = {"id": post_id, "text": Shown(post).text, "edit_history_tweet_ids": [post_id]}
        return as_json({"data": shown}, 201, **headers)

    def _refusal(self, account: Account, request: Request, body: dict[str, Any]) -> Response | None:
        kind = request.headers.get("content-type", "")
        if not kind.startswith("application/json") or not body:
            return invalid("Request body is not valid JSON")
        if unknown := sorted(set(body) - FIELDS):
            return invalid(f"Extra inputs are not permitted: {unknown[0]}")
        text, media, reply = (body.get(name) for name in ("text", "media", "reply"))
        ids = media.get("media_ids") if isinstance(media, dict) else None
        if not isinstance(text, str | None) or (media is not None and not isinstance(ids, list)):
            return invalid("One or more parameters to your request was invalid.")
        is_attachable = self.files.are_attachable
        wrongs = (
            (not text and not ids, "text: is required"),
            (sum(name in body for name in EXCLUSIVE) > 1, "Only one of these may be given"),
            (text and not parse_tweet(text[:2000]).valid, "Tweet text is too long"),
            (media is not None and not is_attachable(account, ids), "Your media IDs are invalid."),
        )
        message = next((message for wrong, message in wrongs if wrong), "")
        return invalid(message) if message else self._reply_refusal(account, text or "", reply)

    def _reply_refusal(self, account: Account, text: str, reply: Any) -> Response | None:
        if reply is None:
            return None
        replied = reply.get("in_reply_to_tweet_id") if isinstance(reply, dict) else None
        answered = self._post(replied, account.id) if isinstance(replied, str) else None
        if answered is None:
            return invalid("The post you are replying to does not exist or is not visible to you.")
        own = answered.account == account.id
        if self.replies_need_mention and not own and not _mentions(answered, account):
            return error_for("403:reply")
        return None

    def _is_repeated(self, account: Account, text: str, now: float) -> bool:
        recent = self.store.posts("x", account.id, limit=200)
        return any(post.text == text and now - post.at < DAY for post in recent)

    def _root(self, replied: str, account: str) -> str:
        answered = self._post(replied, account) if replied else None
        return str(answered.extra.get("root") or answered.id) if answered else ""

    def _counted(self, account: Account, now: float) -> tuple[dict[str, str], bool]:
        """Headers that say what is left, counting this one; and whether it is too much."""
        used = self.store.count_posts("x", account.id, since=now - WINDOW)
        of_all = self.store.count_posts("x", since=now - DAY)
        left, left_of_all = self.posts_per_handle - used, self.posts_per_app - of_all
        headers = {
            "x_rate_limit_limit": str(self.posts_per_handle),
            "x_rate_limit_remaining": str(max(left - 1, 0)),
            "x_rate_limit_reset": str(int(now) + WINDOW),
            "x_app_limit_24hour_limit": str(self.posts_per_app),
            "x_app_limit_24hour_remaining": str(max(left_of_all - 1, 0)),
            "x_app_limit_24hour_reset": str(int(now) + DAY),
        }
        return headers, left < 1 or left_of_all < 1

    def delete(self, request: Request, post_id: str) -> Response:
        """One that is gone already answers likewise (X2.1)."""
        post = self.store.post("x", post_id)
        if post and post.account != _account(request).id:
            return error_for("403:not permitted")
        self.store.remove_post("x", post_id)
        return as_json({"data": {"deleted": True}})

    def repost(self, request: Request, account: str) -> Response:
        body = request.json()
        post = self.store.post("x", str(body.get("tweet_id", "")))
        if set(body) != {"tweet_id"}:
            return invalid("tweet_id: is required, and nothing else")
        if post is None:
            return error_for("404:not found")
        with self.store.exclusive():
            if self._repost_of(account, post.id):
                return problem(403, "Forbidden", "You have already retweeted this Post.")
            number, now = str(self.store.new_id()), time.time()
            extra, late = {"repost_of": post.id}, now + request.late
            self.store.add_post(Post("x", number, account, post.text, "", "", now, late, extra))
        return as_json({"data": {"id": number, "rest_id": number, "retweeted": True}})

    def undo_repost(self, request: Request, account: str, source: str) -> Response:
        if mine := self._repost_of(account, source):
            self.store.remove_post("x", mine.id)
        return as_json({"data": {"retweeted": False}})

    def _repost_of(self, account: str, source: str) -> Post | None:
        own = self.store.posts("x", account)
        return next((post for post in own if post.extra.get("repost_of") == source), None)

    # --- reading ----------------------------------------------------------------------------------

    def timeline(self, request: Request, account: str) -> Response:
        excluded = request.query.get("exclude", "").split(",")
        own = self.store.posts("x", account)
        return self._page(
            request,
            (
                post
                for post in own
                if not ("replies" in excluded and post.extra.get("reply_to"))
                and not ("retweets" in excluded and post.extra.get("repost_of"))
            ),
        )

    def mentions(self, request: Request, account: str) -> Response:
        """A reply to a post of the account counts as well: it begins with the account's name."""
        return self._page(request, self._written(account, "mention", "comment"))

    def search(self, request: Request) -> Response:
        """Understands conversation_id: and in_reply_to_tweet_id:, as the portal asks."""
        query = request.query.get("query", "")
        match = re.fullmatch(r"(conversation_id|in_reply_to_tweet_id):([0-9]{1,19})", query)
        if not match:
            return invalid("query: is not understood")
        key = {"conversation_id": "root", "in_reply_to_tweet_id": "reply_to"}[match.group(1)]
        root = self.store.post("x", match.group(2))
        written = self._written(root.account if root else "", "comment")
        posts = [*written, *self.store.posts("x", root.account if root else "")]
        found = (post for post in posts if post.extra.get(key) == match.group(2))
        return self._page(request, found, smallest=10)

    def _page(self, request: Request, posts: Iterable[Post], *, smallest: int = 5) -> Response:
        now = time.time()
        listed = (post for post in posts if post.listed_from <= now)
        return page(self.store, request, listed, self._shape(request), smallest=smallest)

    def _shape(self, request: Request) -> Shape:
        newer = is_newer(request)
        fields = request.query.get("post.fields" if newer else "tweet.fields", "").split(",")

        def shape(post: Post) -> dict[str, Any]:
            counts = metrics(self.store, post) if "public_metrics" in fields else None
            return Shown(post).as_asked(newer=newer, counts=counts)

        return shape

    def lookup(self, request: Request) -> Response:
        """What is not there is told beside what is (X4.1 E)."""
        ids = request.query.get("ids", "").split(",")
        found = [post for number in ids if (post := self.store.post("x", number))]
        shape = self._shape(request)
        missing = sorted(set(ids) - {post.id for post in found})
        body: dict[str, Any] = {}
        if found:
            body["data"] = [shape(post) for post in found]
        if missing:
            body["errors"] = [_not_found(number) for number in missing]
        return as_json(body)

    def me(self, request: Request) -> Response:
        account = _account(request)
        asked = request.query.get("user.fields", "").split(",")
        told: dict[str, Any] = {
            "protected": False,
            "verified": True,
            "verified_type": account.extra.get("verified_type", "government"),
            "subscription_type": account.extra.get("subscription_type", "None"),
        }
        shown = {
            "id": account.id,
            "name": account.name,
            "username": username(account),
        }
        return as_json({"data": shown | {key: told[key] for key in told if key in asked}})

    def messages(self, request: Request, conversation: str = "") -> Response:
        written = self._written(_account(request).id, "message")
        found = (post for post in written if conversation in ("", post.extra["conversation"]))
        return page(self.store, request, found, message, smallest=1)

    # --- callbacks --------------------------------------------------------------------------------

    # --- what people write ------------------------------------------------------------------------

    def event_about(self, remark: Remark) -> Mapping[str, Any] | None:
        """As the Activity API tells it (X7)."""
        kinds = {"comment": "post.reply.create", "mention": "post.mention.create"}
        kind = kinds.get(remark.kind, "dm.received")
        post = as_post(remark)
        payload = message(post) if remark.kind == "message" else Shown(post).as_asked()
        return self.webhooks.event(remark.account, kind, f"{remark.id}-{kind}", payload)

    def event_of_revocation(self, account: Account) -> Mapping[str, Any] | None:
        kind, number = "oauth.revoke", str(self.store.new_id())
        return self.webhooks.event(account.id, kind, number, {"user_id": account.id})

    def _written(self, account: str, *kinds: str) -> list[Post]:
        """What people wrote to an account, newest first."""
        remarks = [one for kind in kinds for one in self.store.remarks("x", account, kind)]
        return [as_post(one) for one in sorted(remarks, key=lambda one: one.at, reverse=True)]

    def _post(self, post_id: str, account: str) -> Post | None:
        """A handle's post, or what somebody wrote to the account."""
        written = self._written(account, "comment", "mention")
        found = next((post for post in written if post.id == post_id), None)
        return self.store.post("x", post_id) or found


def _account(request: Request) -> Account:
    """Whoever got past `_enter`."""
    if request.account is None:
        raise RuntimeError("only for callers with a token")
    return request.account


def _mentions(post: Post, account: Account) -> bool:
    named = re.search(rf"@{re.escape(username(account))}\b", post.text)
    return post.extra.get("to") == account.id or bool(named)


def _not_found(number: str) -> dict[str, Any]:
    return {
        "title": "Not Found Error",
        "detail": f"Could not find tweet with ids: [{number}].",
        "type": "https://api.twitter.com/2/problems/resource-not-found",
        "resource_id": number,
        "resource_type": "tweet",
        "parameter": "ids",
        "value": number,
    }
