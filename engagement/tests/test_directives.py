"""Directives: issued to all at once, done with proof, late ones seen (issue 5, point 7)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from departments.roles import Role
from departments.tests.factories import department, person
from engagement import directive_actions as act
from engagement.directive_actions import Kit
from engagement.models import Directive, DirectiveTask
from engagement.states import TaskState
from portal.errors import MoveNotAllowed, NotPermitted
from schemes.models import Post

pytestmark = pytest.mark.django_db
KIT = Kit("वृद्धावस्था पेंशन शिविर", "5 दिसम्बर को सभी जनपदों में शिविर।")


@pytest.fixture
def director():
    return person(Role.DIRECTOR)


def issued(director, departments, *, days: float = 5, kit: Kit = KIT) -> Directive:
    return act.issue_directive(
        title="शिविर की सूचना",
        instruction="सभी हैंडलों पर प्रकाशित करें।",
        kind="scheme_information",
        deadline=timezone.now() + timedelta(days=days),
        departments=departments,
        kit=kit,
        actor=director,
    )


def test_it_reaches_all_of_thirty_departments_at_once(director):
    offices = [department() for _ in range(30)]
    directive = issued(director, [*offices, offices[0]])
    assert directive.tasks.filter(state=TaskState.ISSUED).count() == 30
    assert issued(director, offices).number != directive.number


@pytest.mark.parametrize("role", [Role.NODAL_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_only_the_directorate_issues(role):
    with pytest.raises(NotPermitted):
        issued(person(role), [department()])


def test_one_press_makes_one_draft_and_a_second_gives_the_same(director):
    office = department()
    officer = person(Role.NODAL_OFFICER, office)
    task = issued(director, [office]).tasks.get()
    post = act.draft_from_directive(task, actor=officer)
    assert act.draft_from_directive(task, actor=officer) == post
    head = person(Role.DEPARTMENT_HEAD, office)
    assert act.draft_from_directive(task, actor=head) == post
    assert (Post.objects.count(), post.title_hi, post.department) == (1, KIT.title_hi, office)
    task.refresh_from_db()
    assert task.state == TaskState.ACCEPTED


def test_done_needs_a_link_on_a_platform(director):
    office = department()
    officer = person(Role.NODAL_OFFICER, office)
    task = issued(director, [office]).tasks.get()
    for links in ([], ["https://example.com/post"], ["javascript:alert(1)"]):
        with pytest.raises(MoveNotAllowed):
            act.give_proof(task, links=links, actor=officer)
    act.give_proof(task, links=["https://x.com/up/status/1"], actor=officer)
    act.reopen_task(task, reason="यह दूसरी पोस्ट है", actor=director)
    task.refresh_from_db()
    assert task.state == TaskState.ACCEPTED


def test_another_department_can_do_nothing_with_it(director):
    task = issued(director, [department()]).tasks.get()
    stranger = person(Role.DEPARTMENT_HEAD, department())
    for attempt in (
        lambda: act.accept_directive(task, actor=stranger),
        lambda: act.draft_from_directive(task, actor=stranger),
        lambda: act.give_proof(task, links=["https://x.com/a/status/1"], actor=stranger),
        lambda: act.decline_directive(task, reason="", actor=stranger),
        lambda: act.reopen_task(task, reason="", actor=stranger),
    ):
        with pytest.raises(NotPermitted):
            attempt()


def test_reminders_come_by_themselves_once_each(director):
    office = department()
    person(Role.NODAL_OFFICER, office)
    directive = issued(director, [office], days=0.5)
    for _ in range(3):
        act.nudge_due()
    assert len(mail.outbox) == 1
    Directive.objects.update(deadline=timezone.now() - timedelta(days=2))
    act.nudge_due()
    act.nudge_due()
    assert len(mail.outbox) == 2
    task = directive.tasks.get()
    assert act.nudge_tasks([task], actor=director) == 0  # an hour has not passed


def test_the_wall_shows_three_late_of_thirty_in_constant_queries(director, client):
    offices = [department() for _ in range(30)]
    directive = issued(director, offices)
    late = directive.tasks.order_by("pk")[:3]
    DirectiveTask.objects.exclude(pk__in=late).update(state=TaskState.DONE)
    Directive.objects.update(deadline=timezone.now() - timedelta(days=1))
    client.force_login(director)
    address = reverse("desk:directive", args=[directive.number])
    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = client.get(address)
    assert page.context["late"] == 3
    assert len(queries) <= 20
    assert len(client.get(f"{address}?state=overdue").context["tasks"]) == 3


def test_a_department_sees_its_own_row_alone(director, client):
    office = department()
    directive = issued(director, [office, department()])
    client.force_login(person(Role.NODAL_OFFICER, office))
    page = client.get(reverse("desk:directive", args=[directive.number]))
    assert [task.department for task in page.context["tasks"]] == [office]
    assert directive.tasks.get(department=office).state == TaskState.SEEN


def test_a_withdrawn_directive_is_neither_reminded_of_nor_reopened(director):
    office = department()
    officer = person(Role.NODAL_OFFICER, office)
    directive = issued(director, [office])
    task = directive.tasks.get()
    act.decline_directive(task, reason="नहीं", actor=officer)
    act.withdraw_directive(directive, reason="भूल", actor=director)
    task.refresh_from_db()
    for attempt in (
        lambda: act.nudge_tasks([task], actor=director),
        lambda: act.reopen_task(task, reason="", actor=director),
    ):
        with pytest.raises(MoveNotAllowed):
            attempt()


def test_a_new_deadline_is_announced_anew(director):
    office = department()
    person(Role.NODAL_OFFICER, office)
    directive = issued(director, [office], days=0.5)
    act.nudge_due()
    later = timezone.now() + timedelta(days=0.9)
    act.extend_deadline(directive, deadline=later, reason="और समय", actor=director)
    act.nudge_due()
    assert len(mail.outbox) == 2


def test_a_reopening_without_a_department_reopens_none(director, client):
    offices = [department(), department()]
    directive = issued(director, offices)
    directive.tasks.update(state=TaskState.DONE)
    client.force_login(director)
    address = reverse("desk:directive_act", args=[directive.number, "reopen"])
    assert client.post(address, {"reason": "देखें"}).status_code == 404
    assert directive.tasks.filter(state=TaskState.DONE).count() == 2


def test_what_all_declined_is_not_called_done(director, client):
    directive = issued(director, [department()])
    directive.tasks.update(state=TaskState.DECLINED)
    client.force_login(director)
    assert "सभी ने पूरा किया" not in client.get(reverse("desk:directives")).content.decode()
