"""Where a delivery can be, and the only moves there are (design.md 5).

The same table is a constraint in the database for the states, and the one place that
actions ask before they move anything.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class DeliveryState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Being sent")
    WAITING = "waiting", _("Waiting to try again")
    PROCESSING = "processing", _("Platform is processing")
    UNKNOWN = "unknown", _("Outcome unclear, being checked")
    ASSISTED = "assisted", _("Waits for an officer to post it")
    SENT = "sent", _("Published")
    EDITED = "edited", _("Corrected")
    REMOVED = "removed", _("Taken down")
    FAILED = "failed", _("Not published")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Too late, not published")


S = DeliveryState

MOVES: dict[str, frozenset[str]] = {
    S.QUEUED: frozenset({S.SENDING, S.CANCELLED, S.EXPIRED, S.FAILED, S.ASSISTED}),
    S.SENDING: frozenset({S.PROCESSING, S.SENT, S.WAITING, S.UNKNOWN, S.QUEUED, S.FAILED,
                          S.CANCELLED, S.EXPIRED, S.ASSISTED}),
    S.WAITING: frozenset({S.QUEUED, S.CANCELLED, S.EXPIRED, S.ASSISTED}),
    S.PROCESSING: frozenset({S.SENT, S.FAILED, S.UNKNOWN}),
    S.UNKNOWN: frozenset({S.SENT, S.QUEUED, S.FAILED, S.EXPIRED, S.PROCESSING}),
    S.ASSISTED: frozenset({S.SENT, S.FAILED, S.CANCELLED, S.EXPIRED, S.QUEUED}),
    S.SENT: frozenset({S.EDITED, S.REMOVED}),
    S.EDITED: frozenset(),
    S.REMOVED: frozenset(),
    S.FAILED: frozenset({S.QUEUED, S.ASSISTED}),
    S.CANCELLED: frozenset(),
    S.EXPIRED: frozenset({S.QUEUED}),
}  # fmt: skip

# Nothing has left yet, so the delivery can still be taken back.
RECALLABLE = frozenset({S.QUEUED, S.WAITING, S.ASSISTED})
# A worker, a timer or an officer still has something to do.
OPEN = frozenset({S.QUEUED, S.SENDING, S.WAITING, S.PROCESSING, S.UNKNOWN, S.ASSISTED})


class Rank(models.IntegerChoices):
    """Which deliveries go first."""

    TAKE_DOWN = 0, _("Take-down")
    URGENT = 1, _("Urgent")
    ROUTINE = 2, _("Routine")
    BULK = 3, _("Campaign")


class Outcome(models.TextChoices):
    """How one attempt ended."""

    ACCEPTED = "accepted", _("Accepted")
    REFUSED = "refused", _("Refused")
    NOT_SENT = "not_sent", _("Not sent")
    UNKNOWN = "unknown", _("Unclear")
    HELD_BACK = "held_back", _("Held back by the portal")
