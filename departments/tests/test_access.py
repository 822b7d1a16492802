import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from departments import access
from departments.models import Department, Handle, User
from departments.roles import STATE_WIDE, Role

from . import factories as make

pytestmark = pytest.mark.django_db

# role: sees every department, writes handles of the own one, manages people, reads the audit trail
TABLE = {
    Role.NODAL_OFFICER: (False, True, False, False),
    Role.DEPARTMENT_HEAD: (False, True, False, False),
    Role.DEPUTY_DIRECTOR: (True, False, False, False),
    Role.JOINT_DIRECTOR: (True, False, False, False),
    Role.DIRECTOR: (True, False, False, True),
    Role.SECRETARY: (True, False, False, True),
    Role.AUDITOR: (True, False, False, True),
    Role.ADMINISTRATOR: (True, False, True, False),
}


def test_every_role_is_in_the_table():
    assert set(TABLE) == set(Role)


@pytest.mark.parametrize("role", Role.values)
def test_what_a_role_may(role):
    sees_all, writes_handles, manages_people, reads_audit = TABLE[Role(role)]
    department = make.directorate() if role in STATE_WIDE else make.department()
    other = make.connected_handle()
    officer = make.person(role, department)
    assert access.sees_every_department(officer) is sees_all
    assert (other.department in access.visible_departments(officer)) is sees_all
    assert (other in access.visible_handles(officer)) is sees_all
    assert access.can_edit_handles(officer, department.pk) is writes_handles
    assert access.can_edit_handles(officer, other.department_id) is False
    assert access.can_manage_people(officer) is manages_people
    assert access.can_edit_department(officer) is manages_people
    assert access.can_read_audit(officer) is reads_audit
    assert access.visible_people(officer).exists() is manages_people


@pytest.mark.parametrize("role", sorted(STATE_WIDE))
def test_a_state_wide_role_held_elsewhere_counts_for_nothing(role):
    officer = make.person_without_charge()
    make.charge(officer, role, make.department())
    assert access.sees_every_department(officer) is False
    assert access.can_manage_people(officer) is False
    assert access.can_read_audit(officer) is False


def nobody() -> AnonymousUser:
    return AnonymousUser()


def inactive() -> User:
    return make.person(is_active=False)


@pytest.mark.parametrize("who", [nobody, make.person_without_charge, make.former_officer, inactive])
def test_without_a_charge_today_nothing_is_visible(who):
    make.connected_handle()
    person = who()
    assert access.is_officer(person) is False
    assert list(access.visible_departments(person)) == []
    assert list(access.visible_handles(person)) == []
    assert list(access.visible_people(person)) == []


def test_a_stranger_cannot_tell_a_hidden_record_from_none():
    officer, handle = make.person(), make.connected_handle()
    nothing = Handle.objects.order_by("-pk").first().pk + 1
    for key in (handle.pk, nothing):
        with pytest.raises(Http404):
            access.get_handle(officer, key)
    for slug in (handle.department.slug, "no-such-department"):
        with pytest.raises(Http404):
            access.get_department(officer, slug)


def test_two_charges_add_up():
    officer = make.person()
    second = make.department()
    make.charge(officer, Role.DEPARTMENT_HEAD, second)
    assert access.own_departments(officer).count() == 2
    assert access.can_edit_handles(officer, second.pk)
    assert Department.objects.count() == 2
