"""Databases, stand-ins and deliveries of the benchmarks."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import psycopg2  # type: ignore[import-untyped]

PROJECT = Path(__file__).parents[1]
TEXT = "जनपद लखनऊ में वृद्धावस्था पेंशन हेतु विशेष शिविर 25 नवम्बर को।"
OFFICER = "officer@example.com"
PATIENCE = 60  # seconds until the first post, and between two looks at the last one, at most


@contextmanager
def own_database(asked: str) -> Iterator[str]:
    """The address of a new database: on the PostgreSQL that is named, or of SQLite in a file."""
    if not asked:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/benchmark.sqlite3"
        return
    name = f"benchmark_{os.getpid()}"
    server = psycopg2.connect(asked)
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(asked)._replace(path=f"/{name}"))
        finally:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    server.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class StandIn:
    """The platform's stand-in, in a process of its own."""

    def __init__(self, hold_ms: int) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, str(PROJECT / "benchmarks/stand_in.py"), str(port), str(hold_ms)]
        self.process = subprocess.Popen(command)  # noqa: S603 - our own program
        time.sleep(0.5)

    def posts(self) -> dict[str, int]:
        with urlopen(f"{self.url}/count") as answer:  # noqa: S310 - loopback
            return dict(json.load(answer))

    def reset(self) -> None:
        urlopen(f"{self.url}/reset").close()  # noqa: S310 - loopback

    def seconds_each(self, number: int) -> float:
        """Once they come, until as many posts are there."""
        at_first = at_last = time.perf_counter()
        first = last = 0
        while last < number:
            now, there = time.perf_counter(), self.posts()["posts"]
            if there and not first:
                first, at_first = there, now
            if there > last:
                last, at_last = there, now
            if now - at_last > PATIENCE:
                raise SystemExit(f"Only {last} of {number} posts arrived.")
            time.sleep(0.02)
        return (at_last - at_first) / max(last - first, 1)


@contextmanager
def stand_in(hold_ms: int = 0) -> Iterator[StandIn]:
    running = StandIn(hold_ms)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()


@contextmanager
def publishers(number: int) -> Iterator[None]:
    """Real ones, as `manage.py worker` starts them; they wait for work."""
    command = [sys.executable, "manage.py", "publisher"]
    running = [subprocess.Popen(command, cwd=PROJECT) for _ in range(number)]  # noqa: S603
    time.sleep(4)
    try:
        yield
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait()


def environment(database: str, platform: str) -> Mapping[str, str]:
    return {
        "DATABASE_URL": database,
        "STAND_IN": platform,
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "PYTHONPATH": str(PROJECT),
    }


# --- with Django set up ---------------------------------------------------------------------------


def approved_seal(source_id: int) -> str:
    from publishing.models import Message

    return Message.objects.get(source="benchmark", source_id=source_id).seal


def handles(number: int) -> Sequence[int]:
    """Keys of so many connected Facebook pages of one department."""
    from departments.credentials import Secrets, seal_secrets
    from departments.models import Credential, Department, Handle, User

    owner, _ = Department.objects.get_or_create(
        slug="benchmark", defaults={"name_hi": "विभाग", "name_en": "Department"}
    )
    officer, _ = User.objects.get_or_create(email=OFFICER, defaults={"name": "X"})
    have = Handle.objects.filter(department=owner).count()
    made = Handle.objects.bulk_create(
        Handle(
            department=owner,
            platform="facebook",
            name=f"Page{place}",
            url=f"https://www.facebook.com/Page{place}",
            external_id=str(100_000 + place),
            state="connected",
            accountable_officer=officer,
        )
        for place in range(have, number)
    )
    Credential.objects.bulk_create(
        Credential(handle=one, sealed=seal_secrets(Secrets(f"token-{one.pk}", {}))) for one in made
    )
    keys = Handle.objects.filter(department=owner).order_by("pk").values_list("pk", flat=True)
    return list(keys[:number])


def queue(keys: Sequence[int], *, not_before: datetime | None = None) -> int:
    """One approved and sealed post to all of them; the key of its message."""
    from departments.models import Handle, User
    from publishing.actions import queue_message
    from publishing.models import Message
    from publishing.seal import SealedPart, compute_seal

    to = list(Handle.objects.filter(pk__in=keys).select_related("department"))
    number = Message.objects.count() + 1
    part = SealedPart("facebook", f"{TEXT} {number}", "", (), ())
    message = queue_message(
        department=to[0].department,
        source="benchmark",
        source_id=number,
        parts=[part],
        media={},
        handles=to,
        not_before=not_before,
        not_after=None,
        seal=compute_seal([part], keys, not_before, None),
        actor=User.objects.get(email=OFFICER),
    )
    return message.pk


def wait_until_stored(message: int) -> datetime:
    """When the last of it was stored as sent; only then is a post known to be out."""
    from django.db.models import Max

    from publishing.models import Delivery

    rows = Delivery.objects.filter(message=message)
    while rows.exclude(state="sent").exists():
        time.sleep(0.05)
    last = rows.aggregate(last=Max("sent_at"))["last"]
    assert isinstance(last, datetime)
    return last.astimezone(UTC)


def machine() -> str:
    import platform

    return (
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
    )
