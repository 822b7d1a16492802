"""Celery beside which delivery is measured: a task for each post, as its manual writes it.

Not a part of the project: `environment` makes a throw-away one with pinned versions. The task works
on the portal's own tables through Django, and writes an intent before the call and a result after
it, each committed; `acks_late`, since a post must not be lost with its worker. It checks nothing
else: no seal, no stop, no order, no limit, no audit trail.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from datetime import timedelta
from pathlib import Path
from typing import Any

PARTS = ("celery==5.5.3", "redis==5.2.1", "psycopg2-binary==2.9.10", "requests==2.32.5",
         "django==5.2.8", "django-environ==0.12.0")  # fmt: skip
AT_ONCE = 16  # processes of each worker; with threads instead it was slower here


def environment(folder: Path) -> Path:
    """Its `bin`."""
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin/pip"), "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *PARTS], check=True)  # noqa: S603 - pinned above
    return folder / "bin"


if "PEER_PLATFORM" in os.environ:  # inside that environment
    import django
    import environ
    import requests
    from celery import Celery  # type: ignore[import-not-found]
    from django.conf import settings
    from django.db import models, transaction
    from django.utils import timezone

    settings.configure(
        DATABASES={
            "default": {
                **environ.Env.db_url_config(os.environ["PEER_DATABASE"]),
                "CONN_MAX_AGE": None,
            }
        },
        USE_TZ=True,
    )
    django.setup()
    app = Celery("peer", broker=os.environ["PEER_REDIS"])
    app.conf.task_acks_late = True
    app.conf.worker_prefetch_multiplier = 8
    app.conf.task_ignore_result = True
    session = requests.Session()

    class Delivery(models.Model):
        objects: Any = models.Manager()
        message_id = models.BigIntegerField()
        handle_id = models.BigIntegerField()
        state = models.CharField(max_length=20)
        fence = models.PositiveIntegerField()
        lease_until = models.DateTimeField(null=True)
        next_try_at = models.DateTimeField(null=True)
        armed_at = models.DateTimeField(null=True)
        sent_at = models.DateTimeField(null=True)
        platform_id = models.CharField(max_length=200)

        class Meta:
            managed, app_label, db_table = False, "peer", "publishing_delivery"

    class Attempt(models.Model):
        objects: Any = models.Manager()
        delivery_id = models.BigIntegerField()
        fence = models.PositiveIntegerField()
        worker = models.CharField(max_length=100)
        started_at = models.DateTimeField()
        armed_at = models.DateTimeField(null=True)
        ended_at = models.DateTimeField(null=True)
        outcome = models.CharField(max_length=20)
        problem = models.CharField(max_length=60)
        detail = models.TextField()

        class Meta:
            managed, app_label, db_table = False, "peer", "publishing_attempt"

    class Part(models.Model):
        objects: Any = models.Manager()
        message_id = models.BigIntegerField()
        text = models.TextField()

        class Meta:
            managed, app_label, db_table = False, "peer", "publishing_messagepart"

    @app.task(name="deliver")
    def deliver(key: int) -> None:
        now = timezone.now()
        with transaction.atomic():
            delivery = Delivery.objects.select_for_update().get(pk=key)
            if delivery.state != "queued":
                return
            delivery.state, delivery.fence, delivery.armed_at = "sending", delivery.fence + 1, now
            delivery.lease_until, delivery.next_try_at = now + timedelta(seconds=90), None
            delivery.save()
            attempt = Attempt.objects.create(
                delivery_id=key, fence=delivery.fence, worker="celery", started_at=now, armed_at=now
            )
        part = Part.objects.get(message_id=delivery.message_id)
        answer = session.post(
            f"{os.environ['PEER_PLATFORM']}/v26.0/{delivery.handle_id}/feed",
            data={"message": part.text},
            headers={"Authorization": "Bearer token"},
            timeout=(5, 25),
        )
        now = timezone.now()
        with transaction.atomic():
            delivery.state, delivery.sent_at, delivery.lease_until = "sent", now, None
            delivery.platform_id = answer.json()["id"]
            delivery.save()
            attempt.outcome, attempt.ended_at = "accepted", now
            attempt.save()


def enqueue() -> None:
    for key in Delivery.objects.filter(state="queued").values_list("pk", flat=True):
        deliver.delay(key)


def arguments(program: Path, name: str) -> list[Any]:
    return [program, "-A", "peer_celery", "worker", "--concurrency", AT_ONCE,
            "--loglevel", "ERROR", "-n", f"{name}@%h"]  # fmt: skip


if __name__ == "__main__" and sys.argv[1:] == ["enqueue"]:
    enqueue()
