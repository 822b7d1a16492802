"""Fixtures that every app's tests share."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from math import inf

import pytest
from django.conf import settings
from django.db import connection
from django.utils import translation

from publishing import clock


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> None:
    """Transactional tests empty every table, which the audit trail's guard rightly refuses.

    On SQLite that is a DELETE: the guard against it is lifted for the suite, and put back by the
    tests that are about it. (PostgreSQL truncates, which the guard leaves alone.)
    """
    with django_db_blocker.unblock():
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("DROP TRIGGER IF EXISTS audit_entry_no_delete")
        ask_the_time_once()


def ask_the_time_once() -> None:
    """Publishing asks PostgreSQL what time it is every ten seconds: no test counts that query."""
    clock.ASKED_EVERY = inf
    clock.now()


@pytest.fixture(autouse=True)
def _language() -> Iterator[None]:
    """A test that asked for an English page leaves no English to the next."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture
def audit_delete_guard(db) -> Iterator[None]:
    if connection.vendor != "sqlite":
        yield
        return
    guard = importlib.import_module("portal.audit.migrations.0002_append_only")
    with connection.cursor() as cursor:
        cursor.execute(guard.SQLITE[1])
        yield
        cursor.execute(guard.SQLITE_BACK[1])
