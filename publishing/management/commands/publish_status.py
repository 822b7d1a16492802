import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from publishing import status
from publishing.models import CircuitState
from publishing.states import Rank
from publishing.status import Status

TROUBLES = {
    "no_publisher": "no publisher shows a sign of life",
    "unknown_long": "an outcome is unclear for more than 15 minutes",
    "circuit_open": "a platform does not answer",
    "queue_late": "the queue is older than 5 minutes",
}


class Command(BaseCommand):
    help = "Show how publishing stands; exit code 1 where it needs a person."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        now = status.read()
        if options["json"]:
            self.stdout.write(json.dumps(_plain(now), default=str))
        else:
            for line in _lines(now):
                self.stdout.write(line)
        if now.troubles:
            raise SystemExit(1)


def _plain(now: Status) -> dict[str, Any]:
    names = ("platform", "state", "problem", "next_probe_at")
    seen = ("name", "version", "started_at", "seen_at", "in_flight")
    circuits = [{name: getattr(one, name) for name in names} for one in now.circuits]
    publishers = [{name: getattr(one, name) for name in seen} for one in now.publishers]
    kept = {**vars(now), "circuits": [], "publishers": []}
    plain = asdict(Status(**kept))
    told: dict[str, Any] = {
        "circuits": circuits,
        "publishers": publishers,
        "troubles": now.troubles,
    }
    told["callbacks"] = status.callbacks_waiting()
    return {**plain, **told}


def _lines(now: Status) -> list[str]:
    lines = [
        f"{row['platform']:<10} {Rank(row['rank']).name.lower():<10} queued {row['queued']}"
        f"  due {row['due']}  oldest {_age(now, row['oldest'])}"
        for row in now.queues
    ]
    lines += [
        f"{name:<21} {platform:<10} {count}"
        for name, counts in _counts(now)
        for platform, count in counts.items()
        if count
    ]
    if now.oldest_unknown:
        lines.append(f"oldest unknown        {_age(now, now.oldest_unknown)}")
    lines += [
        f"circuit {one.platform}: {one.state} ({one.problem}), next probe {one.next_probe_at}"
        for one in now.circuits
        if one.state != CircuitState.CLOSED
    ]
    lines += [
        f"limit reached on {row['platform']}: {row['rows']}, until {row['until']}"
        for row in now.closed
    ]
    lines += [
        f"last hour {row['platform']:<10} {row['outcome']:<10} {row['hour']}"
        for row in now.outcomes
    ]
    lines += [
        f"publisher {one.name}: seen {_age(now, one.seen_at)} ago, in flight {one.in_flight}"
        for one in now.publishers
    ]
    return lines + [f"! {TROUBLES[code]}" for code in now.troubles]


def _counts(now: Status) -> list[tuple[str, dict[str, int]]]:
    return [
        ("in flight", now.sending),
        ("waiting", now.waiting),
        ("processing", now.processing),
        ("unknown", now.unknown),
        ("needs decision", now.undecided),
        ("held by stops", now.held),
    ]


def _age(now: Status, moment: datetime | None) -> str:
    return f"{(now.at - moment).total_seconds():.0f} s" if moment else "-"
