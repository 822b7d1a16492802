"""What the platforms send to the portal on their own: signed, retried, from one thread."""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import requests

log = logging.getLogger(__name__)

PAUSES = (0.5, 1, 2, 5)  # seconds before each repeat
TIMEOUT = 5
Act = Callable[[requests.Session], bool]


class Callbacks:
    """Sends nothing if no address is given."""

    def __init__(self, address: str, secrets: Mapping[str, str]) -> None:
        self.address = address.rstrip("/")
        self.secrets = secrets
        # How each platform signs; filled by its stage.
        self.signers: dict[str, Callable[[str, bytes], dict[str, str]]] = {}
        self._waiting: queue.PriorityQueue[tuple[float, int, Act, int]] = queue.PriorityQueue()
        self._count = 0
        self._stopped = threading.Event()
        self._lock = threading.Lock()

    def send(self, platform: str, event: Mapping[str, Any] | bytes, after: float = 0) -> None:
        """`event` as JSON, or as the bytes that it is; `after` in seconds."""
        if self.address:
            body = event if isinstance(event, bytes) else json.dumps(event).encode()
            headers = self.signers[platform](self.secrets.get(platform, ""), body)
            self.later(partial(self.told, f"/callbacks/{platform}/", body, headers), after)

    def later(self, act: Act, after: float = 0) -> None:
        """`act` in the one thread, and again after a while until it returns True."""
        if self.address:
            self._put(time.time() + after, act, 0)

    def run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while not self._stopped.is_set():
                self._next(session)

    def stop(self) -> None:
        self._stopped.set()

    def clear(self) -> None:
        with self._waiting.mutex:
            self._waiting.queue.clear()

    def told(
        self, place: str, body: bytes, headers: Mapping[str, str], session: requests.Session
    ) -> bool:
        """The portal is called at the address that was given, whatever name it calls itself."""
        answer = session.post(
            f"{self.address}{place}",
            data=body,
            headers=headers,
            timeout=TIMEOUT,
            allow_redirects=False,
        )
        return answer.status_code == 200

    def _put(self, due: float, act: Act, tries: int) -> None:
        with self._lock:
            self._count += 1
            self._waiting.put((due, self._count, act, tries))

    def _next(self, session: requests.Session) -> None:
        try:
            due, count, act, tries = self._waiting.get(timeout=0.05)
        except queue.Empty:
            return
        if due > time.time():
            self._waiting.put((due, count, act, tries))
            self._stopped.wait(0.02)
            return
        if not _done(act, session) and tries < len(PAUSES):
            self._put(time.time() + PAUSES[tries], act, tries + 1)


def _done(act: Act, session: requests.Session) -> bool:
    try:
        return act(session)
    except (requests.RequestException, OSError) as error:
        log.info("callback: %s", type(error).__name__)
        return False
