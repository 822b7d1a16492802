"""Stops on the desk: pressing, what is shown, who is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from departments.roles import Role
from departments.tests.factories import department, person
from publishing.models import Delivery, Exemption, Scope, Stop
from publishing.stop_actions import Target, press_stop, release_stop, set_freeze

from .factories import queued_delivery

pytestmark = pytest.mark.django_db
MOST_QUERIES = 20


@pytest.fixture
def director():
    return person(Role.DIRECTOR)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def desk(user):
    return signed_in(user).get(reverse("desk:home")).content.decode()


def pressed(actor, scope=Scope.EVERYTHING, **fields):
    return press_stop(Target(scope, **fields), reason="राजकीय शोक", actor=actor)


def page_of(stop, user):
    return signed_in(user).get(reverse("desk:stop", args=[stop.pk]))


def test_one_press_stops_everything(director):
    data = {"scope": "everything", "reason": "शोक"}
    answer = signed_in(director).post(reverse("desk:stops"), data)
    stop = Stop.objects.get()
    assert answer.url == reverse("desk:stop", args=[stop.pk])
    assert (stop.scope, stop.reason, stop.pressed_by) == ("everything", "शोक", director)


def test_a_double_click_is_answered_in_words(director):
    client, data = signed_in(director), {"scope": "everything", "reason": "शोक"}
    client.post(reverse("desk:stops"), data)
    answer = client.post(reverse("desk:stops"), data)
    assert (answer.status_code, Stop.objects.count()) == (422, 1)
    assert "पहले से रोका हुआ है" in answer.content.decode()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"scope": "platform", "reason": "शोक"}, "platform"),
        ({"scope": "department", "reason": "शोक"}, "department"),
        ({"scope": "topic", "reason": "शोक"}, "topic"),
        ({"scope": "everything", "reason": " "}, "reason"),
        ({"scope": "message", "reason": "शोक"}, "scope"),
        ({"scope": "platform", "platform": "orkut", "reason": "शोक"}, "platform"),
    ],
)
def test_what_is_missing_is_said_at_its_field(director, data, field):
    answer = signed_in(director).post(reverse("desk:stops"), data)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert not Stop.objects.exists()


def test_what_belongs_to_another_scope_is_left_out(director):
    owner = department()
    data = {"scope": "platform", "platform": "x", "department": owner.slug, "reason": "शोक"}
    signed_in(director).post(reverse("desk:stops"), data)
    stop = Stop.objects.get()
    assert (stop.platform, stop.department, stop.place) == ("x", None, "platform:x")


def test_every_officer_concerned_reads_it_on_every_page_of_the_desk(director):
    owner, other = department(), department()
    pressed(director, Scope.DEPARTMENT, department=owner)
    assert "राजकीय शोक" in desk(person(Role.NODAL_OFFICER, owner))
    assert "राजकीय शोक" in desk(director)
    assert "राजकीय शोक" not in desk(person(Role.NODAL_OFFICER, other))


def test_a_stop_of_a_scheme_is_shown_to_who_has_posts_about_it(director):
    about, other = queued_delivery().message, queued_delivery().message
    about.topic = "scheme:1"
    about.save()
    stop = pressed(director, Scope.TOPIC, topic="scheme:1")
    concerned, stranger = (person(Role.NODAL_OFFICER, one.department) for one in (about, other))
    assert page_of(stop, concerned).status_code == 200
    assert page_of(stop, stranger).status_code == 404
    assert "राजकीय शोक" in desk(concerned)
    assert "राजकीय शोक" not in desk(stranger)


def test_a_page_outside_the_desk_says_nothing_of_it(director):
    pressed(director)
    assert "राजकीय शोक" not in signed_in(director).get(reverse("public:home")).content.decode()


def test_its_page_shows_what_it_caught_and_what_was_out(director):
    caught, out = queued_delivery(), queued_delivery()
    sent = {"state": "sent", "platform_id": "1", "sent_at": timezone.now()}
    Delivery.objects.filter(pk=out.pk).update(**sent)
    context = page_of(pressed(director), director).context
    assert list(context["page"]) == [caught]
    assert list(context["out"]) == [out]
    assert context["by_platform"] == [("एक्स (X)", 1)]


@pytest.mark.parametrize("is_freeze", [False, True])
def test_once_over_its_page_shows_what_was_out_before_and_not_after(director, is_freeze):
    before, after, now = queued_delivery(), queued_delivery(), timezone.now()
    begin, end = now - timedelta(days=9), now - timedelta(days=8)
    released = {"released_at": end, "released_by": director, "release_reason": "समाप्त"}
    stop = Stop.objects.create(scope=Scope.EVERYTHING, reason="शोक", pressed_by=director,
                               starts_at=begin, pressed_at=begin,
                               **{"ends_at": end} if is_freeze else released)  # fmt: skip
    for delivery, moment in ((before, begin - timedelta(hours=1)), (after, now)):
        sent = {"state": "sent", "platform_id": "1", "sent_at": moment}
        Delivery.objects.filter(pk=delivery.pk).update(**sent)
    assert list(page_of(stop, director).context["out"]) == [before]


def test_a_freeze_called_off_before_it_began_says_nothing_of_what_was_out(director):
    begin = timezone.now() + timedelta(days=1)
    freeze = set_freeze(Target(Scope.EVERYTHING), starts_at=begin,
                        ends_at=begin + timedelta(days=1), reason="x", actor=director)  # fmt: skip
    release_stop(freeze, reason="टला", actor=director)
    assert 'id="out"' not in page_of(freeze, director).content.decode()


def test_a_department_sees_only_its_own_in_it(director):
    mine, _others = queued_delivery(), queued_delivery()
    officer = person(Role.NODAL_OFFICER, mine.message.department)
    assert list(page_of(pressed(director), officer).context["page"]) == [mine]


def test_its_page_counts_by_department(director):
    first, second = queued_delivery(), queued_delivery()
    shown = page_of(pressed(director), director).context["by_department"]
    assert sorted(shown) == sorted((one.message.department.name, 1) for one in (first, second))


def test_a_link_chooses_the_scope_beforehand(director):
    address = reverse("desk:stops") + "?scope=platform&platform=x"
    form = signed_in(director).get(address).context["form"]
    assert (form["scope"].value(), form["platform"].value()) == ("platform", "x")


def test_every_stop_of_the_past_can_be_reached(director):
    for _ in range(23):
        release_stop(pressed(director), reason="समाप्त", actor=director)
    second = signed_in(director).get(reverse("desk:stops") + "?page=2")
    assert len(second.context["page"].object_list) == 3


def test_it_is_released_with_a_reason_only(director):
    stop, client = pressed(director), signed_in(director)
    client.post(reverse("desk:stop_release", args=[stop.pk]), {"reason": ""})
    stop.refresh_from_db()
    assert stop.released_at is None
    client.post(reverse("desk:stop_release", args=[stop.pk]), {"reason": "शोक समाप्त"})
    stop.refresh_from_db()
    assert (stop.released_by, stop.release_reason) == (director, "शोक समाप्त")
    assert "राजकीय शोक" not in desk(director)


def test_an_exemption_takes_a_head_and_an_officer_of_the_directorate(director):
    delivery, now = queued_delivery(), timezone.now()
    head = person(Role.DEPARTMENT_HEAD, delivery.message.department)
    freeze = set_freeze(Target(Scope.EVERYTHING), starts_at=now, ends_at=now + timedelta(days=9),
                        reason="आचार संहिता", actor=director)  # fmt: skip
    assert [key for key, _words in page_of(freeze, head).context["messages_held"]] == [
        delivery.message_id
    ]
    signed_in(head).post(
        reverse("desk:exemption_ask", args=[freeze.pk]),
        {"message": delivery.message_id, "reason": "बाढ़"},
    )
    exemption = Exemption.objects.get()
    signed_in(head).post(reverse("desk:exemption_confirm", args=[exemption.pk]))
    exemption.refresh_from_db()
    assert exemption.confirmed_at is None
    signed_in(director).post(reverse("desk:exemption_confirm", args=[exemption.pk]))
    exemption.refresh_from_db()
    assert exemption.confirmed_by == director


@pytest.mark.parametrize("key", ["", "x", "9" * 30])
def test_a_wrong_post_is_no_exemption(director, key):
    stop = pressed(director)
    address = reverse("desk:exemption_ask", args=[stop.pk])
    assert signed_in(director).post(address, {"message": key, "reason": "x"}).status_code == 302
    assert not Exemption.objects.exists()


def test_the_pages_ask_no_more_however_much_is_held(director, django_assert_max_num_queries):
    for _ in range(12):
        queued_delivery()
    stop, client = pressed(director), signed_in(director)
    client.get(reverse("desk:home"))  # the first page of a session writes who is there
    for address in (reverse("desk:stop", args=[stop.pk]), reverse("desk:stops")):
        with django_assert_max_num_queries(MOST_QUERIES):
            assert client.get(address).status_code == 200


def test_the_notice_costs_a_desk_page_one_query(director, django_assert_num_queries, rf):
    from types import SimpleNamespace

    from publishing.stop_notice import stops

    request = rf.get("/desk/")
    request.user, request.resolver_match = director, SimpleNamespace(namespaces=["desk"])
    stops(request)  # the officer's charges are read once
    with django_assert_num_queries(1):
        stops(request)
