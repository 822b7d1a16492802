"""Meta's Graph API: what Facebook, Instagram and WhatsApp share (answers, errors, limits)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn

from django.conf import settings

from .base import Connector
from .errors import (
    AlreadyPublished,
    ConnectionRefused,
    ConnectorError,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from .http import Answer, dig, number_at, path, rows_at

Meaning = tuple[type[ConnectorError], str]
# Keys are (code, subcode); a subcode of 0 stands for all others. `Unknown` means: the platform may
# have carried the call out, unless the call could not have made anything visible.
Table = Mapping[tuple[int, int], Meaning]

COMMON: Table = {
    (1, 0): (Unknown, "platform_failing"),
    (2, 0): (Unknown, "platform_failing"),
    (3, 0): (ConnectionRefused, "permission_missing"),
    (4, 0): (RateLimited, "rate_limited"),
    (10, 0): (ConnectionRefused, "permission_missing"),
    (17, 0): (RateLimited, "rate_limited"),
    (32, 0): (RateLimited, "rate_limited"),
    (100, 0): (Refused, "refused"),
    (100, 33): (ConnectionRefused, "account_not_found"),
    (102, 0): (ConnectionRefused, "reconnect"),
    (104, 0): (ConnectionRefused, "permission_missing"),
    (190, 0): (ConnectionRefused, "reconnect"),
    (190, 459): (ConnectionRefused, "account_restricted"),
    (341, 0): (RateLimited, "rate_limited"),
    (368, 0): (ConnectionRefused, "account_restricted"),
    (368, 1390008): (RateLimited, "rate_limited"),
    (506, 0): (AlreadyPublished, "already_published"),
    (613, 0): (RateLimited, "rate_limited"),
}
DEFAULT_WAIT = 60  # seconds, where a limit does not say how long (1.7)


class GraphAnswers:
    """Errors are decided by code and subcode, never by HTTP status or wording (1.6)."""

    own_errors: ClassVar[Table] = {}

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
        wait = _announced_wait(answer) if issubclass(kind, RateLimited) else None
        raise kind(problem, detail=answer.detail, status=answer.status, retry_after=wait)

    def meaning(self, code: int, subcode: int, status: int) -> Meaning:
        if code == 0 and status < 400:
            return Unknown, "platform_failing"
        for table in (self.own_errors, COMMON):
            for key in ((code, subcode), (code, 0)):
                if key in table:
                    return table[key]
        if 200 <= code <= 299:
            return ConnectionRefused, "permission_missing"
        if 80_000 <= code <= 80_014 or status == 429:
            return RateLimited, "rate_limited"
        if status >= 500:
            return Unknown, "platform_failing"
        return (ConnectionRefused, "reconnect") if status == 401 else (Refused, "refused")

    def error_told(self, error: Mapping[str, Any]) -> ConnectorError:
        """The error for one that came later, in a callback: by then nothing is unclear."""
        kind, problem = self.meaning(number_at(error, "code"), 0, 0)
        if kind is Unknown:
            return Unavailable("platform_failing", detail=json.dumps(error)[:500])
        return kind(problem, detail=json.dumps(error)[:500])


class GraphConnector(GraphAnswers, Connector):
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
        answer = self.http.call(
            method,
            path(settings.GRAPH_API_VERSION, *parts),
            token=self.account.token,
            visible=visible,
            reference=reference,
            **request,
        )
        return self.understood(answer)


def _announced_wait(answer: Answer) -> int:
    """Seconds until calls are taken again, from X-Business-Use-Case-Usage (minutes, 1.7)."""
    try:
        usage = json.loads(answer.headers.get("X-Business-Use-Case-Usage", "{}"))
    except (ValueError, RecursionError):
        return DEFAULT_WAIT
    businesses = usage if isinstance(usage, dict) else {}
    minutes = [
        number_at(row, "estimated_time_to_regain_access")
        for business in businesses
        for row in rows_at(businesses, business)
    ]
    return min(max([0, *minutes]) * 60, 86_400) or DEFAULT_WAIT
