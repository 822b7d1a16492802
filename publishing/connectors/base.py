"""The contract between the portal and one platform. A platform is one module beside this one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from .errors import ConnectorError
    from .http import Http


@dataclass(frozen=True)
class Attachment:
    """A file as the platform gets it: already re-encoded, its metadata stripped."""

    path: Path
    mime: str  # image/jpeg, image/png, video/mp4
    size: int  # bytes
    width: int  # pixels
    height: int
    sha256: str
    alt: str = ""
    duration: float | None = None  # seconds, for video
    url: str = ""  # signed, expiring; for platforms that fetch the file themselves

    @property
    def is_video(self) -> bool:
        return self.mime.startswith("video/")


@dataclass(frozen=True)
class Content:
    """What one platform gets of a message: a sealed variant."""

    text: str
    title: str = ""
    tags: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    language: str = "hi"


@dataclass(frozen=True)
class Account:
    """A connected handle as a connector sees it. `repr` shows no secret."""

    external_id: str  # the platform's own, numeric or opaque id
    name: str
    token: str = field(repr=False)
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Receipt:
    """The platform's proof that the post exists."""

    platform_id: str
    permalink: str = ""


@dataclass(frozen=True)
class NotPublished:
    """The platform's later word that a call it had accepted came to nothing, and why."""

    error: ConnectorError


@dataclass(frozen=True)
class Count:
    """Length by the platform's own rule, beside its limit."""

    length: int
    limit: int
    unit: str  # a code: characters, weighted, bytes

    @property
    def over(self) -> int:
        return max(0, self.length - self.limit)


@dataclass(frozen=True)
class Problem:
    """Something the platform would refuse (`error`) or that deserves a look (`warning`).

    `code` has its wording in publishing/problems.py, filled from `values`.
    """

    code: str
    level: str = "error"
    values: Mapping[str, Any] = field(default_factory=dict)


class Journal(Protocol):
    """The connector's memory of one delivery: survives a worker that dies.

    `keep` stores what an earlier step obtained (a media id, a container, an upload address) before
    the next step starts. `arm` is called once, immediately before the first call that can make
    something visible: a delivery that was never armed may simply be tried again.
    """

    reference: str  # unique for this delivery, safe to show to the platform

    def get(self, key: str) -> str: ...
    def keep(self, **values: str) -> None: ...
    def arm(self) -> None: ...


@dataclass(frozen=True)
class Sent:
    """What is known of an attempt whose outcome is not: where `find` starts."""

    content: Content
    reference: str
    armed_at: datetime
    kept: Mapping[str, str]
    # Answers that came by callback and name `reference`, oldest first, as the platform sent them.
    heard: tuple[Mapping[str, Any], ...] = ()
    # Ids of this account's posts that belong to other deliveries: never the one looked for.
    taken: frozenset[str] = frozenset()


class Connector(ABC):
    """One platform, speaking for one account.

    `publish` and `find` may raise what errors.py lists and nothing else, whatever the platform
    answers. `find` returns None when the platform does not show the post (yet); an error from it
    says that the platform could not be read, or (`several_matches`) that only a person can tell.
    """

    platform: ClassVar[str]
    needs_attachment: ClassVar[str] = ""  # "", "any", "video"
    has_title: ClassVar[bool] = False  # a field of its own for the title, and for tags
    joins_languages: ClassVar[bool] = False  # its readers expect Hindi and English in one post
    title_line: ClassVar[str] = ""  # how the title heads the text, for instance "*{}*"
    # False where the platform offers no way to read what was sent, so that silence proves nothing.
    silence_is_proof: ClassVar[bool] = True
    # Other hosts of the platform that may receive a file, if its own answer sends us there (S9).
    upload_hosts: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, http: Http, account: Account) -> None:
        self.http = http
        self.account = account

    @classmethod
    @abstractmethod
    def count(cls, text: str) -> Count: ...

    @classmethod
    @abstractmethod
    def check(cls, content: Content) -> list[Problem]: ...

    @abstractmethod
    def publish(self, content: Content, journal: Journal) -> Receipt: ...

    @abstractmethod
    def find(self, sent: Sent) -> Receipt | NotPublished | None: ...
