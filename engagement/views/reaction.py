"""Public reaction under /desk/reaction/: plots that can be read, tables that can be downloaded."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from departments.decorators import OfficerRequest, officer_required
from departments.platforms import NAMES
from engagement import access, reaction
from engagement.models import OWN_FORM, Kind, Mood
from portal.web.export import as_file
from portal.web.filters import asked_text

_HEADINGS = [_("Day"), _("Messages")]


@officer_required
@require_safe
def public_reaction(request: OfficerRequest) -> HttpResponseBase:
    departments = access.visible_coverage(request.user)
    if slug := asked_text(request, "department"):
        departments = departments.filter(slug=slug)
    days = reaction.days(departments)
    if file := as_file(request, "reaction", _HEADINGS, ([one.day, one.number] for one in days)):
        return file
    kinds, moods = dict(Kind.choices), dict(Mood.choices)
    platforms = {**NAMES, OWN_FORM: _("Form on this portal")}
    context = {
        "days": days,
        "spikes": reaction.spikes(days),
        "kinds": [
            (kinds.get(str(kind), _("not sorted")), number)
            for kind, number in reaction.counts_by(departments, "kind")
        ],
        "moods": [
            (moods.get(str(mood), _("not sorted")), number)
            for mood, number in reaction.counts_by(departments, "mood")
        ],
        "platforms": [
            (platforms.get(str(one), one), number)
            for one, number in reaction.counts_by(departments, "platform")
        ],
        "asked": [
            (one.title, one.total, [(kinds.get(kind, _("not sorted")), n) for kind, n in one.kinds])
            for one in reaction.asked_about(departments)
        ],
        "seen": reaction.most_seen(departments),
        "departments": list(access.visible_coverage(request.user)),
        "department": request.GET.get("department", ""),
    }
    return render(request, "engagement/reaction.html", context)
