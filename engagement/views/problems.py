"""Citizens' pages: report a problem, see where it stands, say what became of it. No account."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from allauth.core.ratelimit import consume, respond_429
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from departments.views.answers import announce, attempt
from engagement import case_actions, form_actions, public
from engagement.models import Case, Evidence
from engagement.numbers import code_of, is_code_of, read_number
from engagement.public_forms import OpinionForm, ReportForm, TrackForm, WordsForm
from engagement.scrubbing import NOTICE
from engagement.states import OPEN, CaseState
from portal.web.filters import asked_text
from publishing.streaming import streamed

OPINION = (CaseState.RESOLVED,)
APPEALABLE = (CaseState.CLOSED, CaseState.REJECTED)


@dataclass(frozen=True)
class Visitor:
    """Who looks at a problem: whoever knows its number, or its citizen, who knows the code too."""

    case: Case
    code: str = ""

    @property
    def is_citizen(self) -> bool:
        return bool(self.code)


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Both doors on one page: a new problem, or where an old one stands."""
    form = ReportForm(request.POST or None, request.FILES or None, initial=_wanted(request))
    if request.method == "POST" and not consume(request, action="problem_reported"):
        return respond_429(request)
    if form.is_bound and form.is_valid():
        case = attempt(form, lambda: _report(form))
        if case:
            if form_actions.was_scrubbed(form.cleaned_data["text"]):
                messages.warning(request, str(NOTICE))
            messages.success(
                request, str(_("Your problem has been recorded. Note down its number and code."))
            )
            return redirect(_address(case))
    context = {
        "form": form,
        "track": TrackForm(),
        "form_key": request.POST.get("form_key") or uuid.uuid4(),
        "crumbs": [(_("Problems"), reverse("problems:start"))],
    }
    return render(request, "public/problems.html", context, status=422 if form.errors else 200)


def _wanted(request: HttpRequest) -> dict[str, str]:
    """A link on the page of a scheme or department may choose the department."""
    return {"department": asked_text(request, "department"), "kind": asked_text(request, "kind")}


def _report(form: ReportForm) -> Case:
    said = form.cleaned_data
    report = form_actions.Report(
        kind=said["kind"],
        department=said["department"],
        text=said["text"],
        district=said["district"],
        place=said["place"],
        name=said["name"],
        reach=said["reach"],
        photo=said["photo"],
    )
    return form_actions.report_problem(report, form_key=_key(form.data.get("form_key", "")))


def _key(typed: str) -> uuid.UUID:
    try:
        return uuid.UUID(typed)
    except ValueError:
        return uuid.uuid4()


def case_page(case: Case) -> str:
    return reverse("problems:problem", args=[case.number])


def _address(case: Case) -> str:
    return f"{reverse('problems:problem', args=[case.number])}?code={code_of(case.number)}"


@require_safe
def track(request: HttpRequest) -> HttpResponse:
    """By the number, and the code if it is known. What is wrong of a wrong pair is not said."""
    form = TrackForm(request.GET or None)
    if form.is_bound and form.is_valid():
        number, code = form.cleaned_data["number"], form.cleaned_data["code"]
        found = Case.objects.filter(number=number).exists()
        if found and (not code or is_code_of(number, code)):
            query = f"?code={code_of(number)}" if code else ""
            return redirect(reverse("problems:problem", args=[number]) + query)
        if not consume(request, action="problem_guessed"):
            return respond_429(request)
        form.add_error(None, _("There is no problem with this number, or the code does not fit."))
    context = {
        "form": ReportForm(),
        "track": form,
        "form_key": uuid.uuid4(),
        "crumbs": [(_("Problems"), reverse("problems:start"))],
    }
    return render(request, "public/problems.html", context, status=422 if form.errors else 200)


def visitor(request: HttpRequest, number: str, code: str) -> Visitor | HttpResponse:
    """Unknown numbers are 404 and count as guesses; a code that does not fit opens nothing."""
    read = read_number(number)
    case = Case.objects.filter(number=read or "-").select_related(*public.RELATED).first()
    wrong = case is None or (bool(code) and not is_code_of(read, code))
    if wrong and not consume(request, action="problem_guessed"):
        return respond_429(request)
    if case is None:
        raise Http404
    return Visitor(case, code_of(read) if code and not wrong else "")


