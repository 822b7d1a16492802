"""What a conversation seems to be about: proposed by words, decided by an officer."""

from __future__ import annotations

from dataclasses import asdict
from typing import cast

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from departments.models import Department, District
from schemes.models import Scheme

from .models import Conversation, Kind, Mood, Remark, Urgency
from .triage import Gazetteer, Key, Proposal, names, propose

URGENCIES = {"urgent": Urgency.URGENT, "soon": Urgency.SOON, "ordinary": Urgency.ORDINARY}
KEPT_SECONDS = 600
ABOUT = {
    "kind": _("Kind"),
    "mood": _("Mood"),
    "urgency": _("Urgency"),
    "department": _("Department"),
    "district": _("District"),
    "scheme": _("Scheme"),
}


def known_names() -> Gazetteer:
    """From the portal's own data, read anew every ten minutes."""
    kept = cache.get("engagement.gazetteer")
    if isinstance(kept, Gazetteer):
        return kept
    read = load_gazetteer()
    cache.set("engagement.gazetteer", read, KEPT_SECONDS)
    return read


def load_gazetteer() -> Gazetteer:
    districts = [
        (name, one.slug)
        for one in District.objects.all()
        for name in (one.name_hi, one.name_en, *one.aliases)
    ]
    departments = [
        (name, one.slug) for one in Department.objects.all() for name in (one.name_hi, one.name_en)
    ]
    schemes = [
        (str(name), one.pk)
        for one in Scheme.objects.public()
        for name in (
            one.title_hi, one.title_en, one.short_title_hi, one.short_title_en, *one.aliases
        )
        if name
    ]  # fmt: skip
    return Gazetteer(
        cast("dict[Key, str]", names(districts)),
        cast("dict[Key, str]", names(departments)),
        cast("dict[Key, int]", names(schemes)),
    )


def propose_for(conversation: Conversation, remark: Remark) -> None:
    """Write what its words propose, unless an officer has decided. The row is locked, and saved by
    whoever called. Danger to life is announced each time that somebody writes of it.
    """
    if remark.is_own or not remark.text:
        return
    proposal = propose(remark.text, known_names(), about_scheme=_scheme_of_post(conversation))
    if proposal.urgency == "urgent":
        conversation.urgency, conversation.alerted_at = Urgency.URGENT, None
    if conversation.triaged_by_id is None:
        _write(conversation, proposal)


def _scheme_of_post(conversation: Conversation) -> int | None:
    topic = conversation.delivery.message.topic if conversation.delivery else ""
    kind, _colon, key = topic.partition(":")
    return int(key) if kind == "scheme" and key.isdecimal() else None


def _write(conversation: Conversation, proposal: Proposal) -> None:
    """A later remark adds to what the first one said; urgency only rises."""
    conversation.kind = conversation.kind or proposal.kind
    conversation.mood = proposal.mood or conversation.mood
    conversation.urgency = min(conversation.urgency, URGENCIES[proposal.urgency])
    if proposal.district and conversation.district_id is None:
        conversation.district = District.objects.filter(slug=proposal.district).first()
    if proposal.department and conversation.belongs_to_id is None:
        belongs = Department.objects.filter(slug=proposal.department).first()
        conversation.belongs_to = belongs
    if proposal.scheme and conversation.scheme_id is None:
        conversation.scheme = Scheme.objects.filter(pk=proposal.scheme).first()
    new = [asdict(reason) for reason in proposal.reasons]
    conversation.reasons = [*conversation.reasons, *new][-12:]


def in_words(reason: dict[str, str], conversation: Conversation) -> dict[str, str]:
    """A stored reason for the officer: what it is about, and what it proposes."""
    about, value = reason["about"], reason["value"]
    labels: dict[str, object] = {
        "kind": dict(Kind.choices).get(value, value),
        "mood": dict(Mood.choices).get(value, value),
        "urgency": URGENCIES[value].label if value in URGENCIES else value,
    }
    return {
        "label": str(ABOUT.get(about, about)),
        "value_label": str(labels.get(about) or _name(about, value, conversation)),
        "words": reason["words"],
    }


def _name(about: str, value: str, conversation: Conversation) -> object:
    for known in (conversation.belongs_to, conversation.district):
        if known is not None and known.slug == value:
            return known
    if about == "department":
        return Department.objects.filter(slug=value).first() or value
    if about == "district":
        return District.objects.filter(slug=value).first() or value
    found = Scheme.objects.filter(pk=value).first() if value.isdecimal() else None
    return found or value
