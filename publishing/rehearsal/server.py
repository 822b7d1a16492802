"""The stand-in's HTTP server: one address per platform, a page to look at, and its controls."""

from __future__ import annotations

import logging
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf import settings

from .callbacks import Callbacks
from .consent import ConsentDesk, consent_desks
from .control import Control
from .faults import Trouble, next_trouble
from .stage import Request, Response, Stage
from .store import Store

log = logging.getLogger(__name__)

BODY_BYTES = 64 * 1024 * 1024
IDLE_SECONDS = 60
LOOPBACK = ("127.0.0.1", "localhost", "::1")
GARBAGE = Response(
    200, b"<!doctype html><title>502</title><h1>Bad gateway</h1>", {"Content-Type": "text/html"}
)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
    allow_reuse_address = True
    rehearsal: Rehearsal

    def handle_error(self, request: object, client_address: object) -> None:
        log.debug("a caller went away", exc_info=True)


class Rehearsal:
    """Binds loopback at once; `serve` answers until `stop`."""

    def __init__(
        self,
        store: Store,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        callbacks: str = "",
        secrets: Mapping[str, str] | None = None,
        app_secrets: Mapping[str, str] | None = None,
    ) -> None:
        """`callbacks` is the portal's address, `secrets` sign what it is told.

        ValueError for a host that is not loopback.
        """
        if host not in LOOPBACK:
            raise ValueError("The rehearsal listens on loopback only.")
        self.store = store
        self._http = _Server((host, port), _Handler)
        self._http.rehearsal = self
        self.url = f"http://{host}:{self._http.server_address[1]}"
        self.callbacks = Callbacks(callbacks, secrets or {})
        self.stages: dict[str, Stage] = {
            kind.platform: kind(store, f"{self.url}/{kind.platform}", self.callbacks)
            for kind in map(_stage_kind, settings.CONNECTORS)
        }
        self.desks: dict[str, ConsentDesk] = consent_desks(self.stages, store, self.callbacks)
        for platform, desk in self.desks.items():
            desk.app_secret = (app_secrets or {}).get(platform, "")
        self.control = Control(store, self.callbacks, self.stages)

    def serve(self) -> None:
        sender = threading.Thread(target=self.callbacks.run, name="callbacks", daemon=True)
        sender.start()
        try:
            self._http.serve_forever(poll_interval=0.05)
        finally:
            self.callbacks.stop()
            sender.join()
            self._http.server_close()

    def stop(self) -> None:
        self._http.shutdown()

    def answer(self, request: Request) -> Response | None:
        """None: cut the connection without a word."""
        _, platform, *rest = request.path.split("/", 2)
        stage = self.stages.get(platform)
        if stage is None:
            return self.control.answer(request)
        request.path = "/" + "".join(rest)
        desk = self.desks.get(platform)
        found = (desk and desk.route(request)) or stage.route(request)
        if found is None:
            shown = self.control.shown(platform, request)
            return shown or stage.not_found()
        operation, carry_out = found
        trouble = next_trouble(self.store, platform, operation)
        request.late = trouble.late
        time.sleep(trouble.slow)
        early = _before(stage, trouble)
        if early or trouble.outcome == "cut_before":
            return early
        answer = carry_out()
        if trouble.outcome == "cut_after":
            return None
        return {"error_after": stage.failing(), "html": GARBAGE}.get(trouble.outcome, answer)


def _stage_kind(platform: str) -> type[Stage]:
    """The one stage in the module that has the platform's name."""
    module = import_module(f"publishing.rehearsal.{platform}")
    return next(
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Stage) and kind.__module__ == module.__name__
    )


def _before(stage: Stage, trouble: Trouble) -> Response | None:
    if trouble.outcome == "code":
        return stage.error_for(trouble.detail)
    refusals = {
        "rate_limited": stage.rate_limited,
        "error_before": stage.failing,
        "expired_token": stage.bad_token,
    }
    return refusals[trouble.outcome]() if trouble.outcome in refusals else None


@contextmanager
def running(file: Path | str, **options: object) -> Iterator[Rehearsal]:
    """A rehearsal in a thread of this process."""
    store = Store(file)
    rehearsal = Rehearsal(store, **options)  # type: ignore[arg-type]
    thread = threading.Thread(target=rehearsal.serve, name="rehearsal", daemon=True)
    thread.start()
    try:
        yield rehearsal
    finally:
        rehearsal.stop()
        thread.join()
        store.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "rehearsal"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = IDLE_SECONDS
    server: _Server

    def do_GET(self) -> None:
        self._handle()

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def _handle(self) -> None:
        if not self._from_here():
            self._send(Response(403, b"Only from this machine.", {"Content-Type": "text/plain"}))
            return
        size = self.headers.get("Content-Length", "0")
        if not size.isdecimal() or int(size) > BODY_BYTES:
            self.close_connection = True
            self._send(Response(413))
            return
        parts = urlsplit(self.path)
        request = Request(
            self.command,
            unquote(parts.path),
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(int(size)),
        )
        answer = self.server.rehearsal.answer(request)
        if answer is None:
            self._cut()
        else:
            self._send(answer)

    def _from_here(self) -> bool:
        """No other site's page in a browser here may reach this server, by any name."""
        host = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        origin = self.headers.get("Origin", "")
        return host in LOOPBACK and (not origin or origin == f"http://{self.headers.get('Host')}")

    def _send(self, answer: Response) -> None:
        self.send_response(answer.status)
        headers = {"Content-Length": str(len(answer.body)), "X-Content-Type-Options": "nosniff"}
        for name, value in {**headers, **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def _cut(self) -> None:
        """A reset, as from a broken line: closing with linger 0 sends no goodbye."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002
        log.debug(format, *values)
