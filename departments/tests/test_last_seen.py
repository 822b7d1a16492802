"""When an officer was last seen (K5): known to the minute, not written with every request."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from departments.middleware import SEEN
from departments.roles import Role

from .factories import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    client = Client()
    client.force_login(person(Role.DIRECTOR))
    client.get("/desk/")
    return client


def writes(client):
    with CaptureQueriesContext(connection) as asked:
        client.get("/desk/")
    return [one["sql"] for one in asked if one["sql"].startswith(("INSERT", "UPDATE"))]


def test_the_first_page_says_who_is_there(client):
    assert UserSession.objects.get().last_seen_at > timezone.now() - timedelta(minutes=1)


def test_the_next_pages_write_nothing(client):
    assert writes(client) == []


def test_a_minute_later_it_is_written_again(client):
    session = client.session
    session[SEEN] -= 61
    session.save()
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(minutes=2))
    assert writes(client)
    assert UserSession.objects.get().last_seen_at > timezone.now() - timedelta(minutes=1)
