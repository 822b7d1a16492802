"""How a platform lets an officer link an account, and what its tokens need afterwards.

Two ways there are: the platform's own consent page (`ConsentPage`), or particulars that an officer
types (`TypedAccess`). Both end in candidates, of which the officer chooses one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

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
    lacking: tuple[str, ...] = ()  # codes of publishing/problems.py: what was not allowed
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Health:
    """What a check of a linked account read."""

    ends_at: datetime | None = None  # when nobody but a person can renew the access; None: never
    facts: Mapping[str, Any] = field(default_factory=dict)
    lacking: tuple[str, ...] = ()


class Consent(ABC):
    """Raises what errors.py lists and nothing else."""

    # Names of settings without which nothing can be linked; check_platforms asks for them.
    needs: ClassVar[tuple[str, ...]] = ()

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

    def revoke(self, external_id: str, secrets: Secrets) -> None:  # noqa: B027 - not everywhere
        """Takes the permission back at the platform, where it can be taken back."""


class ConsentPage(Consent):
    """Authorization code flow, with PKCE where `uses_pkce`."""

    scopes: ClassVar[tuple[str, ...]]
    uses_pkce: ClassVar[bool] = True

    @abstractmethod
    def address(self, *, state: str, return_to: str, challenge: str) -> str:
        """Where the officer's browser goes: the platform's own page."""

    @abstractmethod
    def candidates(self, *, code: str, return_to: str, verifier: str) -> list[Candidate]: ...


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
