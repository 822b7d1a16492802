"""Publish while everything breaks, then compare what the platforms hold with what the portal says.

    make faults N=10000
    .venv/bin/python -m tests.faults.run --deliveries 1000 --postgres --redis

Without --postgres: SQLite. With it: a server of this run's own, restarted and crashed in
mid-flight; two hosts share it, one with its clock a minute ahead (Debian's packages postgresql and
faketime).
With --redis: a worker with a server of this run's own, flushed and taken away in mid-flight.
Ends with 1 if anything was doubled, lost, denied, stuck, out of order or late after a stop.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
from cryptography.fernet import Fernet

from tests.stack import answers, free_port, wait_until

from .hosts import PROJECT, STEPS, Host, deaths_by_step, deaths_planned
from .servers import Postgres, Redis, own_postgres, own_redis

if TYPE_CHECKING:
    from publishing.rehearsal.store import Store

    from .verdict import Verdict

LEASE = 5  # seconds
STOPPED_FOR = 5  # seconds
FROZEN_FOR = 3  # seconds of that: more than a stop may take, less than a lease
LOOK_SECONDS = 0.5


def main() -> None:
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="samvad-faults-") as name:
        Path(name).chmod(0o755)
        is_clean = faults(asked, Path(name))
    sys.exit(not is_clean)


def _arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deliveries", type=int, default=1000)
    parser.add_argument("--handles", type=int, default=0, help="default: a tenth of the deliveries")
    parser.add_argument("--deaths", type=int, default=0, help="default: one for 50 deliveries")
    parser.add_argument("--patience", type=int, default=0, help="seconds until the rest is stuck")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--redis", action="store_true")
    return parser.parse_args(given)


def faults(asked: argparse.Namespace, folder: Path) -> bool:
    with ExitStack() as servers:
        postgres = servers.enter_context(own_postgres(folder / "pg")) if asked.postgres else None
        redis = servers.enter_context(own_redis(folder)) if asked.redis else None
        environment = _environment(folder, postgres, redis)
        os.environ.update(environment)
        django.setup()
        run = Run(asked, folder, environment, postgres, redis)
        with run.rehearsal():
            run.prepare()
            run.publish()
            return run.report()


def _environment(folder: Path, postgres: Postgres | None, redis: Redis | None) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "PYTHONPATH": str(PROJECT),
        "VAR_DIR": str(folder / "var"),
        "DATABASE_URL": postgres.url if postgres else "",
        "REDIS_URL": redis.url if redis else "",
        "SECRET_KEY": "only-for-faults",
        "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
        "PORT": str(free_port()),
        "REHEARSAL_PORT": str(free_port()),
        "DELIVERY_LEASE_SECONDS": str(LEASE),
        "FIND_AFTER_SECONDS": "1,2,4",
        "PUBLISHERS": "1",
        "WORKERS": "2",
        "LOG_LEVEL": "WARNING",
        "FAULTS_DEATHS": str(folder / "deaths"),
        "FAULTS_LOG": str(folder / "log"),
    }


@dataclass
class Run:
    asked: argparse.Namespace
    folder: Path
    environment: dict[str, str]
    postgres: Postgres | None
    redis: Redis | None
    stops: list[tuple[float, float]] = field(default_factory=list)
    happened: list[str] = field(default_factory=list)
    seconds: float = 0

    @property
    def store(self) -> Store:
        from publishing.rehearsal.store import Store

        return Store(self.folder / "var" / "rehearsal.sqlite3")

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        log = self.folder / "rehearsal.log"
        with log.open("ab") as file:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "rehearse", "--takes-repeats"],
                cwd=PROJECT,
                env=self.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        address = f"http://127.0.0.1:{self.environment['REHEARSAL_PORT']}/"
        try:
            wait_until(lambda: answers(address), process, log)
            yield
        finally:
            process.terminate()
            process.wait()

    def prepare(self) -> None:
        from django.core.management import call_command

        from departments.tests.factories import department, person_without_charge

        from . import posts

        call_command("migrate", verbosity=0)
        owner, officer = department(), person_without_charge()
        number = self.asked.handles or max(8, self.asked.deliveries // 10)
        to = posts.handles(owner, officer, number, self.store)
        posts.queue(owner, officer, to, self.asked.deliveries)

    # --- publishing while it breaks ---------------------------------------------------------------

    def publish(self) -> None:
        hosts, done = self._hosts(), threading.Event()
        tender = threading.Thread(target=_tend, args=(hosts, done))
        begun = time.monotonic()
        tender.start()
        try:
            with self._worker():
                self._break_and_wait(hosts)
        finally:
            done.set()
            tender.join()
            for host in hosts:
                host.stop()
        self.seconds = time.monotonic() - begun

    def _hosts(self) -> list[Host]:
        deaths = deaths_planned(self.asked.deaths or max(10, self.asked.deliveries // 50))
        first = Host({**self.environment}, deaths, publishers=2)
        if not self.postgres:
            return [first]
        if not shutil.which("faketime"):
            raise SystemExit("faketime is needed. On Debian: apt install faketime")
        first.publishers = 1
        # Photos lie in VAR_DIR, which several hosts share (docs/production.md).
        other = {**self.environment, "HOSTNAME": "two", "TZ": "Asia/Tokyo"}
        return [first, Host(other, deaths, clock=("faketime", "-f", "+60s"))]

    @contextmanager
    def _worker(self) -> Iterator[None]:
        """A whole worker beside the publishers, where there is a queue to lose."""
        if not self.redis:
            yield
            return
        with open(self.environment["FAULTS_LOG"], "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "worker"],
                cwd=PROJECT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)

    def _break_and_wait(self, hosts: list[Host]) -> None:
        """Each trouble comes when so much is finished; then until nothing moves any more."""
        troubles = self._troubles(hosts)
        patience = self.asked.patience or 240 + self.asked.deliveries // 20
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            share = self._finished()
            while troubles and share >= troubles[0][0]:
                _share, what, bring = troubles.pop(0)
                self.happened.append(what)
                bring()
            if share >= 1 and not troubles:
                return
            time.sleep(LOOK_SECONDS)

    def _troubles(self, hosts: list[Host]) -> list[tuple[float, str, Callable[[], Any]]]:
        troubles: list[tuple[float, str, Callable[[], Any]]] = [
            (0.0, "one post changed in the database by somebody else", _forge),
            *self._spoiling(),
            (0.15, "tasks duplicated", self._duplicate),
            (0.3, "processes frozen until after their leases", lambda: _freeze(hosts[0])),
            (0.45, "a stop pressed and released", lambda: self._stop(hosts[0])),
        ]
        if self.postgres:
            postgres = self.postgres
            troubles += [
                (0.6, "PostgreSQL restarted", lambda: postgres.restart(crash=False)),
                (0.75, "PostgreSQL crashed", lambda: postgres.restart(crash=True)),
            ]
        if self.redis:
            redis = self.redis
            troubles += [
                (0.5, "Redis flushed", redis.flush),
                (0.65, "Redis taken away", lambda: redis.take_away(3)),
            ]
        return sorted(troubles, key=lambda trouble: trouble[0])

    def _finished(self) -> float:
        """How much of it is at its end or waits for a person."""
        from django.db import DatabaseError, InterfaceError, connection
        from django.db.models import Q

        from publishing.models import Delivery
        from publishing.states import OPEN, DeliveryState

        open_ = Q(state__in=OPEN) & ~Q(state=DeliveryState.UNKNOWN, problem="needs_decision")
        try:
            return 1 - Delivery.objects.filter(open_).count() / self.asked.deliveries
        except (DatabaseError, InterfaceError):
            connection.close()
            return 0.0

    # --- troubles ---------------------------------------------------------------------------------

    def _spoiling(self) -> Iterator[tuple[float, str, Callable[[], Any]]]:
        """Again and again: too many at once would only open the platform's circuit."""
        what = "connections cut, errors before and after, limits, late lists"
        for place in range(10 if self.asked.deliveries >= 1000 else 1):
            yield place / 12 + 0.02, f"{what} ({place + 1})", self._spoil

    def _spoil(self) -> None:
        store, times = self.store, max(1, self.asked.deliveries // 2000)
        for platform in ("facebook", "x"):
            for kind in ("cut_after", "cut_before", "error_after", "error_before", "html", "late"):
                store.add_fault(platform, kind, operation="publish", times=times, seconds=3)
            store.add_fault(platform, "cut_after", operation="upload", times=times, seconds=0)
            store.add_fault(platform, "error_before", operation="read", times=times, seconds=0)
        if self.asked.deliveries >= 1000:  # its handle waits a minute
            store.add_fault("facebook", "rate_limited", operation="publish", times=1, seconds=0)

    def _duplicate(self) -> None:
        """Somebody calls for the same deliveries again and again, here and over the queue."""
        from django.db import connection
        from django_q.tasks import async_task

        from publishing import tasks
        from publishing.models import Delivery

        some = list(Delivery.objects.order_by("?").values_list("pk", flat=True)[:30])

        def deliver_all() -> None:
            try:
                for pk in some:
                    tasks.deliver(pk)
            finally:
                connection.close()

        threads = [threading.Thread(target=deliver_all) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.redis:
            for pk in some * 3:
                async_task("publishing.tasks.deliver", pk)

    def _stop(self, host: Host) -> None:
        """Pressed while a host is frozen with calls it has armed: thawed, it may not make them."""
        from departments.roles import Role
        from departments.tests.factories import person
        from publishing.stop_actions import Target, press_stop, release_stop

        director = person(Role.DIRECTOR)
        host.freeze()
        stop = press_stop(Target("everything"), reason="शोक", actor=director)
        pressed = time.time()
        time.sleep(FROZEN_FOR)
        host.thaw()
        time.sleep(STOPPED_FOR - FROZEN_FOR)
        self.stops.append((pressed, time.time()))
        release_stop(stop, reason="समाप्त", actor=director)

    # --- the end ----------------------------------------------------------------------------------

    def report(self) -> bool:
        from .verdict import judge

        verdict = judge(self.store, self.stops)
        deaths = deaths_by_step(Path(self.environment["FAULTS_DEATHS"]))
        database = "PostgreSQL, two hosts" if self.postgres else "SQLite"
        queue = ", Redis" if self.redis else ""
        print(f"{self.asked.deliveries} deliveries, {database}{queue}, {self.seconds:.0f} s")
        print("killed with SIGKILL: " + ", ".join(f"{s} {n}" for s, n in sorted(deaths.items())))
        print("and: " + "; ".join(self.happened))
        _print(verdict)
        if not verdict.is_clean:
            _explain(verdict)
        if unseen := [step for step in STEPS if not deaths[step]]:
            print("nobody died at: " + ", ".join(unseen))
        return verdict.is_clean and not unseen


def _tend(hosts: list[Host], done: threading.Event) -> None:
    while not done.is_set():
        for host in hosts:
            host.tend()
        done.wait(0.2)


def _forge() -> None:
    from . import posts

    posts.forge()


def _freeze(host: Host) -> None:
    host.freeze()
    time.sleep(LEASE + 2)
    host.thaw()


def _print(verdict: Verdict) -> None:
    believed = sorted(verdict.states.items())
    print("the portal believes: " + ", ".join(f"{what} {number}" for what, number in believed))
    rows = {
        "doubled": len(verdict.doubled),
        "lost": len(verdict.lost),
        "denied (out, but said not to be)": len(verdict.denied),
        "stuck": len(verdict.stuck),
        "out of order": len(verdict.unordered),
        "out without an attempt written before": len(verdict.unforeseen),
        "later than 2 s after a stop": verdict.late,
        "unknown, with the reason, left to a person": verdict.explained,
    }
    for what, number in rows.items():
        print(f"{number:8} {what}")


def _explain(verdict: Verdict) -> None:
    from publishing.models import Delivery

    for name in ("doubled", "lost", "denied", "stuck", "unordered", "unforeseen"):
        for one in Delivery.objects.filter(pk__in=getattr(verdict, name)[:5]):
            tries = one.attempts.values_list("fence", "outcome", "problem", "armed_at")
            print(
                f"{name}: {one.pk} handle {one.handle_id} {one.platform} {one.state} {one.problem}"
            )
            for fence, outcome, problem, armed_at in tries:
                print(f"    {fence} {outcome} {problem} armed {armed_at}")


if __name__ == "__main__":
    main()
