"""Web, worker and rehearsal as real processes, with data and ports of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import requests
from django.conf import settings
from honcho.environ import parse_procfile

START_SECONDS = 120
STOP_SECONDS = 20


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def parents() -> dict[int, int]:
    """Each running process and its parent, read from /proc; zombies are left out."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(") ")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        if state != "Z":
            found[int(folder.name)] = int(parent)
    return found


def descendants(pid: int) -> set[int]:
    above = parents()
    found, heads = set(), {pid}
    while heads:
        heads = {child for child, parent in above.items() if parent in heads} - found
        found |= heads
    return found


def alive(pids: set[int]) -> set[int]:
    return pids & set(parents())


def wait_until(condition: Callable[[], bool], process: subprocess.Popen, log: Path) -> None:
    """Until the condition holds; the test fails if the process ends first or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        try:
            code = process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            code = None
        if code is not None or time.monotonic() > deadline:
            what = "took too long" if code is None else f"ended with {code}"
            raise AssertionError(f"{process.args} {what}:\n{log.read_text()[-4000:]}")


def answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).status_code == requests.codes.ok
    except requests.RequestException:
        return False


@dataclass
class Stack:
    var_dir: Path
    database_url: str = ""
    redis_url: str = ""
    port: int = field(default_factory=free_port)
    rehearsal_port: int = field(default_factory=free_port)
    worker: subprocess.Popen | None = None
    sessions: dict[str, Any] = field(default_factory=dict)  # the cookie of each who signed in

    @property
    def portal(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def rehearsal(self) -> str:
        return f"http://127.0.0.1:{self.rehearsal_port}"

    @property
    def log(self) -> Path:
        """What web, worker and rehearsal wrote."""
        return self.var_dir / "stack.log"

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "portal.settings.local",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "VAR_DIR": str(self.var_dir),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "PORT": str(self.port),
            "REHEARSAL_PORT": str(self.rehearsal_port),
            # Impatient, so that tests of lost workers and unclear answers end soon.
            "DELIVERY_LEASE_SECONDS": "12",
            "FIND_AFTER_SECONDS": "1,2,4",
            "WORKERS": "5",
            "PUBLISHERS": "1",
        }

    def launch(self, command: str) -> subprocess.Popen:
        """In a process group of its own, so that signals reach all of it and nothing else."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"],
                cwd=settings.BASE_DIR,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def manage(self, *arguments: str) -> str:
        """Run a management command on the stack's own data; what it printed."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def start_worker(self) -> None:
        procfile = (settings.BASE_DIR / "Procfile").read_text()
        command = parse_procfile(procfile).processes["worker"].removeprefix("exec ")
        self.worker = self.launch(command)
        wait_until(lambda: answers(f"{self.portal}/readyz"), self.worker, self.log)

    def kill_worker(self) -> None:
        """SIGKILL to the worker and everything it started, as a power cut would."""
        assert self.worker is not None
        os.killpg(self.worker.pid, signal.SIGKILL)
        self.worker.wait(STOP_SECONDS)
        self.worker = None

    def stop_worker(self) -> None:
        if self.worker is not None:
            self.worker.terminate()
            self.worker.wait(STOP_SECONDS)
            self.worker = None


@contextmanager
def running_stack(stack: Stack) -> Iterator[Stack]:
    stack.var_dir.mkdir(parents=True, exist_ok=True)
    web = stack.launch("python manage.py start web rehearsal")
    try:
        wait_until(lambda: answers(f"{stack.portal}/healthz"), web, stack.log)
        wait_until(lambda: answers(f"{stack.rehearsal}/"), web, stack.log)
        stack.start_worker()
        yield stack
    finally:
        below = descendants(web.pid)
        stack.stop_worker()
        web.send_signal(signal.SIGINT)
        code = web.wait(STOP_SECONDS)
    assert code == 0, stack.log.read_text()[-4000:]
    assert not alive(below)


@contextmanager
def own_database(name: str) -> Iterator[str]:
    """The address of a new, empty PostgreSQL database where DATABASE_URL names a server."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield ""
        return
    connection = psycopg2.connect(server)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        connection.close()


def own_redis(number: int) -> str:
    """A Redis database that the rest of the suite does not use, where REDIS_URL names a server."""
    server = os.environ.get("REDIS_URL", "")
    return urlsplit(server)._replace(path=f"/{number}").geturl() if server else ""
