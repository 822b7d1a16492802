"""Places on the platforms: what was sent and what is planned, by each platform's own day."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from departments.models import Department
from departments.tests.factories import department
from publishing.connectors.base import Limit
from publishing.models import Delivery
from publishing.quotas import Room, costs, next_room, rooms, without_room
from publishing.states import DeliveryState

from .factories import connected_handle, queued_delivery
from .scripted import Scripted

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 12, 1, 6, 30, tzinfo=UTC)  # IST


@pytest.fixture
def limited(settings, monkeypatch):
    """A platform with the given limits."""
    settings.CONNECTORS = {**settings.CONNECTORS, "x": "publishing.tests.scripted.Scripted"}

    def limit(*limits: Limit) -> None:
        monkeypatch.setattr(Scripted, "limits", classmethod(lambda cls, facts: limits))

    return limit


def planned(at: datetime, like: Delivery | None = None) -> Delivery:
    delivery = queued_delivery(not_before=at)
    if like:
        Delivery.objects.filter(pk=delivery.pk).update(handle=like.handle)
        delivery.refresh_from_db()
    return delivery


def sent(at: datetime, like: Delivery) -> None:
    delivery = planned(at, like)
    Delivery.objects.filter(pk=delivery.pk).update(
        state=DeliveryState.SENT, sent_at=at, platform_id=str(delivery.pk), next_try_at=None
    )


def used(handle, at: datetime) -> list[int]:
    return [room.used for room in rooms([handle], at)]


def test_what_is_planned_holds_its_place(limited):
    limited(Limit("posts_a_day", 2, "handle"))
    first = planned(NOON)
    assert used(first.handle, NOON) == [1]
    assert without_room([first.handle], NOON) == []
    planned(NOON + timedelta(hours=1), first)
    assert [room.left for room in without_room([first.handle], NOON)] == [0]


def test_a_rolling_window_forgets(limited):
    limited(Limit("posts_a_day", 2, "handle"))
    first = planned(NOON)
    sent(NOON - timedelta(hours=25), first)
    assert used(first.handle, NOON + timedelta(minutes=1)) == [1]


def test_a_later_window_counts_as_well(limited):
    """At noon there would be room, but not together with what is planned behind it."""
    limited(Limit("posts_a_day", 2, "handle"))
    first = planned(NOON + timedelta(hours=20))
    planned(NOON + timedelta(hours=21), first)
    assert used(first.handle, NOON) == [2]


def test_a_day_ends_at_the_platform_s_own_midnight(limited):
    """Midnight in California is 13:30 in India in winter (Y3)."""
    limited(Limit("uploads_a_day", 1, "handle", zone="America/Los_Angeles"))
    first = planned(NOON)  # 12:00 IST, still 30 November there
    assert used(first.handle, NOON + timedelta(minutes=89)) == [1]
    assert used(first.handle, NOON + timedelta(minutes=91)) == [0]
    (room,) = rooms([first.handle], NOON)
    assert next_room(room, NOON) == datetime(2026, 12, 1, 8, 0, tzinfo=UTC)


def test_all_handles_share_what_the_app_may(limited):
    limited(Limit("uploads_a_day", 2, "app"))
    first, other = planned(NOON), connected_handle(Department.objects.get(), "x")
    assert used(other, NOON) == [1]
    assert without_room([other], NOON) == []
    assert len(without_room([first.handle, other], NOON)) == 2


def test_next_room_is_when_the_oldest_place_is_free(limited):
    limit = Limit("posts_a_day", 1, "handle")
    limited(limit)
    first = planned(NOON)
    assert next_room(Room(first.handle, limit, 1), NOON) == NOON + timedelta(days=1)


def test_costs_are_summed_by_department_and_month():
    first = planned(NOON)
    sent(NOON, first)
    Delivery.objects.update(price=Decimal("0.2"))
    elsewhere = planned(NOON + timedelta(days=40))
    Delivery.objects.filter(pk=elsewhere.pk).update(price=Decimal("0.015"))
    december = {cost.department: cost for cost in costs(Department.objects.all(), NOON)}
    assert sum(cost.sent for cost in december.values()) == Decimal("0.2")
    assert december[first.message.department].planned == Decimal("0.2")
    january = costs(Department.objects.all(), timezone.now().replace(2027, 1, 5))
    assert [cost.planned for cost in january] == [Decimal("0.015")]


def test_as_many_as_are_wanted_need_a_place(limited):
    limited(Limit("people_a_day", 5, "app"))
    first, second = connected_handle(department()), connected_handle(department())
    assert without_room([first, second], NOON, wanted={first.pk: 4}) == []
    assert len(without_room([first, second], NOON, wanted={first.pk: 5})) == 2


def test_what_is_late_takes_a_place_of_today(limited):
    limited(Limit("uploads_a_day", 2, "handle", zone="America/Los_Angeles"))
    now = timezone.now()
    late = planned(now - timedelta(days=3))
    assert used(late.handle, now) == [1]


def test_what_waits_for_an_officer_takes_no_place(limited):
    limited(Limit("posts_a_day", 2, "handle"))
    by_hand = planned(timezone.now() - timedelta(days=3))
    Delivery.objects.update(state=DeliveryState.ASSISTED, next_try_at=None)
    assert used(by_hand.handle, timezone.now()) == [0]
