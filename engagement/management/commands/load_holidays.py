"""Days on which offices are closed, from a file; by default those that come with the project."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from engagement.models import Holiday

STARTER = Path(__file__).parents[2] / "starter" / "holidays.csv"


class Command(BaseCommand):
    help = "Add holidays (columns day, name_hi, name_en); a day that is known gets the new name."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=STARTER)

    def handle(self, *args: Any, **options: Any) -> None:
        with options["file"].open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        try:
            days = [(date.fromisoformat(row["day"]), row) for row in rows]
        except (KeyError, ValueError, TypeError) as error:
            raise CommandError(f"day is to be YYYY-MM-DD: {error}") from None
        for day, row in days:
            names = {"name_hi": row["name_hi"], "name_en": row["name_en"]}
            Holiday.objects.update_or_create(day=day, defaults=names)
        self.stdout.write(f"holidays: {len(days)} loaded, {Holiday.objects.count()} in all")
