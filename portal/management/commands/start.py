from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from honcho.compat import ProcessManager
from honcho.environ import parse_procfile
from honcho.manager import Manager

PORTS = {"web": "PORT", "rehearsal": "REHEARSAL_PORT"}


class Command(BaseCommand):
    help = "Run web, worker and rehearsal on this machine with example data, until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "processes", nargs="*", help="only these of the Procfile; without any, all of them"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not getattr(settings, "DEMO", False):
            raise CommandError("`start` is for trying the portal out: see docs/production.md.")
        wanted = chosen(options["processes"])
        check_ports(wanted)
        logins = self.prepare()
        self.stdout.write(addresses() + logins)
        self.stdout.flush()
        sys.exit(run(wanted))

    def prepare(self) -> str:
        """Bring database and static files up to date; what `load_demo` says about logins."""
        self.stdout.write("Preparing the database and the example data ...")
        self.stdout.flush()
        settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        call_command("migrate", verbosity=0)
        call_command("load_starter", stdout=io.StringIO())
        call_command("load_holidays", stdout=io.StringIO())
        logins = io.StringIO()
        call_command("load_demo", stdout=logins)
        collect_static()
        connections.close_all()
        return logins.getvalue()


def chosen(names: list[str]) -> dict[str, str]:
    """The Procfile's commands by name, all or those named."""
    commands = parse_procfile((settings.BASE_DIR / "Procfile").read_text()).processes
    if unknown := set(names) - set(commands):
        raise CommandError(
            f"There is no process {', '.join(sorted(unknown))}: choose from {', '.join(commands)}."
        )
    return {name: command for name, command in commands.items() if not names or name in names}


def check_ports(wanted: dict[str, str]) -> None:
    if settings.PORT == settings.REHEARSAL_PORT:
        raise CommandError("PORT and REHEARSAL_PORT are the same: choose another for one of them.")
    for process, variable in PORTS.items():
        if process in wanted:
            check_port(variable, getattr(settings, variable))


def check_port(variable: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            in_use = getattr(error, "errno", None) == errno.EADDRINUSE
            why = "is in use, perhaps by another `make run`" if in_use else "cannot be used"
            raise CommandError(
                f"Port {port} {why}. Stop that program, or choose another port: "
                f"{variable}=8765 make run"
            ) from error


def collect_static() -> None:
    """Collected and compressed only when a static file came, went or changed."""
    stamp = settings.VAR_DIR / "static.sha256"
    now = static_fingerprint()
    if stamp.exists() and stamp.read_text() == now:
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(now)


def static_fingerprint() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            state = Path(storage.path(path)).stat()
            digest.update(f"{path} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def addresses() -> str:
    portal = f"http://127.0.0.1:{settings.PORT}"
    return (
        f"\n  Public page     {portal}/          English: {portal}/en/"
        f"\n  Officers' desk  {portal}/desk/"
        f"\n  Rehearsal       http://127.0.0.1:{settings.REHEARSAL_PORT}/   (the five platforms)"
        f"\n  Data            {settings.VAR_DIR}"
        "\n  Ctrl-C stops everything.\n\n"
    )


class AskTheHead(ProcessManager):
    """Ends a process by asking its head alone: the worker then lets its own processes finish.

    Honcho would signal the whole group, and django-q2 waits for ever for children killed so.
    """

    def terminate(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def run(wanted: dict[str, str]) -> int:
    """Until Ctrl-C, or until one process ends and with it the others; 0 for Ctrl-C."""
    manager = Manager()
    manager._procmgr = AskTheHead()
    for name, command in wanted.items():
        manager.add_process(name, command, env=environment(), cwd=str(settings.BASE_DIR))
    # A closed terminal stops everything too.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    manager.loop()
    return 0 if manager.returncode == 128 + signal.SIGINT else manager.returncode or 0


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PORT": str(settings.PORT),
        "REHEARSAL_PORT": str(settings.REHEARSAL_PORT),
        "PYTHONUNBUFFERED": "1",
        "VAR_DIR": str(settings.VAR_DIR),
    }
