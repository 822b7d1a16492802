"""A platform that answers what a test wrote down; the rest is real."""

from __future__ import annotations

import itertools

import pytest

from engagement.reply_actions import note_all_sent
from publishing import sending
from publishing.connectors.base import Receipt
from publishing.models import Delivery
from publishing.states import DeliveryState
from publishing.tests.scripted import Scripted

SCRIPTED = "publishing.tests.scripted.Scripted"


@pytest.fixture(autouse=True)
def platform(settings):
    settings.CONNECTORS = {**settings.CONNECTORS, "x": SCRIPTED, "facebook": SCRIPTED}
    Scripted.start(*(Receipt(f"r{number}") for number in range(60)))
    return Scripted


@pytest.fixture
def deliver():
    """Carry out every answer that is queued, as a publisher would."""

    def carry_out() -> int:
        for number in itertools.count():
            queued = Delivery.objects.filter(state=DeliveryState.QUEUED, operation="reply")
            found = queued.order_by("pk").first()
            if found is None:
                note_all_sent()  # their news waits for the end of the test's transaction
                return number
            sending.send(found.pk)
        return 0

    return carry_out
