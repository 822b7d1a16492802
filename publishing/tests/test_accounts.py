"""How each platform's accounts are linked, whatever the platform answers (bad input of issue 3)."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from departments.credentials import Secrets
from publishing.connectors import consent_for
from publishing.connectors.consent import ConsentPage
from publishing.connectors.errors import ConnectionRefused, ConnectorError, RateLimited, Unavailable
from publishing.tests.linking import WITH_PAGE, typed

EXTRA = {"page": "1", "user_token": "user-token-secret", "business": "1"}
SECRETS = Secrets("access-token-secret", EXTRA, "refresh-token-secret", timezone.now())
TYPED_SECRET = "system-user-400000000000011"
BODIES = [
    b"",
    b"<html><h1>502</h1></html>",
    b"[]",
    b"null",
    b'"text"',
    b"[" * 100_000,
    b'{"data": 5, "access_token": 7, "expires_in": "soon", "items": {}, "scope": ["a"]}',
    b'{"access_token": "ok", "expires_in": 1e99, "data": [null, 1, {"id": {}}]}',
    b'{"data": {"is_valid": "yes", "scopes": 7, "expires_at": "never"}}',
    b'{"data": {"is_valid": true, "scopes": 7, "expires_at": 99999999999999999}}',
    b'{"error": "invalid_grant"}',
    b'{"error": {"code": "190", "message": []}}',
    b'{"error": {"code": 190}}',
    b"\xff\xfe\x00",
]


@pytest.fixture(params=[*WITH_PAGE, "whatsapp"])
def platform(request, settings, teller):
    settings.PLATFORM_URLS = settings.CONSENT_URLS = dict.fromkeys(settings.CONNECTORS, teller.url)
    return request.param


def everything(platform: str):
    """Each thing that is asked of a platform about an account."""
    consent = consent_for(platform)
    if isinstance(consent, ConsentPage):
        yield lambda: consent.candidates(
            code="code-secret-secret", return_to="https://x/", verifier="verifier-secret-secret"
        )
    else:
        yield lambda: consent.candidates(typed())
    yield lambda: consent.renew(SECRETS)
    yield lambda: consent.health("1", SECRETS)
    yield lambda: consent.listen("1", SECRETS)
    yield consent.register
    yield lambda: consent.revoke("1", SECRETS, entirely=True)
    yield lambda: consent.revoke("1", SECRETS, entirely=False)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 429, 500])
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_no_answer_raises_anything_else(platform, teller, status, body):
    teller.reply = lambda *request: (status, {"Location": "http://127.0.0.1:9/"}, body)
    for act in everything(platform):
        with suppress(ConnectorError):
            act()


def test_a_platform_that_hangs_up_is_unavailable(platform, teller):
    teller.reply = lambda *request: None
    consent = consent_for(platform)
    with pytest.raises(Unavailable):
        consent.health("1", SECRETS)


def test_what_is_kept_of_a_refusal_holds_no_secret(platform, teller):
    """A platform that says everything back that was said to it."""

    def parrot(method, path, headers, body):
        said = f"{path} {headers.get('Authorization')} {body.decode('utf-8', 'replace')}"
        return 400, {}, json.dumps({"error": {"code": 190, "message": said}}).encode()

    teller.reply = parrot
    secrets = (
        *("code-secret-secret", "verifier-secret-secret", SECRETS.token, SECRETS.refresh),
        "app-token-of-x-for-tests",
        *(EXTRA["user_token"], TYPED_SECRET, "0123456789abcdef0123456789abcdef"),
    )
    for act in everything(platform):
        try:
            act()
        except ConnectorError as error:
            said = f"{error!r} {error} {error.detail}"
            assert [one for one in secrets if one in said] == []


@pytest.mark.parametrize("name", ["x", "youtube"])
@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (400, {"error": "invalid_grant"}, ConnectionRefused, "reconnect"),
        (400, {"error": "invalid_request"}, ConnectionRefused, "reconnect"),
        (401, {"error": "invalid_client"}, ConnectionRefused, "app_not_allowed"),
        (401, {"error": "unauthorized_client"}, ConnectionRefused, "app_not_allowed"),
        (429, {}, RateLimited, "rate_limited"),
        (500, {}, Unavailable, "platform_failing"),
        (503, {"error": "temporarily_unavailable"}, Unavailable, "platform_failing"),
    ],
)
def test_refusals_of_a_token_endpoint(settings, teller, name, status, body, error, code):
    settings.PLATFORM_URLS = dict.fromkeys(settings.CONNECTORS, teller.url)
    teller.reply = lambda *request: (status, {}, json.dumps(body).encode())
    with pytest.raises(error) as caught:
        consent_for(name).renew(SECRETS)
    assert caught.value.code == code


@pytest.mark.parametrize("name", WITH_PAGE)
def test_the_address_of_the_consent_page(settings, name):
    """As the platforms' guides give it (1.3, X1.2, Y1)."""
    settings.CONSENT_URLS = settings.PLATFORM_URLS = {}
    state, back = "state-0", "https://samvad.up.gov.in/desk/connect/x/return/"
    address = consent_for(name).address(state=state, return_to=back, challenge="challenge-0")
    parts = urlsplit(address)
    asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
    places = {
        "facebook": "https://www.facebook.com/v26.0/dialog/oauth",
        "instagram": "https://www.facebook.com/v26.0/dialog/oauth",
        "x": "https://x.com/i/oauth2/authorize",
        "youtube": "https://accounts.google.com/o/oauth2/v2/auth",
    }
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == places[name]
    assert (asked["state"], asked["redirect_uri"]) == (state, back)
    assert (asked["response_type"], asked["client_id"]) == ("code", "test-app")
    if name in ("x", "youtube"):
        assert (asked["code_challenge"], asked["code_challenge_method"]) == ("challenge-0", "S256")
    if name == "youtube":
        assert (asked["access_type"], asked["prompt"]) == ("offline", "consent")


def test_google_is_asked_on_its_own_hosts_only(settings):
    settings.PLATFORM_URLS = {}
    consent = consent_for("youtube")
    assert consent.http._allowed("https://oauth2.googleapis.com/token")
    assert consent.http._allowed("https://pubsubhubbub.appspot.com/subscribe")
    with pytest.raises(Unavailable):
        consent.http._allowed("https://oauth2.googleapis.com.example.org/token")
    with pytest.raises(Unavailable):
        consent_for("x").http._allowed("https://oauth2.googleapis.com/token")


def test_a_limited_grant_of_google_has_an_end(settings, teller):
    """`refresh_token_expires_in` comes with grants that end, for instance while testing (Y1)."""
    settings.PLATFORM_URLS = dict.fromkeys(settings.CONNECTORS, teller.url)
    scope = " ".join(consent_for("youtube").needed)
    answer = {"access_token": "a", "refresh_token": "r", "scope": scope, "expires_in": 3599}
    channel = {"items": [{"id": "UC1", "snippet": {"title": "चैनल"}}]}
    answer["refresh_token_expires_in"] = 604_800
    teller.reply = lambda method, path, *rest: (
        200,
        {},
        json.dumps(channel if "channels" in path else answer).encode(),
    )
    consent = consent_for("youtube")
    found = consent.candidates(code="c", return_to="https://x/", verifier="v")[0]
    ends_at = consent.health("UC1", found.secrets).ends_at
    assert timedelta(days=6) < ends_at - timezone.now() <= timedelta(days=7)
