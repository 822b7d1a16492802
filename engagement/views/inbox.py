"""The inbox under /desk/inbox/, and one conversation with everything an officer needs for it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from departments.decorators import OfficerRequest, officer_required
from departments.views.answers import announce, attempt, say_errors
from engagement import access, case_actions, inbox, replying
from engagement.conversation_actions import (
    Sorting,
    ask_moderation,
    be_present,
    disclose_address,
    label_conversation,
    put_away,
    sort_conversation,
    take_up,
    write_note,
)
from engagement.desk_forms import (
    CaseForm,
    LabelsForm,
    ModerationForm,
    ReasonForm,
    ReplyForm,
    SortForm,
    TextForm,
)
from engagement.models import Canned, Case, Conversation, Kind, SavedView
from engagement.numbers import read_number
from engagement.reply_actions import approve_reply, return_reply, write_reply
from engagement.states import OPEN, ReplyState
from engagement.triaging import in_words
from publishing.connectors import connector_class
from publishing.problems import label

REMARKS_SHOWN = 200
SIMILAR_SHOWN = 8


@officer_required
@require_safe
def inbox_list(request: OfficerRequest) -> HttpResponse:
    asked = inbox.asked_of(request)
    found = inbox.narrowed(request.user, asked)
    tabs = [
        (name, words, inbox.counted(inbox.in_tab(found, name)))
        for name, (words, _state) in inbox.TABS.items()
    ]
    context = {
        "asked": asked,
        "tabs": tabs,
        "page": inbox.page_of(found, asked, request.user),
        "views": SavedView.objects.filter(user=request.user)[:20],
        "replies": access.replies_to_decide(request.user)[:20],
        **inbox.filters_for(request.user),
    }
    return render(request, "engagement/inbox.html", context)


@officer_required
@require_POST
def view_save(request: OfficerRequest) -> HttpResponse:
    """The filters of the page, under a name; saved empty-handed, the name is forgotten."""
    name = " ".join(request.POST.get("name", "").split())[:60]
    query = request.POST.get("query", "")[:500]
    mine = SavedView.objects.filter(user=request.user, name=name)
    if "forget" in request.POST:
        mine.delete()
    elif name and SavedView.objects.filter(user=request.user).count() < 20:
        SavedView.objects.update_or_create(user=request.user, name=name, defaults={"query": query})
        messages.success(request, _("The view is saved."))
    return redirect(f"{reverse('desk:inbox')}?{query}")


@officer_required
@require_safe
def conversation(request: OfficerRequest, pk: int) -> HttpResponse:
    found = access.get_conversation(request.user, pk)
    return _shown(request, found)


def _shown(request: OfficerRequest, found: Conversation, **forms: Any) -> HttpResponse:
    be_present(found, is_writing=False, actor=request.user)
    is_wrong = any(getattr(form, "errors", None) for form in forms.values())
    context = {**_context(request, found), **forms}
    return render(request, "engagement/conversation.html", context, status=422 if is_wrong else 200)


def _context(request: OfficerRequest, found: Conversation) -> dict[str, Any]:
    user = request.user
    case = access.case_of(found)
    may_work = access.can_work_on(user, found)
    may_write = access.can_write_reply(user, found)
    rules = replying.problems_of(found, "", now=timezone.now())
    templates = replying.templates_for(found)
    remarks = found.remarks.select_related("contact").prefetch_related("moderations")
    shown = list(remarks.order_by("-at", "-pk")[:REMARKS_SHOWN])[::-1]
    return {
        "conversation": found,
        "remarks": shown,
        "older": max(0, found.remark_count - len(shown)),
        "replies": found.replies.filter(seen_as__isnull=True)
        .select_related("written_by", "decided_by", "message")
        .prefetch_related("message__deliveries__handle"),
        "notes": found.notes.select_related("author"),
        "case": case,
        "reasons": [in_words(one, found) for one in found.reasons]
        if not found.triaged_by_id
        else [],
        "may_work": may_work,
        "may_write": may_write,
        "by_portal": replying.can_reply_by_portal(found),
        "needs_second": may_write and access.needs_second_officer(user, found),
        "rules": [{"level": one.level, "text": label(one.code, one.values)} for one in rules],
        "others": inbox.others_on([found.pk], user),
        "newest": max((one.received_at for one in shown), default=found.last_at).isoformat(),
        "reply_form": ReplyForm(templates=templates) if may_write else None,
        "sort_form": SortForm(conversation=found) if may_work else None,
        "labels_form": _labels_form(found) if may_work else None,
        "case_form": CaseForm(conversation=found) if may_work and not _is_open(case) else None,
        "note_form": TextForm() if may_write else None,
        "moderation_form": _moderation_form(found) if may_work else None,
        "canned": _canned(found, case),
        "facts": _facts(found),
        "similar": _similar(user, found) if may_work and not _is_open(case) else [],
        "elsewhere": _elsewhere(user, found),
        "kinds": list(enumerate(Kind.choices, 1)),
    }


def _is_open(case: Case | None) -> bool:
    return case is not None and case.state in OPEN


def _labels_form(found: Conversation) -> LabelsForm:
    return LabelsForm(initial={"names": ", ".join(one.name for one in found.labels.all())})


def _moderation_form(found: Conversation) -> ModerationForm | None:
    if found.handle is None:
        return None
    can = connector_class(found.platform).moderates
    return ModerationForm(can=can) if can else None


def _canned(found: Conversation, case: Case | None) -> list[tuple[str, str]]:
    """Filled in, so that what is chosen is what is sent."""
    values = {
        "name": found.contact.name if found.contact else "",
        "number": case.number if case else "",
        "department": found.department.name,
        "scheme": str(found.scheme) if found.scheme else "",
        "link": "",
    }
    filled = []
    for one in Canned.objects.filter(department=found.department)[:30]:
        text = one.text_hi
        for name, value in values.items():
            text = text.replace("{" + name + "}", value)
        filled.append((one.title, text))
    return filled


def _facts(found: Conversation) -> list[tuple[str, str]]:
    """What the portal knows of the scheme that is asked about: (what, in words)."""
    scheme = found.scheme
    if scheme is None:
        return []
    said = [
        (_("In short"), scheme.summary_hi),
        (_("Helpline"), scheme.helpline),
    ]
    return [(str(what), text) for what, text in said if text]


def _similar(user: Any, found: Conversation) -> list[Case]:
    """Open cases of the department that this may belong to: of the same post, or district."""
    mine = access.visible_cases(user).filter(department=found.department, state__in=OPEN)
    near = (
        mine.filter(voices__conversation__post_id=found.post_id) if found.post_id else mine.none()
    )
    if found.district_id:
        near |= mine.filter(district=found.district_id)
    return list(near.distinct().order_by("-opened_at")[:SIMILAR_SHOWN])


def _elsewhere(user: Any, found: Conversation) -> list[Conversation]:
    """The same citizen's other conversations, on any channel where they are known."""
    if found.contact is None:
        return []
    person = found.contact.person_id or found.contact_id
    mine = access.inbox_of(user, found.department).exclude(pk=found.pk)
    same = mine.filter(contact=person) | mine.filter(contact__person=person)
    return list(same.select_related("handle").order_by("-last_at")[:10])


