"""Signs of life of the processes that publish, in the database: losing Redis hides nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from portal.web.health import NotReady

from . import clock
from .models import Publisher

ALIVE_FOR = timedelta(seconds=10)  # after its last beat; a publisher beats every second
FORGOTTEN_AFTER = timedelta(days=1)


def beat(name: str, in_flight: int) -> None:
    """Call it every second. `name` is host:pid; who takes up an old name begins anew."""
    now = clock.now()
    mine = Publisher.objects.filter(name=name, seen_at__gt=now - ALIVE_FOR)
    if mine.update(seen_at=now, in_flight=in_flight):
        return
    born = {"started_at": now, "seen_at": now, "in_flight": in_flight, "version": settings.VERSION}
    Publisher.objects.update_or_create(name=name, defaults=born)
    Publisher.objects.filter(seen_at__lt=now - FORGOTTEN_AFTER).delete()


def ended(name: str) -> None:
    """It stops of its own accord, so nobody has to miss it."""
    Publisher.objects.filter(name=name).delete()


def alive(at: datetime) -> QuerySet[Publisher]:
    return Publisher.objects.filter(seen_at__gt=at - ALIVE_FOR)


def check_publishers() -> None:
    """Of /readyz (READY_CHECKS)."""
    if not alive(clock.now()).exists():
        raise NotReady("no publisher has shown a sign of life")
