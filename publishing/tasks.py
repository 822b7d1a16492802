"""What the queue calls. Each takes a key, does one step, and may run twice without harm."""

from . import metrics, sending
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
