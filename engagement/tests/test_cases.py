"""Problems from their number to their end (standards.md 13)."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from departments.roles import Role
from departments.tests.factories import department, person
from engagement import case_actions as act
from engagement import case_clock
from engagement.case_actions import Facts
from engagement.models import Case, CaseAct, Holiday, Pace
from engagement.numbers import SERIALS, _shuffled, code_of, is_code_of, number_of, read_number
from engagement.states import MOVES, OPEN, CaseState
from engagement.working_time import after_days, after_working_days
from portal.errors import MoveNotAllowed, NotPermitted

from .factories import comment, told, waiting_comment, waiting_message

S = CaseState


@pytest.fixture
def owner(db):
    return department()


@pytest.fixture
def officer(owner):
    return person(Role.NODAL_OFFICER, owner)


@pytest.fixture
def head(owner):
    return person(Role.DEPARTMENT_HEAD, owner)


@pytest.fixture
def case(owner, officer) -> Case:
    return act.open_case(waiting_comment(owner), Facts("हैंडपंप ख़राब"), actor=officer)


def ended(case: Case, officer, head) -> Case:
    act.propose_end(case, state=S.RESOLVED, text="ठीक हुआ।", cause="fault", actor=officer)
    act.confirm_end(case, actor=head)
    case.refresh_from_db()
    return case


# --- numbers -------------------------------------------------------------------------------------


@given(st.integers(1, 9_999_999))
def test_a_number_is_read_back_however_it_is_typed(serial):
    number = number_of(2026, serial)
    assert read_number(number.replace("-", "").lower()) == number
    assert read_number(f" {number.replace('2', '२')} ") == number


def test_a_wrong_digit_or_two_that_changed_places_are_seen():
    number = number_of(2026, 1)
    assert number[:8] == "UP-2026-"
    for place in range(8, 15):
        for digit in "0123456789":
            changed = number[:place] + digit + number[place + 1 :]
            assert read_number(changed) == ("" if changed != number else number)


def test_numbers_of_a_year_are_all_different_and_say_nothing_of_the_next():
    drawn = [_shuffled(2026, serial) for serial in range(1, 4001)]
    assert len(set(drawn)) == 4000
    assert max(drawn) < SERIALS
    assert sum(abs(a - b) == 1 for a, b in pairwise(drawn)) < 5


def test_a_code_belongs_to_its_number():
    number = number_of(2026, 5)
    assert is_code_of(number, code_of(number).lower())
    assert not is_code_of(number, code_of(number_of(2026, 6)))
    assert not is_code_of(number, "")


# --- the clock -----------------------------------------------------------------------------------

FRIDAY = datetime.fromisoformat("2026-11-27T18:30:00+05:30")


@pytest.mark.parametrize(
    ("days", "due"),
    [
        (0, "2026-11-28T17:00"),  # after hours: the next working day
        (2, "2026-12-01T17:00"),  # Saturday, Monday, Tuesday
    ],
)
def test_working_days_leave_out_nights_and_sundays(days, due):
    expected = datetime.fromisoformat(f"{due}:00+05:30")
    assert after_working_days(FRIDAY, days, set()) == expected


def test_the_second_saturday_and_holidays_are_no_working_days():
    thursday = datetime.fromisoformat("2026-12-10T11:00:00+05:30")
    holiday = {datetime.fromisoformat("2026-12-11").date()}
    assert after_working_days(thursday, 1, holiday).date().isoformat() == "2026-12-14"
    assert after_days(thursday, 2, set()).date().isoformat() == "2026-12-14"


def test_a_case_is_due_by_its_kind(owner, officer):
    Holiday.objects.create(
        day=timezone.localdate() + timedelta(days=7), name_hi="अवकाश", name_en="Holiday"
    )
    case = act.open_case(waiting_comment(owner), Facts("नल", pace=Pace.ORDINARY), actor=officer)
    assert case.due_at - case.opened_at > timedelta(days=7)
    assert case.limit_at > case.due_at


# --- opening and joining -------------------------------------------------------------------------


def test_the_citizen_is_told_the_number_in_public_without_the_code(case, platform, deliver):
    deliver()
    text = platform.published[0].text
    assert case.number in text
    assert code_of(case.number) not in text


def test_in_private_the_code_is_told_as_well(owner, officer, platform, deliver, settings):
    settings.CONNECTORS = {**settings.CONNECTORS, "whatsapp": settings.CONNECTORS["x"]}
    case = act.open_case(waiting_message(owner), Facts("पेंशन"), actor=officer)
    deliver()
    assert code_of(case.number) in platform.published[0].text


def test_forty_comments_on_one_handpump_are_one_case(case, owner, officer, platform, deliver):
    handle = case.voices.get().conversation.handle
    others = [told(handle, comment("यहाँ भी", post_id="p1")).conversation for _ in range(39)]
    told_ = act.join_voices(case, others, actor=officer)
    assert (told_.reached, told_.refused) == (39, [])
    assert case.voices.count() == 40
    assert act.join_voices(case, others, actor=officer).reached == 0
    deliver()
    assert len(platform.published) == 40  # each is told the number once


def test_two_cases_for_one_problem_become_one_and_lose_no_voice(case, owner, officer):
    other = act.open_case(waiting_comment(owner), Facts("वही"), actor=officer)
    act.join_cases(other, case, actor=officer)
    other.refresh_from_db()
    assert (other.state, other.joined_to, case.voices.count()) == (S.DUPLICATE, case, 2)


# --- two people, and the citizen -----------------------------------------------------------------


def test_nobody_confirms_the_end_they_proposed(case, officer, head):
    act.propose_end(case, state=S.RESOLVED, text="ठीक हुआ।", cause="fault", actor=officer)
    with pytest.raises(NotPermitted):
        act.confirm_end(case, actor=officer)
    act.confirm_end(case, actor=head)
    case.refresh_from_db()
    assert case.state == S.RESOLVED


def test_the_database_itself_wants_two_people(case, officer):
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(end_by=officer, ended_by=officer)


def test_not_ours_is_no_way_to_end_a_case(case, officer):
    with pytest.raises(MoveNotAllowed):
        act.propose_end(case, state=S.REJECTED, text="हमारा नहीं", actor=officer)
    other = department()
    act.transfer_case(case, other, reason="जल विभाग का", actor=officer)
    before = case.due_at
    case.refresh_from_db()
    assert (case.department, case.state, case.due_at) == (other, S.TRANSFERRED, before)


def test_the_clock_stands_still_while_the_citizen_is_asked(case, officer):
    due = case.due_at
    act.ask_citizen(case, text="कौन सा मोहल्ला?", actor=officer)
    Case.objects.update(stopped_at=timezone.now() - timedelta(days=2))
    act.resume_case(case, actor=officer)
    case.refresh_from_db()
    assert timedelta(days=2) <= case.due_at - due < timedelta(days=2, minutes=1)


def test_a_no_of_the_citizen_reopens_it_for_the_head(case, officer, head):
    ended(case, officer, head)
    act.give_opinion(case, is_satisfied=False, stars=1, words="पानी नहीं आया")
    case.refresh_from_db()
    assert (case.state, case.owner, case.reopened) == (S.REOPENED, None, 1)


def test_an_officer_may_not_invent_what_the_citizen_said(case, officer, head):
    ended(case, officer, head)
    with pytest.raises(MoveNotAllowed):
        act.give_opinion(case, is_satisfied=True, actor=officer)
    conversation = case.voices.get().conversation
    before = conversation.remarks.filter(is_own=False).first()
    with pytest.raises(MoveNotAllowed):  # they said that before it was resolved
        act.give_opinion(case, is_satisfied=True, remark=before, actor=officer)
    root = before.external_id
    yes = told(conversation.handle, comment("हाँ, धन्यवाद", at=timezone.now(), parent_id=root))
    act.give_opinion(case, is_satisfied=True, remark=yes, actor=officer)
    case.refresh_from_db()
    assert case.state == S.FEEDBACK


def test_an_appeal_is_decided_by_who_had_no_part_in_the_end(case, officer, head):
    ended(case, officer, head)
    act.close_case(case)
    act.appeal(case, words="नहीं हुआ")
    with pytest.raises(NotPermitted):
        act.decide_appeal(case, is_upheld=True, text="सही", actor=head)
    director = person(Role.DIRECTOR)
    act.decide_appeal(case, is_upheld=False, text="जाँच में ठीक मिला", actor=director)
    case.refresh_from_db()
    assert case.state == S.CLOSED


def test_another_departments_officer_does_nothing_to_it(case):
    stranger = person(Role.DEPARTMENT_HEAD, department())
    for attempt in (
        lambda: act.begin_case(case, actor=stranger),
        lambda: act.transfer_case(case, department(), reason="", actor=stranger),
        lambda: act.propose_end(case, state=S.RESOLVED, text="x", cause="fault", actor=stranger),
        lambda: act.answer_case(case, text="x", actor=stranger),
        lambda: act.pass_on(case, system="1076", reference="1", actor=stranger),
    ):
        with pytest.raises(NotPermitted):
            attempt()


def test_every_open_state_leads_on_and_only_known_states_are_led_to():
    assert set(MOVES) == set(S)
    assert all(MOVES[state] for state in OPEN)
    assert {to for moves in MOVES.values() for to in moves} <= set(S)


# --- the ladder ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("late", "level", "reader"),
    [(-1, 1, "officer"), (0, 2, "head"), (3, 3, "head"), (7, 4, "director")],
)
def test_a_late_case_climbs_the_ladder_once(case, officer, head, late, level, reader):
    people = {"officer": officer, "head": head, "director": person(Role.DIRECTOR)}
    due = timezone.now() - timedelta(days=late, minutes=1)
    Case.objects.update(opened_at=due - timedelta(days=10), due_at=due)
    case_clock.escalate()
    case_clock.escalate()
    case.refresh_from_db()
    assert case.level == level
    steps = CaseAct.objects.filter(case=case, what__startswith="level_")
    assert [one.what for one in steps] == [f"level_{number}" for number in range(1, level + 1)]
    assert people[reader].email in mail.outbox[-1].to
    assert len(mail.outbox) == level


def test_silence_after_the_end_closes_it(case, officer, head, settings):
    ended(case, officer, head)
    Case.objects.update(state_since=timezone.now() - timedelta(days=16))
    case_clock.close_old()
    case.refresh_from_db()
    assert case.state == S.CLOSED
    case_clock.close_old()


def test_a_promise_is_reminded_of_once_a_day(case, officer):
    act.promise(case, text="पाइप बदलेंगे", until=timezone.localdate(), actor=officer)
    case_clock.remind_of_promises()
    case_clock.remind_of_promises()
    assert len(mail.outbox) == 1


def test_what_was_reopened_can_be_ended_again(case, officer, head):
    ended(case, officer, head)
    act.give_opinion(case, is_satisfied=False)
    act.begin_case(case, actor=officer)
    ended(case, officer, head)
    assert case.state == S.RESOLVED
    conversation = case.voices.get().conversation
    root = conversation.remarks.filter(is_own=False).first().external_id
    yes = told(conversation.handle, comment("हाँ", at=timezone.now(), parent_id=root))
    act.give_opinion(case, is_satisfied=True, remark=yes, actor=officer)


@pytest.mark.django_db
def test_holidays_are_loaded_once_and_corrected(tmp_path):
    call_command("load_holidays", verbosity=0)
    number = Holiday.objects.count()
    assert number > 10
    file = tmp_path / "order.csv"
    file.write_text("day,name_hi,name_en\n2026-11-08,दीवाली,Diwali\n", encoding="utf-8")
    call_command("load_holidays", file, verbosity=0)
    assert Holiday.objects.count() == number
    assert Holiday.objects.get(day="2026-11-08").name_en == "Diwali"
