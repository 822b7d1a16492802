"""Deliveries a second: the portal's publishers, the plain loop, and Celery, on the same stand-in.

    .venv/bin/python -m benchmarks.deliveries --database postgres://... --redis redis://...
    .venv/bin/python -m benchmarks.deliveries             (SQLite: no Celery, no durable loop)

Each round measures all of them one after the other, from the first post to the last; the medians
count. Every post has to arrive exactly once. The portal and Celery write a durable intent and
result for each delivery; the plain loop is shown without a database, and with both writes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import django

from . import limit, peer_celery, prepare

OF_LOOP = 0.6  # of the loop without a database
OF_CELERY = 3.0


def main() -> None:
    asked = _arguments()
    with (
        prepare.own_database(asked.database) as database,
        prepare.stand_in() as platform,
        tempfile.TemporaryDirectory() as folder,
    ):
        os.environ.update(prepare.environment(database, platform.url))
        django.setup()
        rates = _measure(asked, database, platform, Path(folder))
    sys.exit(not _print(asked, rates))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deliveries", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--publishers", type=int, default=os.cpu_count())
    parser.add_argument("--database", default="", help="postgres://...; default: SQLite")
    parser.add_argument("--redis", default="", help="redis://...; without it no Celery")
    return parser.parse_args()


def _measure(
    asked: argparse.Namespace, database: str, platform: prepare.StandIn, folder: Path
) -> dict[str, list[float]]:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    keys = prepare.handles(asked.deliveries)
    celery = peer_celery.environment(folder) if asked.redis and asked.database else None
    rates: dict[str, list[float]] = {"loop": [], "loop, durable": [], "portal": [], "Celery": []}
    for _ in range(asked.rounds):
        rates["loop"].append(limit.bare(platform.url, asked.deliveries))
        platform.reset()
        if asked.database:
            rates["loop, durable"].append(limit.durable(platform.url, asked.deliveries, database))
            platform.reset()
        rates["portal"].append(_portal(asked, platform, keys))
        if celery:
            rates["Celery"].append(_celery(asked, database, platform, keys, celery))
    return {name: found for name, found in rates.items() if found}


def _portal(asked: argparse.Namespace, platform: prepare.StandIn, keys: Sequence[int]) -> float:
    with prepare.publishers(asked.publishers):
        prepare.queue(keys)
        each = platform.seconds_each(asked.deliveries)
    _check(platform, asked.deliveries)
    return 1 / each


def _celery(
    asked: argparse.Namespace,
    database: str,
    platform: prepare.StandIn,
    keys: Sequence[int],
    programs: Path,
) -> float:
    peer = {
        **os.environ,
        "PEER_PLATFORM": platform.url,
        "PEER_DATABASE": database,
        "PEER_REDIS": asked.redis,
        "PYTHONPATH": str(prepare.PROJECT / "benchmarks"),
    }
    prepare.queue(keys)
    enqueue = [
        str(programs / "python"),
        str(prepare.PROJECT / "benchmarks/peer_celery.py"),
        "enqueue",
    ]
    subprocess.run(enqueue, env=peer, check=True)  # noqa: S603 - our own program
    with _workers(peer, programs, asked.publishers):
        each = platform.seconds_each(asked.deliveries)
    _check(platform, asked.deliveries)
    return 1 / each


@contextmanager
def _workers(peer: dict[str, str], programs: Path, number: int) -> Iterator[None]:
    """As many as there are publishers, each of many processes, as Celery starts them."""
    commands = [peer_celery.arguments(programs / "celery", f"peer{one}") for one in range(number)]
    running = [
        subprocess.Popen(list(map(str, one)), env=peer, stdout=subprocess.DEVNULL)  # noqa: S603
        for one in commands
    ]
    try:
        yield
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait()


def _check(platform: prepare.StandIn, number: int) -> None:
    there = platform.posts()
    if there != {"posts": number, "single": number}:
        raise SystemExit(f"{number} posts were to arrive once each, and {there} did.")
    platform.reset()


def _print(asked: argparse.Namespace, rates: dict[str, list[float]]) -> bool:
    kind = "PostgreSQL" if asked.database else "SQLite"
    print(f"{asked.deliveries} deliveries to as many handles, {asked.rounds} rounds, {kind},")
    print(f"{asked.publishers} publishers; {prepare.machine()}\n")
    middle = {name: statistics.median(found) for name, found in rates.items()}
    for name, found in rates.items():
        each = ", ".join(f"{rate:.0f}" for rate in found)
        ratio = middle["portal"] / middle[name]
        print(f"{name:14} {middle[name]:8.0f}/s   portal is {ratio:5.2f} of it   ({each})")
    if not asked.database:
        return True  # the reach is for PostgreSQL; SQLite has one writer
    reached = middle["portal"] >= OF_LOOP * middle["loop"]
    if "Celery" in middle:
        reached &= middle["portal"] >= OF_CELERY * middle["Celery"]
    print(
        f"reach: {OF_LOOP} of the loop, {OF_CELERY:.0f} times Celery:", "yes" if reached else "no"
    )
    return bool(reached)


if __name__ == "__main__":
    main()
