"""Import schemes from a CSV, JSON or JSON Lines file, packed with gzip or not."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation
from django.utils.translation import gettext as _

from departments.models import Department
from schemes.importing.actions import ImportResult, import_schemes
from schemes.importing.rows import FileUnreadable, Problem, read_rows

REFUSED, UNREADABLE = 1, 2


class Command(BaseCommand):
    help = (
        "Import schemes by slug; a second run changes nothing. Exit code 0: every row was taken, "
        "1: some rows were refused (each is named), 2: the file cannot be read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--department", help="slug, for rows that name no department")
        parser.add_argument("--dry-run", action="store_true", help="check and count, write nothing")
        parser.add_argument(
            "--publish", action="store_true", help="show new schemes complete in both languages"
        )
        parser.add_argument("--language", choices=["en", "hi"], default="en", help="of the report")

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(options["language"]):
            result = self._import(options)
        if result.refused:
            sys.exit(REFUSED)

    def _import(self, options: dict[str, Any]) -> ImportResult:
        file: Path = options["file"]
        self._started = time.monotonic()
        try:
            result = import_schemes(
                read_rows(file),
                actor=None,
                default_department=self._department(options["department"]),
                dry_run=options["dry_run"],
                publish=options["publish"],
                file_name=file.name,
                on_progress=self._show_progress,
                on_problem=self._show_problem,
            )
        except FileUnreadable as error:
            raise CommandError(f"{file}: {error.message}", returncode=UNREADABLE) from error
        self._show_result(result, is_dry_run=options["dry_run"])
        return result

    def _department(self, slug: str | None) -> Department | None:
        if not slug:
            return None
        department = Department.objects.filter(slug=slug).first()
        if department is None:
            message = _("There is no department “%(name)s”.") % {"name": slug}
            raise CommandError(message, returncode=UNREADABLE)
        return department

    def _show_progress(self, result: ImportResult) -> None:
        rate = result.rows / max(time.monotonic() - self._started, 0.001)
        line = _("%(rows)d rows read, %(rate)d rows/s") % {"rows": result.rows, "rate": rate}
        self.stderr.write(line, ending="\r" if self.stderr.isatty() else "\n")

    def _show_problem(self, problem: Problem) -> None:
        words = {
            "number": problem.number,
            "field": problem.field or _("whole row"),
            "reason": problem.reason,
        }
        if problem.is_note:
            self.stdout.write(_("Row %(number)d, %(field)s, taken: %(reason)s") % words)
        else:
            self.stdout.write(_("Row %(number)d, %(field)s, refused: %(reason)s") % words)

    def _show_result(self, result: ImportResult, *, is_dry_run: bool) -> None:
        if is_dry_run:
            self.stdout.write(_("Dry run: nothing was written."))
        counts = {**result.counts(), "seconds": time.monotonic() - self._started}
        self.stdout.write(
            _(
                "%(rows)d rows: %(created)d created (%(published)d public), %(changed)d changed, "
                "%(unchanged)d unchanged, %(refused)d refused, in %(seconds).1f s."
            )
            % counts
        )
