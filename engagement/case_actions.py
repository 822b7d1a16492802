"""Everything officers and citizens do with a problem, from its number to its end.

Whoever tells the citizens does it through write_reply, once for each act and each of those who
reported the problem: who reports it twice is answered in both places, and nowhere twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.models import Department, District, User
from portal.audit.actions import record
from portal.errors import ActionRefused, MoveNotAllowed, NotPermitted
from schemes.models import Scheme

from . import access, clock, wording
from .models import (
    Case,
    CaseAct,
    CaseYear,
    Conversation,
    Elsewhere,
    Kind,
    Pace,
    Promise,
    Remark,
    Urgency,
    Voice,
)
from .numbers import number_of
from .reply_actions import write_reply
from .states import MOVES, OPEN, UNASSIGNED, CaseState

MOVED_FORM = uuid.UUID("6f1f1d3a-6a39-4f0e-9f1b-0f2f1c7a5d11")  # of answers that an act brings


CLOCKS_DIFFER = timedelta(minutes=1)  # ours and the platforms', which also round


@dataclass
class Told:
    """Who of those that report the problem was answered, and why others were not."""

    reached: int = 0
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Facts:
    """What an officer says of a problem when it is opened."""

    title: str
    kind: str = Kind.PROBLEM
    pace: str = Pace.ORDINARY
    district: District | None = None
    place: str = ""
    scheme: Scheme | None = None


# --- opening and joining -------------------------------------------------------------------------


@transaction.atomic
def open_case(conversation: Conversation, facts: Facts, *, actor: User) -> Case:
    """A number at once, an acknowledgement on the same channel, and the actor as its owner."""
    conversation = _locked_conversation(conversation)
    if not access.can_work_on(actor, conversation):
        raise NotPermitted(_("You cannot open a case from this."))
    _check_free(conversation)
    case = new_case(conversation.department, facts, urgency=conversation.urgency, actor=actor)
    _add_voice(case, conversation, actor)
    _move(case, CaseState.ACKNOWLEDGED, "opened", actor, is_public=True)
    acknowledge(case, conversation, actor)
    _give(case, actor, actor)
    return case


def new_case(department: Department, facts: Facts, *, urgency: int, actor: User | None) -> Case:
    """The row with its number; inside the caller's transaction."""
    now = timezone.now()
    pace = Pace.URGENT if urgency == Urgency.URGENT else facts.pace
    due_at, limit_at = clock.times_of(pace, now)
    case = Case.objects.create(
        number=_next_number(timezone.localtime(now).year),
        department=department,
        opened_in=department,
        title=facts.title[:150],
        kind=facts.kind,
        pace=pace,
        urgency=urgency,
        district=facts.district,
        place=facts.place[:150],
        scheme=facts.scheme,
        opened_at=now,
        opened_by=actor,
        due_at=due_at,
        limit_at=limit_at,
    )
    data = {"number": case.number, "title": case.title}
    record("engagement.case.opened", case, actor=actor, department=department.slug, data=data)
    return case


def _next_number(year: int) -> str:
    CaseYear.objects.get_or_create(year=year)
    row = CaseYear.objects.select_for_update().get(year=year)
    row.last += 1
    row.save()
    return number_of(year, row.last)


@transaction.atomic
def join_voice(case: Case, conversation: Conversation, *, actor: User) -> Case:
    """One more who reports the same problem: the same number, told to them as well."""
    case = _locked(case)
    conversation = _locked_conversation(conversation)
    if not access.can_work_on(actor, conversation):
        raise NotPermitted(_("You cannot join this to a case."))
    if case.opened_in_id != conversation.department_id and not access.is_of(
        actor, case.department_id
    ):
        raise NotPermitted(_("This case lies with another department."))
    _check_free(conversation)
    if case.state not in OPEN:
        raise MoveNotAllowed(_("This case is over. Open a new one, or reopen it."))
    _add_voice(case, conversation, actor)
    acknowledge(case, conversation, actor)
    return case


def join_voices(case: Case, conversations: Iterable[Conversation], *, actor: User) -> Told:
    """Forty comments on one handpump are one problem; each joined in a transaction of its own."""
    told = Told()
    for conversation in conversations:
        try:
            join_voice(case, conversation, actor=actor)
        except ActionRefused as refusal:
            told.refused.append(f"{conversation}: {refusal.message}")
        else:
            told.reached += 1
    return told


