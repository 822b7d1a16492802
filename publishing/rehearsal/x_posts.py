"""How X shows posts: links shortened, in the style of names it was asked in, page by page (X6)."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from typing import Any

from twitter_text import extract_urls_with_indices

from .stage import Request, Response, as_json, clock_text
from .store import Account, Post, Remark, Store

ISO = "%Y-%m-%dT%H:%M:%S.000Z"
NEXT = "b26v89c19zqg8o3f"  # before the number of the first of the next page
# The newer style's names of fields that were renamed (X6).
NEWER = {
    "referenced_tweets": "referenced_posts",
    "edit_history_tweet_ids": "edit_history_post_ids",
    "retweet_count": "repost_count",
}


def username(account: Account) -> str:
    return account.extra.get("username") or f"u{account.id}"[:15]


def is_newer(request: Request) -> bool:
    return "post.fields" in request.query


def as_post(remark: Remark) -> Post:
    """What somebody wrote to an account; the title is their name."""
    ends = sorted((remark.author, remark.account), key=lambda end: (len(end), end))
    extra = {
        "reply_to": remark.parent or remark.post,
        "root": remark.post or remark.id,
        "to": remark.account,
        "conversation": "-".join(ends),
    }
    author, name = remark.author, remark.author_name
    return Post("x", remark.id, author, remark.text, name, "", remark.at, remark.at, extra)


def message(post: Post) -> dict[str, Any]:
    """An event of a private conversation."""
    return {
        "id": post.id,
        "event_type": "MessageCreate",
        "text": post.text,
        "sender_id": post.account,
        "dm_conversation_id": post.extra["conversation"],
        "created_at": clock_text(post.at, ISO),
    }


class Shown:
    """A post as others see it."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.created_at = clock_text(post.at, ISO)
        self.text, self._links = _shortened(post)

    def as_asked(
        self, *, newer: bool = False, counts: dict[str, int] | None = None
    ) -> dict[str, Any]:
        post = self.post
        replied, reposted = post.extra.get("reply_to"), post.extra.get("repost_of")
        shown: dict[str, Any] = {
            "id": post.id,
            "text": self.text,
            "author_id": post.account,
            "conversation_id": str(post.extra.get("root") or post.id),
            "created_at": self.created_at,
            "edit_history_tweet_ids": [post.id],
        }
        if self._links:
            shown["entities"] = {"urls": self._links}
        if media := post.extra.get("media"):
            shown["attachments"] = {"media_keys": [f"3_{one}" for one in media]}
        if replied:
            shown["referenced_tweets"] = [{"type": "replied_to", "id": replied}]
        if reposted:
            shown["referenced_tweets"] = [{"type": "retweeted", "id": reposted}]
        if counts is not None:
            shown["public_metrics"] = _renamed(counts, newer)
        return _renamed(shown, newer)


def _renamed(fields: dict[str, Any], newer: bool) -> dict[str, Any]:
    return {NEWER.get(name, name) if newer else name: value for name, value in fields.items()}


def metrics(store: Store, post: Post) -> dict[str, int]:
    others = store.posts("x")
    remarks = len(store.remarks("x", post.account, "comment", post.id))
    return {
        "retweet_count": sum(other.extra.get("repost_of") == post.id for other in others),
        "reply_count": sum(other.extra.get("reply_to") == post.id for other in others) + remarks,
        "like_count": int(post.extra.get("likes", 0)),
        "quote_count": 0,
        "bookmark_count": 0,
        "impression_count": int(post.extra.get("views", 0)),
    }


Shape = Callable[[Post], dict[str, Any]]


def page(
    store: Store, request: Request, posts: Iterable[Post], shape: Shape, *, smallest: int
) -> Response:
    """Newest first; `data` is absent where there is nothing."""
    query = request.query
    asked = query.get("max_results", "100" if smallest == 1 else "10")
    size = min(max(int(asked), smallest), 100) if asked.isdecimal() else smallest
    token = (query.get("pagination_token") or query.get("next_token") or "").removeprefix(NEXT)
    begin = int(token) if token.isdecimal() else 0
    since, start = query.get("since_id", ""), _moment(query.get("start_time", ""))
    wanted = (
        post
        for post in posts
        if post.at >= start and not (since.isdecimal() and int(post.id) <= int(since))
    )
    shown = list(islice(wanted, begin, begin + size + 1))
    here = shown[:size]
    meta: dict[str, Any] = {"result_count": len(here)}
    body: dict[str, Any] = {"meta": meta}
    if here:
        body["data"] = [shape(post) for post in here]
        if smallest > 1:
            meta |= {"newest_id": here[0].id, "oldest_id": here[-1].id}
    if len(shown) > size:
        meta["next_token"] = f"{NEXT}{begin + size}"
    if here and "expansions" in query:
        body["includes"] = _included(store, query["expansions"], here)
    return as_json(body)


def _included(store: Store, expansions: str, posts: list[Post]) -> dict[str, Any]:
    if not {"author_id", "sender_id"} & set(expansions.split(",")):
        return {}
    known = {account.id: account for account in store.accounts("x")}
    names = {post.account: post.title for post in posts}
    users = [
        {
            "id": number,
            "name": known[number].name if number in known else name or number,
            "username": username(known[number]) if number in known else f"u{number}"[:15],
        }
        for number, name in sorted(names.items())
    ]
    return {"users": users}


def _moment(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0


def _shortened(post: Post) -> tuple[str, list[dict[str, Any]]]:
    """The text as X stores it: links turned into t.co, a link to the media, signs escaped."""
    text, links, last = "", [], 0
    for found in extract_urls_with_indices(post.text):
        start, end = found["indices"]
        link = found["url"]
        full = link if "://" in link else f"http://{link}"
        text += html.escape(post.text[last:start], quote=False)
        links.append(_link(post.id + link, len(text), full, link))
        text += links[-1]["url"]
        last = end
    text += html.escape(post.text[last:], quote=False)
    if post.file and not post.extra.get("repost_of"):
        text = f"{text} ".lstrip()
        address = f"https://x.com/i/status/{post.id}/photo/1"
        links.append(_link(post.id, len(text), address, address) | {"media_key": f"3_{post.file}"})
        text += links[-1]["url"]
    return text, links


def _link(seed: str, start: int, full: str, display: str) -> dict[str, Any]:
    short = f"https://t.co/{hashlib.sha256(seed.encode()).hexdigest()[:10]}"
    end = start + len(short)
    return {"start": start, "end": end, "url": short, "expanded_url": full, "display_url": display}