@require_safe
def problem(request: HttpRequest, number: str) -> HttpResponse:
    who = visitor(request, number, request.GET.get("code", ""))
    if isinstance(who, HttpResponse):
        return who
    case = who.case
    if number != case.number:  # typed in another way
        return redirect(_address(case) if who.is_citizen else case_page(case))
    answer = render(request, "public/problem.html", _context(who))
    patch_cache_control(answer, private=True, no_store=True)
    answer["X-Robots-Tag"] = "noindex"
    return answer


def _context(who: Visitor, **forms: Any) -> dict[str, Any]:
    case = who.case
    crumbs = [
        (_("Problems"), reverse("problems:start")),
        (case.number, reverse("problems:problem", args=[case.number])),
    ]
    context = {
        "case": case,
        "code": who.code,
        "steps": public.ladder(case),
        "acts": public.acts(case, with_words=who.is_citizen),
        "words": public.words(case) if who.is_citizen else [],
        "files": public.files(case) if who.is_citizen else [],
        "crumbs": crumbs,
        "is_open": case.state in OPEN,
    }
    if who.is_citizen:
        context |= {
            "opinion_form": OpinionForm() if case.state in OPINION else None,
            "appeal_form": WordsForm() if case.state in APPEALABLE else None,
            "words_form": WordsForm() if case.state in OPEN else None,
        }
    return {**context, **forms}


@require_POST
def act(request: HttpRequest, number: str, what: str) -> HttpResponse:
    """What its citizen does: an opinion, more words, an appeal, withdrawing. Only with the code."""
    who = visitor(request, number, request.POST.get("code", ""))
    if isinstance(who, HttpResponse):
        return who
    if not who.is_citizen or what not in ACTS:
        raise Http404
    return ACTS[what](request, who)


def _opinion(request: HttpRequest, who: Visitor) -> HttpResponse:
    form = OpinionForm(request.POST)
    if not form.is_valid():
        return render(request, "public/problem.html", _context(who, opinion_form=form), status=422)
    said = form.cleaned_data
    announce(
        request,
        lambda: case_actions.give_opinion(
            who.case,
            is_satisfied=said["is_satisfied"] == "yes",
            stars=said["stars"],
            words=said["words"],
        ),
        _("Thank you. What you said has been recorded."),
    )
    return redirect(_address(who.case))


def _words(request: HttpRequest, who: Visitor) -> HttpResponse:
    form = WordsForm(request.POST)
    if not form.is_valid():
        return render(request, "public/problem.html", _context(who, words_form=form), status=422)
    words = form.cleaned_data["words"]
    announce(request, lambda: form_actions.tell_more(who.case, words), _("The office has it now."))
    if form_actions.was_scrubbed(words):
        messages.warning(request, str(NOTICE))
    return redirect(_address(who.case))


def _appeal(request: HttpRequest, who: Visitor) -> HttpResponse:
    form = WordsForm(request.POST)
    if not form.is_valid():
        return render(request, "public/problem.html", _context(who, appeal_form=form), status=422)
    words = form.cleaned_data["words"]
    announce(request, lambda: case_actions.appeal(who.case, words=words), _("Your appeal is made."))
    return redirect(_address(who.case))


def _withdraw(request: HttpRequest, who: Visitor) -> HttpResponse:
    announce(request, lambda: case_actions.withdraw_case(who.case), _("Your problem is withdrawn."))
    return redirect(_address(who.case))


ACTS = {"opinion": _opinion, "words": _words, "appeal": _appeal, "withdraw": _withdraw}


@require_safe
def evidence(request: HttpRequest, number: str, pk: int) -> HttpResponseBase:
    """A photo that the office shows as proof, or the citizen's own; with the code only."""
    who = visitor(request, number, request.GET.get("code", ""))
    if isinstance(who, HttpResponse):
        return who
    found = Evidence.objects.filter(case=who.case, pk=pk).first()
    if not who.is_citizen or found is None or not (found.is_public or found.by_citizen):
        raise Http404
    answer = streamed(request, found.file, found.mime)
    patch_cache_control(answer, private=True, no_store=True)
    return answer
