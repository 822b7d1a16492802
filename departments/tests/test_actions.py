from datetime import timedelta

import pytest
from django.utils import timezone

from departments import actions
from departments.credentials import CredentialMissing, Secrets, read_secrets
from departments.models import Handle, Member, User
from departments.platforms import Platform
from departments.roles import STATE_WIDE, Role
from departments.states import HANDLE_MOVES, HandleState
from portal.audit.models import AuditEntry
from portal.errors import MoveNotAllowed, NotPermitted

from . import factories as make

pytestmark = pytest.mark.django_db

IN_STATE = {
    HandleState.REGISTERED: make.registered_handle,
    HandleState.CONNECTED: make.connected_handle,
    HandleState.ATTENTION: make.handle_needing_attention,
    HandleState.DISCONNECTED: make.disconnected_handle,
    HandleState.CLOSED: make.closed_handle,
}


def move(handle: Handle, to: str, officer: User) -> None:
    if to == HandleState.CONNECTED:
        secrets = Secrets("token-of-a-test")
        actions.connect_handle(handle, external_id="42", secrets=secrets, actor=officer)
    elif to == HandleState.DISCONNECTED:
        actions.disconnect_handle(handle, actor=officer)
    else:
        actions.close_handle(handle, actor=officer)


@pytest.mark.parametrize("start", HandleState.values)
@pytest.mark.parametrize(
    "to", [HandleState.CONNECTED, HandleState.DISCONNECTED, HandleState.CLOSED]
)
def test_handle_moves_only_as_the_table_says(start, to):
    handle = IN_STATE[start]()
    officer = make.person(where=handle.department)
    if to in HANDLE_MOVES[start]:
        move(handle, to, officer)
        handle.refresh_from_db()
        assert handle.state == to
        assert AuditEntry.objects.get().data["new"] == to
    else:
        with pytest.raises(MoveNotAllowed):
            move(handle, to, officer)
        handle.refresh_from_db()
        assert handle.state == start
        assert not AuditEntry.objects.exists()


def test_disconnecting_erases_what_opened_the_handle():
    handle = make.registered_handle()
    officer = make.person(where=handle.department)
    move(handle, HandleState.CONNECTED, officer)
    assert read_secrets(handle).token == "token-of-a-test"
    move(handle, HandleState.DISCONNECTED, officer)
    with pytest.raises(CredentialMissing):
        read_secrets(handle)


def test_secrets_appear_in_no_audit_entry():
    handle = make.registered_handle()
    move(handle, HandleState.CONNECTED, make.person(where=handle.department))
    assert "token-of-a-test" not in str(AuditEntry.objects.get().data)


@pytest.mark.parametrize("role", Role.values)
def test_only_the_departments_own_officers_write_its_handles(role):
    handle = make.connected_handle()
    where = None if role in STATE_WIDE else handle.department
    officer = make.person(role, where)
    if role in (Role.NODAL_OFFICER, Role.DEPARTMENT_HEAD):
        assert actions.change_handle(handle, name="Changed", actor=officer).name == "Changed"
    else:
        with pytest.raises(NotPermitted):
            actions.change_handle(handle, name="Changed", actor=officer)


def test_another_departments_officer_may_not_touch_a_handle():
    handle = make.connected_handle()
    with pytest.raises(NotPermitted):
        actions.close_handle(handle, actor=make.person())


def test_a_former_officer_may_do_nothing():
    handle = make.connected_handle()
    with pytest.raises(NotPermitted):
        actions.disconnect_handle(handle, actor=make.former_officer(where=handle.department))


def test_the_same_handle_is_registered_once_whatever_its_case():
    first = make.registered_handle(name="UPHealth")
    officer = make.person(where=first.department)
    with pytest.raises(MoveNotAllowed):
        actions.register_handle(
            first.department, platform=Platform.X, name="uphealth", actor=officer
        )
    assert Handle.objects.count() == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://x.com/UPGovt",
        "https://x.com.example.org/UPGovt",
        "https://user@x.com/UPGovt",
        "https://x.com:8443/UPGovt",
        "javascript:alert(1)",
        "https://facebook.com/UPGovt",
        "https://[x.com/UPGovt",
    ],
)
def test_a_link_leads_to_the_platform_itself(url):
    department = make.department()
    with pytest.raises(MoveNotAllowed):
        actions.register_handle(
            department,
            platform=Platform.X,
            name="UPGovt",
            url=url,
            actor=make.person(where=department),
        )


@pytest.mark.parametrize("name", ["UPGovtOfficial16", "UP-Govt", "शासन", "UP Govt", "UPGovt\n", ""])
def test_a_name_that_x_cannot_have_is_refused(name):
    known = make.registered_handle()
    officer = make.person(where=known.department)
    with pytest.raises(MoveNotAllowed):
        actions.register_handle(known.department, platform=Platform.X, name=name, actor=officer)
    with pytest.raises(MoveNotAllowed):
        actions.change_handle(known, name=name, actor=officer)
    assert Handle.objects.get() == known
    assert not AuditEntry.objects.exists()


