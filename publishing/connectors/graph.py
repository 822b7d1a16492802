"""Meta's Graph API: what Facebook, Instagram and WhatsApp share (answers, errors, limits)."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, NoReturn

from django.conf import settings

from .base import Comment, Connector, Pace, Page, Published, Told
from .errors import (
    AlreadyPublished,
    AppLimited,
    ConnectionRefused,
    ConnectorError,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from .http import Answer, dig, identifier_at, number_at, path, rows_at, text_at

log = logging.getLogger(__name__)

Meaning = tuple[type[ConnectorError], str]
# Keys are (code, subcode); a subcode of 0 stands for all others. `Unknown` means: the platform may
# have carried the call out, unless the call could not have made anything visible.
Table = Mapping[tuple[int, int], Meaning]

COMMON: Table = {
    (1, 0): (Unknown, "platform_failing"),
    (2, 0): (Unknown, "platform_failing"),
    (3, 0): (ConnectionRefused, "permission_missing"),
    (4, 0): (AppLimited, "rate_limited"),
    (10, 0): (ConnectionRefused, "permission_missing"),
    (17, 0): (RateLimited, "rate_limited"),
    (32, 0): (RateLimited, "rate_limited"),
    (100, 0): (Refused, "refused"),
    (100, 33): (ConnectionRefused, "account_not_found"),
    (102, 0): (ConnectionRefused, "reconnect"),
    (104, 0): (ConnectionRefused, "permission_missing"),
    (190, 0): (ConnectionRefused, "reconnect"),
    (190, 459): (ConnectionRefused, "account_restricted"),
    (190, 464): (ConnectionRefused, "account_restricted"),
    (190, 492): (ConnectionRefused, "permission_missing"),
    (200, 2069030): (Refused, "refused"),
    (200, 2069031): (Refused, "refused"),
    (200, 2069033): (Refused, "refused"),
    (341, 0): (AppLimited, "rate_limited"),
    (368, 0): (ConnectionRefused, "account_restricted"),
    (368, 1390008): (RateLimited, "rate_limited"),
    (506, 0): (AlreadyPublished, "already_published"),
    (613, 0): (RateLimited, "rate_limited"),
}
DEFAULT_WAIT = 60  # seconds, where a limit does not say how long (1.7)
DAILY_WAIT = 3600  # a day's limit rolls, so that every hour may free a place (3.2)
SLOW_FROM, CLOSED_FROM = 80, 95  # percent of what may be called (1.7)
SLOW_PACE = {"app": 5.0, "handle": 1.0}  # calls a second, from 80 % on
MOST_ROWS = 100  # in one page of a list (2.6)


class GraphAnswers:
    """Errors are decided by code and subcode, never by HTTP status or wording (1.6)."""

    own_errors: ClassVar[Table] = {}
    # By the subcode alone, where it says the same under whatever code it comes (2.4, 3.4).
    own_subcodes: ClassVar[Mapping[int, Meaning]] = {}

    def understood(self, answer: Answer) -> dict[str, Any]:
        """What the answer says, or the error it stands for."""
        data = answer.data()
        if "error" in data or answer.status == 429:
            self.fail(answer, data.get("error"))
        if answer.status >= 300 or not data:
            raise answer.unclear("unreadable_answer")
        return data

    def fail(self, answer: Answer, error: Any) -> NoReturn:
        code, subcode = number_at(error, "code"), number_at(error, "error_subcode")
        kind, problem = self.meaning(code, subcode, answer.status)
        if kind is Unknown or (dig(error, "is_transient") is True and issubclass(kind, Refused)):
            raise answer.unclear("platform_failing")
        wait = _wait(answer, problem) if issubclass(kind, RateLimited) else None
        raise kind(problem, detail=answer.detail, status=answer.status, retry_after=wait)

    @classmethod
    def meaning(cls, code: int, subcode: int, status: int) -> Meaning:
        if code == 0 and status < 400:
            return Unknown, "platform_failing"
        keys = ((code, subcode), (code, 0))
        listed = [table.get(key) for table in (cls.own_errors, COMMON) for key in keys]
        for found in (cls.own_subcodes.get(subcode), *listed):
            if found:
                return found
        if 200 <= code <= 299:
            return ConnectionRefused, "permission_missing"
        if 80_000 <= code <= 80_014 or status == 429:
            return RateLimited, "rate_limited"
        if status >= 500:
            return Unknown, "platform_failing"
        return (ConnectionRefused, "reconnect") if status == 401 else (Refused, "refused")

    @classmethod
    def error_told(cls, error: Mapping[str, Any]) -> ConnectorError:
        """The error for one that came later, in a callback: by then nothing is unclear."""
        kind, problem = cls.meaning(number_at(error, "code"), 0, 0)
        if kind is Unknown:
            return Unavailable("platform_failing", detail=json.dumps(error)[:500])
        return kind(problem, detail=json.dumps(error)[:500])


class GraphConnector(GraphAnswers, Connector):
    @classmethod
    def paces(cls, headers: Mapping[str, str]) -> tuple[Pace, ...]:
        """Slower from 80 % of an hour's calls, not at all from 95 % (1.7)."""
        businesses = _usage(headers, "x-business-use-case-usage")
        rows = [row for business in businesses for row in rows_at(businesses, business)]
        used = {"app": _percent(_usage(headers, "x-app-usage"))}
        used["handle"] = max([0, *(_percent(row) for row in rows)])
        wait = _announced_wait(headers)
        return tuple(_pace(per, share, wait) for per, share in used.items() if share >= SLOW_FROM)

    @classmethod
    def handshake(cls, query: Mapping[str, str], *, secret: str, verify: str) -> str | None:
        """Meta gives back the word we chose when subscribing, and wants its challenge (1.9)."""
        said = query.get("hub.verify_token", "").encode()
        asked = query.get("hub.mode") == "subscribe"
        if not (verify and asked and hmac.compare_digest(said, verify.encode())):
            return None
        return query.get("hub.challenge", "")

    @classmethod
    def is_genuine(cls, body: bytes, headers: Mapping[str, str], *, secret: str) -> bool:
        expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(
            expected.encode(), headers.get("x-hub-signature-256", "").encode()
        )

    def graph(
        self, method: str, *parts: str, reference: str, visible: bool = False, **request: Any
    ) -> dict[str, Any]:
        """The answer of one Graph call, or the error it stands for."""
        return self.understood(
            self.answered(method, *parts, reference=reference, visible=visible, **request)
        )

    def answered(
        self,
        method: str,
        *parts: str,
        reference: str,
        visible: bool = False,
        params: Mapping[str, Any] | None = None,
        **request: Any,
    ) -> Answer:
        """The raw answer of one Graph call, for who reads more in an error than its meaning."""
        answer = self.http.call(
            method,
            path(settings.GRAPH_API_VERSION, *parts),
            token=self.account.token,
            visible=visible,
            reference=reference,
            params={**(params or {}), **self._proof()},
            **request,
        )
        spoken = answer.headers.get("facebook-api-version", settings.GRAPH_API_VERSION)
        if spoken != settings.GRAPH_API_VERSION:
            log.warning("%s answers by version %s of the API", self.platform, spoken[:20])
        return answer

    def _proof(self) -> dict[str, str]:
        """That we who hold the token are its app (1.4)."""
        secret = settings.PLATFORM_APPS.get(self.platform, {}).get("secret", "")
        return proof_of(self.account.token, secret)


