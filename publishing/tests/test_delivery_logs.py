"""One id on every line of a post, from its last approval to the calls of its platform."""

from __future__ import annotations

import json
import logging
import threading
import time

import pytest

from departments.credentials import read_secrets
from departments.models import Handle
from portal.logs import JsonFormatter
from publishing.models import Delivery
from publishing.publisher import Publisher

from .factories import queued_delivery

THREAD = "शिविर 25 नवम्बर को है।\n---\nस्थान: कलेक्ट्रेट"


def seal_of_source(source_id: int) -> str:
    return Delivery.objects.get(message__source_id=source_id).message.seal


def publish(delivery: Delivery) -> None:
    """By a publisher with its threads."""
    stopped = threading.Event()
    publisher = threading.Thread(target=Publisher().run, args=(stopped,))
    publisher.start()
    ends = time.monotonic() + 20
    while delivery.state != "sent" and time.monotonic() < ends:
        time.sleep(0.1)
        delivery.refresh_from_db()
    stopped.set()
    publisher.join()


@pytest.mark.django_db(transaction=True)
def test_the_post_is_on_every_line_and_its_secrets_are_on_none(rehearsal, settings, caplog):
    settings.PLATFORM_URLS = {**settings.PLATFORM_URLS, "x": f"{rehearsal.url}/x"}
    settings.MESSAGE_SOURCES = {"post": "publishing.tests.test_delivery_logs.seal_of_source"}
    caplog.handler.setFormatter(JsonFormatter())
    with caplog.at_level(logging.INFO):
        delivery = queued_delivery(THREAD)
        token = read_secrets(delivery.handle).token
        rehearsal.store.add_account("x", "1001", "सूचना विभाग", token)
        Handle.objects.filter(pk=delivery.handle_id).update(external_id="1001")
        publish(delivery)
    lines = [json.loads(line) for line in caplog.text.splitlines()]
    queued, *calls = [line for line in lines if line["logger"].startswith("publishing")]
    post = delivery.message.origin
    assert (queued["message"], queued["post"]) == ("queued for 1 handles", post)
    sent = [line for line in calls if line["message"].startswith("x POST /x/2/tweets 201 ")]
    assert len(sent) == 2
    facts = {"post": post, "delivery": delivery.pk, "platform": "x", "attempt": delivery.fence}
    for line in calls:
        assert {**line, **facts, "handle": delivery.handle_id} == line
    assert token not in caplog.text
    assert "शिविर" not in caplog.text
