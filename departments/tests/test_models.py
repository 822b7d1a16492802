"""What the database itself refuses, whoever writes."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from departments.models import Department, Handle, Member, User
from departments.platforms import Platform
from departments.roles import Role
from departments.states import HANDLE_MOVES, HandleState

from . import factories as make

pytestmark = pytest.mark.django_db

DAY = date(2026, 4, 1)


def department_under_itself() -> None:
    department = make.department()
    Department.objects.filter(pk=department.pk).update(parent=department)


def department_without_hindi_name() -> None:
    make.department(name_hi="")


def department_twice() -> None:
    Department.objects.create(slug=make.department().slug, name_hi="क", name_en="K", kind="board")


def account_twice() -> None:
    make.person(email="a@example.gov.in")
    User.objects.bulk_create([User(email="A@example.gov.in", name="B")])


def charge_with_unknown_role() -> None:
    make.charge(make.person_without_charge(), "king", make.department())


def charge_that_ends_before_it_begins() -> None:
    Member.objects.create(
        user=make.person_without_charge(),
        department=make.department(),
        role=Role.NODAL_OFFICER,
        from_date=DAY,
        to_date=date(2026, 3, 31),
    )


def two_open_charges_of_the_same_kind() -> None:
    department = make.department()
    officer = make.person(where=department)
    make.charge(officer, Role.NODAL_OFFICER, department)


def handle_on_unknown_platform() -> None:
    make.registered_handle(platform="orkut")


def handle_in_unknown_state() -> None:
    make.registered_handle(state="asleep")


def handle_twice() -> None:
    make.registered_handle(name="UPGovt")
    make.registered_handle(name="upgovt")


def account_connected_twice() -> None:
    make.connected_handle(external_id="7")
    make.connected_handle(external_id="7")


def connected_without_account() -> None:
    make.connected_handle(external_id="")


REFUSED = [
    department_under_itself,
    department_without_hindi_name,
    department_twice,
    account_twice,
    charge_with_unknown_role,
    charge_that_ends_before_it_begins,
    two_open_charges_of_the_same_kind,
    handle_on_unknown_platform,
    handle_in_unknown_state,
    handle_twice,
    account_connected_twice,
    connected_without_account,
]


@pytest.mark.parametrize("write", REFUSED, ids=lambda write: write.__name__)
def test_the_database_refuses(write):
    with pytest.raises(IntegrityError), transaction.atomic():
        write()


def test_the_same_name_on_two_platforms_is_two_handles():
    make.registered_handle(name="UPGovt", platform=Platform.X)
    make.registered_handle(name="UPGovt", platform=Platform.FACEBOOK)
    assert Handle.objects.count() == 2


@pytest.mark.parametrize("state", HandleState.values)
def test_every_state_has_its_moves(state):
    assert HANDLE_MOVES[state] <= set(HandleState.values)


@pytest.mark.parametrize(
    ("day", "counts"),
    [
        (date(2026, 3, 31), False),
        (DAY, True),
        (date(2026, 4, 30), True),
        (date(2026, 5, 1), False),
    ],
)
def test_a_charge_counts_from_its_first_to_its_last_day(day, counts):
    Member.objects.create(
        user=make.person_without_charge(),
        department=make.department(),
        role=Role.NODAL_OFFICER,
        from_date=DAY,
        to_date=date(2026, 4, 30),
    )
    assert Member.objects.on(day).exists() is counts
