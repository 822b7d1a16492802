"""What a platform's stand-in is made of: requests, answers, routes."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from io import BytesIO
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http.multipartparser import MultiPartParser, MultiPartParserError

from .callbacks import Callbacks
from .store import Account, Remark, Store


@dataclass
class Request:
    method: str
    path: str  # below the platform's base address
    query: Mapping[str, str]
    headers: Mapping[str, str]  # lower-case names
    body: bytes = field(repr=False)
    late: float = 0  # seconds until what this call makes is listed
    account: Account | None = None

    @property
    def token(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() in ("bearer", "oauth"):
            return token.strip()
        return self.query.get("access_token", "") or self.fields.get("access_token", "")

    @cached_property
    def _parts(self) -> tuple[dict[str, str], dict[str, bytes]]:
        meta = {
            "CONTENT_TYPE": self.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(self.body)),
        }
        handlers = [TemporaryFileUploadHandler()]
        try:
            fields, files = MultiPartParser(meta, BytesIO(self.body), handlers).parse()
        except MultiPartParserError:
            return {}, {}
        read = {}
        for name, file in files.items():
            if isinstance(file, UploadedFile):
                with file:
                    read[name] = file.read()
        return {name: str(fields[name]) for name in fields}, read

    @cached_property
    def fields(self) -> dict[str, Any]:
        """What came as JSON, form or multipart."""
        kind = self.headers.get("content-type", "")
        if kind.startswith("multipart/"):
            return self._parts[0]
        if kind.startswith("application/json"):
            return self.json()
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def files(self) -> dict[str, bytes]:
        kind = self.headers.get("content-type", "")
        return self._parts[1] if kind.startswith("multipart/") else {}

    def json(self) -> dict[str, Any]:
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Response:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(data: Any, status: int = 200, **headers: str) -> Response:
    """Escapes everything beyond ASCII, as Meta does."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(
        status, json.dumps(data).encode(), {"Content-Type": "application/json", **named}
    )


Handler = Callable[..., Response]
Route = tuple[str, str, str, Handler]  # method, pattern of the path, operation, handler


class Stage(ABC):
    """One platform: its paths, its shapes, its ways to say no."""

    platform: ClassVar[str]
    # Real ones refuse the same text at once again, which hides from a test that it was sent twice.
    takes_repeats = False

    def __init__(self, store: Store, base_url: str, callbacks: Callbacks) -> None:
        self.store = store
        self.base_url = base_url
        self.callbacks = callbacks
        callbacks.signers[self.platform] = self.signed

    @staticmethod
    def signed(secret: str, body: bytes) -> dict[str, str]:
        """Headers with which the platform proves that a callback is its own: Meta's way."""
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}

    @property
    @abstractmethod
    def routes(self) -> list[Route]: ...

    @abstractmethod
    def not_found(self) -> Response: ...

    @abstractmethod
    def bad_token(self) -> Response: ...

    @abstractmethod
    def rate_limited(self) -> Response: ...

    @abstractmethod
    def failing(self) -> Response: ...

    def error_for(self, detail: str) -> Response:
        """The platform's own answer for an error named as its sheet names it."""
        return Response(501, b"This stage has no such error.", {"Content-Type": "text/plain"})

    def event_about(self, remark: Remark) -> Mapping[str, Any] | None:
        """The callback that tells of it; None where the platform sends none."""
        return None

    def event_of_change(self, remark: Remark, verb: str) -> Mapping[str, Any] | None:
        """The callback that tells that it was edited (`edited`) or taken back (`remove`)."""
        return None

    def event_of_revocation(self, account: Account) -> Mapping[str, Any] | None:
        """The callback that tells that the account's consent was taken back."""
        return None

    def route(self, request: Request) -> tuple[str, Callable[[], Response]] | None:
        """The operation that a request asks for, and what carries it out."""
        for method, pattern, operation, handler in self.routes:
            match = re.fullmatch(pattern, request.path)
            if match and method == request.method:
                return operation, partial(self._enter, request, handler, match.groups())
        return None

    def _enter(self, request: Request, handler: Handler, arguments: tuple[str, ...]) -> Response:
        request.account = self.store.account_by_token(self.platform, request.token)
        if request.account is None:
            return self.bad_token()
        return handler(request, *arguments)


def clock_text(at: float, form: str = "%Y-%m-%dT%H:%M:%S+0000") -> str:
    return time.strftime(form, time.gmtime(at))
