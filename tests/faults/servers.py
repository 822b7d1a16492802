"""Servers of this run's own, which may be flushed, restarted and taken away."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from tests.stack import free_port

START_SECONDS = 30


@dataclass
class Postgres:
    folder: Path
    programs: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def control(self, *arguments: str) -> None:
        options = f"-p {self.port} -k {self.folder} -c max_connections=200"
        command = [self.programs / "pg_ctl", "-D", self.folder / "data", "-w", "-o", options]
        log = ["-l", self.folder / "log"]
        _as_nobody_special([*map(str, command), *map(str, log), *arguments])

    def restart(self, *, crash: bool) -> None:
        """`crash`: without a word to anybody, as after a power cut."""
        self.control("-m", "immediate" if crash else "fast", "restart")


@contextmanager
def own_postgres(folder: Path) -> Iterator[Postgres]:
    programs = _programs()
    server = Postgres(folder, programs, free_port())
    folder.mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    initialise = [programs / "initdb", "-A", "trust", "-U", "postgres", "-D", folder / "data"]
    _as_nobody_special(list(map(str, initialise)))
    server.control("start")
    try:
        yield server
    finally:
        server.control("-m", "immediate", "stop")


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if not found:
        raise SystemExit("PostgreSQL's server is needed. On Debian: apt install postgresql")
    return found[-1].parent


def _as_nobody_special(command: list[str]) -> None:
    """PostgreSQL refuses to run as root."""
    user = pwd.getpwnam("postgres").pw_uid if os.geteuid() == 0 else None
    subprocess.run(command, check=True, user=user, cwd="/", stdout=subprocess.DEVNULL)


@dataclass
class Redis:
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [
            "redis-server",
            "--port",
            str(self.port),
            "--save",
            "",
            "--dir",
            str(self.folder),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                raise SystemExit("Redis does not answer.")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            return bool(redis.Redis.from_url(self.url).ping())
        except redis.ConnectionError:
            return False

    def flush(self) -> None:
        redis.Redis.from_url(self.url).flushall()

    def take_away(self, seconds: float) -> None:
        self.kill()
        time.sleep(seconds)
        self.start()

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()


@contextmanager
def own_redis(folder: Path) -> Iterator[Redis]:
    if not shutil.which("redis-server"):
        raise SystemExit("Redis is needed. On Debian: apt install redis-server")
    server = Redis(folder, free_port())
    server.start()
    try:
        yield server
    finally:
        server.kill()
