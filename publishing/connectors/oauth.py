"""OAuth 2 as X and Google speak it: what a token endpoint answers, and what its refusals mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone

from .errors import ConnectionRefused, RateLimited
from .http import Answer, needed, number_at, text_at


@dataclass(frozen=True)
class Tokens:
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    until: datetime | None
    scopes: frozenset[str]


# `error` of a token endpoint (RFC 6749, 5.2): what only the administrator can mend.
OF_THE_APP = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type"})


def tokens_of(answer: Answer) -> Tokens:
    """ConnectionRefused: the code or the refresh token is not accepted, or no longer (X1.4, Y1)."""
    data = answer.data()
    error = text_at(data, "error")
    if error in OF_THE_APP:
        raise ConnectionRefused("app_not_allowed", detail=answer.detail, status=answer.status)
    if answer.status == 429:
        raise RateLimited(detail=answer.detail, status=answer.status)
    if answer.status in (400, 401, 403):
        raise ConnectionRefused("reconnect", detail=answer.detail, status=answer.status)
    if answer.status != 200 or error:
        raise answer.unclear("platform_failing")
    if not text_at(data, "access_token"):
        raise answer.unclear("unreadable_answer")
    return Tokens(
        needed(text_at(data, "access_token")),
        text_at(data, "refresh_token"),
        moment_in(number_at(data, "expires_in")),
        frozenset(text_at(data, "scope").split()),
    )


def moment_in(seconds: int) -> datetime | None:
    """None for no time at all, and for a time that cannot be meant."""
    if not 0 < seconds < 10 * 366 * 86_400:
        return None
    return timezone.now() + timedelta(seconds=seconds)
