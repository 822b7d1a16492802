"""What an answer of X means: its errors in every shape, and its limits (X3.2, X4)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NoReturn

from .base import Pace
from .errors import (
    AlreadyPublished,
    AppLimited,
    ConnectionRefused,
    ConnectorError,
    ContentRefused,
    RateLimited,
    Refused,
)
from .http import Answer, number_at, rows_at, text_at

DEFAULT_WAIT = 60
# Whose limit, the beginning of its headers, its window in seconds; the longer ones first (X3.2).
WINDOWS = (
    ("handle", "x-user-limit-24hour", 86_400),
    ("app", "x-app-limit-24hour", 86_400),
    ("handle", "x-rate-limit", 900),
)

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
            limited = AppLimited if kind is RateLimited and _is_apps(answer) else kind
            raise limited(problem, detail=answer.detail, status=status, retry_after=wait)
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
    for _per, limit, _seconds in WINDOWS:
        if number_at(headers, f"{limit}-reset") and number_at(headers, f"{limit}-remaining") == 0:
            return _until_reset(headers, limit)
    return DEFAULT_WAIT


def _is_apps(answer: Answer) -> bool:
    """The day of the whole app is used up, not that of one account."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    used_up = [per for per, limit, _ in WINDOWS if headers.get(f"{limit}-remaining") == "0"]
    return used_up[:1] == ["app"]


def _until_reset(headers: Mapping[str, str], limit: str) -> int:
    reset = number_at(headers, f"{limit}-reset")
    return int(min(max(reset - time.time() + 1, 1), 86_400))


def paces(headers: Mapping[str, str]) -> tuple[Pace, ...]:
    """Once less than a fifth of a window is left (X3.2)."""
    return tuple(
        Pace(per, capacity, capacity / seconds, left, _until_reset(headers, limit))
        for per, limit, seconds in WINDOWS
        if (capacity := number_at(headers, f"{limit}-limit"))
        and f"{limit}-remaining" in headers
        and (left := number_at(headers, f"{limit}-remaining")) * 5 < capacity
    )
