from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.test import override_settings

from portal.checks import check_deployment

HTTPS = {name: f"https://{name}.example" for name in ("facebook", "x")}
SOUND = {
    "CREDENTIAL_KEYS": [Fernet.generate_key().decode(), Fernet.generate_key().decode()],
    "PLATFORM_URLS": HTTPS,
    "MEDIA_URL_BASE": "https://portal.example",
    "CALLBACK_SECRETS": {"facebook": "secret", "instagram": "secret", "x": "another"},
    "CALLBACK_VERIFY_TOKEN": "word",
    "REDIS_URL": "redis://cache:6379/0",
    "DEMO": False,
}


def found(**changed: object) -> list[str]:
    with override_settings(**{**SOUND, **changed}):
        return [message.id for message in check_deployment(app_configs=None)]


def test_sound_settings_pass():
    assert found() == []


@pytest.mark.parametrize(
    ("changed", "ids"),
    [
        ({"CREDENTIAL_KEYS": []}, ["portal.E001"]),
        ({"CREDENTIAL_KEYS": ["short"]}, ["portal.E001"]),
        ({"CREDENTIAL_KEYS": [*SOUND["CREDENTIAL_KEYS"], "क" * 44]}, ["portal.E001"]),
        ({"PLATFORM_URLS": {**HTTPS, "x": "http://x.example"}}, ["portal.E002"]),
        ({"MEDIA_URL_BASE": "http://portal.example"}, ["portal.E003"]),
        ({"DEMO": True}, ["portal.E004"]),
        ({"CALLBACK_SECRETS": {"facebook": "", "x": "secret"}}, ["portal.W001"]),
        ({"CALLBACK_SECRETS": {"whatsapp": "same", "x": "same"}}, ["portal.W004"]),
        ({"CALLBACK_VERIFY_TOKEN": ""}, ["portal.W002"]),
        ({"REDIS_URL": ""}, ["portal.W003"]),
    ],
)
def test_each_fault_is_named(changed, ids):
    assert found(**changed) == ids


def test_a_bad_key_is_not_shown():
    with override_settings(**{**SOUND, "CREDENTIAL_KEYS": ["a-key-with-a-slip"]}):
        (message,) = check_deployment(app_configs=None)
    assert "a-key-with-a-slip" not in str(message)
