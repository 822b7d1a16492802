"""/healthz: this process answers. /readyz: and so does everything it needs."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils.crypto import get_random_string
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_q.status import Stat
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


class NotReady(Exception):
    """One of the parts does not answer."""


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """503 until every part answers. Says which, never why: that is for the log."""
    others = {name: import_string(place) for name, place in settings.READY_CHECKS.items()}
    parts = {name: _state(name, ask) for name, ask in {**PARTS, **others}.items()}
    is_ready = set(parts.values()) == {"ok"}
    body = {"status": "ok" if is_ready else "unavailable", "parts": parts}
    return JsonResponse(body, status=200 if is_ready else 503)


def _state(name: str, ask: Callable[[], None]) -> str:
    try:
        ask()
    except (NotReady, DatabaseError, RedisError, OSError) as fault:
        log.warning("readyz: %s does not answer: %s", name, fault)
        return "unavailable"
    return "ok"


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_cache() -> None:
    key, word = f"readyz:{get_random_string(12)}", get_random_string(12)
    cache.set(key, word, timeout=10)
    if cache.get(key) != word:
        raise NotReady("a value written is not read back")
    cache.delete(key)


def _ask_worker() -> None:
    """A worker renews its mark every half second; the mark lasts three."""
    if not Stat.get_all():
        raise NotReady("no worker has left a mark")


PARTS = {"database": _ask_database, "cache": _ask_cache, "worker": _ask_worker}
