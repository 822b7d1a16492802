"""Listening broken in every way: in the end the platforms' messages and the portal's are the same.

    .venv/bin/python -m tests.faults.listening [--remarks 2000] [--postgres] [--redis]

People write, change and take back comments and messages in the rehearsal. Of its callbacks some are
lost, some come twice, many late and out of order; whoever hears them is killed again and again.
Then the platforms are read, and every remark is compared: there, once, with its last words, removed
or not, with the platform's time, in the thread it belongs to.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

PROJECT = Path(__file__).parents[2]
LOST, TWICE, LATE = 0.15, 0.2, 0.5  # shares of the callbacks
LATEST = 4.0  # seconds
HEARERS = 2


@dataclass
class Line:
    """What lies between a platform and the portal, and is no good."""

    lossless: frozenset[str]  # platforms that can be read in no other way
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    waiting: list[tuple[float, str, bytes]] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)

    def send(self, platform: str, event: Mapping[str, Any] | bytes, after: float = 0) -> None:
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        if self.chance.random() < LOST and platform not in self.lossless:
            self.told["lost"] += 1
            return
        copies = 2 if self.chance.random() < TWICE else 1
        self.told["twice"] += copies - 1
        for _ in range(copies):
            late = self.chance.random() * LATEST if self.chance.random() < LATE else 0
            self.told["late"] += late > 0
            self.waiting.append((time.monotonic() + after + late, platform, body))

    def deliver(self, *, everything: bool = False) -> None:
        from publishing.callbacks import store_event

        now = time.monotonic()
        due = [one for one in self.waiting if everything or one[0] <= now]
        self.waiting = [one for one in self.waiting if one not in due]
        self.chance.shuffle(due)
        for _at, platform, body in due:
            store_event(platform, body)
            self.told["came"] += 1


def main() -> None:
    asked = _arguments()
    if asked.hear:
        _hear()
        return
    if asked.postgres:
        os.environ.setdefault("DATABASE_URL", "postgres://postgres@127.0.0.1:5544/postgres")
    with tempfile.TemporaryDirectory() as folder:
        _prepare(folder, asked)
        problems = run(asked.remarks, Path(folder), kills=True)
    sys.exit(bool(problems))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--remarks", type=int, default=2000)
    parser.add_argument("--postgres", default="", help="postgres://... of a server to spare")
    parser.add_argument("--hear", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _prepare(folder: str, asked: argparse.Namespace) -> None:
    os.environ["VAR_DIR"] = folder
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings.local"
    os.environ["LOG_LEVEL"] = "ERROR"
    if asked.postgres:
        from benchmarks.prepare import own_database

        asked.database = own_database(asked.postgres)
        os.environ["DATABASE_URL"] = asked.database.__enter__()
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _hear() -> None:
    """A worker that does nothing but hear, until somebody kills it."""
    django.setup()
    from publishing.hearing import hear_all

    while True:
        hear_all()
        time.sleep(0.05)


class Hearers:
    """Processes that hear; one of them is killed every while, and started anew."""

    def __init__(self) -> None:
        self.running = [self._start() for _ in range(HEARERS)]
        self.kills = 0

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.faults.listening", "--hear"]
        return subprocess.Popen(command, cwd=PROJECT, env=dict(os.environ))

    def kill_one(self) -> None:
        lost = self.running.pop(0)
        lost.send_signal(signal.SIGKILL)
        lost.wait()
        self.kills += 1
        self.running.append(self._start())

    def stop(self) -> None:
        for one in self.running:
            one.kill()
            one.wait()


def run(remarks: int, folder: Path, *, kills: bool) -> list[str]:
    """What differs in the end; nothing, if all is well. `kills` starts processes that hear."""
    from publishing.rehearsal.server import running

    line = Line(lossless=frozenset({"whatsapp"}))
    with running(folder / "store.sqlite3") as rehearsal:
        rehearsal.callbacks.send = line.send  # type: ignore[method-assign]
        for stage in rehearsal.stages.values():
            stage.callbacks.send = line.send  # type: ignore[method-assign]
        handles = _handles(rehearsal)
        hearers = Hearers() if kills else None
        begun = time.monotonic()
        try:
            _people_write(rehearsal, line, remarks, hearers)
            line.deliver(everything=True)
            _hear_the_rest()
        finally:
            if hearers:
                hearers.stop()
        _hear_the_rest()
        _read_all(handles)
        problems = _differences(rehearsal)
    seconds = time.monotonic() - begun
    killed = f", {hearers.kills} kills" if hearers else ""
    said = "\n".join(problems[:20]) or "equal: nothing lost, doubled, stale or in a wrong thread"
    sys.stdout.write(f"{remarks} remarks, {dict(line.told)}{killed}, {seconds:.0f} s\n{said}\n")
    return problems


def _handles(rehearsal: Any) -> list[Any]:
    from django.conf import settings

    from departments.actions import connect_handle
    from departments.credentials import Secrets
    from departments.models import Department, Handle

    settings.PLATFORM_URLS = {name: f"{rehearsal.url}/{name}" for name in settings.CONNECTORS}
    owner = Department.objects.create(
        slug="faults", kind="department", name_hi="विभाग", name_en="Department"
    )
    found = []
    for platform in ("facebook", "instagram", "whatsapp"):
        token = f"token-{platform}"
        rehearsal.store.add_account(platform, "1001", "विभाग", token, {"business": "9"})
        handle = Handle.objects.create(
            department=owner, platform=platform, name=f"faults{platform}"
        )
        found.append(
            connect_handle(handle, external_id="1001", secrets=Secrets(token, {}), actor=None)
        )
    return found


def _people_write(rehearsal: Any, line: Line, number: int, hearers: Hearers | None) -> None:
    chance = random.Random(11)
    posts = {name: _post(rehearsal, name) for name in ("facebook", "instagram")}
    written: dict[str, list[Any]] = {"facebook": [], "instagram": [], "whatsapp": []}
    stop = threading.Event()
    for count in range(number):
        platform = chance.choice(list(written))
        _one_act(rehearsal, line, chance, platform, posts.get(platform, ""), written[platform])
        if count % 20 == 0:
            line.deliver()
        if hearers and count % 150 == 149:
            hearers.kill_one()
    stop.set()


def _post(rehearsal: Any, platform: str) -> str:
    """A post of ours that people comment on, known on both sides."""
    from django.utils import timezone

    from departments.models import Handle, User
    from publishing.models import Delivery, Message
    from publishing.rehearsal.store import Post

    post_id = f"1001_{platform}" if platform == "facebook" else f"555{len(platform)}"
    now = time.time()
    rehearsal.store.add_post(Post(platform, post_id, "1001", "शिविर", "", "", now, now, {}))
    handle = Handle.objects.get(name=f"faults{platform}")
    officer = User.objects.filter(email="f@example.com").first() or User.objects.create_user(
        "f@example.com", name="अधिकारी"
    )
    message = Message.objects.create(
        department=handle.department, source="post", source_id=len(platform), seal="0" * 64,
        approved_by=officer,
    )  # fmt: skip
    Delivery.objects.create(
        message=message, handle=handle, platform=platform, state="sent", platform_id=post_id,
        sent_at=timezone.now() - timedelta(minutes=1),
    )  # fmt: skip
    return post_id


def _one_act(
    rehearsal: Any,
    line: Line,
    chance: random.Random,
    platform: str,
    post: str,
    written: list[Any],
) -> None:
    from publishing.rehearsal.store import Remark

    stage, store = rehearsal.stages[platform], rehearsal.store
    dice = chance.random()
    comments = [one for one in written if one.kind == "comment"]
    if platform == "facebook" and comments and dice < 0.2:
        one = chance.choice(comments)
        if dice < 0.07:
            written.remove(one)
        verb = "remove" if dice < 0.07 else "edited"
        text = "" if verb == "remove" else f"{one.text} (सुधारा)"
        state = "removed" if verb == "remove" else None
        changed = store.change_remark(store.remark(platform, one.id), text=text, state=state)
        line.send(platform, stage.event_of_change(changed, verb))
        return
    kind = "message" if platform == "whatsapp" or dice > 0.85 else "comment"
    heads = [one for one in written if one.kind == "comment" and not one.parent]
    parent = chance.choice(heads).id if kind == "comment" and heads and dice < 0.5 else ""
    author = str(919_800_000_000 + chance.randrange(40))
    remark = Remark(
        platform, str(store.new_id()), "1001", kind, post if kind == "comment" else "", parent,
        author, "नागरिक", f"संदेश {store.new_id()}", time.time(),
    )  # fmt: skip
    store.add_remark(remark)
    written.append(remark)
    line.send(platform, stage.event_about(remark))


def _hear_the_rest() -> None:
    from publishing.hearing import hear_all
    from publishing.models import CallbackEvent, CallbackItem

    end = time.monotonic() + 120
    while time.monotonic() < end:
        hear_all()
        whole = CallbackEvent.objects.filter(apart_at__isnull=True).exists()
        if not whole and not CallbackItem.objects.filter(heard_at__isnull=True).exists():
            return
        time.sleep(0.2)


def _read_all(handles: list[Any]) -> None:
    from engagement import reading
    from engagement.models import Reading

    reading.begin_readings()
    for one in Reading.objects.filter(handle__in=handles).select_related("handle"):
        reading.read(one)


def _differences(rehearsal: Any) -> list[str]:
    from engagement.models import Remark

    ours = {(one.handle.platform, one.external_id): one for one in Remark.objects.all()}
    problems = []
    theirs = {}
    for remark in rehearsal.store.all_remarks():
        name = f"m_{remark.id}" if _has_prefix(remark) else remark.id
        if remark.platform == "whatsapp":
            name = _whatsapp_id(remark, ours)
        theirs[remark.platform, name] = remark
        problems += _difference(remark, ours.get((remark.platform, name)), theirs)
    problems += [f"nobody wrote {key}" for key in ours if key not in theirs]
    return problems


def _has_prefix(remark: Any) -> bool:
    return remark.kind == "message" and remark.platform != "whatsapp"


def _whatsapp_id(remark: Any, ours: Mapping[tuple[str, str], Any]) -> str:
    ends = [key for platform, key in ours if platform == "whatsapp" and remark.id in key]
    return ends[0] if ends else remark.id


def _difference(remark: Any, own: Any, theirs: Mapping[tuple[str, str], Any]) -> list[str]:
    what = f"{remark.platform} {remark.kind} {remark.id}"
    if own is None:
        return [] if remark.state == "removed" else [f"{what} is missing"]
    found = []
    if remark.state == "removed" and own.removed_at is None:
        found.append(f"{what} was removed and is shown")
    if remark.state != "removed" and own.text != remark.text:
        found.append(f"{what} says {own.text!r} and not {remark.text!r}")
    if abs(own.at.timestamp() - remark.at) > 1.5:
        found.append(f"{what} has the wrong time")
    head = remark.parent or remark.id
    if remark.kind == "comment" and own.conversation.key != head:
        found.append(f"{what} stands in the thread {own.conversation.key}")
    return found


if __name__ == "__main__":
    main()
