"""check_platforms says what is missing, and no secret."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command

from departments.credentials import forget_secrets, read_secrets
from departments.models import Handle
from publishing.tests.linking import ACCOUNTS, link, linkable, use

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("check_platforms", *arguments, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def ready(settings):
    """As in production, with everything entered."""
    settings.MEDIA_URL_BASE = "https://samvad.up.gov.in"
    settings.PLATFORM_URLS = {}
    return settings


def test_nothing_is_missing_when_everything_is_entered(ready):
    code, said = run("--offline")
    assert code == 0, said
    assert "Nothing is missing" in said
    assert "https://samvad.up.gov.in/desk/connect/x/return/" in said
    assert "https://samvad.up.gov.in/callbacks/whatsapp/" in said
    assert "/connect/whatsapp/" not in said
    assert "pages_manage_posts" in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"MEDIA_URL_BASE": "http://samvad.up.gov.in"}, "MEDIA_URL_BASE"),
        ({"MEDIA_URL_BASE": "https://127.0.0.1:8000"}, "MEDIA_URL_BASE"),
        ({"MEDIA_URL_BASE": "https://10.0.0.3"}, "MEDIA_URL_BASE"),
        ({"MEDIA_URL_BASE": "https://samvad"}, "MEDIA_URL_BASE"),
        ({"CALLBACK_VERIFY_TOKEN": ""}, "CALLBACK_VERIFY_TOKEN is empty"),
        ({"CALLBACK_SECRETS": {}}, "X_CALLBACK_SECRET is empty"),
        ({"CALLBACK_SECRETS": {"x": "1"}}, "YOUTUBE_CALLBACK_SECRET is empty"),
        ({"CALLBACK_SECRETS": {"x": "1", "facebook": "1"}}, "X_CALLBACK_SECRET is its own"),
        ({"X_WEBHOOK_ID": ""}, "X_WEBHOOK_ID is empty"),
        ({"PLATFORM_URLS": {"x": "http://127.0.0.1:8100/x"}}, "X_API_URL"),
    ],
)
def test_what_is_missing_is_said(ready, change, words):
    for name, value in change.items():
        setattr(ready, name, value)
    code, said = run("--offline")
    assert code == 1
    assert any(words in line for line in said.splitlines() if "missing" in line)


def test_a_missing_app_is_said_for_its_platform(ready):
    ready.PLATFORM_APPS = {**ready.PLATFORM_APPS, "x": {"id": "", "secret": "s3cret-value"}}
    code, said = run("--offline", "--platform", "x")
    assert code == 1
    assert "missing  X_APP_ID is empty" in said
    assert "s3cret-value" not in said
    assert run("--offline", "--platform", "facebook")[0] == 0


def test_each_linked_handle_is_looked_at(settings, rehearsal):
    use(settings, rehearsal)
    handle, client = linkable("facebook")
    link(client, handle, ACCOUNTS["facebook"], without=("read_insights",))
    token = read_secrets(handle).token
    _, said = run("--platform", "facebook")
    assert f"ok       {handle.name}: open until" in said
    assert "views and other numbers cannot be read" in said
    assert token not in said
    assert settings.PLATFORM_APPS["facebook"]["secret"] not in said

    rehearsal.store.revoke_grants("facebook")
    assert f"missing  {handle.name}:" in run("--platform", "facebook")[1]
    forget_secrets(handle)
    assert "nothing opens it" in run("--platform", "facebook")[1]
    assert Handle.objects.get().state == "connected"  # only looked at, nothing changed
