from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.audit.actions import broken_links
from portal.audit.models import AuditEntry


class Command(BaseCommand):
    help = "Check that no audit entry was changed, removed or put in another order."

    def handle(self, *args: Any, **options: Any) -> None:
        faults = list(broken_links())
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError(f"The audit chain is broken in {len(faults)} place(s).")
        self.stdout.write(f"The audit chain is whole: {AuditEntry.objects.count()} entries.")
