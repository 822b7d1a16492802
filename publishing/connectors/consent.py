"""How a platform lets an officer link an account, and what its tokens need afterwards.

Two ways there are: the platform's own consent page (`ConsentPage`), or particulars that an officer
types (`TypedAccess`). Both end in candidates, of which the officer chooses one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from departments.credentials import Secrets

if TYPE_CHECKING:
    from .http import Http


@dataclass(frozen=True)
class App:
    """Our registration as a developer with the platform. `repr` shows no secret."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Candidate:
    """An account that the consent opens: a Page, a channel, a number."""

    external_id: str
    name: str
    secrets: Secrets = field(repr=False)
    url: str = ""  # where people see the account
    lacking: tuple[str, ...] = ()  # codes of publishing/problems.py: without it nothing works
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Health:
    """What a check of a linked account read.

    `facts` are kept on the handle. Known to all platforms: `name` (of the account there), `without`
    (codes of what the portal may not do), `listens` (whether callbacks are registered) and
    `consent` (whose consent it hangs on, where one consent opens several accounts).
    """

    ends_at: datetime | None = None  # when nobody but a person can renew the access; None: never
    facts: Mapping[str, Any] = field(default_factory=dict)
    lacking: tuple[str, ...] = ()


def callback_address(platform: str) -> str:
    """Where the platform sends to, letter for letter as it is registered there."""
    place = reverse("publishing:callback", args=[platform])
    return f"{settings.MEDIA_URL_BASE.rstrip('/')}{place}"


class Consent(ABC):
    """Raises what errors.py lists and nothing else."""

    # Environment variables without which nothing can be linked, or nothing is heard, and where in
    # the settings their values lie; check_platforms asks for them.
    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    # And those without which `register` cannot be called. Empty: the callback address is registered
    # on the platform's own pages, or needs no registration.
    needs_to_register: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    hosts: ClassVar[frozenset[str]] = frozenset()  # besides the platform's base address
    # Secrets whose end is nearer than this are renewed before they are used.
    renew_before: ClassVar[timedelta] = timedelta(minutes=10)
    # What `listen` asked for ends by itself: it is asked for again with each daily check. Where it
    # lasts it is asked for again when a check finds that the account is not listened to.
    listening_ends: ClassVar[bool] = False

    def __init__(self, http: Http, app: App) -> None:
        self.http = http
        self.app = app

    def renew(self, secrets: Secrets) -> Secrets:
        """Fresh secrets. Called under the renewal lease of the handle, never twice at once.

        ConnectionRefused: a person has to link the account again.
        """
        return secrets

    @abstractmethod
    def health(self, external_id: str, secrets: Secrets) -> Health: ...

    def register(self) -> Mapping[str, str]:
        """Registers our callback address, once for all accounts; may be repeated.

        What has to be entered in the environment then: names of `needs`, with their values.
        """
        return {}

    def listen(self, external_id: str, secrets: Secrets) -> None:  # noqa: B027 - not everywhere
        """Asks the platform to send what happens to this account to our callback address.

        May be repeated.
        """

    def revoke(  # noqa: B027 - not everywhere
        self, external_id: str, secrets: Secrets, *, entirely: bool
    ) -> None:
        """Takes the permission back; not `entirely` while it opens other handles as well."""


class ConsentPage(Consent):
    """Authorization code flow, with PKCE where `uses_pkce`."""

    page_url: ClassVar[str]  # the origin of the page, unless CONSENT_URLS names a stand-in
    uses_pkce: ClassVar[bool] = True
    # Permissions asked for, each with the code of what is missing without it. Without a needed one
    # the account is not linked; without a wished one it is, and what is missing is said.
    needed: ClassVar[Mapping[str, str]]
    wished: ClassVar[Mapping[str, str]]

    def __init__(self, http: Http, app: App, page: str) -> None:
        super().__init__(http, app)
        self.page = page.rstrip("/")

    def page_with(self, place: str, *, state: str, return_to: str, scope: str, **more: str) -> str:
        """The address of the consent page at `place` below its origin (RFC 6749, 4.1.1)."""
        asked = {
            "response_type": "code",
            "client_id": self.app.id,
            "redirect_uri": return_to,
            "scope": scope,
            "state": state,
            **more,
        }
        return f"{self.page}/{place}?{urlencode(asked)}"

    @classmethod
    def lacking(cls, granted: Collection[str]) -> tuple[str, ...]:
        return _codes(cls.needed, granted)

    @classmethod
    def without(cls, granted: Collection[str]) -> list[str]:
        return list(_codes(cls.wished, granted))

    @abstractmethod
    def address(self, *, state: str, return_to: str, challenge: str) -> str:
        """Where the officer's browser goes: the platform's own page."""

    @abstractmethod
    def candidates(self, *, code: str, return_to: str, verifier: str) -> list[Candidate]: ...


def _codes(asked: Mapping[str, str], granted: Collection[str]) -> tuple[str, ...]:
    """What is missing, each once."""
    return tuple(dict.fromkeys(code for scope, code in asked.items() if scope not in granted))


@dataclass(frozen=True)
class Ask:
    """A particular that an officer types; worded in publishing/problems.py ASKED."""

    key: str
    is_secret: bool = False
    is_needed: bool = True


class TypedAccess(Consent):
    asks: ClassVar[tuple[Ask, ...]]

    @abstractmethod
    def candidates(self, typed: Mapping[str, str]) -> list[Candidate]: ...
