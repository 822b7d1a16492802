"""The audit trail is append-only and hash-chained (I4)."""

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from departments.models import User
from portal.audit.actions import MASK, broken_links, record
from portal.audit.models import AuditEntry, ChainHead
from portal.audit.names import LABELS

ACTION = "departments.user.invited"


@pytest.fixture
def officer(db) -> User:
    return User.objects.create_user("officer@example.in", name="अधिकारी")


def three_entries(officer: User) -> list[AuditEntry]:
    with transaction.atomic():
        return [record(ACTION, officer, actor=officer, data={"n": n}) for n in range(3)]


def rewrite(statement: str) -> None:
    """As somebody with the database's own rights could, past the guard."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER audit_entry_no_update")
        else:
            cursor.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER audit_entry_append_only")
        cursor.execute(statement)


def test_entries_form_a_chain(officer):
    first, second, third = three_entries(officer)
    assert (second.previous_hash, third.previous_hash) == (first.hash, second.hash)
    assert list(broken_links()) == []
    assert ChainHead.objects.get().number == 3


def test_an_entry_says_who_and_what(officer):
    entry = three_entries(officer)[0]
    assert (entry.actor_id, entry.actor_name) == (officer.pk, "अधिकारी")
    assert (entry.target_type, entry.target_id) == ("departments.user", str(officer.pk))


def test_a_name_without_label_is_refused(officer):
    with pytest.raises(KeyError), transaction.atomic():
        record("departments.user.dreamt", officer, actor=officer)
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_a_transaction():
    officer = User.objects.create_user("officer@example.in", name="अधिकारी")
    with pytest.raises(transaction.TransactionManagementError):
        record(ACTION, officer, actor=officer)


def test_secrets_are_masked_at_any_depth(officer):
    with transaction.atomic():
        entry = record(
            ACTION,
            officer,
            actor=officer,
            data={"access_token": "EAAB", "deep": [{"app_secret": "s", "kept": "fine"}]},
        )
    assert entry.data == {"access_token": MASK, "deep": [{"app_secret": MASK, "kept": "fine"}]}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditentry SET action = 'departments.handle.closed'",
        "DELETE FROM audit_auditentry",
    ],
)
def test_the_database_refuses_to_change_or_remove(officer, audit_delete_guard, statement):
    three_entries(officer)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert AuditEntry.objects.count() == 3


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit_auditentry SET actor_name = 'कोई और' WHERE number = 2", "was changed"),
        ("DELETE FROM audit_auditentry WHERE number = 2", "is missing"),
        ("DELETE FROM audit_auditentry WHERE number = 3", "its head says"),
    ],
)
def test_what_was_forged_past_the_guard_is_found(officer, statement, said):
    three_entries(officer)
    rewrite(statement)
    assert any(said in fault for fault in broken_links())
    with pytest.raises(CommandError):
        call_command("check_audit")


def test_every_name_has_app_object_and_participle():
    assert all(len(name.split(".")) == 3 for name in LABELS)
