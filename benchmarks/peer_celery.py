"""Celery beside which delivery is measured: a task for each post, as its manual writes it.

Not a part of the project: `environment` makes a throw-away one with pinned versions. Each task
writes a durable intent and result, as limit.py does; `acks_late`, since a post must not be lost
with its worker. Run as a module of that environment: `celery -A peer_celery worker`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import venv
from pathlib import Path
from typing import Any

PARTS = ("celery==5.5.3", "redis==5.2.1", "psycopg2-binary==2.9.10", "requests==2.32.5")
AT_ONCE = 16  # of each worker: more made it slower here


def environment(folder: Path) -> Path:
    """Its `bin`."""
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin/pip"), "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *PARTS], check=True)  # noqa: S603 - pinned above
    return folder / "bin"


if "PEER_PLATFORM" in os.environ:  # inside that environment
    import psycopg2  # type: ignore[import-untyped]
    import requests
    from celery import Celery  # type: ignore[import-not-found]

    app = Celery("peer", broker=os.environ["PEER_REDIS"])
    app.conf.task_acks_late = True
    app.conf.worker_prefetch_multiplier = 8
    app.conf.task_ignore_result = True
    own = threading.local()

    def connection() -> Any:
        if not hasattr(own, "connection"):
            own.connection = psycopg2.connect(os.environ["PEER_DATABASE"])
            own.session = requests.Session()
        return own.connection

    @app.task
    def deliver(key: int) -> None:
        database = connection()
        with database, database.cursor() as cursor:
            cursor.execute(
                "UPDATE plain_delivery SET state = 'sending', begun_at = now() WHERE id = %s"
                " RETURNING account, text",
                (key,),
            )
            account, text = cursor.fetchone()
        answer = own.session.post(
            f"{os.environ['PEER_PLATFORM']}/v26.0/{account}/feed",
            data={"message": text},
            headers={"Authorization": "Bearer token"},
            timeout=(5, 25),
        )
        with database, database.cursor() as cursor:
            cursor.execute(
                "UPDATE plain_delivery SET state = 'sent', ended_at = now(), platform_id = %s"
                " WHERE id = %s",
                (answer.json()["id"], key),
            )


def enqueue(database: str) -> None:
    connection = psycopg2.connect(database)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM plain_delivery WHERE state = 'queued'")
        for (key,) in cursor.fetchall():
            deliver.delay(key)


if __name__ == "__main__" and sys.argv[1:] == ["enqueue"]:
    enqueue(os.environ["PEER_DATABASE"])
