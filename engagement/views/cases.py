"""Cases under /desk/cases/: the list, one case, and everything officers do with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from departments.access import visible_departments
from departments.decorators import OfficerRequest, officer_required
from departments.models import User
from departments.views.answers import announce, say_errors
from engagement import access, public
from engagement import case_actions as act
from engagement.case_actions import Told
from engagement.desk_forms import (
    AppealForm,
    AssignForm,
    EndForm,
    InterimForm,
    PassOnForm,
    PromiseForm,
    ReasonForm,
    SaidForm,
    TextForm,
    TransferForm,
)
from engagement.evidence import keep_photo
from engagement.models import Case, Evidence, Promise, Remark
from engagement.states import MOVES, OPEN, TICKING, UNASSIGNED, CaseState
from engagement.wording import act_label
from portal.web.export import as_file
from portal.web.filters import asked_choice, asked_text
from portal.web.paging import page_of
from publishing.streaming import streamed

PER_PAGE = 40
S = CaseState
TABS = {
    "open": (_("Open"), Q(state__in=OPEN)),
    "late": (_("Late"), Q(state__in=TICKING)),
    "mine": (_("Mine"), Q(state__in=OPEN)),
    "to_confirm": (_("End to confirm"), ~Q(end_state="")),
    "asked": (_("Citizen asked"), Q(state=S.NEED_INFO)),
    "ended": (_("Ended"), ~Q(state__in=OPEN)),
    "all": (_("All"), Q()),
}
VOICES_SHOWN = 50
_HEADINGS = [
    *(_("Number"), _("What it is about"), _("Department"), _("State"), _("Received")),
    *(_("Due by"), _("People"), _("Reopened")),
]


@officer_required
@require_safe
def case_list(request: OfficerRequest) -> HttpResponseBase:
    tab = asked_choice(request, "tab", TABS) or "open"
    mine = _narrowed(request)
    found = _in_tab(mine, tab, request.user)
    order = ("-opened_at", "-pk") if tab in ("ended", "all") else ("due_at", "pk")
    rows = found.select_related("department", "owner", "district").order_by(*order)
    rows = rows.annotate(voice_count=Count("voices"))
    if file := as_file(request, "cases", _HEADINGS, (_row(one) for one in rows[:5000])):
        return file
    context = {
        "page": page_of(rows, request, PER_PAGE),
        "tab": tab,
        "tabs": [
            (name, words, _count(mine, name, request.user)) for name, (words, _q) in TABS.items()
        ],
        "asked": {name: request.GET.get(name, "") for name in ("q", "department", "state")},
        "departments": list(visible_departments(request.user)),
        "states": CaseState.choices,
        "is_filtered": any(request.GET.get(name) for name in ("q", "department", "state")),
    }
    return render(request, "engagement/cases.html", context)


def _narrowed(request: OfficerRequest) -> QuerySet[Case]:
    found = access.visible_cases(request.user)
    if slug := asked_text(request, "department"):
        found = found.filter(department__slug=slug)
    if state := asked_choice(request, "state", CaseState.values):
        found = found.filter(state=state)
    if text := asked_text(request, "q"):
        found = found.filter(
            Q(number__icontains=text) | Q(title__icontains=text) | Q(place__icontains=text)
        )
    return found


def _in_tab(found: QuerySet[Case], tab: str, user: User) -> QuerySet[Case]:
    found = found.filter(TABS[tab][1])
    if tab == "late":
        return found.filter(due_at__lt=timezone.now())
    if tab == "mine":
        return found.filter(owner=user)
    return found


def _count(found: QuerySet[Case], tab: str, user: User) -> str:
    number = _in_tab(found, tab, user).order_by()[:1001].count()
    return "1,000+" if number > 1000 else f"{number:,}"


def _row(case: Any) -> list[object]:
    return [
        case.number,
        case.title,
        str(case.department),
        case.get_state_display(),
        case.opened_at,
        case.due_at,
        case.voice_count,
        case.reopened,
    ]


@officer_required
@require_safe
def case(request: OfficerRequest, number: str) -> HttpResponse:
    return _shown(request, access.get_case(request.user, number))


def _shown(request: OfficerRequest, found: Case, wrong: dict[str, forms.Form] | None = None) -> Any:
    context = {**_context(request, found), **(wrong or {})}
    return render(request, "engagement/case.html", context, status=422 if wrong else 200)


def _context(request: OfficerRequest, found: Case) -> dict[str, Any]:
    may_work = access.can_work_on_case(request.user, found)
    voices = found.voices.select_related("conversation__handle", "contact", "remark")
    return {
        "case": found,
        "steps": public.ladder(found),
        "acts": _history(found),
        "voices": voices[:VOICES_SHOWN],
        "voice_count": voices.count(),
        "files": found.files.select_related("added_by"),
        "promises": found.promises.select_related("made_by"),
        "may_work": may_work,
        "may_confirm": bool(found.end_state) and access.can_confirm_end(request.user, found),
        "forms": _forms(request, found) if may_work else {},
        "may_begin": may_work and found.state in UNASSIGNED | {S.ASSIGNED},
        "may_resume": may_work and found.state == S.NEED_INFO,
        "may_reopen": may_work and found.state in (S.RESOLVED, S.CLOSED),
        "said": _said(found) if may_work and found.state == S.RESOLVED else [],
        "said_form": SaidForm(),
        "decline_form": ReasonForm(),
        "appeal_form": AppealForm()
        if found.state == S.APPEAL and access.can_decide_appeal(request.user, found)
        else None,
        "others": access.visible_cases(request.user)
        .filter(department=found.department, state__in=OPEN, district=found.district)
        .exclude(pk=found.pk)
        .order_by("-opened_at")[:8]
        if may_work and found.district_id
        else [],
    }


def _forms(request: OfficerRequest, found: Case) -> dict[str, forms.Form]:
    """Of what can be done where the case stands."""
    moves = MOVES[found.state]
    offered: dict[str, tuple[bool, Callable[[], forms.Form]]] = {
        "answer": (found.state in OPEN and found.state != S.APPEAL, TextForm),
        "end": (
            bool(moves & {S.RESOLVED, S.REJECTED, S.IN_PROGRESS})
            and found.state != S.NEED_INFO
            and not found.end_state,
            EndForm,
        ),
        "interim": (bool(moves & {S.INTERIM_REPLY, S.IN_PROGRESS}), InterimForm),
        "ask": (bool(moves & {S.NEED_INFO, S.IN_PROGRESS}), TextForm),
        "assign": (S.ASSIGNED in moves, lambda: AssignForm(case=found)),
        "transfer": (S.TRANSFERRED in moves, TransferForm),
        "promise": (found.state in OPEN, PromiseForm),
        "elsewhere": (found.state in OPEN and not found.elsewhere, PassOnForm),
        "note": (True, TextForm),
    }
    return {name: make() for name, (is_offered, make) in offered.items() if is_offered}


def _history(found: Case) -> list[public.Shown]:
    """All of it, officers' notes as well, the newest first."""
    acts = found.acts.select_related("by", "department").order_by("-at", "-pk")[:200]
    return [
        public.Shown(act_label(one.what), one.at, one.text, str(one.by or one.department or ""))
        for one in acts
    ]


