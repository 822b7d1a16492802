"""Templates of handles that write to single people: read when asked for, and every day."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max
from django.utils import timezone
from django_q.tasks import async_task

from departments.models import Handle

from .audience_actions import store_templates
from .connectors import connector_class
from .connectors.errors import ConnectorError
from .models import Template
from .sending import connector_for

log = logging.getLogger(__name__)

DAILY = timedelta(days=1)


def wake_reading(*, at: datetime | None = None) -> None:
    """Ask workers for the templates that were last read a day ago."""
    at = at or timezone.now()
    platforms = [name for name in settings.CONNECTORS if connector_class(name).has_recipients]
    handles = Handle.objects.connected().filter(platform__in=platforms)
    handles = handles.annotate(read=Max("templates__read_at"))
    for pk in list(handles.filter(read__lt=at - DAILY).values_list("pk", flat=True)):
        Template.objects.filter(handle=pk).update(read_at=at)  # asked once, though it may fail
        refresh(pk)


def refresh(handle_id: int) -> None:
    async_task("publishing.tasks.read_templates", handle_id, task_name=f"templates-{handle_id}")


def read(handle_id: int) -> None:
    """A platform that does not answer is asked again tomorrow, or when an officer asks."""
    handle = Handle.objects.get(pk=handle_id)
    try:
        found = connector_for(handle).read_templates()
    except ConnectorError as error:
        log.info("templates of handle %s could not be read: %s", handle_id, error.code)
        return
    store_templates(handle, found)
