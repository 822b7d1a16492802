"""The approval tables, move by move (design.md 5): a row that changes must change here too."""

import itertools
from datetime import UTC, datetime

import pytest

from schemes.workflow import (
    KIND_ROUTES,
    MOVES,
    ROUTES,
    STEPS,
    Move,
    PostKind,
    PostState,
    Route,
    allows,
    due,
    next_state,
    route_allowed,
)

CLIMB = {
    "routine": ["draft", "with_department", "with_deputy_director", "approved"],
    "policy": [
        "draft",
        "with_department",
        "with_deputy_director",
        "with_joint_director",
        "with_director",
        "approved",
    ],
}
ALLOWED = {
    "submit": {"draft"},
    "approve": {
        "with_department",
        "with_deputy_director",
        "with_joint_director",
        "with_director",
    },
    "return": {
        "with_department",
        "with_deputy_director",
        "with_joint_director",
        "with_director",
    },
    "reopen": {"returned"},
    "withdraw": {
        "draft",
        "with_department",
        "with_deputy_director",
        "with_joint_director",
        "with_director",
        "returned",
        "approved",
    },
    "release": {"approved"},
}


@pytest.mark.parametrize(("move", "state"), list(itertools.product(Move.values, PostState.values)))
def test_a_move_starts_only_where_the_table_says(move, state):
    assert allows(move, state) == (state in ALLOWED[move])


@pytest.mark.parametrize("route", Route.values)
def test_a_post_climbs_its_route_step_by_step(route):
    state, climbed = next_state(Move.SUBMIT, "draft", route), ["draft"]
    while state != "approved":
        climbed.append(state)
        state = next_state(Move.APPROVE, state, route)
    assert [*climbed, state] == CLIMB[route]


def test_a_wrong_move_is_an_error():
    with pytest.raises(KeyError):
        next_state(Move.APPROVE, PostState.DRAFT, Route.ROUTINE)


def test_nothing_leaves_released_or_withdrawn():
    assert not any({PostState.RELEASED, PostState.WITHDRAWN} & starts for starts in MOVES.values())


def test_every_route_has_two_approvals_at_least():
    """M7."""
    assert all(len(steps) >= 2 for steps in ROUTES.values())
    assert all(set(steps) <= set(STEPS) for steps in ROUTES.values())


def test_every_kind_has_a_route_and_may_take_the_longer_one():
    assert set(KIND_ROUTES) == set(PostKind.values)
    assert all(route_allowed(kind, Route.POLICY) for kind in PostKind.values)


def test_an_advisory_may_not_take_the_short_route():
    assert not route_allowed(PostKind.ADVISORY, Route.ROUTINE)


def test_a_step_is_late_after_working_days_only():
    friday = datetime(2026, 11, 27, 6, tzinfo=UTC)
    assert due(friday, STEPS["with_department"]) == datetime(2026, 11, 30, 6, tzinfo=UTC)
