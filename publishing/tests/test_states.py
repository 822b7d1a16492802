"""The moves of a delivery, one by one: what is not in this table does not exist (design.md 5)."""

import itertools

import pytest

from publishing.states import MOVES, OPEN, RECALLABLE, DeliveryState

ALLOWED = {
    ("queued", "sending"),
    ("queued", "cancelled"),
    ("queued", "expired"),
    ("queued", "failed"),
    ("sending", "processing"),
    ("sending", "sent"),
    ("sending", "waiting"),
    ("sending", "unknown"),
    ("sending", "queued"),
    ("sending", "failed"),
    ("sending", "cancelled"),
    ("sending", "expired"),
    ("waiting", "queued"),
    ("waiting", "cancelled"),
    ("waiting", "expired"),
    ("processing", "sent"),
    ("processing", "failed"),
    ("processing", "unknown"),
    ("unknown", "sent"),
    ("unknown", "queued"),
    ("unknown", "failed"),
    ("unknown", "expired"),
    ("unknown", "processing"),
    ("failed", "queued"),
    ("failed", "assisted"),
    ("expired", "queued"),
    ("queued", "assisted"),
    ("sending", "assisted"),
    ("waiting", "assisted"),
    ("assisted", "sent"),
    ("assisted", "failed"),
    ("assisted", "cancelled"),
    ("assisted", "expired"),
    ("assisted", "queued"),
    ("sent", "edited"),
    ("sent", "removed"),
}


@pytest.mark.parametrize("move", list(itertools.product(DeliveryState.values, repeat=2)))
def test_only_the_moves_of_the_table_exist(move):
    old, new = move
    assert (new in MOVES[old]) == (move in ALLOWED)


def test_what_may_have_left_is_never_sent_again_by_itself():
    """From unknown, sending is reached through queued only, after the platform was read."""
    assert DeliveryState.SENDING not in MOVES[DeliveryState.UNKNOWN]
    assert DeliveryState.UNKNOWN not in RECALLABLE


def test_endings_are_closed():
    assert {state for state in DeliveryState if state not in OPEN} == {
        "sent",
        "edited",
        "removed",
        "failed",
        "cancelled",
        "expired",
    }