# --- what is done in it --------------------------------------------------------------------------


def _back(found: Conversation) -> HttpResponse:
    return redirect("desk:conversation", found.pk)


@officer_required
@require_POST
def reply(request: OfficerRequest, pk: int) -> HttpResponse:
    found = access.get_conversation(request.user, pk)
    if not access.can_write_reply(request.user, found):
        raise Http404
    form = ReplyForm(request.POST, templates=replying.templates_for(found))
    if form.is_valid():
        said = form.cleaned_data
        written = attempt(
            form,
            lambda: write_reply(
                found,
                text=said["text"],
                template=said.get("template", ""),
                form_key=said["form_key"],
                actor=request.user,
            ),
        )
        if written:
            waits = written.state == ReplyState.WRITTEN
            done = _("It waits for a second officer.") if waits else _("The answer is on its way.")
            messages.success(request, done)
            return _back(found)
    return _shown(request, found, reply_form=form)


@officer_required
@require_safe
def reply_page(request: OfficerRequest, pk: int) -> HttpResponse:
    """An answer has no page of its own: it stands in its conversation."""
    written = access.get_reply(request.user, pk)
    place = reverse("desk:conversation", args=[written.conversation_id])
    return redirect(f"{place}#reply-{written.pk}")


@officer_required
@require_POST
def reply_decide(request: OfficerRequest, pk: int, decision: str) -> HttpResponse:
    written = access.get_reply(request.user, pk)
    if decision not in ("approve", "return"):
        raise Http404
    if not access.is_of(request.user, written.conversation.department_id):
        raise Http404
    if decision == "approve":
        announce(
            request,
            lambda: approve_reply(written, actor=request.user),
            _("The answer is on its way."),
        )
    else:
        form = ReasonForm(request.POST)
        if form.is_valid():
            reason = form.cleaned_data["reason"]
            announce(
                request,
                lambda: return_reply(written, reason=reason, actor=request.user),
                _("The answer is returned."),
            )
        else:
            say_errors(request, form)
    return _back(written.conversation)


@officer_required
@require_POST
def sort(request: OfficerRequest, pk: int) -> HttpResponse:
    """The whole form, or one button (and key) for the kind alone."""
    found = _own(request, pk)
    form = SortForm(request.POST, conversation=found)
    if not form.is_valid():
        return _shown(request, found, sort_form=form)
    said, given = form.cleaned_data, [name for name in form.fields if name in request.POST]
    sorting = Sorting(**{name: said[name] for name in given})
    if "urgency" in given and sorting.urgency is None:
        given.remove("urgency")
    announce(
        request,
        lambda: sort_conversation(found, sorting, fields=given, actor=request.user),
        _("Sorted."),
    )
    return _back(found)


