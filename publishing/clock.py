"""What time it is for deliveries: the database's time, because the hosts' clocks may differ."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

ASKED_EVERY = 10.0  # seconds; in between this machine's steady clock is added

_asked: list[tuple[float, datetime]] = []  # when, by the steady clock, and the answer


def now() -> datetime:
    """With SQLite all processes share this machine and its clock."""
    if connection.vendor != "postgresql":
        return timezone.now()
    steady = time.monotonic()
    if not _asked or steady - _asked[0][0] > ASKED_EVERY:
        _asked[:] = [(steady, _database_time())]
    since, told = _asked[0]
    return told + timedelta(seconds=steady - since)


def _database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (found,) = cursor.fetchone()
    return found
