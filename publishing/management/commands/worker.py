"""The background worker: django-q2's cluster, and beside it the pulse that wakes what is due.

django-q2's own scheduler looks twice a minute; an announcement for ten o'clock should not wait
for that, nor a delivery whose worker died. Any number of these may run, on any number of hosts.
"""

from __future__ import annotations

import itertools
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections
from django.utils.module_loading import import_string
from django_q.cluster import Cluster

from publishing.sending import sweep

PULSE_SECONDS = 1.0


class Command(BaseCommand):
    help = "Publish what is due: run the task cluster and wake deliveries in time."

    def handle(self, *args: Any, **options: Any) -> None:
        stopped = threading.Event()
        cluster = Cluster()
        cluster.start()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        for beat in itertools.count():
            if stopped.wait(PULSE_SECONDS):
                break
            if not cluster.sentinel.is_alive():
                raise CommandError("The task cluster has died; start the worker again.")
            self._pulse(beat)
        cluster.stop()

    def _pulse(self, beat: int) -> None:
        close_old_connections()
        try:
            sweep()
            for chore, every in settings.WORKER_CHORES.items():
                if beat % every == 0:
                    import_string(chore)()
        except DatabaseError as error:
            # The database is away or locked; the rows are still there a second later.
            self.stderr.write(f"pulse: {error}")
