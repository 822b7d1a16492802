"""What the platforms send to the portal on their own: signed, retried, from one thread."""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests

log = logging.getLogger(__name__)

PAUSES = (0.5, 1, 2, 5)  # seconds before each repeat
TIMEOUT = 5


class Callbacks:
    """Sends nothing if no address is given."""

    def __init__(self, address: str, secrets: Mapping[str, str]) -> None:
        self.address = address.rstrip("/")
        self.secrets = secrets
        # How each platform signs; filled by its stage.
        self.signers: dict[str, Callable[[str, bytes], dict[str, str]]] = {}
        self._waiting: queue.PriorityQueue[tuple[float, int, str, bytes, int]] = (
            queue.PriorityQueue()
        )
        self._count = 0
        self._stopped = threading.Event()
        self._lock = threading.Lock()

    def send(self, platform: str, event: Mapping[str, Any] | bytes, after: float = 0) -> None:
        """`event` as JSON, or as the bytes that it is; `after` in seconds."""
        if self.address:
            body = event if isinstance(event, bytes) else json.dumps(event).encode()
            self._put(time.time() + after, platform, body, 0)

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

    def _put(self, due: float, platform: str, body: bytes, tries: int) -> None:
        with self._lock:
            self._count += 1
            self._waiting.put((due, self._count, platform, body, tries))

    def _next(self, session: requests.Session) -> None:
        try:
            due, count, platform, body, tries = self._waiting.get(timeout=0.05)
        except queue.Empty:
            return
        if due > time.time():
            self._waiting.put((due, count, platform, body, tries))
            self._stopped.wait(0.02)
            return
        if not self._delivered(session, platform, body) and tries < len(PAUSES):
            self._put(time.time() + PAUSES[tries], platform, body, tries + 1)

    def _delivered(self, session: requests.Session, platform: str, body: bytes) -> bool:
        headers = self.signers[platform](self.secrets.get(platform, ""), body)
        try:
            answer = session.post(
                f"{self.address}/callbacks/{platform}/",
                data=body,
                headers=headers,
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except (requests.RequestException, OSError) as error:
            log.info("callback %s: %s", platform, type(error).__name__)
            return False
        return answer.status_code == 200