@transaction.atomic
def join_cases(case: Case, into: Case, *, actor: User) -> Case:
    """Two numbers for one problem: the later one follows the other, and loses no voice."""
    first, second = sorted((case.pk, into.pk))
    rows = {one.pk: one for one in _lock([first, second])}
    case, into = rows[case.pk], rows[into.pk]
    _check_owner(case, actor)
    if case.pk == into.pk or into.state not in OPEN or case.department_id != into.department_id:
        raise MoveNotAllowed(_("It can be joined to an open case of the same department only."))
    case.joined_to = into
    _move(case, CaseState.DUPLICATE, "joined", actor, text=into.number, is_public=True)
    case.voices.update(case=into)
    _noted(into, "joined", actor, text=case.number, is_public=False)
    return case


def _check_free(conversation: Conversation) -> None:
    if conversation.voices.filter(case__state__in=OPEN).exists():
        raise MoveNotAllowed(_("This conversation belongs to a case already."))


def _add_voice(case: Case, conversation: Conversation, actor: User | None) -> Voice:
    first = conversation.remarks.filter(is_own=False).order_by("at", "pk").first()
    return Voice.objects.create(
        case=case,
        conversation=conversation,
        contact=conversation.contact,
        remark=first,
        added_by=actor,
    )


def acknowledge_by_page(case: Case) -> None:
    """Reported on the portal's own form, which shows the number at once."""
    _move(case, CaseState.ACKNOWLEDGED, "opened", None, is_public=True)


def acknowledge(case: Case, conversation: Conversation, actor: User) -> Told:
    text = wording.acknowledgement(case, conversation)
    told = Told()
    _tell(conversation, text, _form_key(case, f"acknowledged:{conversation.pk}"), actor, told)
    _answered(case, told)
    if told.refused:
        _noted(case, "not_told", actor, text="; ".join(told.refused))
    return told


# --- working on it -------------------------------------------------------------------------------


@transaction.atomic
def assign_case(case: Case, officer: User, *, actor: User) -> Case:
    case = _locked(case)
    _check_owner(case, actor)
    if not access.is_of(officer, case.department_id):
        raise MoveNotAllowed(_("This officer does not belong to the department."))
    _give(case, officer, actor)
    return case


def _give(case: Case, officer: User, actor: User) -> None:
    case.owner = officer
    _move(case, CaseState.ASSIGNED, "assigned", actor, text=officer.name)


@transaction.atomic
def begin_case(case: Case, *, actor: User) -> Case:
    """Whoever begins what nobody has yet becomes its officer."""
    case = _locked(case)
    _check_owner(case, actor)
    if case.state in UNASSIGNED:
        _give(case, actor, actor)
    _move(case, CaseState.IN_PROGRESS, "begun", actor, is_public=True)
    return case


@transaction.atomic
def ask_citizen(case: Case, *, text: str, actor: User) -> Told:
    """The clock stands still until an answer comes, or seven days are over."""
    case = _locked(case)
    _check_owner(case, actor)
    _begin_if_assigned(case, actor)
    case.stopped_at = timezone.now()
    act = _move(case, CaseState.NEED_INFO, "asked", actor, text=text, is_public=True)
    return _tell_all(case, "asked", text, act, actor, days=str(settings.CASE_INFO_DAYS))


@transaction.atomic
def resume_case(case: Case, *, actor: User | None, is_late: bool = False) -> Case:
    """The clock runs on, later by as long as it stood still."""
    case = _locked(case)
    if actor is not None:
        _check_owner(case, actor)
    stood = timezone.now() - (case.stopped_at or timezone.now())
    case.due_at, case.limit_at = case.due_at + stood, case.limit_at + stood
    case.stopped_at = None
    what = "info_late" if is_late else "info"
    _move(case, CaseState.IN_PROGRESS, what, actor, is_public=True)
    return case


@transaction.atomic
def transfer_case(case: Case, to: Department, *, reason: str, actor: User) -> Case:
    """ "Not ours" never ends a case: it is passed on, and its clock runs on as it did."""
    case = _locked(case)
    _check_owner(case, actor)
    if to.pk == case.department_id:
        raise MoveNotAllowed(_("It lies with this department already."))
    _forget_end(case)
    before = case.department
    case.department, case.owner = to, None
    act = _move(case, CaseState.TRANSFERRED, "transferred", actor, text=str(to), is_public=True)
    CaseAct.objects.filter(pk=act.pk).update(department=before)
    _noted(case, "note", actor, text=reason)
    return case


