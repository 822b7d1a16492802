"""The one module that reads and writes what opens a handle (S7).

Encrypted with MultiFernet: the first key of CREDENTIAL_KEYS writes, all of them read, and
`manage.py rotate_credentials` rewrites everything under the first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

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


def store_secrets(handle: Handle, secrets: Secrets) -> None:
    plain = json.dumps({"token": secrets.token, "refresh": secrets.refresh, "extra": secrets.extra})
    Credential.objects.update_or_create(
        handle=handle,
        defaults={
            "sealed": _keys().encrypt(plain.encode()),
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
        plain = json.loads(_keys().decrypt(bytes(credential.sealed)))
    except InvalidToken:
        raise CredentialMissing(handle.pk) from None
    return Secrets(plain["token"], plain["extra"], plain.get("refresh", ""), credential.token_until)


def forget_secrets(handle: Handle) -> None:
    Credential.objects.filter(handle=handle).delete()


def rotate() -> int:
    """Re-encrypt everything with the first key; the number of credentials rewritten."""
    keys, count = _keys(), 0
    for credential in Credential.objects.select_for_update():
        credential.sealed = keys.rotate(bytes(credential.sealed))
        credential.save()
        count += 1
    return count
