"""How a line of the log is written, and what every line in the same piece of work says."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse

_facts: ContextVar[Mapping[str, object]] = ContextVar("facts", default={})  # noqa: B039 - never changed


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """Every line logged inside, in this thread, carries these facts: keys, never words or secrets.

    They do not follow into threads begun inside; name them there again.
    """
    before = _facts.set({**_facts.get(), **facts})
    try:
        yield
    finally:
        _facts.reset(before)


class UtcFormatter(logging.Formatter):
    """Times in UTC with their zone, whatever the server's clock shows (N2)."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    @staticmethod
    def converter(seconds: float | None) -> time.struct_time:
        return time.gmtime(seconds)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        line = super().formatMessage(record)
        facts = " ".join(f"{name}={value}" for name, value in _facts.get().items())
        return f"{line} [{facts}]" if facts else line


class JsonFormatter(logging.Formatter):
    """One object a line, for programs that collect logs."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_facts.get(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class RequestIdMiddleware:
    """First of all: a number for the request, in its answer and on every line logged for it.

    It is always our own. What a browser sends as X-Request-ID is anybody's to choose, and the
    proxy can log ours from the answer.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        number = uuid.uuid4().hex
        # Until the request is finished: Django logs refused ones after the last middleware.
        _facts.set({"request": number})
        response = self.get_response(request)
        response.headers["X-Request-ID"] = number
        return response


def _forget(**signal: object) -> None:
    _facts.set({})


request_finished.connect(_forget)
