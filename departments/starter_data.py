"""Departments, districts and known handles of the State, created where they are missing.

What an administrator changed, closed or corrected since stays as it is: rows are known by slug
(a handle by platform and name) and never written twice. Handles come as `registered`: they are
real accounts, and nothing here or later reaches out to them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from django.db import transaction

from .models import Department, District, Division, Handle

FOLDER = Path(__file__).parent / "starter"


@transaction.atomic
def load_starter_data() -> dict[str, int]:
    """What was created, by kind."""
    return {
        "departments": _load_departments(),
        "divisions": _load_divisions(),
        "districts": _load_districts(),
        "handles": _load_handles(),
    }


def rows_of(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _load_departments() -> int:
    rows = list(rows_of(FOLDER / "departments.csv"))
    known = set(Department.objects.values_list("slug", flat=True))
    new = {
        row["slug"]: Department(
            slug=row["slug"],
            name_hi=row["name_hi"],
            name_en=row["name_en"],
            kind=row["kind"],
            website=row["website"],
            is_confirmed=row["verified"] == "yes",
            source=row["source"],
        )
        for row in rows
        if row["slug"] not in known
    }
    Department.objects.bulk_create(new.values())
    keys = dict(Department.objects.values_list("slug", "pk"))
    below = [row for row in rows if row["slug"] in new and row["parent"]]
    for row in below:
        new[row["slug"]].parent_id = keys[row["parent"]]
    Department.objects.bulk_update([new[row["slug"]] for row in below], ["parent"])
    return len(new)


def _load_divisions() -> int:
    known = set(Division.objects.values_list("slug", flat=True))
    new = {
        row["division_slug"]: Division(
            slug=row["division_slug"], name_hi=row["division_hi"], name_en=row["division_en"]
        )
        for row in rows_of(FOLDER / "districts.csv")
        if row["division_slug"] not in known
    }
    Division.objects.bulk_create(new.values())
    return len(new)


def _load_districts() -> int:
    divisions = dict(Division.objects.values_list("slug", "pk"))
    slugs = set(District.objects.values_list("slug", flat=True))
    codes = set(District.objects.values_list("lgd_code", flat=True))
    new = [
        District(
            slug=row["slug"],
            name_hi=row["name_hi"],
            name_en=row["name_en"],
            division_id=divisions[row["division_slug"]],
            lgd_code=int(row["lgd_code"]),
            aliases=[alias.strip() for alias in row["aliases"].split(";") if alias.strip()],
        )
        for row in rows_of(FOLDER / "districts.csv")
        if row["slug"] not in slugs and int(row["lgd_code"]) not in codes
    ]
    District.objects.bulk_create(new)
    return len(new)


def _load_handles() -> int:
    departments = dict(Department.objects.values_list("slug", "pk"))
    known = {(h.platform, h.name.lower()) for h in Handle.objects.only("platform", "name")}
    new = [
        Handle(
            department_id=departments[row["department"]],
            platform=row["platform"],
            name=row["handle"],
            url=row["url"],
            confidence=row["confidence"],
            source=row["source"],
            note=row["note"],
        )
        for row in rows_of(FOLDER / "handles.csv")
        if (row["platform"], row["handle"].lower()) not in known
    ]
    Handle.objects.bulk_create(new)
    return len(new)
