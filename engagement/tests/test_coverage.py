"""The coverage map: gaps in words, honest shares, one report a week (issue 5, point 6)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from departments.models import Department, Handle
from departments.roles import Role
from departments.states import HandleState
from departments.tests.factories import connected_handle, department, person, registered_handle
from engagement import coverage
from engagement.coverage_actions import exempt, send_weekly_report, set_norm
from engagement.models import HandleWeek, Norm
from portal.errors import MoveNotAllowed, NotPermitted

pytestmark = pytest.mark.django_db


def posted(handle: Handle, *, days: float, posts: int = 1) -> None:
    at = timezone.now() - timedelta(days=days)
    monday = coverage.monday_of(at)
    HandleWeek.objects.create(handle=handle, monday=monday, posts=posts, last_at=at)


def cell(office: Department, platform: str = "x") -> coverage.Cell:
    (row,) = coverage.map_of(Department.objects.filter(pk=office.pk)).rows
    return next(one for one in row.cells if one.platform == platform)


@pytest.mark.parametrize(
    ("days", "posts", "fields", "state"),
    [
        (None, 0, None, "missing"),
        (None, 0, {"state": HandleState.REGISTERED}, "not_connected"),
        (None, 0, {"state": HandleState.DISCONNECTED}, "not_connected"),
        (None, 0, {}, "silent"),
        (14.5, 9, {}, "silent"),
        (13, 9, {}, "good"),
        (1, 1, {}, "below"),
        (1, 9, {"state": HandleState.ATTENTION}, "expiring"),
        (1, 9, {"access_until": timezone.now() + timedelta(days=9)}, "expiring"),
        (1, 9, {"way": "assisted"}, "good"),
    ],
)
def test_a_cell_says_what_is_wrong_and_what_to_do(days, posts, fields, state):
    office = department()
    if fields is not None:
        registered = fields.get("state") == HandleState.REGISTERED
        make = registered_handle if registered else connected_handle
        handle = make(office, platform="x", **fields)
        if days is not None:
            posted(handle, days=days, posts=posts)
    found = cell(office)
    assert found.state == state
    assert found.sentence
    assert bool(found.next_step) == (state != "good")


def test_no_norm_is_laxer_than_a_fortnight():
    director = person(Role.DIRECTOR)
    terms = {"is_required": True, "posts_per_week": 2, "actor": director}
    with pytest.raises(MoveNotAllowed):
        set_norm("x", silent_after=15, **terms)
    with pytest.raises(IntegrityError), transaction.atomic():
        Norm.objects.create(platform="x", silent_after=15)
    set_norm("x", silent_after=7, **terms)
    office = department()
    posted(connected_handle(office, platform="x"), days=8, posts=9)
    assert cell(office).state == "silent"
    with pytest.raises(NotPermitted):
        set_norm("x", silent_after=7, **{**terms, "actor": person(Role.AUDITOR)})


def test_who_is_exempt_has_no_gap_and_no_share():
    office = department()
    exempt(office, "whatsapp", reason="नहीं चाहिए", until=None, actor=person(Role.DIRECTOR))
    assert cell(office, "whatsapp").state == "exempt"
    (ranked,), few = coverage.ranking(coverage.map_of(Department.objects.filter(pk=office.pk)))
    assert (ranked.good, ranked.needed, few) == (0, 4, [])


def test_equal_shares_have_the_same_place_and_few_stand_apart():
    director = person(Role.DIRECTOR)
    for platform in ("youtube", "instagram", "whatsapp"):
        set_norm(platform, is_required=False, posts_per_week=0, silent_after=14, actor=director)
    many, few = coverage.ranking(coverage.map_of(Department.objects.all()))
    assert many == []
    assert {one.place for one in few} == {1}


def test_counting_twice_counts_once():
    handle = connected_handle(department(), platform="x")
    coverage.refresh()
    posted(handle, days=0, posts=3)
    coverage.refresh()
    assert HandleWeek.objects.get().posts == 3


def test_the_weekly_report_goes_out_once():
    person(Role.SECRETARY)
    at = timezone.now() + timedelta(days=1)
    send_weekly_report(at=at)
    send_weekly_report(at=at)
    (letter,) = mail.outbox
    assert "विभाग" in letter.body
    assert letter.attachments[0][0].endswith(".xlsx")


@pytest.mark.parametrize("number", [3, 60])
def test_the_map_takes_as_many_queries_for_many_as_for_few(client, number):
    for _ in range(number):
        posted(connected_handle(department(), platform="x"), days=3, posts=5)
    client.force_login(person(Role.SECRETARY))
    client.get(reverse("desk:coverage"))
    with CaptureQueriesContext(connection) as queries:
        assert client.get(reverse("desk:coverage")).status_code == 200
    assert len(queries) <= 20


def test_a_department_sees_its_own_line_alone(client):
    office = department()
    department()
    client.force_login(person(Role.NODAL_OFFICER, office))
    page = client.get(reverse("desk:coverage"))
    assert [row.department for row in page.context["page"].object_list] == [office]
