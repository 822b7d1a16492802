"""What a case says of itself: its steps in words, and what citizens are told."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from .models import Case, Conversation, Way
from .numbers import code_of

# What was done, as the ladder and the history say it.
ACTS = {
    "opened": _("Received and given its number"),
    "not_told": _("The citizen could not be told the number"),
    "assigned": _("Given to an officer"),
    "begun": _("Work begun"),
    "asked": _("The citizen was asked for information"),
    "info": _("Information received, the clock runs again"),
    "info_late": _("No information came; work goes on without it"),
    "transferred": _("Passed to another department"),
    "interim": _("Interim reply, with a new date"),
    "end_proposed": _("End proposed; a second officer looks at it"),
    "end_declined": _("The second officer did not agree"),
    "resolved": _("Resolved"),
    "rejected": _("Not taken up"),
    "joined": _("Joined with another problem"),
    "satisfied": _("The citizen is satisfied"),
    "dissatisfied": _("The citizen is not satisfied"),
    "reopened": _("Reopened"),
    "appealed": _("Appeal made"),
    "appeal_upheld": _("Appeal upheld; work goes on"),
    "appeal_dismissed": _("Appeal dismissed"),
    "withdrawn": _("Withdrawn by the citizen"),
    "closed": _("Closed"),
    "level_1": _("Three quarters of the time are over: its officer was reminded"),
    "level_2": _("The time is over: the head of department was told"),
    "level_3": _("Three days over: the head of department must explain"),
    "level_4": _("Seven days over: on the Directorate's list"),
    "promise": _("Promise made"),
    "promise_kept": _("Promise kept"),
    "elsewhere": _("Passed on, with the reference there"),
    "note": _("Note"),
    "evidence": _("Proof added"),
    "told": _("The citizen was answered"),
    "said": _("The citizen wrote"),
}


def act_label(what: str) -> str:
    return str(ACTS.get(what, what))


def page_of(case: Case, *, with_code: bool) -> str:
    """Its public page; with the code for whoever it is told privately."""
    with translation.override("hi"):
        path = reverse("problems:problem", args=[case.number])
    base = settings.MEDIA_URL_BASE.rstrip("/")
    return f"{base}{path}" + (f"?code={code_of(case.number)}" if with_code else "")


def is_private(conversation: Conversation) -> bool:
    return conversation.way in (Way.MESSAGE, Way.FORM)


def acknowledgement(case: Case, conversation: Conversation) -> str:
    """In Hindi, with the number; the code only where nobody else reads it."""
    private = is_private(conversation)
    with translation.override("hi"):
        values = {
            "number": case.number,
            "department": case.department.name_hi,
            "page": page_of(case, with_code=private),
        }
        if private:
            return str(TOLD["acknowledged_private"]) % values
        return str(TOLD["acknowledged"]) % values


# What citizens are told; filled with the case's own words.
TOLD = {
    "acknowledged": _(
        "Your problem has been recorded under number %(number)s. %(department)s is looking into it."
        " See where it stands: %(page)s"
    ),
    "acknowledged_private": _(
        "Your problem has been recorded under number %(number)s. %(department)s is looking into it."
        " See where it stands, and tell us whether it was resolved (do not pass this link on):"
        " %(page)s"
    ),
    "resolved": _(
        "%(number)s: %(text)s\nHas your problem been resolved? Answer “yes” or “no” here, or on"
        " %(page)s"
    ),
    "rejected": _("%(number)s: %(text)s\nMore, and how to appeal: %(page)s"),
    "interim": _("%(number)s: %(text)s\nNew date: %(day)s. %(page)s"),
    "appeal_upheld": _("%(number)s: Your appeal was upheld. %(text)s\n%(page)s"),
    "appeal_dismissed": _("%(number)s: Your appeal was dismissed. %(text)s\n%(page)s"),
    "asked": _("%(number)s: %(text)s\nPlease answer within %(days)s days."),
}


def told(key: str, case: Case, conversation: Conversation, text: str, **more: str) -> str:
    values = {
        "number": case.number,
        "text": text,
        "page": page_of(case, with_code=is_private(conversation)),
        **more,
    }
    with translation.override("hi"):
        return str(TOLD[key]) % values
