"""What becomes of a delivery after each kind of failure (design.md 4, 6)."""

import pytest

from publishing.connectors.errors import (
    AlreadyPublished,
    ConnectionRefused,
    ContentRefused,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from publishing.retry import LONGEST_WAIT, WAITS, judge

LOOKS = (15, 45)


@pytest.mark.parametrize(
    ("error", "state", "wait"),
    [
        (Refused(), "failed", None),
        (ContentRefused(), "failed", None),
        (ConnectionRefused(), "failed", None),
        (AlreadyPublished(), "unknown", 15),
        (Unknown(), "unknown", 15),
        (Unavailable(), "waiting", WAITS[0]),
        (RateLimited(), "waiting", WAITS[0]),
        (RateLimited(retry_after=900), "waiting", 900),
        (RateLimited(retry_after=10**9), "waiting", LONGEST_WAIT),
    ],
)
def test_first_failure(error, state, wait):
    verdict = judge(error, 1, LOOKS)
    assert (verdict.state, verdict.wait) == (state, wait)


def test_only_a_refused_connection_marks_the_handle():
    marked = [
        error
        for error in (Refused(), ConnectionRefused(), Unknown(), Unavailable(), RateLimited())
        if judge(error, 1, LOOKS).handle_needs_attention
    ]
    assert [type(error) for error in marked] == [ConnectionRefused]


@pytest.mark.parametrize("made", range(1, len(WAITS) + 1))
def test_waits_grow(made):
    assert judge(Unavailable(), made, LOOKS).wait == WAITS[made - 1]


def test_after_the_last_wait_it_fails():
    assert judge(Unavailable(), len(WAITS) + 1, LOOKS).state == "failed"


def test_a_limit_delays_and_never_fails():
    verdict = judge(RateLimited(), 1000, LOOKS)
    assert (verdict.state, verdict.wait) == ("waiting", WAITS[-1])
