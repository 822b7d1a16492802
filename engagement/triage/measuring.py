"""How good the proposals are, on messages that a person labelled (labelled.tsv)."""

from __future__ import annotations

import csv
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from . import Gazetteer, Proposal, propose

FIELDS = ("kind", "urgency", "department", "district")


@dataclass
class Measured:
    """Shares from 0 to 1, of the messages whose label is not empty."""

    right: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    urgent_seen: int = 0
    urgent_all: int = 0
    urgent_proposed: int = 0
    mistakes: list[str] = field(default_factory=list)
    seconds: float = 0
    texts: int = 0

    def share(self, name: str) -> float:
        return self.right[name] / self.asked[name] if self.asked[name] else 1.0

    @property
    def urgent_recall(self) -> float:
        return self.urgent_seen / self.urgent_all if self.urgent_all else 1.0

    @property
    def urgent_precision(self) -> float:
        return self.urgent_seen / self.urgent_proposed if self.urgent_proposed else 1.0


def labelled(split: str) -> list[dict[str, str]]:
    with (Path(__file__).parent / "labelled.tsv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file, delimiter="\t") if row["split"] == split]


def measure(split: str, gazetteer: Gazetteer) -> Measured:
    found = Measured()
    for row in labelled(split):
        begun = time.perf_counter()
        proposal = propose(row["text"], gazetteer)
        found.seconds += time.perf_counter() - begun
        found.texts += 1
        _count(found, row, proposal)
    return found


def _count(found: Measured, row: dict[str, str], proposal: Proposal) -> None:
    for name in FIELDS:
        label = row[name]
        if not label:
            continue
        found.asked[name] += 1
        given = getattr(proposal, name)
        if given == label:
            found.right[name] += 1
        else:
            found.mistakes.append(f"{name}: {label} != {given or '-'}: {row['text']}")
    is_urgent = row["urgency"] == "urgent"
    found.urgent_all += is_urgent
    found.urgent_proposed += proposal.urgency == "urgent"
    found.urgent_seen += is_urgent and proposal.urgency == "urgent"
