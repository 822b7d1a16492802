"""One moment, ten thousand handles: seconds until all of them are stored as sent.

    .venv/bin/python -m benchmarks.slot --database postgres://... [--handles 10000] [--hold-ms 200]

The platform holds every answer back; the campaign is queued beforehand for a minute of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import timedelta

import django

from . import prepare

REACH = {800: 10.0, 10_000: 60.0}  # seconds by handles


def main() -> None:
    asked = _arguments()
    with prepare.own_database(asked.database) as database, prepare.stand_in(asked.hold_ms) as there:
        os.environ.update(prepare.environment(database, there.url))
        django.setup()
        taken = {number: _slot(asked, there, number) for number in asked.handles}
    sys.exit(not _print(asked, taken))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--handles", type=int, nargs="*", default=list(REACH))
    parser.add_argument("--hold-ms", type=int, default=200, help="each answer, milliseconds")
    parser.add_argument("--publishers", type=int, default=os.cpu_count())
    parser.add_argument("--database", default="", help="postgres://...; default: SQLite")
    return parser.parse_args()


def _slot(asked: argparse.Namespace, there: prepare.StandIn, number: int) -> float:
    from django.core.management import call_command
    from django.utils import timezone

    call_command("migrate", verbosity=0)
    keys = prepare.handles(number)
    there.reset()
    with prepare.publishers(asked.publishers):
        moment = timezone.now() + timedelta(seconds=3 + number / 1000)
        message = prepare.queue(keys, not_before=moment)
        seconds = (prepare.wait_until_stored(message) - moment).total_seconds()
    if there.posts() != {"posts": number, "single": number}:
        raise SystemExit(f"{number} posts were to arrive once each, and {there.posts()} did.")
    return seconds


def _print(asked: argparse.Namespace, taken: dict[int, float]) -> bool:
    kind = "PostgreSQL" if asked.database else "SQLite"
    print(f"answers held back {asked.hold_ms} ms, {kind}, {asked.publishers} publishers;"
          f" {prepare.machine()}\n")  # fmt: skip
    for number, seconds in taken.items():
        reach = f"reach {REACH[number]:.0f} s" if number in REACH else ""
        print(f"{number:6} handles {seconds:6.1f} s   {number / seconds:6.0f}/s   {reach}")
    reached = all(seconds <= REACH.get(number, seconds) for number, seconds in taken.items())
    return reached or not asked.database


if __name__ == "__main__":
    main()
