"""When to try again, and when to stop: a table and a pure function, tested without a queue."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from .connectors.errors import (
    AlreadyPublished,
    ConnectionRefused,
    ConnectorError,
    NeedsOfficer,
    NotSent,
    RateLimited,
    Refused,
    Unknown,
)
from .states import DeliveryState, Outcome

# Seconds before the second, third ... try of what was surely not sent.
WAITS: tuple[int, ...] = tuple(settings.RETRY_AFTER_SECONDS)
LONGEST_WAIT = 24 * 3600  # a person may be written to again after a day (4.4, 131049)
# Seconds between looks at a post that the platform still processes (Y2.2), then every ten minutes.
FOLLOWS = (20, 40, 60, 120, 300, 600)
FOLLOW_LONGEST = 24 * 3600
# Unclear so often, although each time the platform shows nothing: a person looks (sheets 2.5, X5).
UNCLEAR_TRIES = 3


@dataclass(frozen=True)
class Verdict:
    """What becomes of the delivery: its next state, and in how many seconds to look again."""

    outcome: str
    state: str
    wait: int | None = None
    handle_needs_attention: bool = False


def judge(
    error: ConnectorError, attempts_made: int, looks: tuple[int, ...], *, repeatable: bool = False
) -> Verdict:
    """`attempts_made` counts this one; `looks` are the pauses before reading the platform.

    What is `repeatable` (a correction, a take-down, a repost) does no harm when done twice.
    """
    if isinstance(error, NeedsOfficer):
        return Verdict(Outcome.HELD_BACK, DeliveryState.ASSISTED)
    if repeatable and isinstance(error, Unknown):
        return _again(Outcome.UNKNOWN, error, attempts_made)
    if isinstance(error, Unknown | AlreadyPublished):
        # "Already there" says that an earlier try worked: read it back, never send again.
        return Verdict(Outcome.UNKNOWN, DeliveryState.UNKNOWN, looks[0])
    if isinstance(error, ConnectionRefused):
        return Verdict(Outcome.REFUSED, DeliveryState.FAILED, handle_needs_attention=True)
    if isinstance(error, Refused):
        return Verdict(Outcome.REFUSED, DeliveryState.FAILED)
    if isinstance(error, NotSent):
        return _again(Outcome.NOT_SENT, error, attempts_made)
    raise TypeError(error)


def _again(outcome: str, error: ConnectorError, attempts_made: int) -> Verdict:
    wait = _wait(error, attempts_made)
    state = DeliveryState.FAILED if wait is None else DeliveryState.WAITING
    return Verdict(outcome, state, wait)


def _wait(error: ConnectorError, attempts_made: int) -> int | None:
    """Seconds; None when it was tried often enough. A limit delays and never uses up tries."""
    if isinstance(error, RateLimited):
        return min(error.retry_after or WAITS[min(attempts_made, len(WAITS)) - 1], LONGEST_WAIT)
    if attempts_made > len(WAITS):
        return None
    return WAITS[attempts_made - 1]
