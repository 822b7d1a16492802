"""The desk's menu: what this officer may see, with what waits for them."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from departments import access as departments_access
from publishing import access as publishing_access
from schemes.access import queue_of, steps_of

from . import access
from .states import ConversationState

MOST_COUNTED = 99
COUNTED_FOR = 15  # seconds


def desk(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `desk_nav`, a list of name, label, url, count; `desk_charge`."""
    match = request.resolver_match
    if match is None or "desk" not in match.namespaces:
        return {}
    if not departments_access.is_officer(request.user):
        return {}
    charges = departments_access.charges_of(request.user)
    return {"desk_nav": _entries(request.user), "desk_charge": charges[0]}


def _entries(user: Any) -> list[dict[str, Any]]:
    entries: list[tuple[str, Any, int | None]] = [("home", _("My desk"), None)]
    if steps_of(user):
        entries.append(("queue", _("Waiting for me"), queue_of(user).count()))
    messages, tasks = _waiting(user)
    entries += [
        ("inbox", _("Inbox"), messages),
        ("cases", _("Cases"), None),
        ("directives", _("Directives"), tasks or None),
        ("coverage", _("Coverage"), None),
        ("reaction", _("Public reaction"), None),
        ("posts", _("Posts"), None),
        ("schemes", _("Schemes"), None),
        ("media", _("Photos and videos"), None),
        ("handles", _("Handles"), None),
        ("limits", _("Limits and costs"), None),
        ("stops", _("Stops"), None),
        ("departments", _("Departments"), None),
    ]
    if publishing_access.can_watch(user):
        entries.append(("operations", _("How publishing stands"), None))
    if departments_access.can_manage_people(user):
        entries.append(("people", _("Officers"), None))
    if departments_access.can_read_audit(user):
        entries.append(("audit", _("Audit trail"), None))
    return [
        {"name": f"desk:{name}", "label": label, "url": reverse(f"desk:{name}"), "count": count}
        for name, label, count in entries
    ]


def _waiting(user: Any) -> tuple[int, int]:
    """Messages and directives that wait: on every page of the desk, so counted now and then."""
    key = f"engagement.waiting:{user.pk}"
    known: tuple[int, int] | None = cache.get(key)
    if known is None:
        messages = access.inbox_of(user).filter(state=ConversationState.WAITING)
        known = messages.order_by()[:MOST_COUNTED].count(), access.open_tasks(user).count()
        cache.set(key, known, COUNTED_FOR)
    return known
