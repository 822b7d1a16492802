"""How good the proposals of triage are, on the labelled set of the project."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from engagement.triage.measuring import FIELDS, measure
from engagement.triaging import load_gazetteer


class Command(BaseCommand):
    help = "Print the accuracy of triage on the labelled messages, by split."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--mistakes", action="store_true", help="of the tune split only")

    def handle(self, *args: Any, **options: Any) -> None:
        gazetteer = load_gazetteer()
        for split in ("tune", "test"):
            found = measure(split, gazetteer)
            self.stdout.write(f"{split}: {found.texts} messages")
            for name in FIELDS:
                share = f"{found.share(name):.2f}"
                self.stdout.write(f"  {name:<10} {share} of {found.asked[name]}")
            self.stdout.write(
                f"  urgent     recall {found.urgent_recall:.2f},"
                f" precision {found.urgent_precision:.2f}"
            )
            self.stdout.write(f"  speed      {found.texts / found.seconds:,.0f} texts/s")
            if options["mistakes"] and split == "tune":
                self.stdout.write("\n".join(found.mistakes))