def _said(found: Case) -> list[Remark]:
    """What those who reported it wrote since it was said to be resolved."""
    since = (found.ended_at or found.opened_at) - act.CLOCKS_DIFFER
    told = Remark.objects.filter(conversation__voices__case=found, is_own=False, removed_at=None)
    return list(told.filter(at__gte=since).select_related("contact").order_by("at")[:10])


# --- what is done with it ------------------------------------------------------------------------


@officer_required
@require_POST
def case_act(request: OfficerRequest, number: str, what: str) -> HttpResponse:
    found = access.get_case(request.user, number)
    if what not in DEEDS:
        raise Http404
    form_class, deed, done = DEEDS[what]
    form = _form(form_class, request, found)
    if form is not None and not form.is_valid():
        say_errors(request, form)
        return redirect("desk:case", found.number)
    said = form.cleaned_data if form is not None else {}
    told: list[Told] = []

    def do() -> None:
        answer = deed(found, said, request.user)
        if isinstance(answer, Told):
            told.append(answer)

    if announce(request, do, done):
        for one in told:
            _say_told(request, one)
    return redirect("desk:case", found.number)


def _form(
    form_class: type[forms.Form] | None, request: OfficerRequest, found: Case
) -> forms.Form | None:
    if form_class is None:
        return None
    if form_class is AssignForm:
        return AssignForm(request.POST, case=found)
    return form_class(request.POST, request.FILES)


