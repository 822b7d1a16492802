"""Callbacks taken in a second, beside a bare Django view that inserts one row.

    .venv/bin/python -m benchmarks.intake --database postgres://... [--callbacks 3000]

Both behind gunicorn with the same workers and threads on the same database, in turns; each callback
is a Facebook comment of its own, signed. The portal's view checks the signature, stores the raw
event and its item, each once, and wakes who hears it. Before the bare view stands no middleware but
allauth's, which it insists on.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from multiprocessing import Pool

import django

from . import prepare

SECRET = "only-for-benchmarks"  # noqa: S105
REACH = 0.5
SENDERS = 8  # connections that are kept open


def main() -> None:
    asked = _arguments()
    with prepare.own_database(asked.database) as database:
        os.environ.update(prepare.environment(database, "http://127.0.0.1:9"))
        os.environ["FACEBOOK_CALLBACK_SECRET"] = SECRET
        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        rates: dict[str, list[float]] = {"portal": [], "bare": []}
        with _server("benchmarks.settings") as portal, _server("benchmarks.bare_settings") as bare:
            for number in range(asked.rounds):
                for name, port in (("bare", bare), ("portal", portal)):
                    rates[name].append(_rate(port, asked.callbacks, f"{name}{number}"))
        _check(asked)
    sys.exit(not _print(asked, rates))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--callbacks", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", default="", help="postgres://...; default: SQLite")
    return parser.parse_args()


@contextmanager
def _server(settings: str) -> Iterator[int]:
    port = prepare.free_port()
    command = [
        *(sys.executable, "-m", "gunicorn", "--workers", "2", "--threads", "4"),
        *("--bind", f"127.0.0.1:{port}", "--log-level", "error", "portal.wsgi"),
    ]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": settings}
    process = subprocess.Popen(command, env=environment, cwd=prepare.PROJECT)  # noqa: S603
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    end = time.monotonic() + prepare.PATIENCE
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            time.sleep(3)  # both workers have booted
            return
    raise SystemExit("The server does not answer.")


def _rate(port: int, number: int, name: str) -> float:
    """Requests a second over connections that stay open."""
    share = number // SENDERS
    with Pool(SENDERS) as pool:
        begun = time.perf_counter()
        told = pool.starmap(_send, [(port, share, f"{name}-{one}") for one in range(SENDERS)])
        seconds = time.perf_counter() - begun
    if sum(told) != share * SENDERS:
        raise SystemExit(f"{sum(told)} of {share * SENDERS} callbacks were taken.")
    return share * SENDERS / seconds


def _send(port: int, number: int, name: str) -> int:
    connection = HTTPConnection("127.0.0.1", port)
    taken = 0
    for one in range(number):
        body = _callback(f"{name}-{one}")
        digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}
        connection.request("POST", "/callbacks/facebook/", body, headers)
        answer = connection.getresponse()
        answer.read()
        taken += answer.status == 200
    return taken


def _callback(key: str) -> bytes:
    value = {
        "item": "comment",
        "verb": "add",
        "post_id": "1001_5",
        "comment_id": f"5_{key}",
        "parent_id": "1001_5",
        "created_time": 1_795_420_800,
        "message": "हमारे गाँव का हैंडपंप तीन महीने से ख़राब है।",
        "from": {"id": "2222", "name": "नागरिक"},
    }
    entry = {"id": "1001", "time": 1_795_420_800, "changes": [{"field": "feed", "value": value}]}
    return json.dumps({"object": "page", "entry": [entry]}).encode()


def _check(asked: argparse.Namespace) -> None:
    from publishing.callbacks import take_apart
    from publishing.models import CallbackEvent, CallbackItem

    CallbackEvent.objects.exclude(body__contains="portal").delete()
    while take_apart():
        pass
    wanted = asked.callbacks // SENDERS * SENDERS * asked.rounds
    kept = CallbackItem.objects.count()
    if kept != wanted:
        raise SystemExit(f"{wanted} comments were told, and {kept} are kept.")


def _print(asked: argparse.Namespace, rates: dict[str, list[float]]) -> bool:
    kind = "PostgreSQL" if asked.database else "SQLite"
    middle = {name: statistics.median(found) for name, found in rates.items()}
    ratio = middle["portal"] / middle["bare"]
    print(f"{asked.callbacks} callbacks, {asked.rounds} rounds, 2 workers of 4 threads, {kind};"
          f" {prepare.machine()}\n")  # fmt: skip
    print(f"bare view     {middle['bare']:7.0f}/s")
    print(f"portal        {middle['portal']:7.0f}/s   {ratio:.2f} of it (reach {REACH})")
    return ratio >= REACH or not asked.database


if __name__ == "__main__":
    main()
