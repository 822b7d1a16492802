"""The numbers that platforms tell about our posts: read often at first, then daily for a month."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django_q.tasks import async_task

from .connectors.errors import ConnectorError
from .models import Delivery, Metric
from .sending import connector_for, published

log = logging.getLogger(__name__)

FRESH, OFTEN = timedelta(days=2), timedelta(hours=1)
OLDEST, DAILY = timedelta(days=30), timedelta(days=1)


def wake_reading(*, at: datetime | None = None, limit: int = 20) -> None:
    """Ask workers for the numbers that are due; a few at a time, so that nothing waits for them."""
    at = at or timezone.now()
    fresh = Q(sent_at__gt=at - FRESH) & (Q(metrics_at__isnull=True) | Q(metrics_at__lt=at - OFTEN))
    older = Q(sent_at__gt=at - OLDEST, metrics_at__lt=at - DAILY)
    counted = [platform for platform, names in settings.METRICS.items() if names]
    due = Delivery.objects.sent().filter(fresh | older, handle__platform__in=counted)
    ids = list(due.order_by("metrics_at").values_list("pk", flat=True)[:limit])
    Delivery.objects.filter(pk__in=ids).update(metrics_at=at)
    for pk in ids:
        async_task("publishing.tasks.read_metrics", pk, task_name=f"metrics-{pk}")


def read(delivery_id: int) -> None:
    """Store today's numbers; a platform that does not answer is asked again next time."""
    delivery = Delivery.objects.select_related("handle").get(pk=delivery_id)
    try:
        numbers = connector_for(delivery.handle).read_metrics(published(delivery))
    except ConnectorError as error:
        log.info("numbers of delivery %s could not be read: %s", delivery_id, error.code)
        return
    for name, value in numbers.items():
        Metric.objects.update_or_create(
            delivery=delivery, name=name, day=timezone.localdate(), defaults={"value": value}
        )
