"""What a delivery costs with a thousand, a hundred thousand and a million finished ones behind it.

.venv/bin/python -m benchmarks.growth --database postgres://... [--behind 1000 100000 1000000]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Sequence

import django

from . import prepare

MOST = 1.5  # times what it costs with the fewest behind
AT_ONCE = 2000  # deliveries of each measurement


def main() -> None:
    asked = _arguments()
    with prepare.own_database(asked.database) as database, prepare.stand_in() as there:
        os.environ.update(prepare.environment(database, there.url))
        django.setup()
        costs = _measure(asked, there)
    sys.exit(not _print(asked, costs))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--behind", type=int, nargs="*", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--publishers", type=int, default=os.cpu_count())
    parser.add_argument("--database", default="", help="postgres://...; default: SQLite")
    return parser.parse_args()


def _measure(asked: argparse.Namespace, there: prepare.StandIn) -> dict[int, float]:
    """Milliseconds for each delivery, by how many lie behind."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    keys = prepare.handles(AT_ONCE)
    costs = {}
    for behind in asked.behind:
        _finish(keys, behind)
        costs[behind] = statistics.median(_once(asked, there, keys) for _ in range(asked.rounds))
    return costs


def _once(asked: argparse.Namespace, there: prepare.StandIn, keys: Sequence[int]) -> float:
    there.reset()
    with prepare.publishers(asked.publishers):
        prepare.queue(keys)
        each = there.seconds_each(AT_ONCE)
    return each * 1000


def _finish(keys: Sequence[int], wanted: int) -> None:
    """So many that are sent, with their attempts, as after years of publishing."""
    from datetime import timedelta

    from django.db import connection, transaction
    from django.utils import timezone

    from publishing.models import Attempt, Delivery, Message

    when = timezone.now() - timedelta(days=30)
    while (lacking := wanted - Delivery.objects.count()) > 0:
        with transaction.atomic():
            some = keys[:lacking]
            message = Message.objects.get(pk=prepare.queue(some))
            rows = Delivery.objects.filter(message=message)
            rows.update(
                state="sent", sent_at=when, state_since=when, due_at=when, platform_id="1", fence=1,
                next_try_at=None, armed_at=when, permalink="https://www.facebook.com/1",
            )  # fmt: skip
            Attempt.objects.bulk_create(
                Attempt(
                    delivery_id=key, fence=1, worker="before", started_at=when, ended_at=when,
                    armed_at=when, outcome="accepted",
                )
                for key in rows.values_list("pk", flat=True)
            )  # fmt: skip
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE publishing_delivery, publishing_attempt")


def _print(asked: argparse.Namespace, costs: dict[int, float]) -> bool:
    kind = "PostgreSQL" if asked.database else "SQLite"
    print(f"{AT_ONCE} deliveries, medians of {asked.rounds}, {kind}, {asked.publishers} publishers;"
          f" {prepare.machine()}\n")  # fmt: skip
    least = costs[min(costs)]
    for behind, cost in costs.items():
        print(f"{behind:9} behind {cost:6.2f} ms each   {cost / least:4.2f} times")
    reached = max(costs.values()) <= MOST * least
    print(f"reach: at most {MOST} times:", "yes" if reached else "no")
    return reached


if __name__ == "__main__":
    main()
