"""What every page of the desk says while publishing is stopped."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest

from . import access, clock
from .models import Scope, Stop
from .topics import names_of


def stops(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `stops_in_force`, those that concern this officer; one query."""
    match = request.resolver_match
    if match is None or "desk" not in match.namespaces or not request.user.is_authenticated:
        return {}
    return {"stops_in_force": named(access.visible_stops(request.user).in_force(clock.now()))}


def named(stops: Iterable[Stop]) -> list[Stop]:
    """With `about`: what each of them stops, in words; what stops everything comes first."""
    found = sorted(stops, key=lambda stop: stop.scope != Scope.EVERYTHING)
    topics = names_of(stop.topic for stop in found if stop.topic)
    for stop in found:
        stop.about = _about(stop, topics)
    return found


def _about(stop: Stop, topics: dict[str, str]) -> str:
    if stop.platform:
        return str(stop.get_platform_display())
    if stop.topic:
        return topics.get(stop.topic, stop.topic)
    return str(stop.department or stop.message or stop.get_scope_display())
