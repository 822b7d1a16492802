"""Demo officers, handles of the rehearsal, and invented readings: for `make run` only."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from departments.models import Department
from departments.roles import Role
from schemes.demo_data import load_demo_data


class Command(BaseCommand):
    help = "Create demo officers and handles connected to the rehearsal; refused on a real portal."

    def handle(self, *args: Any, **options: Any) -> None:
        if not getattr(settings, "DEMO", False):
            raise CommandError("Demo officers have a known password: only with settings.DEMO.")
        if not Department.objects.exists():
            raise CommandError("Run load_starter first: there are no departments yet.")
        officers = load_demo_data()
        self.stdout.write(f"Demo officers; the password of each is {settings.DEMO_PASSWORD}")
        for officer in officers:
            role = Role(officer.role).value.replace("_", " ")
            self.stdout.write(f"  {officer.email:<42} {role}, {officer.department}")
