"""What `manage.py check --deploy` asks of our own settings, besides Django's questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution


def is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def key_faults() -> Iterator[CheckMessage]:
    if not settings.CREDENTIAL_KEYS:
        yield Error(
            "CREDENTIAL_KEYS is empty, so no handle can be connected.",
            hint="Make a key with `python -c 'from cryptography.fernet import Fernet;"
            " print(Fernet.generate_key().decode())'`.",
            id="portal.E001",
        )
    for place, key in enumerate(settings.CREDENTIAL_KEYS, start=1):
        if not is_fernet_key(key):
            yield Error(f"Key {place} of CREDENTIAL_KEYS is not a Fernet key.", id="portal.E001")


def address_faults() -> Iterator[CheckMessage]:
    for platform, address in settings.PLATFORM_URLS.items():
        if address and not address.startswith("https://"):
            yield Error(
                f"{platform.upper()}_API_URL is not https: access tokens would travel in the open.",
                id="portal.E002",
            )
    if not settings.MEDIA_URL_BASE.startswith("https://"):
        yield Error(
            "MEDIA_URL_BASE is not https: platforms could not fetch photos safely.",
            id="portal.E003",
        )


def sharing_secret() -> list[str]:
    """Platforms whose callbacks are signed with the secret of another: either could speak for both.

    Those reached through one app rightly share one.
    """
    owners: dict[str, set[str]] = {}
    for platform, secret in settings.CALLBACK_SECRETS.items():
        owners.setdefault(secret, set()).add(settings.SHARED_APP.get(platform, platform))
    return [
        platform
        for platform, secret in settings.CALLBACK_SECRETS.items()
        if secret and len(owners[secret]) > 1
    ]


def callback_faults() -> Iterator[CheckMessage]:
    if sharing := sharing_secret():
        names = ", ".join(f"{name.upper()}_CALLBACK_SECRET" for name in sharing)
        yield Caution(
            f"The same: {names}. What one of these platforms signs would be taken for another's.",
            id="portal.W004",
        )
    without = [name for name, secret in settings.CALLBACK_SECRETS.items() if not secret]
    if without:
        names = ", ".join(f"{name.upper()}_CALLBACK_SECRET" for name in without)
        yield Caution(
            f"Not set: {names}. What these platforms send to /callbacks/ cannot be verified "
            "and is refused.",
            id="portal.W001",
        )
    if not settings.CALLBACK_VERIFY_TOKEN:
        yield Caution(
            "CALLBACK_VERIFY_TOKEN is not set: no platform can confirm its callback address.",
            id="portal.W002",
        )


def place_faults() -> Iterator[CheckMessage]:
    if getattr(settings, "DEMO", False):
        yield Error(
            "The example officers' passwords are public: DEMO must be off.", id="portal.E004"
        )
    if not settings.REDIS_URL:
        yield Caution(
            "REDIS_URL is not set: failed sign-ins are counted in each web process by itself.",
            id="portal.W003",
        )


@register(Tags.security, deploy=True)
def check_deployment(
    *, app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    return [*key_faults(), *address_faults(), *callback_faults(), *place_faults()]
