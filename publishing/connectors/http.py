"""One call to a platform over HTTP: bounded, logged once, and clear about what a failure means.

A call is `visible` when the platform may show something to the public because of it. If such a
call ends without a readable answer the outcome is Unknown; any other call may simply be repeated.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import requests
from requests import exceptions as broken
from urllib3 import exceptions as wire

from .errors import ConnectionRefused, ConnectorError, Unavailable, Unknown

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5
# A call that shows something leaves at once or not at all: a stop holds after two seconds.
VISIBLE_CONNECT_SECONDS = 1.4
READ_SECONDS = 25
ANSWER_BYTES = 1_000_000
DETAIL_CHARACTERS = 500
MASK = "•••"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_NAMED_SECRET = re.compile(
    r"(?i)((?:access_token|refresh_token|client_secret|upload_id|appsecret_proof|input_token"
    r"|fb_exchange_token|code_verifier|\bcode(?=[\"']?\s*[=:]\s*[\"']?[^\s\"'&]{12}))"
    r"[\"']?\s*[=:]\s*[\"']?)[^&\s\"'<>]+"
)
_SCHEME_SECRET = re.compile(r"(?i)\b(bearer|oauth|basic)\s+[\w.~+/=|-]{16,}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_IDENTIFIER = re.compile(r"[\w.:=+/-]{1,200}", re.ASCII)

_local = threading.local()


def _session() -> requests.Session:
    """One session per thread and process: connections are reused, cookies never."""
    if getattr(_local, "pid", None) != os.getpid():
        session = requests.Session()
        session.trust_env = False  # ~/.netrc would replace our Authorization header
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        _local.session, _local.pid = session, os.getpid()
    return _local.session


def mask(text: str, secrets: tuple[str, ...] = ()) -> str:
    """`text` on one line, shortened, without the given secrets or what looks like one."""
    for secret in filter(None, secrets):
        for form in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]):
            text = text.replace(form, MASK)
    text = _NAMED_SECRET.sub(rf"\1{MASK}", text)
    text = _SCHEME_SECRET.sub(rf"\1 {MASK}", text)
    return _CONTROL.sub(" ", text).strip()[:DETAIL_CHARACTERS]


def path(*parts: str) -> str:
    """A path below the base address; a part can never leave its place."""
    if any(part in ("", ".", "..") for part in parts):
        raise ConnectionRefused("reconnect", detail="The account's id on the platform is missing.")
    return "/".join(quote(part, safe="") for part in parts)


def dig(data: Any, *keys: str | int) -> Any:
    """What lies at `keys` in a platform's answer, or None; nothing is taken for granted."""
    for key in keys:
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            return None
    return data


def text_at(data: Any, *keys: str | int) -> str:
    found = dig(data, *keys)
    return found if isinstance(found, str) else ""


def number_at(data: Any, *keys: str | int) -> int:
    """A whole number, also when it came as text; 0 if there is none."""
    found = dig(data, *keys)
    if isinstance(found, str) and re.fullmatch(r"-?[0-9]{1,18}", found):
        return int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def rows_at(data: Any, *keys: str | int) -> list[dict[str, Any]]:
    found = dig(data, *keys)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def identifier_at(data: Any, *keys: str | int) -> str:
    """A platform's id as text, or "" if it is nothing that could be one."""
    found = dig(data, *keys)
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    return found if isinstance(found, str) and _IDENTIFIER.fullmatch(found) else ""


def needed(value: str, *, visible: bool = False) -> str:
    """`value`, which an answer cannot do without."""
    if not value:
        raise unclear("unreadable_answer", visible)
    return value


@dataclass(frozen=True)
class Answer:
    """A complete answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    visible: bool
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def detail(self) -> str:
        return mask(self.body[:20_000].decode("utf-8", "replace"), self.secrets)

    def data(self) -> dict[str, Any]:
        """The JSON object in the body, {} for anything else."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def unclear(self, code: str = "platform_failing") -> ConnectorError:
        """The error for an answer that does not say whether the call was carried out."""
        return unclear(code, self.visible, detail=self.detail, status=self.status)


def unclear(
    code: str, visible: bool, *, detail: str = "", status: int | None = None
) -> ConnectorError:
    if visible:
        return Unknown(detail=detail or code, status=status)
    return Unavailable(code, detail=detail or code, status=status)


