"""A publisher: one process that claims what is due, calls the platforms with many threads, and
sweeps. Any number of them may run, on any number of hosts; they need nothing but the database.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from . import clock, pulse, sending
from .claiming import claim_next
from .gate import Gate
from .ledger import Ledger
from .models import Delivery, DeliveryQuerySet
from .sending import WORKER, Job

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.2  # until the database is asked again where there was nothing to do
SWEEP_SECONDS = 1.0
EXPIRE_EVERY = 5  # sweeps
READERS = 8  # threads that look at platforms, and connections for threads that publish
AHEAD = 3  # batches claimed on a platform whose deliveries take less than
QUICK_SECONDS = 1.0
CLAIM_AT_MOST = 300  # in one transaction


class Publisher:
    """`run` until it is told to stop; then what was claimed is brought to its end."""

    def __init__(self) -> None:
        self._at_once = settings.PUBLISH_AT_ONCE
        self._gate = Gate()
        self._ledger = Ledger(self._gate)
        self._callers = {
            platform: ThreadPoolExecutor(self._at_once, thread_name_prefix=platform)
            for platform in settings.CONNECTORS
        }
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._turns = threading.BoundedSemaphore(READERS)
        self._under_way: Counter[str] = Counter()
        self._seconds = dict.fromkeys(self._callers, 0.0)  # that a delivery takes of late
        self._being_read: set[int] = set()
        self._counting = threading.Lock()
        self._wanted = threading.Event()  # a platform's threads are about to run out of work
        self._idle_until = dict.fromkeys(self._callers, 0.0)  # where nothing more was due

    def run(self, stopped: threading.Event) -> None:
        self._ledger.start()
        sweeper = threading.Thread(target=self._sweep, args=(stopped,), name="sweeper")
        sweeper.start()
        while not stopped.is_set():
            self._wanted.clear()
            if not self._publish_next():
                self._wanted.wait(IDLE_SECONDS)
        for callers in self._callers.values():
            callers.shutdown()
        self._readers.shutdown()
        sweeper.join()
        self._ledger.close()
        pulse.ended(WORKER)
        connection.close()

    @property
    def in_flight(self) -> int:
        return sum(self._under_way.values())

    # --- publishing -------------------------------------------------------------------------------

    def _publish_next(self) -> bool:
        """Give every platform's threads something to do; False where there was nothing."""
        close_old_connections()
        try:
            if not self.in_flight and not Delivery.objects.due(clock.now()).exists():
                return False
            filled = [self._fill(platform) for platform in self._callers]
            return any(filled)
        except (DatabaseError, InterfaceError) as error:
            # It is away or busy; the rows are still there a moment later.
            log.warning("publisher: %s", error)
            connection.close()
            return False

    def wanted_by(self, platform: str) -> int:
        """How many to claim now. Where calls are quick two batches wait behind the one under way,
        so that no thread waits for the database; where they are slow none, so that what is urgent
        waits behind nothing.
        """
        ahead = AHEAD if self._seconds[platform] < QUICK_SECONDS else 1
        wanted = ahead * self._at_once - self._under_way[platform]
        worth_it = max((ahead - 1) * self._at_once, self._at_once // 4)
        return min(wanted, CLAIM_AT_MOST) if wanted >= worth_it else 0

    def _fill(self, platform: str) -> bool:
        limit = self.wanted_by(platform)
        if not limit or time.monotonic() < self._idle_until[platform]:
            return False
        is_due = Delivery.objects.due(clock.now()).filter(platform=platform).exists()
        claimed = claim_next(platform, limit=limit, worker=WORKER) if is_due else []
        if len(claimed) < limit:
            self._idle_until[platform] = time.monotonic() + IDLE_SECONDS
        for job in sending.prepare(claimed, self._gate):
            with self._counting:
                self._under_way[platform] += 1
            self._callers[platform].submit(self._perform, platform, job)
        return bool(claimed)

    def _perform(self, platform: str, job: Job) -> None:
        begun = time.monotonic()
        with sending.about_delivery(job.delivery):
            try:
                sending.perform(job, self._ledger, self._turn)
            except Exception:
                # Its lease ends and the sweep decides: what was armed is looked for.
                log.exception("delivery %s was left to the sweep", job.delivery.pk)
            finally:
                self.ended(platform, time.monotonic() - begun)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """A thread that publishes has no connection to the database but for a moment."""
        with self._turns:
            try:
                yield
            finally:
                connection.close()

    def ended(self, platform: str, seconds: float) -> None:
        with self._counting:
            wanted_before = self.wanted_by(platform)
            self._under_way[platform] -= 1
            self._seconds[platform] += (seconds - self._seconds[platform]) / 16
            if not wanted_before and self.wanted_by(platform):
                self._wanted.set()

    # --- beside it --------------------------------------------------------------------------------

    def _sweep(self, stopped: threading.Event) -> None:
        for beat in itertools.count():
            if stopped.wait(SWEEP_SECONDS):
                break
            close_old_connections()
            try:
                pulse.beat(WORKER, self.in_flight)
                sending.sweep()
                if beat % EXPIRE_EVERY == 0:
                    sending.expire()
                now = clock.now()
                self._read(Delivery.objects.to_look_for(now), sending.look)
                self._read(Delivery.objects.to_follow(now), sending.follow)
            except (DatabaseError, InterfaceError) as error:
                log.warning("sweep: %s", error)
                connection.close()
        connection.close()

    def _read(self, due: DeliveryQuerySet, read: Callable[[int], None]) -> None:
        """Look at what is unclear or still processed; the readers wake up at most once for each."""
        free = 2 * READERS - len(self._being_read)
        if free < 1:
            return
        ids = due.exclude(pk__in=self._being_read).order_by("next_try_at")
        for pk in ids.values_list("pk", flat=True)[:free]:
            self._being_read.add(pk)
            self._readers.submit(self._read_one, pk, read)

    def _read_one(self, pk: int, read: Callable[[int], None]) -> None:
        try:
            read(pk)
        except Exception:
            log.exception("delivery %s could not be looked at", pk)
        finally:
            connection.close()
            self._being_read.discard(pk)
