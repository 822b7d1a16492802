"""What an answer of X means: its errors in every shape, and its limits (X3.2, X4)."""

from __future__ import annotations

import time
from typing import Any, NoReturn

from .errors import (
    AlreadyPublished,
    ConnectionRefused,
    ConnectorError,
    ContentRefused,
    RateLimited,
    Refused,
)
from .http import Answer, number_at, rows_at, text_at

DEFAULT_WAIT = 60

# (status, sign in the answer, meaning); the first line that fits decides (X4.2). A status of 0 is
# any. Signs are words of the answer, the last part of a problem's type, or an older code.
REFUSALS: tuple[tuple[int, str, tuple[type[ConnectorError], str]], ...] = (
    (0, "code:88;", (RateLimited, "rate_limited")),
    (0, "code:89;", (ConnectionRefused, "reconnect")),
    (403, "duplicate content", (AlreadyPublished, "already_published")),
    (403, "code:187;", (AlreadyPublished, "already_published")),
    (403, "already retweeted", (AlreadyPublished, "already_published")),
    (403, "code:327;", (AlreadyPublished, "already_published")),
    (403, "unsupported-authentication", (ConnectionRefused, "app_not_allowed")),
    (403, "oauth1-permissions", (ConnectionRefused, "app_not_allowed")),
    (403, "client-forbidden", (ConnectionRefused, "app_not_allowed")),
    (403, "suspended", (ConnectionRefused, "account_restricted")),
    (403, "locked", (ConnectionRefused, "account_restricted")),
    (403, "code:326;", (ConnectionRefused, "account_restricted")),
    (403, "automated", (ConnectionRefused, "account_restricted")),
    (403, "spam", (ConnectionRefused, "account_restricted")),
    (403, "code:226;", (ConnectionRefused, "account_restricted")),
    (403, "reply to this conversation", (Refused, "reply_not_allowed")),
    (403, "only reply to or quote", (Refused, "reply_not_allowed")),
    (403, "not been mentioned", (Refused, "reply_not_allowed")),
    (403, "not mentioned", (Refused, "reply_not_allowed")),
    (403, "video longer", (ContentRefused, "video_refused")),
    (403, "too long", (ContentRefused, "text_refused_length")),
    (403, "code:186;", (ContentRefused, "text_refused_length")),
    (403, "invalid url", (ContentRefused, "link_refused")),
    (403, "malware", (ContentRefused, "link_refused")),
    (403, "not permitted", (Refused, "action_not_permitted")),
    (400, "too long", (ContentRefused, "text_refused_length")),
    (400, "media ids are invalid", (ContentRefused, "photo_refused")),
    (400, "", (ContentRefused, "content_refused")),
    (401, "", (ConnectionRefused, "reconnect")),
    (402, "", (ConnectionRefused, "credits_used_up")),
    (404, "", (Refused, "post_gone")),
    (429, "usage-capped", (ConnectionRefused, "credits_used_up")),
    (429, "usagecapexceeded", (ConnectionRefused, "credits_used_up")),
    (429, "spend cap", (ConnectionRefused, "credits_used_up")),
    (429, "", (RateLimited, "rate_limited")),
)
# What a problem inside an answer of 200 stands for, where it does not say (X4.1 E).
STATUS_OF_TYPES = {
    "resource-not-found": 404,
    "resource-unavailable": 404,
    "not-authorized-for-resource": 403,
    "user-suspended": 403,
    "usage-capped": 429,
}


def understood(answer: Answer) -> dict[str, Any]:
    """What the answer says, or the error it stands for."""
    data = answer.data()
    if answer.status >= 300:
        _fail(answer, data, answer.status)
    if not data:
        raise answer.unclear("unreadable_answer")
    problems = rows_at(data, "errors")
    if problems and not answer.visible and "data" not in data:
        _fail(answer, data, _status_of(problems[0]))
    return data


def _fail(answer: Answer, data: dict[str, Any], status: int) -> NoReturn:
    if status >= 500 or (not data and status != 429):
        raise answer.unclear("platform_failing")
    said = _signs(data)
    for expected, sign, (kind, problem) in REFUSALS:
        if expected in (0, status) and sign in said:
            wait = _wait(answer) if kind is RateLimited else None
            raise kind(problem, detail=answer.detail, status=status, retry_after=wait)
    raise Refused(detail=answer.detail, status=status)


def _signs(data: dict[str, Any]) -> str:
    """What an answer says of itself, in any shape (X4.1); nothing that it repeats of ours."""
    rows = [data, *rows_at(data, "errors")]
    keys = ("title", "detail", "message", "reason", "error", "error_description")
    signs = [text_at(row, key) for row in rows for key in keys]
    signs += [text_at(row, "type").rpartition("/")[2] for row in rows]
    signs += [f"code:{number_at(row, 'code')};" for row in rows]
    return " ".join(signs).lower()


def _status_of(problem: dict[str, Any]) -> int:
    suffix = text_at(problem, "type").rpartition("/")[2]
    return number_at(problem, "status") or STATUS_OF_TYPES.get(suffix, 500)


def _wait(answer: Answer) -> int:
    """Seconds until the window opens again; a used-up day counts before the 15 minutes (X3.2)."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    for limit in ("x-user-limit-24hour", "x-app-limit-24hour", "x-rate-limit"):
        reset = number_at(headers, f"{limit}-reset")
        if reset and number_at(headers, f"{limit}-remaining") == 0:
            return int(min(max(reset - time.time() + 1, 1), 86_400))
    return DEFAULT_WAIT
