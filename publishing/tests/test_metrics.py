"""The numbers of a post: read often at first, then daily, and never in the way of anything."""

from datetime import timedelta

import pytest
from django.utils import timezone

from publishing import metrics
from publishing.connectors.errors import RateLimited
from publishing.models import Delivery, Metric

from .factories import queued_delivery
from .scripted import Scripted

pytestmark = pytest.mark.django_db


@pytest.fixture
def numbers(settings, monkeypatch):
    """What the platform tells at each reading."""
    settings.CONNECTORS = {"x": "publishing.tests.scripted.Scripted"}
    told: list[dict[str, int] | Exception] = []

    def read(self, post):
        answer = told.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(Scripted, "read_metrics", read)
    return told


def sent(ago: timedelta, read_ago: timedelta | None = None) -> Delivery:
    now, delivery = timezone.now(), queued_delivery()
    Delivery.objects.filter(pk=delivery.pk).update(
        state="sent",
        platform_id=f"post-{delivery.pk}",
        sent_at=now - ago,
        next_try_at=None,
        metrics_at=now - read_ago if read_ago else None,
    )
    return delivery


@pytest.mark.parametrize(
    ("ago", "read_ago", "is_due"),
    [
        (timedelta(hours=1), None, True),
        (timedelta(hours=5), timedelta(minutes=50), False),
        (timedelta(hours=5), timedelta(minutes=70), True),
        (timedelta(days=5), timedelta(hours=20), False),
        (timedelta(days=5), timedelta(hours=25), True),
        (timedelta(days=31), timedelta(days=2), False),
    ],
)
def test_how_often_a_post_is_read(numbers, ago, read_ago, is_due):
    numbers.append({"views": 7})
    sent(ago, read_ago)
    metrics.wake_reading(at=timezone.now())
    assert Metric.objects.exists() == is_due


def test_a_day_keeps_its_latest_number(numbers):
    delivery = sent(timedelta(hours=1))
    numbers += [{"views": 7, "likes": 1}, {"views": 9}]
    metrics.read(delivery.pk)
    metrics.read(delivery.pk)
    assert {metric.name: metric.value for metric in delivery.numbers} == {"views": 9, "likes": 1}


def test_a_platform_that_does_not_answer_is_asked_later(numbers):
    delivery = sent(timedelta(hours=1))
    numbers.append(RateLimited())
    metrics.read(delivery.pk)
    assert not Metric.objects.exists()


def test_a_platform_without_names_is_not_read(numbers, settings):
    settings.METRICS = {"x": {}}
    sent(timedelta(hours=1))
    metrics.wake_reading(at=timezone.now())
    assert not Metric.objects.exists()
