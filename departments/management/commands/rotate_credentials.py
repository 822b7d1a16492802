from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from departments.credentials import rotate


class Command(BaseCommand):
    help = "Re-encrypt every stored credential with the first key of CREDENTIAL_KEYS."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{rotate()} credential(s) re-encrypted.")
