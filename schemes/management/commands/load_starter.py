"""Load the State's departments, districts, known handles and schemes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from departments.models import Department, District, Division, Handle
from departments.starter_data import load_starter_data
from schemes.models import Category, Persona, Scheme
from schemes.starter_data import load_starter_schemes

MODELS = {
    "departments": Department,
    "divisions": Division,
    "districts": District,
    "handles": Handle,
    "categories": Category,
    "personas": Persona,
    "schemes": Scheme,
}


class Command(BaseCommand):
    help = "Create the starter data that is missing. Never overwrites what is there."

    def handle(self, *args: Any, **options: Any) -> None:
        created = {**load_starter_data(), **load_starter_schemes()}
        for name, count in created.items():
            total = MODELS[name]._default_manager.count()
            self.stdout.write(f"{name}: {count} created, {total} in all")
