"""One publisher. `manage.py worker` starts as many as PUBLISHERS says and keeps them running."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from publishing.publisher import Publisher

WATCH_SECONDS = 1.0
# Its threads mostly wait for platforms; at Python's 5 ms they would fight over each result.
SWITCH_SECONDS = 0.05


class Command(BaseCommand):
    help = "Publish what is due: one process with many calls under way at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--parent", type=int, help="stop when this process is gone")

    def handle(self, *args: Any, parent: int | None = None, **options: Any) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        publisher = threading.Thread(target=Publisher().run, args=(stopped,), name="publisher")
        publisher.start()
        while publisher.is_alive():
            publisher.join(WATCH_SECONDS)
            if parent and os.getppid() != parent:
                stopped.set()
