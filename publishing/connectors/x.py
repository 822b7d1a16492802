"""X by API v2 (platform sheet, part X)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings

from . import x_answers, x_media, x_reading, x_text
from .base import (
    Comment,
    Connector,
    Content,
    Count,
    Fit,
    Heard,
    Journal,
    Limit,
    Pace,
    Page,
    Partly,
    Problem,
    Published,
    Receipt,
    Sent,
    Told,
)
from .checks import text_problems
from .errors import (
    AlreadyPublished,
    ConnectionRefused,
    ConnectorError,
    NeedsOfficer,
    Refused,
    Unavailable,
    Unknown,
)
from .http import dig, identifier_at, needed, number_at, path, rows_at, text_at
from .x_account import XConsent
from .x_answers import understood

EARLIER = timedelta(seconds=60)  # X5
QUARTER_HOUR = 15 * 60
REPOST = "repost:"  # before the id of the original: a repost has none of its own that is told

_POST_PATH = re.compile(r"/(\w{1,15})/(?:web/)?status/[0-9]{1,20}(?:/|\Z)", re.ASCII)
# Of a challenge: base64 at most, in either alphabet, which no JSON object can be.
_CHALLENGE = re.compile(r"[A-Za-z0-9+/=_-]{1,200}")
_NOT_ALLOWED = frozenset("\ufffe\ufeff\uffff")


class X(Connector):
    replies_to = frozenset({"comment", "mention"})
    platform = "x"
    consent = XConsent
    api_url = "https://api.x.com"
    photos_at_most = x_media.MOST_PHOTOS
    takes_video = True
    can_remove = True  # an edit makes a new post, and only for accounts with Premium (X2.1)
    reposts_copies = True
    # A single photo is shown whole between these; the site's own habit, written down nowhere.
    narrowest_shown = 3 / 4
    widest_shown = 2.0
    shows_link_card = True
    marks = frozenset({"link", "hashtag", "mention"})
    upload_hosts: ClassVar[frozenset[str]] = frozenset()

    # --- before approval --------------------------------------------------------------------------

    @classmethod
    def count(cls, text: str) -> Count:
        """Weighted length (X2.3), of a thread that of its longest part."""
        longest = max(map(x_text.weight, x_text.thread_of(text)))
        return Count(longest, x_text.TEXT_LIMIT, "weighted")

    @classmethod
    def shape(cls, text: str) -> str:
        return x_text.as_thread(text)

    @classmethod
    def parts(cls, text: str) -> list[str]:
        return x_text.thread_of(text)

    @classmethod
    def check(cls, content: Content) -> list[Problem]:
        parts = cls.parts(content.text)
        return [
            *(text_problems(content, cls.count(content.text)) if len(parts) == 1 else ()),
            *(_thread_problems(parts) if len(parts) > 1 else ()),
            *_word_problems(content.text, parts),
            *x_media.media_problems(content),
            *_price_problems(content, cls.price(content)),
        ]

    @classmethod
    def price(cls, content: Content) -> Decimal:
        """Each part is a post; one with a link costs far more (X3.3)."""
        prices = {name: Decimal(price) for name, price in settings.X_PRICES.items()}
        described = [file for file in content.attachments if file.alt and not file.is_video]
        return len(described) * prices["media_metadata"] + sum(
            prices["post_with_link" if x_text.links(part) else "post"]
            for part in cls.parts(content.text)
        )

    @classmethod
    def paces(cls, headers: Mapping[str, str]) -> tuple[Pace, ...]:
        return x_answers.paces(headers)

    @classmethod
    def limits(cls, facts: Mapping[str, Any]) -> tuple[Limit, ...]:
        """X3.2; every part of a thread counts."""
        return (
            Limit("x_posts_quarter_hour", 100, "handle", QUARTER_HOUR),
            Limit("x_posts_day", 10_000, "app"),
        )

    @classmethod
    def fit(cls, mime: str) -> Fit | None:
        return x_media.fit(mime)

    # --- publishing -------------------------------------------------------------------------------

    def publish(self, content: Content, journal: Journal) -> Receipt:
        """Part by part: the id of each is kept before the next is sent."""
        texts = x_text.thread_of(content.text)
        if len(texts) > 1 and not journal.get("parts"):
            journal.keep(parts=str(len(texts)))
        first = previous = ""
        for number, text in enumerate(texts, 1):
            known = journal.get(f"part{number}")
            if not known:
                files = content if number == 1 else Content("")
                known = self._create(text, files, previous, journal)
                if len(texts) > 1:
                    journal.keep(**{f"part{number}": known})
            first, previous = first or known, known
        return self._receipt(first)

    @classmethod
    def begun(cls, kept: Mapping[str, str]) -> str:
        return kept.get("part1", "")

    def _create(self, text: str, content: Content, previous: str, journal: Journal) -> str:
        """The id of a new post with the files of `content`, in reply to `previous`."""
        post: dict[str, Any] = {"text": text} if text else {}
        if previous:
            post["reply"] = {"in_reply_to_tweet_id": previous}
        reused = any(journal.get(f"media{n}") for n, _ in enumerate(content.attachments, 1))
        if content.attachments:
            post["media"] = {"media_ids": self._media(content, journal)}
        journal.arm()
        try:
            answer = self._call("POST", "2/tweets", journal.reference, visible=True, json=post)
        except Refused as refusal:
            raise self._explained(refusal, content, previous, journal, reused) from None
        return needed(identifier_at(answer, "data", "id"), visible=True)

    def _explained(
        self, refusal: Refused, content: Content, previous: str, journal: Journal, reused: bool
    ) -> ConnectorError:
        """Media may only have expired; a refusal within a thread leaves it incomplete."""
        if refusal.code == "photo_refused" and content.attachments:
            if reused:
                for number, _ in enumerate(content.attachments, 1):
                    self._upload(journal).forget(number)
                return Unavailable("media_processing_failed", detail=refusal.detail)
            refusal.code = x_media.refused_code(content.attachments[0])
        if previous and not isinstance(refusal, AlreadyPublished | ConnectionRefused):
            refusal.code = "thread_incomplete"
        return refusal

    def _media(self, content: Content, journal: Journal) -> list[str]:
        upload = self._upload(journal)
        return [upload.media_id(n, file) for n, file in enumerate(content.attachments, 1)]

    def _upload(self, journal: Journal) -> x_media.Upload:
        def call(method: str, address: str, **request: Any) -> dict[str, Any]:
            return self._call(method, address, journal.reference, **request)

        return x_media.Upload(call, journal)

    def find(self, sent: Sent) -> Receipt | Partly | None:
        """The post, or the part of the thread that is missing yet."""
        texts = x_text.thread_of(sent.content.text)
        ids = [sent.kept.get(f"part{number}", "") for number, _ in enumerate(texts, 1)]
        if all(ids):
            return self._receipt(ids[0])
        missing = ids.index("")
        previous = ids[missing - 1] if missing else ""
        found = self._find_part(sent, texts[missing], previous)
        if not found or missing == len(texts) - 1:
            return self._receipt(ids[0] or found) if found else None
        return Partly({f"part{missing + 1}": found})

    def _find_part(self, sent: Sent, text: str, previous: str) -> str:
        start = x_reading.clock(sent.armed_at - EARLIER)
        wanted = x_text.comparable(text)
        listed = self._own_posts(sent.reference, start_time=start, max_results=20)
        found = [
            needed(identifier_at(post, "id"))
            for post in listed
            if text_at(post, "id") not in sent.taken
            and x_text.comparable(x_text.as_written(post)) == wanted
            and x_reading.parent_of(post) == previous
        ]
        if len(found) > 1:
            raise Unknown("several_matches", detail=", ".join(found))
        return found[0] if found else ""

    def _own_posts(self, reference: str, **params: Any) -> list[dict[str, Any]]:
        address = path("2", "users", self.account.external_id, "tweets")
        listed = self._call("GET", address, reference, params={**params, **x_reading.asked()})
        return rows_at(listed, "data")

    def _receipt(self, post_id: str) -> Receipt:
        return Receipt(post_id, self.http.permalink(f"https://x.com/i/web/status/{post_id}"))

    def remove(self, post: Published, journal: Journal) -> None:
        """Every part, the first one first: it is what people see."""
        if post.platform_id.startswith(REPOST):
            original = post.platform_id.removeprefix(REPOST)
            address = path("2", "users", self.account.external_id, "retweets", original)
            self._delete(address, journal)
            return
        for post_id in self._ids_of(post, journal):
            self._delete(path("2", "tweets", post_id), journal)

    def _delete(self, address: str, journal: Journal) -> None:
        try:
            self._call("DELETE", address, journal.reference, visible=True)
        except Refused as refusal:
            if refusal.code != "post_gone":
                raise

    def _ids_of(self, post: Published, journal: Journal) -> list[str]:
        """The id of the last part may be unknown where it was only found by reading."""
        parts = number_at(post.kept, "parts") or 1
        ids = [post.platform_id]
        while len(ids) < parts:
            known = post.kept.get(f"part{len(ids) + 1}") or self._reply_to(ids[-1], journal)
            if not known:
                break
            ids.append(known)
        return ids

    def _reply_to(self, previous: str, journal: Journal) -> str:
        """Our own oldest reply to one of our posts."""
        listed = self._own_posts(journal.reference, since_id=previous, max_results=100)
        replies = [post for post in listed if x_reading.parent_of(post) == previous]
        return identifier_at(replies[-1], "id") if replies else ""

    def repost(self, post: Published, journal: Journal) -> Receipt:
        address = path("2", "users", self.account.external_id, "retweets")
        body = {"tweet_id": post.platform_id}
        journal.arm()
        try:
            answer = self._call("POST", address, journal.reference, visible=True, json=body)
        except AlreadyPublished:
            answer = {}
        if dig(answer, "data", "retweeted") is False:
            raise Unknown(detail="retweeted: false")
        return Receipt(f"{REPOST}{post.platform_id}", post.permalink)

    # --- answering --------------------------------------------------------------------------------

    @classmethod
    def check_reply(cls, content: Content, *, now: datetime) -> list[Problem]:
        """One post, and on the self-serve plan only to who spoke to the handle (X0, 2)."""
        found = []
        over = x_text.weight(content.text) - x_text.TEXT_LIMIT
        if over > 0:
            values = {"length": over + x_text.TEXT_LIMIT, "limit": x_text.TEXT_LIMIT, "over": over}
            found.append(Problem("text_too_long_weighted", values=values))
        if settings.X_TIER == "self_serve":
            found.append(Problem("x_reply_rule", "warning"))
        return found

    def reply(self, content: Content, journal: Journal) -> Receipt:
        answers = content.answers
        assert answers is not None
        if answers.kind == "message":
            raise NeedsOfficer
        body = {"text": content.text, "reply": {"in_reply_to_tweet_id": answers.id}}
        journal.arm()
        answer = self._call("POST", "2/tweets", journal.reference, visible=True, json=body)
        return self._receipt(needed(identifier_at(answer, "data", "id"), visible=True))

    def find_reply(self, sent: Sent) -> Receipt | None:
        assert sent.content.answers is not None
        found = self._find_part(sent, sent.content.text, sent.content.answers.id)
        return self._receipt(found) if found else None

    @classmethod
    def heard(cls, kind: str, said: Mapping[str, Any], *, account: str) -> Heard | None:
        return x_reading.heard(kind, said, account)

    # --- reading back -----------------------------------------------------------------------------

    def read_comments(
        self, post: Published, *, since: datetime | None = None, after: str = ""
    ) -> Page[Comment]:
        """Of the last seven days: the search goes no further back (X6)."""
        if post.platform_id.startswith(REPOST):
            return Page(())
        oldest = datetime.now(UTC) - x_reading.SEARCHED
        params = {
            "query": f"conversation_id:{post.platform_id}",
            "start_time": x_reading.clock(max(since or oldest, oldest)),
            **({"next_token": after} if after else {}),
        }
        page = self._read_comments("2/tweets/search/recent", params)
        own = {post.platform_id, *post.kept.values()}  # the post and its thread
        items = (
            replace(item, parent_id="" if item.parent_id in own else item.parent_id)
            for item in page.items
            if item.id not in own
        )
        return Page(tuple(items), page.after)

    def read_mentions(self, *, since: datetime | None = None, after: str = "") -> Page[Comment]:
        params = {
            **({"start_time": x_reading.clock(since)} if since else {}),
            **({"pagination_token": after} if after else {}),
        }
        address = path("2", "users", self.account.external_id, "mentions")
        return self._read_comments(address, params)

    def _read_comments(self, address: str, params: dict[str, str]) -> Page[Comment]:
        asked = {"max_results": 100, **params, **x_reading.asked(authors=True)}
        return x_reading.comments(
            self._call("GET", address, params=asked), self.account.external_id
        )

    def read_conversations(
        self, *, since: datetime | None = None, after: str = ""
    ) -> Page[Comment]:
        page = self._read_messages("2/dm_events", after)
        fresh = [item for item in page.items if since is None or (item.at and item.at >= since)]
        latest: dict[str, Comment] = {}
        for message in fresh:  # newest first
            latest.setdefault(message.conversation_id, message)
        return Page(tuple(latest.values()), page.after if len(fresh) == len(page.items) else "")

    def read_conversation(self, conversation_id: str, *, after: str = "") -> Page[Comment]:
        return self._read_messages(
            path("2", "dm_conversations", conversation_id, "dm_events"), after
        )

    def _read_messages(self, address: str, after: str) -> Page[Comment]:
        params = {
            "max_results": 100,
            **x_reading.asked_of_messages(),
            **({"pagination_token": after} if after else {}),
        }
        return x_reading.messages(
            self._call("GET", address, params=params), self.account.external_id
        )

    def read_metrics(self, post: Published) -> dict[str, int]:
        if post.platform_id.startswith(REPOST):
            return {}
        params = {"ids": post.platform_id, **x_reading.metric_fields()}
        shown = rows_at(self._call("GET", "2/tweets", params=params), "data")
        return x_reading.metrics(shown[0]) if shown else {}

    # --- what was posted by hand ------------------------------------------------------------------

    @classmethod
    def proves(cls, path: str, names: Iterable[str]) -> bool:
        """X forwards an address with any name in it; `i` stands for none."""
        found = _POST_PATH.match(path)
        accounts = {"i", *(name.removeprefix("@").casefold() for name in names)}
        return found is not None and found[1].casefold() in accounts

    # --- what it sends to us ----------------------------------------------------------------------

    @classmethod
    def handshake(cls, query: Mapping[str, str], *, secret: str, verify: str) -> str | None:
        """The challenge-response check (X7): X wants its token signed, in JSON.

        With the secret that signs its callbacks: so nothing is signed here that could be one.
        """
        token = query.get("crc_token", "")
        if not (secret and _CHALLENGE.fullmatch(token)):
            return None
        return json.dumps({"response_token": _signature(secret, token.encode())})

    @classmethod
    def is_genuine(cls, body: bytes, headers: Mapping[str, str], *, secret: str) -> bool:
        """A challenge that was signed above is no callback: those are JSON objects, all of them."""
        said = headers.get("x-twitter-webhooks-signature", "")
        is_signed = hmac.compare_digest(_signature(secret, body).encode(), said.encode())
        return is_signed and x_reading.event_in(body) is not None

    @classmethod
    def told(cls, body: bytes) -> Iterator[Told]:
        return x_reading.told(body)

    # --- calls ------------------------------------------------------------------------------------

    def _call(
        self,
        method: str,
        address: str,
        reference: str = "",
        *,
        visible: bool = False,
        **request: Any,
    ) -> dict[str, Any]:
        answer = self.http.call(
            method,
            address,
            token=self.account.token,
            visible=visible,
            reference=reference,
            **request,
        )
        return understood(answer)


def _thread_problems(parts: list[str]) -> list[Problem]:
    found = []
    for number, part in enumerate(parts, 1):
        over = x_text.weight(part) - x_text.TEXT_LIMIT
        if over > 0:
            found.append(Problem("part_too_long_weighted", values={"part": number, "over": over}))
    if len(parts) > x_text.MOST_PARTS:
        values = {"count": len(parts), "limit": x_text.MOST_PARTS}
        found.append(Problem("too_many_parts", values=values))
    if len(set(parts)) < len(parts):
        found.append(Problem("parts_alike"))
    return found


def _word_problems(text: str, parts: list[str]) -> list[Problem]:
    too_many_tags = settings.X_TIER == "self_serve" and any(
        len(x_text.cashtags(part)) > 1 for part in parts
    )
    rules = (
        (bool(_NOT_ALLOWED.intersection(text)), "characters_not_allowed", "error"),
        (too_many_tags, "too_many_cashtags", "error"),
        (x_text.has_devanagari_in_link(text), "hindi_in_link", "warning"),
        (x_text.grows_when_normalised(text), "nukta_counts_double", "warning"),
    )
    return [Problem(code, level=level) for broken, code, level in rules if broken]


def _price_problems(content: Content, price: Decimal) -> list[Problem]:
    if not price or not x_text.links(content.text):
        return []
    return [Problem("x_link_price", level="warning", values={"price": f"{price:.2f}"})]


def _signature(secret: str, message: bytes) -> str:
    digest = hmac.new(secret.encode(), message, hashlib.sha256).digest()
    return f"sha256={base64.b64encode(digest).decode()}"
