"""A process that kills itself with SIGKILL at a named step, as a power cut would."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

from django.apps import AppConfig
from django.conf import settings

_counting = threading.Lock()
_taken = 0


class FaultsConfig(AppConfig):
    name = "tests.faults"
    label = "faults"

    def ready(self) -> None:
        from publishing.signals import step_taken

        if settings.DIES_AT:
            step_taken.connect(_die, weak=False)


def _die(step: str, **_told: Any) -> None:
    global _taken  # noqa: PLW0603 - of this process alone
    wanted, _colon, number = settings.DIES_AT.partition(":")
    if step != wanted:
        return
    with _counting:
        _taken += 1
        if _taken < int(number):
            return
        with open(settings.DEATHS, "a", encoding="ascii") as deaths:
            deaths.write(f"{step}\n")
        os.kill(os.getpid(), signal.SIGKILL)