def proof_of(token: str, secret: str) -> dict[str, str]:
    if not secret:
        return {}
    digest = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
    return {"appsecret_proof": digest}


class PostConnector(GraphConnector):
    """What Facebook and Instagram share beyond WhatsApp: posts that can be read back."""

    callback_object: ClassVar[str]
    inbox: ClassVar[str]  # the name of its messages in the list of conversations

    def about(
        self, method: str, *parts: str, reference: str = "", **request: Any
    ) -> dict[str, Any]:
        """A call about something that was published; Refused("post_gone") if it is not there."""
        try:
            return self.graph(method, *parts, reference=reference, **request)
        except ConnectionRefused as error:
            if error.code != "account_not_found":
                raise
            raise Refused("post_gone", detail=error.detail, status=error.status) from None

    def delete(self, target: str, reference: str) -> None:
        """What is gone already is deleted."""
        try:
            self.about("DELETE", target, reference=reference, visible=True)
        except Refused as error:
            if error.code != "post_gone":
                raise

    # --- reading back -----------------------------------------------------------------------------

    def read_metrics(self, post: Published) -> dict[str, int]:
        """One name that was retired fails the whole call: then each is asked for alone (2.6)."""
        names = settings.METRICS.get(self.platform, {})
        if not names:
            return {}
        try:
            told = self._insights(post.platform_id, ",".join(names.values()))
        except ConnectionRefused:
            raise
        except Refused as error:
            if error.code == "post_gone":
                raise
            told = self._one_by_one(post.platform_id, list(names.values()))
        return {ours: told[theirs] for ours, theirs in names.items() if theirs in told}

    def _one_by_one(self, post_id: str, names: list[str]) -> dict[str, int]:
        told: dict[str, int] = {}
        for name in names:
            try:
                told |= self._insights(post_id, name)
            except ConnectionRefused:
                raise
            except Refused as error:
                log.info("%s does not tell %s: %s", self.platform, name, error.code)
        return told

    def _insights(self, post_id: str, names: str) -> dict[str, int]:
        answer = self.about("GET", post_id, "insights", params={"metric": names})
        told = {}
        for row in rows_at(answer, "data"):
            value = dig(row, "values", 0, "value")
            number = _total(dig(row, "total_value", "value") if value is None else value)
            if number is not None:
                told[text_at(row, "name")] = number
        return told

    def read_conversations(
        self, *, since: datetime | None = None, after: str = ""
    ) -> Page[Comment]:
        fields = "id,updated_time,messages.limit(1){id,message,from,created_time}"
        rows, following = self.listed(
            self.account.external_id,
            "conversations",
            after=after,
            params={"platform": self.inbox, "fields": fields},
        )
        found = []
        for row in rows:
            for message in rows_at(row, "messages", "data")[:1]:
                found.append(self._message(message, identifier_at(row, "id")))
        fresh = newer(found, since)
        return Page(fresh, following if len(fresh) == len(found) else "")

    def read_conversation(self, conversation_id: str, *, after: str = "") -> Page[Comment]:
        rows, following = self.listed(
            conversation_id,
            "messages",
            after=after,
            params={"fields": "id,message,from,to,created_time"},
        )
        return Page(tuple(self._message(row, self._with(row)) for row in rows), following)

    def _with(self, row: Mapping[str, Any]) -> str:
        """The exchange by the person in it, as callbacks name it: they know no other id."""
        author = identifier_at(row, "from", "id")
        is_own = author == self.account.external_id
        return f"person:{identifier_at(row, 'to', 'data', 0, 'id') if is_own else author}"

    def _message(self, row: Mapping[str, Any], conversation_id: str) -> Comment:
        author = identifier_at(row, "from", "id")
        return Comment(
            identifier_at(row, "id"),
            text_at(row, "message"),
            moment(text_at(row, "created_time")),
            author_id=author,
            author_name=text_at(row, "from", "name") or text_at(row, "from", "username"),
            conversation_id=conversation_id,
            is_own=author == self.account.external_id,
        )

    def listed(
        self, *parts: str, after: str = "", limit: int = MOST_ROWS, params: Mapping[str, Any]
    ) -> tuple[list[dict[str, Any]], str]:
        """One page of a list, and where the next one starts: `next` itself has the token (1.8)."""
        asked = {**params, "limit": limit, **({"after": after} if after else {})}
        answer = self.about("GET", *parts, params=asked)
        cursor = text_at(answer, "paging", "cursors", "after")
        following = cursor if text_at(answer, "paging", "next") and cursor != after else ""
        return [row for row in rows_at(answer, "data") if identifier_at(row, "id")], following

    # --- what it sends to us ----------------------------------------------------------------------

    @classmethod
    def told(cls, body: bytes) -> Iterator[Told]:
        """Changes stand in a list or, by Instagram's own login, in the entry itself (3.7)."""
        try:
            event = json.loads(body)
        except (ValueError, RecursionError):
            return
        known = text_at(event, "object") == cls.callback_object
        for entry in rows_at(event, "entry"):
            account = identifier_at(entry, "id")
            at = clock(entry.get("time"))
            flat = [entry] if "field" in entry else []
            for change in [*rows_at(entry, "changes"), *flat]:
                value = dig(change, "value")
                told = None
                if known and isinstance(value, dict):
                    told = cls.told_change(text_at(change, "field"), value, account, at)
                yield told or _other(change, account, at)
            for message in rows_at(entry, "messaging"):
                yield _told_message(message, account) if known else _other(message, account, at)

    @classmethod
    def told_change(
        cls, field: str, value: Mapping[str, Any], account: str, at: datetime | None
    ) -> Told | None:
        """None for a change that is not known."""
        raise NotImplementedError


