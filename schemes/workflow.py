"""How a post climbs: steps, routes and moves, as data (design.md 5).

Labels of states, queue pages and buttons all come from these tables. Access to a step is in
access.py; what happens at a move is in actions.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from departments.roles import Role


class PostState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    WITH_DEPARTMENT = "with_department", _("With the head of department")
    WITH_DEPUTY_DIRECTOR = "with_deputy_director", _("With the Deputy Director")
    WITH_JOINT_DIRECTOR = "with_joint_director", _("With the Joint Director")
    WITH_DIRECTOR = "with_director", _("With the Director")
    APPROVED = "approved", _("Approved")
    RELEASED = "released", _("Released")
    RETURNED = "returned", _("Returned")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class PostKind(models.TextChoices):
    SCHEME_INFORMATION = "scheme_information", _("Scheme information")
    PROGRESS_UPDATE = "progress_update", _("Progress update")
    NOTABLE_WORK = "notable_work", _("Notable work")
    BENEFICIARY_STORY = "beneficiary_story", _("Beneficiary story")
    ADVISORY = "advisory", _("Advisory")
    EVENT = "event", _("Event")


class Route(models.TextChoices):
    ROUTINE = "routine", _("Routine")
    POLICY = "policy", _("Policy")


@dataclass(frozen=True)
class Step:
    """A stage of approval. `working_days` is when the queue begins to call it late."""

    state: str
    role: str
    title: Promise
    working_days: int = 1


STEPS: dict[str, Step] = {
    step.state: step
    for step in (
        Step(PostState.WITH_DEPARTMENT, Role.DEPARTMENT_HEAD, _("Head of department")),
        Step(PostState.WITH_DEPUTY_DIRECTOR, Role.DEPUTY_DIRECTOR, _("Deputy Director")),
        Step(PostState.WITH_JOINT_DIRECTOR, Role.JOINT_DIRECTOR, _("Joint Director")),
        Step(PostState.WITH_DIRECTOR, Role.DIRECTOR, _("Director of Information")),
    )
}

# Two approvals at the least before anything is public (M7).
ROUTES: dict[str, tuple[str, ...]] = {
    Route.ROUTINE: (PostState.WITH_DEPARTMENT, PostState.WITH_DEPUTY_DIRECTOR),
    Route.POLICY: tuple(STEPS),
}

# The shortest route each kind may take; an officer may choose a longer one, never a shorter.
KIND_ROUTES: dict[str, str] = {
    PostKind.SCHEME_INFORMATION: Route.ROUTINE,
    PostKind.PROGRESS_UPDATE: Route.ROUTINE,
    PostKind.NOTABLE_WORK: Route.ROUTINE,
    PostKind.EVENT: Route.ROUTINE,
    PostKind.BENEFICIARY_STORY: Route.POLICY,
    PostKind.ADVISORY: Route.POLICY,
}


# Who speaks through the handles of other departments is heard by every step.
CAMPAIGN_ROUTE = Route.POLICY


class Move(models.TextChoices):
    """What can be done to a post's state."""

    SUBMIT = "submit", _("Submit")
    APPROVE = "approve", _("Approve")
    RETURN = "return", _("Return")
    REOPEN = "reopen", _("Take up again")
    WITHDRAW = "withdraw", _("Withdraw")
    RELEASE = "release", _("Release")


_WITHDRAWABLE = (PostState.DRAFT, *STEPS, PostState.RETURNED, PostState.APPROVED)

# The same, as history tells it.
DONE = {
    Move.SUBMIT: _("Submitted"),
    Move.APPROVE: _("Approved"),
    Move.RETURN: _("Returned"),
    Move.REOPEN: _("Taken up again"),
    Move.WITHDRAW: _("Withdrawn"),
    Move.RELEASE: _("Released"),
}

# move -> states it may start from
MOVES: dict[str, frozenset[str]] = {
    Move.SUBMIT: frozenset({PostState.DRAFT}),
    Move.APPROVE: frozenset(STEPS),
    Move.RETURN: frozenset(STEPS),
    Move.REOPEN: frozenset({PostState.RETURNED}),
    Move.WITHDRAW: frozenset(_WITHDRAWABLE),
    Move.RELEASE: frozenset({PostState.APPROVED}),
}

EDITABLE = frozenset({PostState.DRAFT})
SEALED = frozenset({PostState.APPROVED, PostState.RELEASED})


def allows(move: str, state: str) -> bool:
    return state in MOVES[move]


def next_state(move: str, state: str, route: str) -> str:
    """Where the move leads. Raises KeyError if it may not start from this state."""
    if not allows(move, state):
        raise KeyError((move, state))
    steps = ROUTES[route]
    if move == Move.APPROVE:
        place = steps.index(state)
        return steps[place + 1] if place + 1 < len(steps) else PostState.APPROVED
    return {
        Move.SUBMIT: steps[0],
        Move.RETURN: PostState.RETURNED,
        Move.REOPEN: PostState.DRAFT,
        Move.WITHDRAW: PostState.WITHDRAWN,
        Move.RELEASE: PostState.RELEASED,
    }[Move(move)]


def route_allowed(kind: str, route: str) -> bool:
    return len(ROUTES[route]) >= len(ROUTES[KIND_ROUTES[kind]])


def due(since: datetime, step: Step) -> datetime:
    """Until when the step should have decided: working days, Saturdays and Sundays left out."""
    days, moment = step.working_days, since
    while days:
        moment += timedelta(days=1)
        days -= moment.weekday() < 5
    return moment
