from __future__ import annotations

from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from django_q.conf import Conf
from django_q.status import Stat

from publishing.pulse import beat


@pytest.fixture
def own_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks of other workers on the same cache are not looked at."""
    monkeypatch.setattr(Conf, "Q_STAT", f"django_q:{uuid4()}:cluster")


def leave_mark() -> None:
    """As a worker's sentinel does every half second."""
    sentinel = SimpleNamespace(
        parent_pid=1, pid=2, cluster_id="one", broker=None, tob=timezone.now(), reincarnations=0,
        status=lambda: Conf.IDLE, monitor=None, pusher=None, pool=[],
        result_queue=SimpleNamespace(qsize=lambda: 0), task_queue=SimpleNamespace(qsize=lambda: 0),
    )  # fmt: skip
    Stat(sentinel).save()


def test_process_answers_without_database(client):
    answer = client.get("/healthz")
    assert answer.json() == {"status": "ok"}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.usefixtures("own_cluster")
def test_not_ready_without_a_worker(client):
    answer = client.get("/readyz")
    assert answer.status_code == 503
    lacking = {"worker": "unavailable", "publisher": "unavailable"}
    assert answer.json()["parts"] == {"database": "ok", "cache": "ok", **lacking}


@pytest.mark.django_db
@pytest.mark.usefixtures("own_cluster")
def test_ready_with_database_cache_worker_and_publisher(client):
    leave_mark()
    beat("host:1", 0)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


@pytest.mark.django_db
@pytest.mark.usefixtures("own_cluster")
def test_not_ready_without_the_database_and_says_nothing_of_the_inside(client):
    def refuse(*args):
        raise OperationalError("password=secret host=db")

    leave_mark()
    with connection.execute_wrapper(refuse):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["database"] == "unavailable"
    assert b"secret" not in answer.content
