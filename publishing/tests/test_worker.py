"""What the worker does by the clock besides deliveries."""

import io

import pytest
import redis
from django.conf import settings
from django.utils.module_loading import import_string

from publishing.management.commands.worker import Command


@pytest.mark.django_db
@pytest.mark.parametrize("chore", settings.WORKER_CHORES)
def test_every_chore_runs_where_there_is_nothing_to_do(chore):
    import_string(chore)()


def test_chores_come_no_more_often_than_the_pulse():
    assert all(isinstance(every, int) and every >= 1 for every in settings.WORKER_CHORES.values())


@pytest.mark.django_db
def test_a_chore_that_fails_ends_neither_the_worker_nor_the_next_chore(settings):
    """Redis away for three seconds once ended every publisher of the host."""
    settings.WORKER_CHORES = {
        "publishing.tests.test_worker.without_redis": 1,
        "publishing.tests.test_worker.done": 1,
    }
    DONE.clear()
    said = io.StringIO()
    Command(stderr=said)._pulse(0)
    assert DONE == ["done"]
    assert "ConnectionError" in said.getvalue()


DONE: list[str] = []


def without_redis():
    raise redis.ConnectionError("Connection refused")


def done():
    DONE.append("done")
