"""What a person does to link a handle, over real HTTP, with a browser's habits and no more."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import requests
from django.test import Client
from django.urls import reverse

from departments.models import Handle, User
from departments.tests.factories import person, registered_handle
from publishing.rehearsal.accounts import add_waiting
from publishing.rehearsal.server import Rehearsal

PAGES = ("300000000000011", "300000000000012", "300000000000013")
ACCOUNTS = {
    "facebook": PAGES[0],
    "instagram": "17841400000000311",
    "x": "900000000311",
    "youtube": "UCabhyasVibhag0000000011",
    "whatsapp": "400000000000011",
}
WITH_PAGE = ("facebook", "instagram", "x", "youtube")


def use(settings, rehearsal: Rehearsal) -> Rehearsal:
    """The portal speaks with this stand-in, on which accounts wait to be linked."""
    addresses = {platform: f"{rehearsal.url}/{platform}" for platform in settings.CONNECTORS}
    settings.PLATFORM_URLS = settings.CONSENT_URLS = addresses
    add_waiting(rehearsal.store)
    return rehearsal


def officer_of(handle: Handle) -> User:
    return person(where=handle.department)


def desk(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def linkable(platform: str, **fields) -> tuple[Handle, Client]:
    """A registered handle, and its nodal officer at the desk."""
    handle = registered_handle(platform=platform, **fields)
    return handle, desk(officer_of(handle))


def begin(client: Client, handle: Handle) -> str:
    """Presses Connect; the address of the platform's consent page."""
    address = reverse("desk:handle_connect", args=[handle.pk])
    assert client.post(address).status_code == 302
    return client.get(address).context["address"]


def consent(
    address: str, *accounts: str, without: tuple[str, ...] = (), decision: str = "allow"
) -> str:
    """Ticks and presses on the consent page; where the platform then sends the browser."""
    assert requests.get(address, timeout=5).status_code == 200
    asked = parse_qs(urlsplit(address).query)["scope"][0]
    scopes = [scope for scope in asked.replace(",", " ").split() if scope not in without]
    form = {"decision": decision, "account": list(accounts), "scope": scopes}
    answer = requests.post(address, data=form, timeout=5, allow_redirects=False)
    assert answer.status_code == 303
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def link(client: Client, handle: Handle, *accounts: str, **habits):
    """The whole round trip; the portal's answer, with the page it leads to.

    Handles of tests are not called as the accounts: the officer looks, and agrees.
    """
    back = consent(begin(client, handle), *accounts, **habits)
    return agreed(client, client.get(back, follow=True))


def agreed(client: Client, answer):
    """Connects the only account on the page of the choice, if nothing else is asked there."""
    page = answer.context or {}
    rows = page.get("rows", ())
    if len(rows) != 1 or rows[0]["hindrances"] or page["asks_confirmation"]:
        return answer
    return client.post(answer.request["PATH_INFO"], {"account": "0"}, follow=True)


def typed(account: str = ACCOUNTS["whatsapp"], **changes: str) -> dict[str, str]:
    return {
        "business": "500000000000001",
        "number": account,
        "token": f"system-user-{account}",
        "group": "demo-group",
        **changes,
    }


def said(answer) -> str:
    return " ".join(str(message) for message in answer.context["messages"])
