"""What is still missing before the portal can publish to the real platforms, step by step."""

from __future__ import annotations

import ipaddress
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, no_translations
from django.db.models import QuerySet

from departments.credentials import CredentialMissing
from departments.models import Handle, Way
from departments.states import HandleState
from portal.checks import sharing_secret
from publishing.connectors import base_url, consent_for
from publishing.connectors.consent import Consent, ConsentPage, callback_address
from publishing.connectors.errors import ConnectorError
from publishing.linking import fresh_secrets, listen
from publishing.linking_views import return_address
from publishing.problems import label


@dataclass(frozen=True)
class Line:
    """`ok`, `note`, or `missing`: what has to be done before the platform can be used."""

    mark: str
    words: str


class Command(BaseCommand):
    help = "Say what is missing before handles can be linked and published to; exit 1 if anything."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--platform", choices=sorted(settings.CONNECTORS))
        calls = parser.add_mutually_exclusive_group()
        calls.add_argument(
            "--offline", action="store_true", help="Settings only: no platform is called."
        )
        calls.add_argument(
            "--listen",
            action="store_true",
            help="Register the callback address where a platform takes it from programs, and ask"
            " for the news of every linked handle.",
        )

    @no_translations  # a report for engineers, in one language throughout
    def handle(self, *args: Any, **options: Any) -> None:
        chosen = [options["platform"]] if options["platform"] else list(settings.CONNECTORS)
        missing = self._show("the portal", list(address_lines()))
        for platform in chosen:
            lines = list(setting_lines(platform))
            if options["listen"]:
                lines += listen_lines(platform)
            if not options["offline"]:
                lines += handle_lines(platform)
            missing += self._show(platform, lines)
        if missing:
            self.stdout.write(f"\n{missing} thing(s) missing: see docs/platforms/README.md")
            raise SystemExit(1)
        self.stdout.write("\nNothing is missing.")

    def _show(self, heading: str, lines: list[Line]) -> int:
        self.stdout.write(f"\n{heading}")
        for line in lines:
            self.stdout.write(f"  {line.mark:<8} {line.words}")
        return sum(line.mark == "missing" for line in lines)


def address_lines() -> Iterator[Line]:
    """Platforms fetch media and send people back to this address: all must be able to reach it."""
    parts = urlsplit(settings.MEDIA_URL_BASE)
    if parts.scheme == "https" and is_public(parts.hostname or ""):
        yield Line("ok", f"MEDIA_URL_BASE is {settings.MEDIA_URL_BASE}")
    else:
        yield Line(
            "missing",
            f"MEDIA_URL_BASE is {settings.MEDIA_URL_BASE}: platforms need an https address with a"
            " public name",
        )


def is_public(host: str) -> bool:
    """A name that may be known outside; an address or a name of this network is not."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        local = host.endswith((".local", ".localhost", ".internal", ".invalid", ".test", ".lan"))
        return "." in host and not local


def setting_lines(platform: str) -> Iterator[Line]:
    host = urlsplit(base_url(platform)).hostname or ""
    if is_public(host):
        yield Line("ok", f"calls go to {host}")
    else:
        yield Line("missing", f"calls go to the rehearsal ({host}): {platform.upper()}_API_URL")
    consent = consent_for(platform)
    if consent is None:
        yield Line("note", "accounts are published to by hand only")
        return
    for name, place in consent.needs.items():
        is_set = bool(_setting(place))
        yield Line("ok" if is_set else "missing", f"{name} is {'set' if is_set else 'empty'}")
    if platform in sharing_secret():
        name = f"{platform.upper()}_CALLBACK_SECRET"
        yield Line("missing", f"{name} is its own: another platform has the same")
    if isinstance(consent, ConsentPage):
        yield Line("note", f"register as redirect address: {return_address(platform)}")
        yield Line("note", f"ask for permission: {', '.join((*consent.needed, *consent.wished))}")
    yield Line("note", f"register as callback address: {callback_address(platform)}")


def _setting(place: tuple[str, ...]) -> str:
    found: Any = getattr(settings, place[0])
    for key in place[1:]:
        found = found.get(key, "")
    return str(found)


def listen_lines(platform: str) -> Iterator[Line]:
    consent = consent_for(platform)
    if consent is None:
        return
    lacking = [name for name, place in consent.needs_to_register.items() if not _setting(place)]
    if lacking:
        yield from (Line("missing", f"{name} is empty") for name in lacking)
        return
    try:
        yield from register_lines(consent)
    except ConnectorError as error:
        yield Line("missing", f"the callback address is not registered: {error.detail}")
        return
    for handle in _linked(platform):
        with suppress(CredentialMissing, ConnectorError):  # said below, of the handle
            listen(handle, consent, fresh_secrets(handle))


def register_lines(consent: Consent) -> Iterator[Line]:
    for name, value in consent.register().items():
        is_set = _setting(consent.needs[name]) == value
        yield Line("ok" if is_set else "missing", f"callback address registered: {name}={value}")


def _linked(platform: str) -> QuerySet[Handle]:
    """Handles that are linked, or were until the platform refused them."""
    states = (HandleState.CONNECTED, HandleState.ATTENTION)
    handles = Handle.objects.filter(platform=platform, state__in=states, way=Way.API)
    return handles.select_related("department").order_by("name")


def handle_lines(platform: str) -> Iterator[Line]:
    consent = consent_for(platform)
    handles = _linked(platform)
    if consent is None or not handles.exists():
        yield Line("note", "no handle is linked yet")
        return
    for handle in handles:
        yield from health_lines(handle, consent)


def health_lines(handle: Handle, consent: Consent) -> Iterator[Line]:
    try:
        health = consent.health(handle.external_id, fresh_secrets(handle))
    except CredentialMissing:
        yield Line("missing", f"{handle.name}: nothing opens it; connect it again")
        return
    except ConnectorError as error:
        yield Line("missing", f"{handle.name}: {label(error.code)}")
        return
    for code in health.lacking:
        yield Line("missing", f"{handle.name}: {label(code)}")
    if not health.lacking:
        until = f"until {health.ends_at:%d-%m-%Y}" if health.ends_at else "without a known end"
        yield Line("ok", f"{handle.name}: open {until}")
    for code in health.facts.get("without", ()):
        yield Line("note", f"{handle.name}: {label(code)}")
    if health.facts.get("listens") is False:
        words = "its callbacks are not subscribed; run with --listen, or connect it again"
        yield Line("missing", f"{handle.name}: {words}")
