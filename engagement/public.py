"""What a citizen is shown of a case: the ladder, each act in plain words, no officer's notes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from . import wording
from .models import Case, Evidence, Remark
from .states import CaseState

RELATED = ("department", "opened_in", "district", "scheme")
S = CaseState
# The way of a case as people think of it; which states stand on which step.
STEPS = (
    (_("Received"), {S.SUBMITTED, S.ACKNOWLEDGED}),
    (_("With the department"), {S.ASSIGNED, S.TRANSFERRED, S.REOPENED}),
    (_("Being worked on"), {S.IN_PROGRESS, S.NEED_INFO, S.INTERIM_REPLY, S.APPEAL}),
    (_("Answered"), {S.RESOLVED, S.REJECTED, S.FEEDBACK, S.APPEAL_DECIDED}),
    (_("Closed"), {S.CLOSED, S.DUPLICATE, S.WITHDRAWN}),
)
# Acts that say nothing of the citizen or the officer, and stand on the open page.
PLAIN = {"opened", "begun", "transferred", "resolved", "reopened", "closed", "rejected", "interim"}


@dataclass(frozen=True)
class Step:
    title: str
    standing: str  # done, here or nothing


@dataclass(frozen=True)
class Shown:
    what: str
    at: datetime
    said: str = ""
    who: str = ""


def ladder(case: Case) -> list[Step]:
    here = next(place for place, (_title, states) in enumerate(STEPS) if case.state in states)
    return [
        Step(str(title), "done" if place < here else "here" if place == here else "")
        for place, (title, _states) in enumerate(STEPS)
    ]


def acts(case: Case, *, with_words: bool) -> list[Shown]:
    """The newest first; the words of answers only for whom they were meant."""
    public = case.acts.filter(is_public=True).select_related("department").order_by("-at", "-pk")
    return [
        Shown(
            wording.act_label(one.what),
            one.at,
            one.text if with_words or one.what == "transferred" else "",
            str(one.department) if one.department else "",
        )
        for one in public[:100]
        if with_words or one.what in PLAIN or one.what.startswith("level_")
    ]


def words(case: Case) -> Iterable[Remark]:
    """What was written on the portal's own form, and answered there."""
    own = Remark.objects.filter(conversation__voices__case=case, conversation__way="form")
    return own.filter(removed_at__isnull=True).order_by("at", "pk")[:100]


def files(case: Case) -> QuerySet[Evidence]:
    return case.files.filter(is_public=True) | case.files.filter(by_citizen=True)
