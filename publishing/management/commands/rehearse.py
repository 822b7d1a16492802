from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from publishing.rehearsal.accounts import add_waiting
from publishing.rehearsal.server import LOOPBACK, Rehearsal
from publishing.rehearsal.store import Store


class Command(BaseCommand):
    help = "Runs the stand-in for the five platforms, on this machine only."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        port = getattr(settings, "REHEARSAL_PORT", 8100)
        parser.add_argument("--port", type=int, default=port)
        parser.add_argument("--host", default="127.0.0.1", choices=LOOPBACK)
        parser.add_argument("--store", default=getattr(settings, "REHEARSAL_STORE", None))
        own_port = getattr(settings, "PORT", None)
        portal = f"http://127.0.0.1:{own_port}" if own_port else ""
        parser.add_argument(
            "--takes-repeats", action="store_true", help="No post is refused for its repeated text."
        )
        parser.add_argument("--callbacks", default=portal, help="The portal's address.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["store"]:
            raise CommandError(_("Name a file with --store; this setting has none."))
        store = Store(options["store"])
        add_waiting(store)
        try:
            rehearsal = Rehearsal(
                store,
                host=options["host"],
                port=options["port"],
                callbacks=options["callbacks"],
                secrets=settings.CALLBACK_SECRETS,
                app_secrets={name: app["secret"] for name, app in settings.PLATFORM_APPS.items()},
            )
        except OSError as error:
            store.close()
            raise CommandError(
                _("Port %(port)s cannot be used (%(reason)s). Choose another with --port.")
                % {"port": options["port"], "reason": error.strerror}
            ) from error
        for stage in rehearsal.stages.values():
            stage.takes_repeats = options["takes_repeats"]
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: _stop(rehearsal, _number, _frame))
        self.stdout.write(f"{rehearsal.url}/")
        self.stdout.flush()
        rehearsal.serve()
        store.close()


def _stop(rehearsal: Rehearsal, _number: int, _frame: FrameType | None) -> None:
    """From another thread: the serving one is inside the loop that has to end."""
    threading.Thread(target=rehearsal.stop, daemon=True).start()