class Http:
    """Calls to one platform: only its own origin, or a listed upload host, is ever called."""

    def __init__(
        self,
        base_url: str,
        platform: str,
        *,
        upload_hosts: frozenset[str] = frozenset(),
        timeouts: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
    ) -> None:
        """`timeouts` in seconds: to connect, and to have the whole answer once it has begun."""
        self.base_url = base_url.rstrip("/")
        self.platform = platform
        self.upload_hosts = upload_hosts
        self.timeouts = timeouts
        self.headers: Mapping[str, str] = {}  # of the last answer, lower-case names
        # Later than this the next visible call is not begun: a stop may have been pressed, or
        # somebody else may be making it by then.
        self.visible_until = math.inf  # time.monotonic()

    @property
    def is_rehearsal(self) -> bool:
        return urlsplit(self.base_url).hostname in LOOPBACK

    def address_of(self, address: str) -> str:
        """What lies at `address` on one of the platform's hosts or, rehearsing, on its stand-in."""
        if not self.is_rehearsal:
            return address
        parts = urlsplit(address)
        return self.base_url + parts.path + (f"?{parts.query}" if parts.query else "")

    permalink = address_of  # where people see a post

    def call(
        self,
        method: str,
        address: str,
        *,
        token: str,
        visible: bool = False,
        reference: str = "",
        expect_redirect: bool = False,
        **request: Any,
    ) -> Answer:
        """One call to a path below the base address, or to an address the platform gave us.

        `request` goes to requests: params, json, data, files, headers.
        """
        headers = {"Authorization": f"Bearer {token}", **request.pop("headers", {})}
        answer = self._logged(
            method,
            self._allowed(address),
            visible=visible,
            reference=reference,
            secrets=(token,),
            headers=headers,
            **request,
        )
        if 300 <= answer.status < 400 and not expect_redirect:
            raise answer.unclear("redirected")
        return answer

    def ask(self, method: str, address: str, *, secrets: tuple[str, ...], **request: Any) -> Answer:
        """A call that proves itself otherwise than by a bearer token: what gives out tokens.

        `secrets` are the values sent, so that none of them is written down.
        """
        url = self._allowed(address)
        answer = self._logged(method, url, visible=False, secrets=secrets, **request)
        if 300 <= answer.status < 400:
            raise answer.unclear("redirected")
        return answer

    def _logged(
        self,
        method: str,
        url: str,
        *,
        visible: bool,
        secrets: tuple[str, ...],
        reference: str = "",
        **request: Any,
    ) -> Answer:
        secrets = (*secrets, *_upload_secrets(url))
        started = time.monotonic()
        status: int | str = "-"
        try:
            answer = self._exchange(method, url, visible=visible, secrets=secrets, **request)
            status = answer.status
            return answer
        except ConnectorError as error:
            status = error.status or error.code
            raise
        finally:
            log.info(
                "%s %s %s %s %d ms %s",
                self.platform,
                method,
                urlsplit(url).path,
                status,
                (time.monotonic() - started) * 1000,
                reference or "-",
            )

    def _allowed(self, address: str) -> str:
        if "://" not in address:
            return f"{self.base_url}/{address.lstrip('/')}"
        try:
            asked, own = urlsplit(address), urlsplit(self.base_url)
            same = (asked.scheme, asked.hostname, asked.port) == (
                own.scheme,
                own.hostname,
                own.port,
            )
        except ValueError:
            raise Unavailable("foreign_address") from None
        listed = (
            not self.is_rehearsal
            and asked.scheme == "https"
            and asked.port in (None, 443)
            and asked.hostname in self.upload_hosts
        )
        if asked.username or asked.password or not (same or listed):
            raise Unavailable("foreign_address", detail=f"{asked.scheme} {asked.hostname}")
        return address

    def _exchange(
        self,
        method: str,
        url: str,
        *,
        visible: bool,
        secrets: tuple[str, ...],
        **request: Any,
    ) -> Answer:
        connect = min(self.timeouts[0], VISIBLE_CONNECT_SECONDS) if visible else self.timeouts[0]
        if visible:
            until, self.visible_until = self.visible_until, math.inf
            if time.monotonic() > until:
                raise Unavailable("held_up")
        try:
            response = _session().request(
                method,
                url,
                timeout=(connect, self.timeouts[1]),
                allow_redirects=False,
                stream=True,
                **request,
            )
            # From here on, since what we send may be large.
            deadline = time.monotonic() + self.timeouts[1]
            with response:
                body = _read(response, deadline, visible)
        except (broken.InvalidHeader, broken.InvalidURL, UnicodeError) as error:
            raise ConnectionRefused("reconnect", detail=type(error).__name__) from None
        except (broken.RequestException, wire.HTTPError, OSError) as error:
            raise _failure(error, visible, secrets) from None
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, response.headers, body, visible, secrets)


def _read(response: requests.Response, deadline: float, visible: bool) -> bytes:
    """The body as it comes, so that neither a flood nor a trickle can hold the worker."""
    body = bytearray()
    while chunk := response.raw.read1(65_536, decode_content=True):
        body += chunk
        if len(body) > ANSWER_BYTES:
            raise unclear("answer_too_large", visible, status=response.status_code)
        if time.monotonic() > deadline:
            raise unclear("timed_out", visible, status=response.status_code)
    return bytes(body)


def _upload_secrets(url: str) -> tuple[str, ...]:
    """An upload session's address is itself a credential (YouTube, Y2.1)."""
    query = urlsplit(url).query
    return (url, query) if "upload_id=" in query else ()


def _failure(error: Exception, visible: bool, secrets: tuple[str, ...]) -> ConnectorError:
    detail = mask(str(error), secrets)
    if _never_reached(error):
        return Unavailable("unreachable", detail=detail)
    if isinstance(error, broken.Timeout | wire.TimeoutError):
        return unclear("timed_out", visible, detail=detail)
    return unclear("connection_cut", visible, detail=detail)


def _never_reached(error: Exception) -> bool:
    """Whether the failure came before a single byte of the request could have been read."""
    if isinstance(error, broken.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    if isinstance(reason, wire.SSLError):
        return "CERTIFICATE_VERIFY_FAILED" in str(reason)
    return isinstance(reason, wire.NewConnectionError | wire.ConnectTimeoutError)
