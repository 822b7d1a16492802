"""Who may do what to departments, people and handles. The only place that compares roles.

`can_` answers for one object, `visible_` for many, `get_` fetches one or raises Http404: a person
who may not see a record cannot tell it from one that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import Http404

from .models import Department, Handle, Member, User
from .names import name_order
from .roles import DIRECTORATE, STATE_WIDE, Role
from .states import HandleState

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    Person = User | AnonymousUser

Record = TypeVar("Record", bound=Model)


def charges_of(user: Person) -> list[Member]:
    """Today's charges, read once per request and kept on the user object."""
    if not user.is_authenticated:
        return []
    if not hasattr(user, "_charges"):
        charges = Member.objects.current().filter(user=user).select_related("department")
        user._charges = list(charges)
    return user._charges


def holds(user: Person, *roles: str, department_id: int | None = None) -> bool:
    """Does this person hold one of the roles today: in the Directorate for state-wide roles,
    in the given department for a department's own?
    """
    for charge in charges_of(user):
        if charge.role not in roles:
            continue
        if charge.role in STATE_WIDE:
            if charge.department.slug == DIRECTORATE:
                return True
        elif department_id is None or charge.department_id == department_id:
            return True
    return False


def is_officer(user: Person) -> bool:
    return bool(charges_of(user))


def sees_every_department(user: Person) -> bool:
    return holds(user, *STATE_WIDE)


def departments_with_role(user: Person, *roles: str) -> set[int]:
    """Keys of the departments where the person holds one of these department roles today."""
    return {c.department_id for c in charges_of(user) if c.role in roles}


def own_departments(user: Person) -> QuerySet[Department]:
    """Where the person may write: nodal officer or head."""
    keys = departments_with_role(user, Role.NODAL_OFFICER, Role.DEPARTMENT_HEAD)
    return Department.objects.filter(pk__in=keys).order_by(name_order())


def departments_of(user: Person) -> list[Department]:
    """The same, of what was read already."""
    roles = (Role.NODAL_OFFICER, Role.DEPARTMENT_HEAD)
    held = {one.department_id: one.department for one in charges_of(user) if one.role in roles}
    return sorted(held.values(), key=lambda department: department.name)


def visible_departments(user: Person) -> QuerySet[Department]:
    departments = Department.objects.order_by(name_order())
    if sees_every_department(user):
        return departments
    return departments.filter(pk__in={c.department_id for c in charges_of(user)})


def get_department(user: Person, slug: str) -> Department:
    return _one(visible_departments(user), slug=slug)


def can_manage_people(user: Person) -> bool:
    return holds(user, Role.ADMINISTRATOR)


def can_edit_department(user: Person) -> bool:
    return holds(user, Role.ADMINISTRATOR)


def can_edit_handles(user: Person, department_id: int) -> bool:
    return holds(user, Role.NODAL_OFFICER, Role.DEPARTMENT_HEAD, department_id=department_id)


def can_read_audit(user: Person) -> bool:
    return holds(user, Role.AUDITOR, Role.DIRECTOR, Role.SECRETARY)


def visible_handles(user: Person) -> QuerySet[Handle]:
    return Handle.objects.filter(department__in=visible_departments(user))


def get_handle(user: Person, pk: int) -> Handle:
    return _one(visible_handles(user).select_related("department", "accountable_officer"), pk=pk)


def usable_handles(department_ids: Iterable[int]) -> QuerySet[Handle]:
    """Handles a post of these departments can go to."""
    return Handle.objects.filter(
        Q(department__in=department_ids), state=HandleState.CONNECTED
    ).select_related("department")


def visible_people(user: Person) -> QuerySet[User]:
    return User.objects.all() if can_manage_people(user) else User.objects.none()


def get_person(user: Person, pk: int) -> User:
    return _one(visible_people(user), pk=pk)


def _one(queryset: QuerySet[Record], **lookup: object) -> Record:
    found = queryset.filter(**lookup).first()
    if found is None:
        raise Http404
    return found
