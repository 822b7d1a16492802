"""What the queue calls. Each takes a key, does one step, and may run twice without harm."""

from departments.models import Handle

from . import handle_health, hearing, metrics, sending, template_reading
from .media import preparing


def deliver(delivery_id: int) -> None:
    sending.send(delivery_id)


def look(delivery_id: int) -> None:
    sending.look(delivery_id)


def follow(delivery_id: int) -> None:
    sending.follow(delivery_id)


def read_metrics(delivery_id: int) -> None:
    metrics.read(delivery_id)


def prepare_media() -> None:
    preparing.prepare_next()


def hear_callbacks() -> None:
    hearing.hear_all()


def read_templates(handle_id: int) -> None:
    template_reading.read(handle_id)


def check_handle(handle_id: int) -> None:
    handle = Handle.objects.select_related("department", "accountable_officer").get(pk=handle_id)
    handle_health.check_handle(handle)
