"""What the queue calls. Each takes a key, does one step, and may run twice without harm."""

from . import reading
from .models import Reading


def read_source(reading_id: int) -> None:
    reading.read(Reading.objects.select_related("handle").get(pk=reading_id))
