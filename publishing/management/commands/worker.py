"""The background worker: publishers, each a process of its own, and beside them django-q2's cluster
for media, reading back and housekeeping, so that none of that ever holds up publishing.

Any number of these may run, on any number of hosts.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections
from django.utils.module_loading import import_string
from django_q.cluster import Cluster

PULSE_SECONDS = 1.0


class Command(BaseCommand):
    help = "Publish what is due, and do the work beside it."

    def handle(self, *args: Any, **options: Any) -> None:
        stopped = threading.Event()
        publishers = [_publisher() for _ in range(settings.PUBLISHERS)]
        cluster = Cluster()
        cluster.start()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        try:
            for beat in itertools.count():
                if stopped.wait(PULSE_SECONDS):
                    break
                if not cluster.sentinel.is_alive():
                    raise CommandError("The task cluster has died; start the worker again.")
                publishers = [self._running(publisher) for publisher in publishers]
                self._pulse(beat)
        finally:  # whatever happened: a worker that is half there is never started again
            for publisher in publishers:
                publisher.terminate()
            cluster.stop()
            for publisher in publishers:
                publisher.wait()

    def _running(self, publisher: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        if (code := publisher.poll()) is None:
            return publisher
        self.stderr.write(f"a publisher ended with {code}; starting another")
        return _publisher()

    def _pulse(self, beat: int) -> None:
        close_old_connections()
        for chore, every in settings.WORKER_CHORES.items():
            if beat % every == 0:
                self._do(chore)

    def _do(self, chore: str) -> None:
        """The database or Redis may be away: what is to be done is still there a moment later."""
        try:
            import_string(chore)()
        except Exception as error:  # noqa: BLE001 - no chore may end the publishers
            self.stderr.write(f"{chore}: {type(error).__name__}: {error}")


def _publisher() -> subprocess.Popen[bytes]:
    """It ends by itself when this process is gone."""
    command = [sys.executable, sys.argv[0], "publisher", "--parent", str(os.getpid())]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own command
