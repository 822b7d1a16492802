"""Categories, beneficiaries and the hundred schemes, created where they are missing."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction

from departments.starter_data import rows_of
from schemes.importing.actions import import_schemes
from schemes.importing.rows import read_rows
from schemes.models import Category, Persona

FOLDER = Path(__file__).parent / "starter"


def load_starter_schemes() -> dict[str, int]:
    """What was created, by kind. A scheme that is there stays as its officer left it."""
    names = load_names()
    file = FOLDER / "schemes-up.json"
    result = import_schemes(
        read_rows(file), actor=None, publish=True, change_existing=False, file_name=file.name
    )
    if result.refused:
        raise ValueError(f"starter schemes refused: {result.problems}")
    return {**names, "schemes": result.created}


@transaction.atomic
def load_names() -> dict[str, int]:
    """The fifteen categories of standards.md 12.6 and the kinds of beneficiaries (M6)."""
    return {
        "categories": _load_names(Category, FOLDER / "categories.csv"),
        "personas": _load_names(Persona, FOLDER / "personas.csv"),
    }


def _load_names(model: type[Category] | type[Persona], file: Path) -> int:
    known = set(model.objects.values_list("slug", flat=True))
    new = [
        model(**row, position=position)
        for position, row in enumerate(rows_of(file))
        if row["slug"] not in known
    ]
    model.objects.bulk_create(new)  # type: ignore[arg-type]
    return len(new)
