"""What the worker does by the clock besides deliveries."""

import pytest
from django.conf import settings
from django.utils.module_loading import import_string


@pytest.mark.django_db
@pytest.mark.parametrize("chore", settings.WORKER_CHORES)
def test_every_chore_runs_where_there_is_nothing_to_do(chore):
    import_string(chore)()


def test_chores_come_no_more_often_than_the_pulse():
    assert all(isinstance(every, int) and every >= 1 for every in settings.WORKER_CHORES.values())
