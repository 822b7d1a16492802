"""Machines that publish: groups of real processes, killed again and again and started anew."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

STEPS = ("claimed", "kept", "armed", "answered", "stored")
PROJECT = Path(__file__).parents[2]


def deaths_planned(number: int) -> Iterator[str]:
    """At every step in turn, sometimes early and sometimes late in a process's life."""
    times = itertools.cycle((1, 2, 4, 1, 3, 9, 20))
    steps = itertools.cycle(STEPS)
    return (f"{step}:{when}" for step, when, _ in zip(steps, times, range(number), strict=False))


@dataclass
class Host:
    """So many publishers of its own, with an environment of its own."""

    environment: dict[str, str]
    deaths: Iterator[str]
    publishers: int = 1
    clock: Sequence[str] = ()  # a command before theirs: faketime
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def tend(self) -> None:
        """What died is started again, as `manage.py worker` does."""
        self.running = [one for one in self.running if one.poll() is None]
        while len(self.running) < self.publishers:
            self.running.append(self._start(next(self.deaths, "")))

    def _start(self, dies_at: str) -> subprocess.Popen[bytes]:
        with open(self.environment["FAULTS_LOG"], "ab") as log:
            return subprocess.Popen(
                [*self.clock, sys.executable, "manage.py", "publisher"],
                cwd=PROJECT,
                env={**self.environment, "FAULTS_DIE_AT": dies_at},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def freeze(self) -> None:
        """SIGSTOP, as when a virtual machine is moved: it wakes up after its leases ended."""
        for one in self.running:
            _signal(one, signal.SIGSTOP)

    def thaw(self) -> None:
        for one in self.running:
            _signal(one, signal.SIGCONT)

    def stop(self) -> None:
        for one in self.running:
            _signal(one, signal.SIGCONT)
            _signal(one, signal.SIGTERM)
        for one in self.running:
            try:
                one.wait(40)
            except subprocess.TimeoutExpired:
                _signal(one, signal.SIGKILL)
                one.wait()


def deaths_by_step(file: Path) -> Counter[str]:
    return Counter(file.read_text().split()) if file.exists() else Counter()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError):  # it died by itself
        os.killpg(process.pid, number)