@transaction.atomic
def give_interim_reply(case: Case, *, text: str, until: date, actor: User) -> Told:
    """Before it is due, with a reason and a new date. The limit stays where it was."""
    case = _locked(case)
    _check_owner(case, actor)
    now = timezone.now()
    due_at = clock.end_of(until)
    if not now < due_at <= now + timedelta(days=90):
        raise MoveNotAllowed(_("The new date lies after today, and within ninety days."))
    if now > case.due_at:
        raise MoveNotAllowed(_("The time is over already: an interim reply comes before that."))
    _begin_if_assigned(case, actor)
    case.due_at = due_at
    act = _move(case, CaseState.INTERIM_REPLY, "interim", actor, text=text, is_public=True)
    return _tell_all(case, "interim", text, act, actor, day=f"{until:%d-%m-%Y}")


@transaction.atomic
def answer_case(case: Case, *, text: str, actor: User) -> Told:
    """Words to everybody who reported it, without moving the case."""
    case = _locked(case)
    _check_owner(case, actor)
    _begin_if_assigned(case, actor)
    act = _noted(case, "told", actor, text=text, is_public=True)
    told = Told()
    for voice in case.voices.select_related("conversation__handle"):
        _tell(voice.conversation, text, _form_key(case, f"{act.pk}:{voice.pk}"), actor, told)
    _answered(case, told)
    return told


@transaction.atomic
def write_case_note(case: Case, *, text: str, actor: User) -> CaseAct:
    case = _locked(case)
    if not access.can_work_on_case(actor, case):
        raise NotPermitted(_("You cannot write here."))
    return _noted(case, "note", actor, text=text)


@transaction.atomic
def promise(case: Case, *, text: str, until: date, actor: User) -> Promise:
    case = _locked(case)
    _check_owner(case, actor)
    made = Promise.objects.create(case=case, text=text[:200], due_on=until, made_by=actor)
    _noted(case, "promise", actor, text=f"{text} · {until:%d-%m-%Y}", is_public=True)
    return made


@transaction.atomic
def keep_promise(made: Promise, *, actor: User) -> Promise:
    case = _locked(made.case)
    _check_owner(case, actor)
    made = Promise.objects.select_for_update().get(pk=made.pk)
    if made.kept_at:
        raise MoveNotAllowed(_("This promise has been kept already."))
    made.kept_at = timezone.now()
    made.save()
    _noted(case, "promise_kept", actor, text=made.text, is_public=True)
    return made


@transaction.atomic
def pass_on(case: Case, *, system: str, reference: str, actor: User) -> Case:
    """What belongs to Jansunwai or 1076, with the reference there; the case stays open here."""
    case = _locked(case)
    _check_owner(case, actor)
    if system not in Elsewhere:
        raise MoveNotAllowed(_("This system is not known."))
    case.elsewhere, case.elsewhere_reference = system, reference.strip()[:60]
    case.save()
    _noted(case, "elsewhere", actor, text=f"{system} {case.elsewhere_reference}", is_public=True)
    _recorded("engagement.case.passed_on", case, actor, {"reference": case.elsewhere_reference})
    return case


# --- its end: two people, then the citizen -------------------------------------------------------


@transaction.atomic
def propose_end(
    case: Case,
    *,
    state: str,
    text: str,
    cause: str = "",
    refusal: str = "",
    actor: User,
) -> Case:
    """Resolved, in plain words and with proof, or not taken up, for a listed reason."""
    case = _locked(case)
    _check_owner(case, actor)
    if state == CaseState.RESOLVED:
        _begin_if_assigned(case, actor)
        if not cause:
            raise MoveNotAllowed(_("Say why the problem arose."))
    elif state != CaseState.REJECTED or not refusal:
        raise MoveNotAllowed(_("Choose a reason from the list."))
    if case.end_state:
        raise MoveNotAllowed(_("An end has been proposed already; a second officer looks at it."))
    _check_move(case, state)
    case.end_state, case.end_text, case.end_cause = state, text, cause
    case.end_refusal, case.end_by, case.end_at = refusal, actor, timezone.now()
    case.ended_by = None
    case.save()
    _noted(case, "end_proposed", actor, text=text)
    _recorded("engagement.case.end_proposed", case, actor, {"state": state, "text": text})
    return case


