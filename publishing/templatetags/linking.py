"""How a handle is linked, for its page."""

from __future__ import annotations

from typing import Any

from django import template

from departments.models import Handle, Way
from departments.states import HANDLE_MOVES, HandleState
from publishing.connectors import consent_for
from publishing.connectors.consent import TypedAccess
from publishing.models import Delivery
from publishing.states import OPEN

register = template.Library()
SHOWN = 20


@register.simple_tag
def linking_of(handle: Handle) -> dict[str, Any]:
    consent = consent_for(handle.platform)
    is_by_hand = handle.way == Way.ASSISTED
    return {
        "may_connect": consent is not None and HandleState.CONNECTED in HANDLE_MOVES[handle.state],
        "may_go_by_hand": HandleState.CONNECTED in HANDLE_MOVES[handle.state]
        and not (is_by_hand and handle.state == HandleState.CONNECTED),
        "is_typed": isinstance(consent, TypedAccess),
        "is_by_hand": is_by_hand,
        "is_again": handle.state in (HandleState.CONNECTED, HandleState.ATTENTION)
        and not is_by_hand,
        "without": handle.facts.get("without", ()),
        "is_deaf": handle.facts.get("listens") is False,
        "account_name": handle.facts.get("name", ""),
        "too_late": _after_the_end(handle),
    }


def _after_the_end(handle: Handle) -> list[Delivery]:
    """Planned for a time at which nothing opens the handle any more."""
    if handle.access_until is None:
        return []
    late = Delivery.objects.filter(
        handle=handle, state__in=OPEN, message__not_before__gte=handle.access_until
    )
    return list(late.select_related("message").order_by("message__not_before")[:SHOWN])