def _own(request: OfficerRequest, pk: int) -> Conversation:
    found = access.get_conversation(request.user, pk)
    if not access.can_work_on(request.user, found):
        raise Http404
    return found


@officer_required
@require_POST
def done(request: OfficerRequest, pk: int) -> HttpResponse:
    """Put away, or taken up again."""
    found = _own(request, pk)
    if "undo" in request.POST:
        announce(request, lambda: take_up(found, actor=request.user), _("It waits again."))
        return _back(found)
    announce(request, lambda: put_away(found, actor=request.user), _("Put away."))
    return redirect("desk:inbox")


@officer_required
@require_POST
def note(request: OfficerRequest, pk: int) -> HttpResponse:
    found = access.get_conversation(request.user, pk)
    if not access.can_write_reply(request.user, found):
        raise Http404
    form = TextForm(request.POST)
    if not form.is_valid():
        return _shown(request, found, note_form=form)
    write_note(found, form.cleaned_data["text"], actor=request.user)
    return _back(found)


@officer_required
@require_POST
def labels(request: OfficerRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    form = LabelsForm(request.POST)
    if not form.is_valid():
        return _shown(request, found, labels_form=form)
    label_conversation(found, form.cleaned_data["names"], actor=request.user)
    return _back(found)


@officer_required
@require_POST
def case_open(request: OfficerRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    form = CaseForm(request.POST, conversation=found)
    if not form.is_valid():
        return _shown(request, found, case_form=form)
    said = form.cleaned_data
    facts = case_actions.Facts(scheme=found.scheme, **said)
    case = attempt(form, lambda: case_actions.open_case(found, facts, actor=request.user))
    if case is None:
        return _shown(request, found, case_form=form)
    text = _("Recorded as %(number)s.") % {"number": case.number}
    messages.success(request, text)
    return redirect("desk:case", case.number)


@officer_required
@require_POST
def case_join(request: OfficerRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    case = access.get_case(request.user, request.POST.get("number", ""))
    if announce(
        request,
        lambda: case_actions.join_voice(case, found, actor=request.user),
        _("Joined to the case; the citizen is told its number."),
    ):
        return redirect("desk:case", case.number)
    return _back(found)


@officer_required
@require_POST
def join_many(request: OfficerRequest) -> HttpResponse:
    """From the list: what was ticked, to the case whose number was typed."""
    case = access.get_case(request.user, read_number(request.POST.get("number", "")))
    keys = [int(one) for one in request.POST.getlist("chosen") if one.isdigit()][:200]
    chosen = access.inbox_of(request.user).filter(pk__in=keys).order_by("last_at")
    told = case_actions.join_voices(case, chosen, actor=request.user)
    for why in told.refused[:5]:
        messages.error(request, why)
    text = _("%(number)d messages joined to %(case)s.")
    messages.success(request, text % {"number": told.reached, "case": case.number})
    return redirect("desk:case", case.number)


@officer_required
@require_POST
def moderate(request: OfficerRequest, pk: int) -> HttpResponse:
    remark = access.get_remark(request.user, pk)
    if not access.can_work_on(request.user, remark.conversation):
        raise Http404
    form = ModerationForm(request.POST, can=connector_class(remark.conversation.platform).moderates)
    if form.is_valid():
        said = form.cleaned_data
        announce(
            request,
            lambda: ask_moderation(remark, actor=request.user, **said),
            _("It is being done on the platform; what was said stays on record here."),
        )
    else:
        say_errors(request, form)
    return _back(remark.conversation)


@officer_required
@require_POST
def address(request: OfficerRequest, pk: int) -> HttpResponse:
    """Masked everywhere else; shown once, for a reason that is kept (P11)."""
    contact = access.get_contact(request.user, pk)
    reason = request.POST.get("reason", "")
    shown = ""

    def show() -> None:
        nonlocal shown
        shown = disclose_address(contact, reason=reason, actor=request.user)

    announce(request, show, _("Your reason has been recorded."))
    last = contact.conversations.order_by("-last_at").first()
    if last is None or not shown:
        return redirect("desk:inbox") if last is None else _back(last)
    return render(
        request,
        "engagement/address.html",
        {"contact": contact, "address": shown, "conversation": last},
    )


@officer_required
@require_safe
def presence(request: OfficerRequest, pk: int) -> HttpResponse:
    """Who else is here: asked by the page every few seconds, which is its sign of life as well."""
    found = access.get_conversation(request.user, pk)
    be_present(found, is_writing="writing" in request.GET, actor=request.user)
    context = {
        "others": inbox.others_on([found.pk], request.user),
        "newest": _newest(found),
        "known": request.GET.get("known", ""),
        "conversation": found,
    }
    return render(request, "engagement/_presence.html", context)


def _newest(found: Conversation) -> str:
    at = found.remarks.order_by("-received_at").values_list("received_at", flat=True).first()
    return at.isoformat() if at else ""