@transaction.atomic
def confirm_end(case: Case, *, actor: User) -> Told:
    """By a second officer; then every citizen who reported it is asked whether it is so."""
    case = _locked(case)
    _check_second(case, actor)
    if not case.end_state:
        raise MoveNotAllowed(_("No end has been proposed."))
    case.ended_at, case.ended_by = timezone.now(), actor
    state, text = case.end_state, case.end_text
    act = _move(case, state, state, actor, text=text, is_public=True)
    case.end_state = ""
    case.save()
    return _tell_all(case, state, text, act, actor)


@transaction.atomic
def decline_end(case: Case, *, reason: str, actor: User) -> Case:
    case = _locked(case)
    _check_second(case, actor)
    if not case.end_state:
        raise MoveNotAllowed(_("No end has been proposed."))
    _forget_end(case)
    case.save()
    _noted(case, "end_declined", actor, text=reason)
    _recorded("engagement.case.end_declined", case, actor, {"reason": reason})
    return case


def _check_second(case: Case, actor: User) -> None:
    if not access.can_confirm_end(actor, case):
        raise NotPermitted(_("A second officer of the department decides this."))


def _forget_end(case: Case) -> None:
    case.end_state, case.end_text, case.end_cause, case.end_refusal = "", "", "", ""
    case.end_by, case.end_at, case.ended_by = None, None, None


# --- what the citizen says of it -----------------------------------------------------------------


@transaction.atomic
def give_opinion(
    case: Case,
    *,
    is_satisfied: bool,
    stars: int | None = None,
    words: str = "",
    remark: Remark | None = None,
    actor: User | None = None,
) -> Case:
    """By the citizen on the page of the problem (no actor), or by an officer who names the remark
    in which they said so.
    """
    case = _locked(case)
    if actor is not None:
        _check_owner(case, actor)
        if remark is None or not _is_of_voice(case, remark):
            raise MoveNotAllowed(_("Name the remark in which the citizen said so."))
    case.is_satisfied, case.stars, case.opinion = is_satisfied, stars, words[:2000]
    data = {"satisfied": is_satisfied, "remark": remark.pk if remark else None}
    if is_satisfied:
        _move(case, CaseState.FEEDBACK, "satisfied", actor, text=words, is_public=True)
    else:
        _move(case, CaseState.FEEDBACK, "dissatisfied", actor, text=words, is_public=True)
        _reopen(case, actor, "")
    _recorded("engagement.case.opinion", case, actor, data)
    return case


def _is_of_voice(case: Case, remark: Remark) -> bool:
    told = case.ended_at or case.opened_at
    mine = case.voices.filter(conversation=remark.conversation_id).exists()
    return mine and not remark.is_own and remark.at >= told - CLOCKS_DIFFER


@transaction.atomic
def reopen_case(case: Case, *, reason: str, actor: User | None) -> Case:
    """To the head of department, who decides who goes on with it."""
    case = _locked(case)
    if actor is not None:
        _check_owner(case, actor)
    _reopen(case, actor, reason)
    return case


def _reopen(case: Case, actor: User | None, reason: str) -> None:
    now = timezone.now()
    _forget_end(case)
    case.reopened, case.owner, case.closed_at, case.level = case.reopened + 1, None, None, 0
    case.due_at, case.limit_at = clock.times_of(case.pace, now)
    _move(case, CaseState.REOPENED, "reopened", actor, text=reason, is_public=True)


@transaction.atomic
def appeal(case: Case, *, words: str) -> Case:
    """By the citizen, to the office of the head of department, within thirty days."""
    case = _locked(case)
    ended = case.closed_at or case.ended_at
    if ended is None or timezone.now() > ended + timedelta(days=settings.CASE_APPEAL_DAYS):
        raise MoveNotAllowed(_("The time for an appeal is over."))
    case.due_at = case.limit_at = clock.end_of(
        timezone.localdate() + timedelta(days=settings.CASE_APPEAL_DAYS)
    )
    case.level = 0
    _move(case, CaseState.APPEAL, "appealed", None, text=words[:2000], is_public=True)
    return case


@transaction.atomic
def decide_appeal(case: Case, *, is_upheld: bool, text: str, actor: User) -> Told:
    """By an officer who had no hand in the end of the case."""
    case = _locked(case)
    if not access.can_decide_appeal(actor, case):
        raise NotPermitted(_("An officer who had no part in the decision decides the appeal."))
    what = "appeal_upheld" if is_upheld else "appeal_dismissed"
    act = _move(case, CaseState.APPEAL_DECIDED, what, actor, text=text, is_public=True)
    if is_upheld:
        _forget_end(case)
        case.due_at, case.limit_at = clock.times_of(case.pace, timezone.now())
        _give(case, actor, actor)
    else:
        case.closed_at = timezone.now()
        _move(case, CaseState.CLOSED, "closed", actor, is_public=True)
    return _tell_all(case, what, text, act, actor)


