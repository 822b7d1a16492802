"""What a publisher's threads have to write, committed by one thread, many entries at a time.

A thread that tells something goes on when it is durable. So there is one transaction for dozens of
deliveries, and one connection to the database for hundreds of threads.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)

from . import actions
from .connectors.base import Receipt
from .gate import Gate
from .models import Attempt, Delivery
from .retry import Verdict
from .traffic import Told

log = logging.getLogger(__name__)

AT_ONCE = 200  # entries of one transaction
LINGER = 0.01  # seconds that the first of a batch waits for others: a transaction costs far more
PATIENCE = 60  # seconds that an entry waits for a database that is away
PAUSE = 0.5  # seconds until the database is tried again
Troubles = Sequence[Exception | None]
All = Callable[[list[Any]], Troubles]


@dataclass
class Entry:
    """Something to write: with `write_all`, which takes many such, or on its own."""

    told: Any
    write_all: All
    done: Future[float] = field(default_factory=Future)  # when its transaction was begun
    since: float = field(default_factory=time.monotonic)


class Ledger:
    """Used like `actions` by many threads at once, between `start` and `close`."""

    def __init__(self, gate: Gate) -> None:
        self._arm_all = partial(actions.arm_all, gate=gate)
        self._waiting: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._lessons: deque[Told] = deque()
        self._writer = threading.Thread(target=self._write, name="ledger", daemon=True)

    def start(self) -> None:
        self._writer.start()

    def close(self) -> None:
        """Once everything told so far is written."""
        self._waiting.put(None)
        self._writer.join()

    # --- what threads tell ------------------------------------------------------------------------

    def arm(self, delivery: Delivery, attempt: Attempt, *, is_checked: bool) -> float:
        return self._tell((delivery, attempt, is_checked), self._arm_all)

    def keep(self, delivery: Delivery, values: Mapping[str, str]) -> None:
        self._tell((delivery, values), actions.keep_all)

    def accept(self, delivery: Delivery, attempt: Attempt, receipt: Receipt) -> None:
        self._tell((delivery, attempt, receipt), actions.accept_all)

    def hold_back(self, delivery: Delivery, attempt: Attempt, *, state: str, problem: str) -> None:
        self._tell(
            lambda: actions.hold_back(delivery, attempt, state=state, problem=problem), _one_by_one
        )

    def settle(
        self,
        delivery: Delivery,
        attempt: Attempt,
        verdict: Verdict,
        *,
        problem: str,
        status: int | None = None,
        detail: str = "",
    ) -> None:
        self._tell(
            lambda: actions.settle(
                delivery, attempt, verdict, problem=problem, status=status, detail=detail
            ),
            _one_by_one,
        )

    def teach(self, told: Told) -> None:
        """Nobody waits for it: it is written with what is told next."""
        self._lessons.append(told)

    def _tell(self, told: Any, write_all: All) -> float:
        entry = Entry(told, write_all)
        self._waiting.put(entry)
        return entry.done.result()

    # --- the writer -------------------------------------------------------------------------------

    def _write(self) -> None:
        open_ = True
        while open_:
            batch = self._next_batch()
            open_ = batch[-1] is not None
            if entries := [entry for entry in batch if entry]:
                self._commit(entries + self._learned())
        connection.close()

    def _next_batch(self) -> list[Entry | None]:
        """None at the end of it: there will be no more."""
        batch = [self._waiting.get()]
        time.sleep(LINGER)
        while len(batch) < AT_ONCE and batch[-1] and not self._waiting.empty():
            batch.append(self._waiting.get())
        return batch

    def _learned(self) -> list[Entry]:
        told = [self._lessons.popleft() for _ in range(len(self._lessons))]
        return [Entry(told, _teach)] if told else []

    def _commit(self, entries: list[Entry]) -> None:
        """Together; if that fails, each on its own, so that one bad entry spoils nothing."""
        close_old_connections()
        begun = time.monotonic()
        try:
            with transaction.atomic():
                results = _written(entries)
        except Exception as error:  # noqa: BLE001 - given to the threads that told
            if len(entries) > 1 and not isinstance(error, OperationalError | InterfaceError):
                log.warning("ledger: %s; writing %d entries singly", error, len(entries))
            self._commit_again(entries, error)
            return
        for entry, trouble in results:
            _answer(entry, trouble or begun)

    def _commit_again(self, entries: list[Entry], error: Exception) -> None:
        if len(entries) > 1:
            for entry in entries:
                self._commit([entry])
            return
        (entry,) = entries
        waits = isinstance(error, OperationalError | InterfaceError)
        if waits and time.monotonic() - entry.since < PATIENCE:
            # The database is away or busy, and what a platform answered must not be forgotten.
            log.warning("ledger: the database does not answer: %s", error)
            connection.close()
            time.sleep(PAUSE)
            self._commit(entries)
        else:
            _answer(entry, error)


def _written(entries: list[Entry]) -> list[tuple[Entry, Exception | None]]:
    by_kind: dict[All, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_kind[entry.write_all].append(entry)
    return [
        pair
        for write_all, alike in by_kind.items()
        for pair in zip(alike, write_all([entry.told for entry in alike]), strict=True)
    ]


def _one_by_one(calls: list[Callable[[], None]]) -> Troubles:
    """Each in a savepoint: what it raises undoes nothing of the others."""
    return [_trouble_of(call) for call in calls]


def _trouble_of(call: Callable[[], None]) -> Exception | None:
    try:
        with transaction.atomic():
            call()
    except DatabaseError:
        raise
    except Exception as trouble:  # noqa: BLE001 - given to the thread that told it
        return trouble
    return None


def _teach(lessons: list[list[Told]]) -> Troubles:
    for told in lessons:
        actions.teach_all(told)
    return [None] * len(lessons)


def _answer(entry: Entry, outcome: Exception | float) -> None:
    if isinstance(outcome, Exception):
        entry.done.set_exception(outcome)
    else:
        entry.done.set_result(outcome)
