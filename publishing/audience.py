"""Single people who agreed to be written to through a handle."""

from django.db.models import QuerySet

from departments.models import Handle

from .models import Subscriber


def recipients_of(handle: Handle) -> QuerySet[Subscriber]:
    """Who gets an approved template through this handle today."""
    return Subscriber.objects.agreed().filter(handle=handle)