@transaction.atomic
def withdraw_case(case: Case) -> Case:
    """By the citizen. Others who report the same are not silenced by that."""
    case = _locked(case)
    if case.voices.count() > 1:
        raise MoveNotAllowed(_("Others report the same problem, so it stays open."))
    _move(case, CaseState.WITHDRAWN, "withdrawn", None, is_public=True)
    return case


@transaction.atomic
def close_case(case: Case) -> Case:
    """By the clock, once the citizen has had time to say whether it is resolved."""
    case = _locked(case)
    case.closed_at = timezone.now()
    _move(case, CaseState.CLOSED, "closed", None, is_public=True)
    return case


# --- inside --------------------------------------------------------------------------------------


def _lock(ids: list[int]) -> list[Case]:
    rows = Case.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    return list(rows.select_related("department", "owner"))


def _locked(case: Case) -> Case:
    return _lock([case.pk])[0]


def _locked_conversation(conversation: Conversation) -> Conversation:
    rows = Conversation.objects.select_for_update(of=("self",))
    return rows.select_related("department", "handle", "contact").get(pk=conversation.pk)


def _check_owner(case: Case, actor: User) -> None:
    if not access.can_work_on_case(actor, case):
        raise NotPermitted(_("This case lies with another department."))


def _check_move(case: Case, to: str) -> None:
    if to not in MOVES[case.state]:
        raise MoveNotAllowed(_("This cannot be done where the case stands now."))


def _begin_if_assigned(case: Case, actor: User) -> None:
    """Whoever does something about it has begun."""
    if case.state in UNASSIGNED:
        _give(case, actor, actor)
    if case.state == CaseState.ASSIGNED:
        _move(case, CaseState.IN_PROGRESS, "begun", actor, is_public=True)


def _move(
    case: Case, to: str, what: str, actor: User | None, *, text: str = "", is_public: bool = False
) -> CaseAct:
    _check_move(case, to)
    old, case.state, case.state_since = case.state, to, timezone.now()
    case.save()
    act = CaseAct.objects.create(
        case=case,
        what=what,
        old=old,
        new=to,
        text=text,
        is_public=is_public,
        by=actor,
        department=case.department,
        at=case.state_since,
    )
    data = {"old": old, "new": to, "what": what, "text": text}
    _recorded("engagement.case.moved", case, actor, data)
    return act


def _noted(
    case: Case, what: str, actor: User | None, *, text: str = "", is_public: bool = False
) -> CaseAct:
    return CaseAct.objects.create(
        case=case, what=what, text=text, is_public=is_public, by=actor, department=case.department
    )


def _recorded(action: str, case: Case, actor: User | None, data: Mapping[str, object]) -> None:
    record(action, case, actor=actor, department=case.department.slug, data=data)


def _tell_all(case: Case, key: str, text: str, act: CaseAct, actor: User, **more: str) -> Told:
    """Everybody who reported it, each where they did."""
    told = Told()
    for voice in case.voices.select_related("conversation__handle", "conversation__department"):
        words = wording.told(key, case, voice.conversation, text, **more)
        _tell(voice.conversation, words, _form_key(case, f"{act.pk}:{voice.pk}"), actor, told)
    _answered(case, told)
    return told


def _form_key(case: Case, key: str) -> uuid.UUID:
    return uuid.uuid5(MOVED_FORM, f"{case.pk}:{key}")


def _answered(case: Case, told: Told) -> None:
    if told.reached and case.first_reply_at is None:
        case.first_reply_at = timezone.now()
        case.save(update_fields=["first_reply_at"])


def _tell(
    conversation: Conversation, text: str, form_key: uuid.UUID, actor: User, told: Told
) -> None:
    """What the platform does not take (a window that closed) is said to the officer, and stops
    nothing.
    """
    try:
        with transaction.atomic():
            write_reply(conversation, text=text, form_key=form_key, actor=actor)
    except ActionRefused as refusal:
        told.refused.append(f"{conversation}: {refusal.message}")
    else:
        told.reached += 1
