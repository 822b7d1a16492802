"""Where a conversation and a case can be, and the only moves there are (standards.md 13.2)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ConversationState(models.TextChoices):
    WAITING = "waiting", _("Waits for an answer")
    ANSWERED = "answered", _("Answered")
    DONE = "done", _("Put away")


class CaseState(models.TextChoices):
    SUBMITTED = "submitted", _("Received")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    ASSIGNED = "assigned", _("Assigned")
    IN_PROGRESS = "in_progress", _("Being worked on")
    NEED_INFO = "need_info", _("Waits for your information")
    TRANSFERRED = "transferred", _("Passed to another department")
    INTERIM_REPLY = "interim_reply", _("Interim reply given")
    RESOLVED = "resolved", _("Resolved")
    FEEDBACK = "feedback", _("Your opinion received")
    REOPENED = "reopened", _("Reopened")
    APPEAL = "appeal", _("Appeal")
    APPEAL_DECIDED = "appeal_decided", _("Appeal decided")
    CLOSED = "closed", _("Closed")
    REJECTED = "rejected", _("Not taken up")
    DUPLICATE = "duplicate", _("Joined with another problem")
    WITHDRAWN = "withdrawn", _("Withdrawn by the citizen")


S = CaseState
_LEAVES = frozenset({S.DUPLICATE, S.WITHDRAWN, S.REJECTED})

# "Not ours" is no way to end a case: it is passed on, and its clock runs on.
MOVES: dict[str, frozenset[str]] = {
    S.SUBMITTED: frozenset({S.ACKNOWLEDGED}),
    S.ACKNOWLEDGED: frozenset({S.ASSIGNED, S.TRANSFERRED}) | _LEAVES,
    S.ASSIGNED: frozenset({S.ASSIGNED, S.IN_PROGRESS, S.NEED_INFO, S.TRANSFERRED}) | _LEAVES,
    S.IN_PROGRESS: frozenset({S.ASSIGNED, S.NEED_INFO, S.TRANSFERRED, S.INTERIM_REPLY, S.RESOLVED})
    | _LEAVES,
    S.NEED_INFO: frozenset({S.IN_PROGRESS, S.WITHDRAWN}),
    S.TRANSFERRED: frozenset({S.ASSIGNED, S.TRANSFERRED}) | _LEAVES,
    S.INTERIM_REPLY: frozenset(
        {S.ASSIGNED, S.NEED_INFO, S.TRANSFERRED, S.INTERIM_REPLY, S.RESOLVED}
    )
    | _LEAVES,
    S.RESOLVED: frozenset({S.FEEDBACK, S.REOPENED, S.CLOSED}),
    S.FEEDBACK: frozenset({S.CLOSED, S.REOPENED}),
    S.REOPENED: frozenset({S.ASSIGNED, S.IN_PROGRESS, S.TRANSFERRED}),
    S.APPEAL: frozenset({S.APPEAL_DECIDED}),
    S.APPEAL_DECIDED: frozenset({S.ASSIGNED, S.CLOSED}),
    S.CLOSED: frozenset({S.REOPENED, S.APPEAL}),
    S.REJECTED: frozenset({S.APPEAL}),
    S.DUPLICATE: frozenset(),
    S.WITHDRAWN: frozenset(),
}

# Somebody in an office still has something to do, and the clock runs (need_info stops it).
OPEN = frozenset(
    {
        *(S.SUBMITTED, S.ACKNOWLEDGED, S.ASSIGNED, S.IN_PROGRESS, S.NEED_INFO, S.TRANSFERRED),
        *(S.INTERIM_REPLY, S.REOPENED, S.APPEAL),
    }
)
TICKING = OPEN - {S.NEED_INFO}
# An officer works on it.
AT_WORK = frozenset({S.ASSIGNED, S.IN_PROGRESS, S.INTERIM_REPLY})
# Waits for somebody to be named.
UNASSIGNED = frozenset({S.ACKNOWLEDGED, S.TRANSFERRED, S.REOPENED})


class ReplyState(models.TextChoices):
    WRITTEN = "written", _("Waits for approval")
    RETURNED = "returned", _("Returned")
    APPROVED = "approved", _("Handed over for sending")


REPLY_MOVES: dict[str, frozenset[str]] = {
    ReplyState.WRITTEN: frozenset({ReplyState.APPROVED, ReplyState.RETURNED}),
    ReplyState.RETURNED: frozenset(),
    ReplyState.APPROVED: frozenset(),
}


# --- directives ----------------------------------------------------------------------------------


class TaskState(models.TextChoices):
    """How far a department is with a directive."""

    ISSUED = "issued", _("Not seen yet")
    SEEN = "seen", _("Seen")
    ACCEPTED = "accepted", _("Accepted")
    DONE = "done", _("Done")
    DECLINED = "declined", _("Declined")


TASK_MOVES: dict[str, frozenset[str]] = {
    TaskState.ISSUED: frozenset({TaskState.SEEN}),
    TaskState.SEEN: frozenset({TaskState.ACCEPTED, TaskState.DONE, TaskState.DECLINED}),
    TaskState.ACCEPTED: frozenset({TaskState.DONE, TaskState.DECLINED}),
    TaskState.DONE: frozenset({TaskState.ACCEPTED}),  # the proof did not show it
    TaskState.DECLINED: frozenset({TaskState.ACCEPTED}),
}
