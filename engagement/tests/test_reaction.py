"""What people write, counted honestly, with its sudden rises (issue 5, point 5)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from departments.models import Department
from departments.roles import Role
from departments.tests.factories import department, person
from engagement import reaction

from .factories import waiting_comment

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("number", "usual", "expected"),
    [(9, 0, False), (10, 0, True), (30, 10, False), (31, 10, True), (0, 0, False)],
)
def test_a_spike_is_far_more_than_usual_and_no_handful(number, usual, expected):
    assert reaction.is_spike(number, usual) == expected


def test_a_sudden_rise_is_announced_and_nothing_of_others_is_counted(client):
    owner, other = department(), department()
    for _ in range(12):
        waiting_comment(owner, "बिजली नहीं आ रही", at=timezone.now())
    waiting_comment(other, "धन्यवाद", at=timezone.now())
    client.force_login(person(Role.NODAL_OFFICER, owner))
    client.get(reverse("desk:reaction"))
    with CaptureQueriesContext(connection) as queries:
        page = client.get(reverse("desk:reaction"))
    assert len(queries) <= 20
    assert [day.number for day in page.context["spikes"]] == [12]
    assert sum(number for _label, number in page.context["kinds"]) == 12
    every = reaction.days(Department.objects.all())
    assert every[-1].number == 13
