"""The one module that reads and writes what opens a handle (S7).

Encrypted with MultiFernet: the first key of CREDENTIAL_KEYS writes, all of them read, and
`manage.py rotate_credentials` rewrites everything under the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from .models import Credential, Handle


class CredentialMissing(Exception):
    """Nothing is stored for this handle, or no key of today opens it."""


@dataclass(frozen=True)
class Secrets:
    """Its `repr` shows nothing, so that no log or traceback can."""

    token: str = field(repr=False)
    extra: dict[str, str] = field(default_factory=dict, repr=False)
    refresh: str = field(default="", repr=False)
    token_until: datetime | None = None  # when the token ends, if the platform said so


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.CREDENTIAL_KEYS])


def seal_secrets(secrets: Secrets) -> bytes:
    plain = {"token": secrets.token, "refresh": secrets.refresh, "extra": secrets.extra}
    return _keys().encrypt(json.dumps(plain).encode())


def open_secrets(sealed: bytes, token_until: datetime | None) -> Secrets:
    """Raises InvalidToken."""
    plain = json.loads(_keys().decrypt(sealed))
    return Secrets(plain["token"], plain["extra"], plain.get("refresh", ""), token_until)


def store_secrets(handle: Handle, secrets: Secrets) -> None:
    """In place of whatever was there; a renewal that is under way will find its lease gone."""
    Credential.objects.update_or_create(
        handle=handle,
        defaults={
            "sealed": seal_secrets(secrets),
            "token_until": secrets.token_until,
            "renewing_until": None,
        },
    )


def read_secrets(handle: Handle) -> Secrets:
    """Raises CredentialMissing."""
    credential = Credential.objects.filter(handle=handle).first()
    if credential is None:
        raise CredentialMissing(handle.pk)
    try:
        return open_secrets(bytes(credential.sealed), credential.token_until)
    except InvalidToken:
        raise CredentialMissing(handle.pk) from None


def read_all_secrets(handles: Iterable[Handle]) -> dict[int, Secrets]:
    """By the handles' keys; where nothing is stored, or no key of today opens it, none."""
    found = {}
    for credential in Credential.objects.filter(handle__in=[one.pk for one in handles]):
        try:
            secrets = open_secrets(bytes(credential.sealed), credential.token_until)
        except InvalidToken:
            continue
        found[credential.handle_id] = secrets
    return found


def take_lease(handle: Handle, seconds: int) -> datetime | None:
    """Until when only the caller renews these secrets; None while somebody else does (X1.4)."""
    now = timezone.now()
    until = now + timedelta(seconds=seconds)
    free = Credential.objects.filter(
        Q(renewing_until__isnull=True) | Q(renewing_until__lte=now), handle=handle
    )
    return until if free.update(renewing_until=until) else None


def store_renewed(handle: Handle, secrets: Secrets, lease: datetime) -> bool:
    """False if the lease is no longer ours: the handle was linked anew or disconnected."""
    own = Credential.objects.filter(handle=handle, renewing_until=lease)
    changed = own.update(
        sealed=seal_secrets(secrets),
        token_until=secrets.token_until,
        renewing_until=None,
        changed_at=timezone.now(),
    )
    return bool(changed)


def give_lease_back(handle: Handle, lease: datetime) -> None:
    Credential.objects.filter(handle=handle, renewing_until=lease).update(renewing_until=None)


def forget_secrets(handle: Handle) -> None:
    Credential.objects.filter(handle=handle).delete()


# --- personal data that other apps keep -----------------------------------------------------------


def seal_text(plain: str) -> bytes:
    return _keys().encrypt(plain.encode())


def open_text(sealed: bytes | memoryview) -> str:
    """Raises CredentialMissing where no key of today opens it."""
    try:
        return _keys().decrypt(bytes(sealed)).decode()
    except InvalidToken:
        raise CredentialMissing("sealed text") from None


def keyed_hash(text: str) -> str:
    """The same for the same text, and of no use to who lacks SECRET_KEY: finds what is sealed."""
    return salted_hmac("departments.credentials.keyed_hash", text, algorithm="sha256").hexdigest()


def rotate() -> int:
    """Re-encrypt everything with the first key; the number of rows rewritten."""
    keys, count = _keys(), 0
    for credential in Credential.objects.select_for_update():
        credential.sealed = keys.rotate(bytes(credential.sealed))
        credential.save(update_fields=["sealed", "changed_at"])
        count += 1
    return count + sum(_rotate_texts(*field) for field in settings.SEALED_FIELDS)


def _rotate_texts(model: str, sealed: str, key: str) -> int:
    """The keyed hash beside it follows, so that a changed SECRET_KEY forgets nobody."""
    rows = apps.get_model(model).objects.select_for_update()
    count = 0
    for row in rows.iterator(chunk_size=500):
        plain = open_text(getattr(row, sealed))
        setattr(row, sealed, seal_text(plain))
        # What was erased is sealed empty, and is to be found by nothing.
        setattr(row, key, keyed_hash(plain) if plain else "")
        row.save(update_fields=[sealed, key])
        count += 1
    return count
