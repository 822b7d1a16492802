"""X by API v2 (platform sheet, part X)."""

from __future__ import annotations

import html
import re
import time
import unicodedata
from datetime import UTC, timedelta
from typing import Any, NoReturn

from twitter_text import parse_tweet

from .base import Attachment, Connector, Content, Count, Journal, Problem, Receipt, Sent
from .checks import photo_problems, text_problems
from .errors import (
    AlreadyPublished,
    ConnectionRefused,
    ConnectorError,
    ContentRefused,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from .http import Answer, dig, identifier_at, needed, number_at, path, rows_at, text_at
from .steps import keep_for, kept

TEXT_LIMIT = 280
ALT_LIMIT = 1_000
PHOTO_LIMIT = 5_000_000
PIECE = 1024 * 1024
MEDIA_KEPT = 20 * 3600  # shortest expiry seen is 24 hours (X2.2)
WAIT_LONGEST = 8  # seconds between looks at an upload
PROCESSING_LOOKS = 6
EARLIER = timedelta(seconds=60)  # X5
DEFAULT_WAIT = 60

# The counter's search for links takes time that grows with the square of a dotted run, so a run of
# more names than any host has is not searched, and a text far beyond every limit only in part.
PARSED_LENGTH = 20_000
_DOTTED_RUN = re.compile(r"(?:[^\s/.]{0,63}\.){25}[^\s/]*")
_NOT_ALLOWED = re.compile("[\ufffe\ufeff\uffff]")

# (status, words in the answer, meaning); the first line that fits decides (X4.2).
REFUSALS: tuple[tuple[int, str, tuple[type[ConnectorError], str]], ...] = (
    (403, "duplicate content", (AlreadyPublished, "already_published")),
    (403, "unsupported-authentication", (ConnectionRefused, "permission_missing")),
    (403, "oauth1-permissions", (ConnectionRefused, "permission_missing")),
    (403, "client-forbidden", (ConnectionRefused, "permission_missing")),
    (403, "user-suspended", (ConnectionRefused, "account_restricted")),
    (403, "suspended", (ConnectionRefused, "account_restricted")),
    (403, "locked", (ConnectionRefused, "account_restricted")),
    (403, "automated", (ConnectionRefused, "account_restricted")),
    (403, "too long", (ContentRefused, "text_refused_length")),
    (403, "invalid url", (ContentRefused, "link_refused")),
    (403, "malware", (ContentRefused, "link_refused")),
    (403, "not permitted", (ConnectionRefused, "permission_missing")),
    (400, "too long", (ContentRefused, "text_refused_length")),
    (400, "media ids are invalid", (ContentRefused, "photo_refused")),
    (400, "", (ContentRefused, "content_refused")),
    (401, "", (ConnectionRefused, "reconnect")),
    (402, "", (ConnectionRefused, "credits_used_up")),
    (429, "usage-capped", (ConnectionRefused, "credits_used_up")),
    (429, "usagecapexceeded", (ConnectionRefused, "credits_used_up")),
    (429, "spend cap", (ConnectionRefused, "credits_used_up")),
    (429, "", (RateLimited, "rate_limited")),
)


class X(Connector):
    platform = "x"
    api_url = "https://api.x.com"

    @classmethod
    def count(cls, text: str) -> Count:
        """Weighted length by twitter-text configuration v3 (X2.3)."""
        bounded = _DOTTED_RUN.sub(lambda run: run.group().replace(".", "-"), text[:PARSED_LENGTH])
        parsed = parse_tweet(bounded).weightedLength
        return Count(parsed + len(text[PARSED_LENGTH:]), TEXT_LIMIT, "weighted")

    @classmethod
    def check(cls, content: Content) -> list[Problem]:
        mimes = ("image/jpeg", "image/png", "image/webp")
        found = text_problems(content, cls.count(content.text))
        found += photo_problems(content, mimes=mimes, limit=PHOTO_LIMIT)
        if _NOT_ALLOWED.search(content.text):
            found.append(Problem("characters_not_allowed"))
        if any(len(attachment.alt) > ALT_LIMIT for attachment in content.attachments):
            found.append(Problem("alt_too_long", values={"limit": ALT_LIMIT}))
        return found

    def publish(self, content: Content, journal: Journal) -> Receipt:
        post: dict[str, Any] = {"text": content.text} if content.text else {}
        reused = kept(journal, "media")
        if content.attachments:
            media = reused or self._upload(content.attachments[0], journal)
            post["media"] = {"media_ids": [media]}
        journal.arm()
        try:
            answer = self._call(
                "POST", "2/tweets", reference=journal.reference, visible=True, json=post
            )
        except ContentRefused as refusal:
            if refusal.code == "photo_refused" and reused:  # it may only have expired meanwhile
                journal.keep(media="")
                raise Unavailable("media_processing_failed", detail=refusal.detail) from None
            raise
        return self._receipt(needed(identifier_at(answer, "data", "id"), visible=True))

    def find(self, sent: Sent) -> Receipt | None:
        start = (sent.armed_at.astimezone(UTC) - EARLIER).strftime("%Y-%m-%dT%H:%M:%SZ")
        listed = self._call(
            "GET",
            path("2", "users", self.account.external_id, "tweets"),
            reference=sent.reference,
            params={
                "max_results": 20,
                "start_time": start,
                "tweet.fields": "created_at,text,entities,attachments,edit_history_tweet_ids",
            },
        )
        wanted = _comparable(sent.content.text)
        free = [row for row in rows_at(listed, "data") if text_at(row, "id") not in sent.taken]
        found = [post for post in free if _as_written(post) == wanted]
        if len(found) > 1:
            raise Unknown("several_matches", detail=", ".join(text_at(row, "id") for row in found))
        return self._receipt(needed(identifier_at(found[0], "id"))) if found else None

    def _receipt(self, post_id: str) -> Receipt:
        return Receipt(post_id, self.http.permalink(f"https://x.com/i/web/status/{post_id}"))

    def _upload(self, attachment: Attachment, journal: Journal) -> str:
        """Nothing here is visible, so a broken upload simply starts again (X2.2)."""
        started = self._call(
            "POST",
            "2/media/upload/initialize",
            reference=journal.reference,
            json={
                "media_type": attachment.mime,
                "total_bytes": attachment.size,
                "media_category": "tweet_image",
            },
        )
        media = needed(identifier_at(started, "data", "id"))
        with attachment.file.open("rb") as file:
            for index, piece in enumerate(iter(lambda: file.read(PIECE), b"")):
                self._call(
                    "POST",
                    path("2", "media", "upload", media, "append"),
                    reference=journal.reference,
                    data={"segment_index": str(index)},
                    files={"media": ("piece", piece, "application/octet-stream")},
                )
        state = self._call(
            "POST", path("2", "media", "upload", media, "finalize"), reference=journal.reference
        )
        self._await(media, state, journal.reference)
        if attachment.alt:
            self._call(
                "POST",
                "2/media/metadata",
                reference=journal.reference,
                json={"id": media, "metadata": {"alt_text": {"text": attachment.alt}}},
            )
        keep_for(journal, "media", media, MEDIA_KEPT)
        return media

    def _await(self, media: str, answer: dict[str, Any], reference: str) -> None:
        for _look in range(PROCESSING_LOOKS):
            processing = dig(answer, "data", "processing_info")
            state = text_at(processing, "state")
            if not processing or state == "succeeded":
                return
            if state == "failed" or dig(processing, "error"):
                raise ContentRefused("photo_refused", detail=str(dig(processing, "error"))[:500])
            wait = number_at(processing, "check_after_secs")
            time.sleep(min(max(wait, 0), WAIT_LONGEST))
            answer = self._call(
                "GET",
                "2/media/upload",
                reference=reference,
                params={"command": "STATUS", "media_id": media},
            )
        raise Unavailable("still_processing", retry_after=DEFAULT_WAIT)

    def _call(
        self, method: str, address: str, *, reference: str, visible: bool = False, **request: Any
    ) -> dict[str, Any]:
        answer = self.http.call(
            method,
            address,
            token=self.account.token,
            visible=visible,
            reference=reference,
            **request,
        )
        data = answer.data()
        if answer.status >= 300:
            _fail(answer, data)
        if not data:
            raise answer.unclear("unreadable_answer")
        return data


def _fail(answer: Answer, data: dict[str, Any]) -> NoReturn:
    if answer.status >= 500 or (not data and answer.status != 429):
        raise answer.unclear("platform_failing")
    said = answer.body[:20_000].decode("utf-8", "replace").lower()
    for status, words, (kind, problem) in REFUSALS:
        if answer.status == status and words in said:
            wait = _wait(answer) if kind is RateLimited else None
            raise kind(problem, detail=answer.detail, status=status, retry_after=wait)
    raise Refused(detail=answer.detail, status=answer.status)


def _wait(answer: Answer) -> int:
    """Seconds until the window opens again; a used-up day counts before the 15 minutes (X3.2)."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    for limit in ("x-user-limit-24hour", "x-app-limit-24hour", "x-rate-limit"):
        reset = number_at(headers, f"{limit}-reset")
        if reset and number_at(headers, f"{limit}-remaining") == 0:
            return int(min(max(reset - time.time(), 1), 86_400))
    return DEFAULT_WAIT


def _as_written(post: dict[str, Any]) -> str:
    """A post's text as its author wrote it: links restored, the link to its own media dropped."""
    text = html.unescape(text_at(post, "text"))
    for link in rows_at(post, "entities", "urls"):
        short = text_at(link, "url")
        if short:
            own_media = bool(text_at(link, "media_key"))
            text = text.replace(short, "" if own_media else text_at(link, "expanded_url"))
    return _comparable(text)


def _comparable(text: str) -> str:
    """X adds a scheme and a slash to bare names, and changes white space."""
    bare = re.sub(r"https?://", "", unicodedata.normalize("NFC", text))
    return " ".join(word.rstrip("/") for word in bare.split())