def test_other_platforms_may_have_such_a_name():
    department = make.department()
    officer = make.person(where=department)
    for platform in set(Platform) - {Platform.X}:
        actions.register_handle(
            department, platform=platform, name="उत्तर प्रदेश शासन का खाता", actor=officer
        )
    assert Handle.objects.count() == 4


def test_a_name_stored_before_does_not_stand_in_the_way():
    handle = make.registered_handle(name="An old name, longer than X allows")
    officer = make.person(where=handle.department)
    assert actions.change_handle(handle, name=handle.name, note="पुराना", actor=officer).note


def test_the_accountable_officer_holds_a_charge_in_the_department():
    department = make.department()
    officer = make.person(where=department)
    for stranger in (make.person(), make.former_officer(where=department)):
        with pytest.raises(MoveNotAllowed):
            actions.register_handle(
                department,
                platform=Platform.X,
                name="UPTest",
                accountable_officer=stranger,
                actor=officer,
            )


def test_saving_what_is_already_so_writes_no_audit_entry():
    handle = make.registered_handle()
    officer = make.person(where=handle.department)
    actions.change_handle(handle, name=handle.name, actor=officer)
    assert not AuditEntry.objects.exists()


def test_old_and_new_of_what_changed_are_recorded():
    handle = make.registered_handle(name="Before")
    officer = make.person(where=handle.department)
    actions.change_handle(handle, name="After", note="", actor=officer)
    entry = AuditEntry.objects.get()
    assert entry.data == {"old": {"name": "Before"}, "new": {"name": "After"}}
    assert entry.actor_id == officer.pk
    assert entry.department == handle.department.slug


# --- people ---------------------------------------------------------------------------------------


def test_an_invited_officer_has_a_charge_and_no_password():
    department = make.department()
    member = actions.invite_officer(
        name="सुश्री अ",
        email="Nodal@Example.gov.in",
        department=department,
        role=Role.NODAL_OFFICER,
        actor=make.person(Role.ADMINISTRATOR),
    )
    assert member.user.email == "nodal@example.gov.in"
    assert not member.user.has_usable_password()
    assert list(Member.objects.current().filter(user=member.user)) == [member]


def test_one_account_per_address_whatever_its_case():
    make.person(email="a@example.gov.in")
    with pytest.raises(MoveNotAllowed):
        actions.invite_officer(
            name="B",
            email="A@example.gov.in",
            department=make.department(),
            role=Role.NODAL_OFFICER,
            actor=make.person(Role.ADMINISTRATOR),
        )


@pytest.mark.parametrize("role", sorted(set(Role.values) - {Role.ADMINISTRATOR}))
def test_only_an_administrator_gives_charges(role):
    with pytest.raises(NotPermitted):
        actions.appoint(
            make.person_without_charge(),
            department=make.department(),
            role=Role.NODAL_OFFICER,
            actor=make.person(role),
        )


@pytest.mark.parametrize("role", sorted(STATE_WIDE))
def test_state_wide_roles_are_held_in_the_directorate(role):
    administrator, officer = make.person(Role.ADMINISTRATOR), make.person_without_charge()
    with pytest.raises(MoveNotAllowed):
        actions.appoint(officer, department=make.department(), role=role, actor=administrator)
    actions.appoint(officer, department=make.directorate(), role=role, actor=administrator)
    assert officer.charges.get().role == role


def test_the_same_charge_is_not_given_twice_for_the_same_days():
    today = timezone.localdate()
    administrator, department = make.person(Role.ADMINISTRATOR), make.department()
    officer = make.person_without_charge()
    given = {"department": department, "role": Role.NODAL_OFFICER, "actor": administrator}
    actions.appoint(officer, from_date=today, to_date=today + timedelta(days=9), **given)
    with pytest.raises(MoveNotAllowed):
        actions.appoint(officer, from_date=today + timedelta(days=9), **given)
    actions.appoint(officer, from_date=today + timedelta(days=10), **given)
    assert officer.charges.count() == 2


def test_relieving_ends_the_charge_and_twice_is_once():
    administrator, officer = make.person(Role.ADMINISTRATOR), make.person()
    yesterday = timezone.localdate() - timedelta(days=1)
    actions.relieve(officer.charges.get(), actor=administrator, last_day=yesterday)
    assert not Member.objects.current().filter(user=officer).exists()
    with pytest.raises(MoveNotAllowed):
        actions.relieve(officer.charges.get(), actor=administrator)
    assert AuditEntry.objects.count() == 1


def test_relieving_today_twice_records_it_once():
    administrator, officer = make.person(Role.ADMINISTRATOR), make.person()
    for _click in range(2):
        actions.relieve(officer.charges.get(), actor=administrator)
    assert AuditEntry.objects.count() == 1


def test_a_department_is_not_put_under_its_own_body():
    administrator = make.person(Role.ADMINISTRATOR)
    above = make.department()
    below = make.department(parent=above)
    for parent in (above, below):
        with pytest.raises(MoveNotAllowed):
            actions.change_department(above, actor=administrator, parent=parent)
