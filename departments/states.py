"""Where a handle can be, and the only moves there are (design.md 5)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class HandleState(models.TextChoices):
    REGISTERED = "registered", _("Registered")
    CONNECTED = "connected", _("Connected")
    ATTENTION = "attention", _("Needs attention")
    DISCONNECTED = "disconnected", _("Disconnected")
    CLOSED = "closed", _("Closed")


HANDLE_MOVES: dict[str, frozenset[str]] = {
    HandleState.REGISTERED: frozenset({HandleState.CONNECTED, HandleState.CLOSED}),
    HandleState.CONNECTED: frozenset(
        {HandleState.CONNECTED, HandleState.ATTENTION, HandleState.DISCONNECTED}
    ),
    HandleState.ATTENTION: frozenset({HandleState.CONNECTED, HandleState.DISCONNECTED}),
    HandleState.DISCONNECTED: frozenset({HandleState.CONNECTED, HandleState.CLOSED}),
    HandleState.CLOSED: frozenset(),
}
