"""The inbox: what is asked of it, what a page of it shows. Constant work at any number of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from departments.access import visible_departments
from departments.models import Department, District
from departments.platforms import Platform
from portal.web.filters import asked_choice, asked_number, asked_text
from schemes.search.fold import STOP_WORDS, sound_of, words

from . import access
from .models import (
    OWN_FORM,
    Case,
    Conversation,
    ConversationTerm,
    Kind,
    Label,
    Mood,
    Presence,
    Urgency,
    Voice,
    Way,
)
from .states import OPEN, ConversationState

if TYPE_CHECKING:
    from departments.access import Person

PER_PAGE = 40
MOST_COUNTED = 1000  # a tab says "1,000+" beyond
PRESENT_FOR = timedelta(seconds=40)
TABS = {
    "waiting": (_("Waiting"), ConversationState.WAITING),
    "answered": (_("Answered"), ConversationState.ANSWERED),
    "done": (_("Put away"), ConversationState.DONE),
    "all": (_("All"), None),
}
CHANNELS = [*Platform.choices, (OWN_FORM, _("Form on this portal"))]
FILTERS = (
    *("q", "department", "platform", "way", "kind", "urgency", "district", "label", "mine", "mood"),
    *("scheme", "post"),
)


@dataclass(frozen=True)
class Asked:
    """What the address asks for."""

    tab: str
    q: str
    department: str
    platform: str
    way: str
    kind: str
    urgency: str
    mood: str
    district: str
    label: int | None
    scheme: int | None
    post: int | None
    mine: bool
    after: str  # where the page begins: "moment~key"

    @property
    def is_filtered(self) -> bool:
        return any(getattr(self, name) for name in FILTERS)


def asked_of(request: HttpRequest) -> Asked:
    return Asked(
        tab=asked_choice(request, "tab", TABS) or "waiting",
        q=asked_text(request, "q"),
        department=asked_text(request, "department"),
        platform=asked_choice(request, "platform", dict(CHANNELS)),
        way=asked_choice(request, "way", Way.values),
        kind=asked_choice(request, "kind", Kind.values),
        urgency=asked_choice(request, "urgency", [str(one) for one in Urgency.values]),
        mood=asked_choice(request, "mood", Mood.values),
        district=asked_text(request, "district"),
        label=asked_number(request, "label"),
        scheme=asked_number(request, "scheme"),
        post=asked_number(request, "post"),
        mine=bool(request.GET.get("mine")),
        after=asked_text(request, "after"),
    )


def narrowed(user: Person, asked: Asked) -> QuerySet[Conversation]:
    """Without the tab."""
    department = Department.objects.filter(slug=asked.department).first()
    found = access.inbox_of(user)
    if asked.department:
        found = found.filter(department=department)
    same: dict[str, Any] = {
        "platform": asked.platform,
        "way": asked.way,
        "kind": asked.kind,
        "urgency": asked.urgency,
        "mood": asked.mood,
        "scheme": asked.scheme,
        "delivery__message": asked.post,
        "district__slug": asked.district,
        "labels": asked.label,
        "assigned_to": user.pk if asked.mine else None,
    }
    found = found.filter(**{name: value for name, value in same.items() if value})
    for term in _terms(asked.q):
        mine = ConversationTerm.objects.filter(conversation=OuterRef("pk"), term=term)
        found = found.filter(Exists(mine.filter(department=OuterRef("department"))))
    return found


def _terms(text: str) -> list[str]:
    found = (sound_of(word) for word in words(text) if word not in STOP_WORDS)
    return sorted({term for term in found if term})[:6]


def in_tab(found: QuerySet[Conversation], tab: str) -> QuerySet[Conversation]:
    state = TABS[tab][1]
    if state is None:
        return found.order_by("-last_at", "pk")
    if state == ConversationState.WAITING:
        return found.filter(state="waiting").order_by("urgency", "waiting_since", "pk")
    return found.filter(state=state).order_by("-last_at", "pk")


def counted(found: QuerySet[Conversation]) -> str:
    """At most MOST_COUNTED rows are looked at: whether 2 or 3 lakh wait says nothing more."""
    number = found.order_by()[: MOST_COUNTED + 1].count()
    return f"{MOST_COUNTED:,}+" if number > MOST_COUNTED else f"{number:,}"


@dataclass(frozen=True)
class Page:
    rows: list[Row]
    following: str  # `after` of the next page; none: this is the last


@dataclass(frozen=True)
class Row:
    conversation: Conversation
    case: Case | None
    people: Sequence[str]  # who else has it open

    @property
    def is_late(self) -> bool:
        since = self.conversation.waiting_since
        return since is not None and timezone.now() - since > timedelta(days=3)


def page_of(found: QuerySet[Conversation], asked: Asked, user: Person) -> Page:
    """By where the last page ended, not by number: every page costs what the first does."""
    rows = list(
        _behind(in_tab(found, asked.tab), asked).select_related(
            "department", "handle", "contact", "district", "scheme", "assigned_to"
        )[: PER_PAGE + 1]
    )
    following = _mark(rows[PER_PAGE - 1], asked.tab) if len(rows) > PER_PAGE else ""
    return Page(_rows(rows[:PER_PAGE], user), following)


def _behind(found: QuerySet[Conversation], asked: Asked) -> QuerySet[Conversation]:
    parts = asked.after.split("~")
    moment = parse_datetime(parts[0]) if len(parts) == 3 else None
    if moment is None or not (parts[1].isdigit() and parts[2].isdigit()):
        return found
    urgency, key = int(parts[1][:2]), int(parts[2][:18])
    if asked.tab == "waiting":
        return found.filter(
            Q(urgency__gt=urgency)
            | Q(urgency=urgency, waiting_since__gt=moment)
            | Q(urgency=urgency, waiting_since=moment, pk__gt=key)
        )
    return found.filter(Q(last_at__lt=moment) | Q(last_at=moment, pk__gt=key))


def _mark(last: Conversation, tab: str) -> str:
    moment = last.waiting_since if tab == "waiting" else last.last_at
    assert isinstance(moment, datetime)
    return f"{moment.isoformat()}~{last.urgency}~{last.pk}"


def _rows(conversations: list[Conversation], user: Person) -> list[Row]:
    keys = [one.pk for one in conversations]
    cases: dict[int, Case] = {}
    for voice in Voice.objects.filter(conversation__in=keys).select_related("case").order_by("pk"):
        kept = cases.get(voice.conversation_id)
        if kept is None or voice.case.state in OPEN:
            cases[voice.conversation_id] = voice.case
    people: dict[int, list[str]] = {}
    for presence in others_on(keys, user):
        people.setdefault(presence.conversation_id, []).append(str(presence.user))
    return [Row(one, cases.get(one.pk), people.get(one.pk, ())) for one in conversations]


def others_on(keys: Sequence[int], user: Person) -> QuerySet[Presence]:
    present = Presence.objects.filter(
        conversation__in=keys, seen_at__gte=timezone.now() - PRESENT_FOR
    )
    return present.exclude(user=user.pk).select_related("user")


def filters_for(user: Person) -> dict[str, Any]:
    """The choices of the page's drop-downs."""
    departments = visible_departments(user)
    return {
        "departments": list(departments),
        "channels": CHANNELS,
        "whose": [("1", _("Only mine"))],
        "kinds": Kind.choices,
        "moods": Mood.choices,
        "urgencies": [(str(key), label) for key, label in Urgency.choices],
        "districts": [(one.slug, one.name) for one in District.objects.order_by("name_hi")],
        "labels": [
            (str(one.pk), one.name) for one in Label.objects.filter(department__in=departments)
        ],
    }
