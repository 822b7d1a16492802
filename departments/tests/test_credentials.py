"""S7: what opens a handle is encrypted, rotated by command, and shown by nothing."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command

from departments.credentials import CredentialMissing, Secrets, read_secrets, store_secrets
from departments.models import Credential, Handle

from . import factories as make

TOKEN = "EAAB-never-shown"
pytestmark = pytest.mark.django_db


@pytest.fixture
def handle() -> Handle:
    made = make.registered_handle()
    store_secrets(made, Secrets(TOKEN, {"refresh": TOKEN}))
    return made


def test_the_database_holds_no_token(handle):
    assert TOKEN.encode() not in bytes(Credential.objects.get().sealed)
    assert read_secrets(handle) == Secrets(TOKEN, {"refresh": TOKEN})


def test_nothing_that_is_printed_shows_it(handle):
    shown = f"{read_secrets(handle)!r} {read_secrets(handle)} {Credential.objects.get()}"
    assert TOKEN not in shown


def test_a_new_key_takes_over_by_command(handle, settings):
    old, new = settings.CREDENTIAL_KEYS[0], Fernet.generate_key().decode()
    settings.CREDENTIAL_KEYS = [new, old]
    call_command("rotate_credentials")
    settings.CREDENTIAL_KEYS = [new]
    assert read_secrets(handle).token == TOKEN
    settings.CREDENTIAL_KEYS = [old]
    with pytest.raises(CredentialMissing):
        read_secrets(handle)