def _say_told(request: OfficerRequest, told: Told) -> None:
    for why in told.refused[:5]:
        messages.warning(request, str(_("Not told: %(why)s") % {"why": why}))


def _promised(found: Case, said: dict[str, Any], actor: User) -> object:
    return act.promise(found, text=said["text"], until=said["until"], actor=actor)


def _kept(found: Case, said: dict[str, Any], actor: User) -> object:
    made = Promise.objects.filter(case=found, pk=said["pk"]).first()
    if made is None:
        raise Http404
    return act.keep_promise(made, actor=actor)


class KeptForm(forms.Form):
    pk = forms.IntegerField()


class JoinForm(forms.Form):
    number = forms.CharField(max_length=30)


def _joined(found: Case, said: dict[str, Any], actor: User) -> object:
    return act.join_cases(found, access.get_case(actor, said["number"]), actor=actor)


def _opinion(found: Case, said: dict[str, Any], actor: User) -> object:
    remark = access.get_remark(actor, said["remark"])
    is_satisfied = said["is_satisfied"] == "yes"
    return act.give_opinion(
        found, is_satisfied=is_satisfied, words=remark.text, remark=remark, actor=actor
    )


def _end(found: Case, said: dict[str, Any], actor: User) -> object:
    photo = said.pop("photo")
    with transaction.atomic():
        proposed = act.propose_end(found, actor=actor, **said)
        if photo is not None:
            keep_photo(found, photo, alt=said["text"][:100], actor=actor)
    return proposed


Deed = tuple[type[forms.Form] | None, Callable[[Case, dict[str, Any], User], object], Any]
DEEDS: dict[str, Deed] = {
    "begin": (None, lambda c, s, a: act.begin_case(c, actor=a), _("Work has begun.")),
    "answer": (TextForm, lambda c, s, a: act.answer_case(c, actor=a, **s), _("Answered.")),
    "assign": (
        AssignForm,
        lambda c, s, a: act.assign_case(c, User.objects.get(pk=s["officer"]), actor=a),
        _("Given to the officer."),
    ),
    "ask": (
        TextForm,
        lambda c, s, a: act.ask_citizen(c, actor=a, **s),
        _("The citizen is asked; the clock stands still."),
    ),
    "resume": (None, lambda c, s, a: act.resume_case(c, actor=a), _("The clock runs again.")),
    "transfer": (
        TransferForm,
        lambda c, s, a: act.transfer_case(c, s["to"], reason=s["reason"], actor=a),
        _("Passed on; its clock runs on as it did."),
    ),
    "interim": (
        InterimForm,
        lambda c, s, a: act.give_interim_reply(c, actor=a, **s),
        _("The new date is set."),
    ),
    "end": (EndForm, _end, _("A second officer looks at it now.")),
    "confirm": (
        None,
        lambda c, s, a: act.confirm_end(c, actor=a),
        _("Confirmed. The citizens are asked whether it is so."),
    ),
    "decline": (ReasonForm, lambda c, s, a: act.decline_end(c, actor=a, **s), _("Declined.")),
    "opinion": (SaidForm, _opinion, _("What the citizen said has been recorded.")),
    "reopen": (ReasonForm, lambda c, s, a: act.reopen_case(c, actor=a, **s), _("Reopened.")),
    "decide": (
        AppealForm,
        lambda c, s, a: act.decide_appeal(
            c, is_upheld=s["decision"] == "uphold", text=s["text"], actor=a
        ),
        _("The appeal is decided."),
    ),
    "promise": (PromiseForm, _promised, _("The promise is noted; you will be reminded.")),
    "kept": (KeptForm, _kept, _("Kept.")),
    "elsewhere": (
        PassOnForm,
        lambda c, s, a: act.pass_on(c, actor=a, **s),
        _("Noted, with the reference there."),
    ),
    "join": (JoinForm, _joined, _("Joined; no voice is lost.")),
    "note": (TextForm, lambda c, s, a: act.write_case_note(c, actor=a, **s), _("Noted.")),
}


@officer_required
@require_safe
def case_file(request: OfficerRequest, number: str, pk: int) -> HttpResponseBase:
    found = access.get_case(request.user, number)
    kept = Evidence.objects.filter(case=found, pk=pk).first()
    if kept is None:
        raise Http404
    answer = streamed(request, kept.file, kept.mime)
    patch_cache_control(answer, private=True, no_store=True)
    return answer
