"""Records for tests, named by their state. Nothing here goes near a real account."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from departments.models import Department, Handle, Member, User
from departments.platforms import Platform
from departments.roles import DIRECTORATE, STATE_WIDE, Role
from departments.states import HandleState

PASSWORD = "नमस्ते-संवाद-2026"
_number = itertools.count(1)


def department(slug: str = "", **fields: Any) -> Department:
    number = next(_number)
    values = {
        "name_hi": f"परीक्षण विभाग {number}",
        "name_en": f"Test Department {number}",
        "kind": "department",
        **fields,
    }
    return Department.objects.get_or_create(slug=slug or f"test-{number}", defaults=values)[0]


def directorate() -> Department:
    return department(DIRECTORATE, name_hi="सूचना निदेशालय", name_en="Information Directorate")


def person_without_charge(**fields: Any) -> User:
    number = next(_number)
    fields = {"email": f"officer{number}@example.gov.in", "name": f"अधिकारी {number}", **fields}
    return User.objects.create_user(password=PASSWORD, **fields)


def person(role: str = Role.NODAL_OFFICER, where: Department | None = None, **fields: Any) -> User:
    """Someone who holds the role since yesterday; state-wide roles in the Directorate."""
    user = person_without_charge(**fields)
    where = where or (directorate() if role in STATE_WIDE else department())
    charge(user, role, where)
    return user


def charge(user: User, role: str, where: Department, *, until: date | None = None) -> Member:
    begun = timezone.localdate() - timedelta(days=30 if until else 1)
    return Member.objects.create(
        user=user, department=where, role=role, from_date=begun, to_date=until
    )


def former_officer(role: str = Role.NODAL_OFFICER, where: Department | None = None) -> User:
    user = person_without_charge()
    charge(user, role, where or department(), until=timezone.localdate() - timedelta(days=1))
    return user


def registered_handle(where: Department | None = None, **fields: Any) -> Handle:
    number = next(_number)
    values = {"platform": Platform.X, "name": f"Test{number}", **fields}
    return Handle.objects.create(department=where or department(), **values)


def connected_handle(where: Department | None = None, **fields: Any) -> Handle:
    values = {"state": HandleState.CONNECTED, "external_id": f"account-{next(_number)}", **fields}
    return registered_handle(where, **values)


def handle_needing_attention(where: Department | None = None, **fields: Any) -> Handle:
    values = {"state": HandleState.ATTENTION, "state_reason": "reconnect", **fields}
    return connected_handle(where, **values)


def disconnected_handle(where: Department | None = None, **fields: Any) -> Handle:
    return connected_handle(where, state=HandleState.DISCONNECTED, **fields)


def closed_handle(where: Department | None = None, **fields: Any) -> Handle:
    return registered_handle(where, state=HandleState.CLOSED, **fields)