def _told_message(message: Mapping[str, Any], account: str) -> Told:
    at = clock(message.get("timestamp"))
    mid = text_at(message, "message", "mid")
    if not mid:
        return _other(message, account, at)
    return Told(f"message:{mid}", "message", message, account=account, at=at)


def _other(item: Mapping[str, Any], account: str, at: datetime | None) -> Told:
    digest = hashlib.sha256(json.dumps(item, sort_keys=True).encode()).hexdigest()
    return Told(f"other:{digest}", "other", item, account=account, at=at)


def clock(stamp: Any) -> datetime | None:
    """Unix time as a callback has it: seconds, but milliseconds in messages (2.7)."""
    number = number_at([stamp], 0)
    if number > 10**11:
        number //= 1000
    try:
        return datetime.fromtimestamp(number, UTC) if number > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def moment(text: str) -> datetime | None:
    """2026-11-23T09:15:00+0000, as the Graph API writes times (1.8)."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return None


def newer(found: list[Comment], since: datetime | None) -> tuple[Comment, ...]:
    return tuple(one for one in found if since is None or one.at is None or one.at >= since)


def _total(value: Any) -> int | None:
    """A number, or the sum of an object's numbers: reactions by kind (2.6)."""
    parts = list(value.values()) if isinstance(value, dict) else [value]
    numbers = [part for part in parts if isinstance(part, int) and not isinstance(part, bool)]
    return sum(numbers) if numbers else None


def _wait(answer: Answer, problem: str) -> int:
    """Seconds until it makes sense to call again."""
    return DAILY_WAIT if problem == "daily_limit" else _announced_wait(answer.headers)


def _announced_wait(headers: Mapping[str, str]) -> int:
    """Seconds until calls are taken again, from X-Business-Use-Case-Usage (minutes, 1.7)."""
    businesses = _usage(headers, "x-business-use-case-usage")
    minutes = [
        number_at(row, "estimated_time_to_regain_access")
        for business in businesses
        for row in rows_at(businesses, business)
    ]
    return min(max([0, *minutes]) * 60, 86_400) or DEFAULT_WAIT


def _usage(headers: Mapping[str, str], name: str) -> Mapping[str, Any]:
    try:
        usage = json.loads(headers.get(name, "{}"))
    except (ValueError, RecursionError):
        return {}
    return usage if isinstance(usage, dict) else {}


def _percent(usage: Mapping[str, Any]) -> int:
    return max(number_at(usage, name) for name in ("call_count", "total_time", "total_cputime"))


def _pace(per: str, percent: int, wait: int) -> Pace:
    slow = SLOW_PACE[per]
    return Pace(per, slow, slow, slow if percent < CLOSED_FROM else 0, wait)
