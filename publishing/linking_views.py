"""The desk's pages on which a handle is linked to its account, and unlinked."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from departments import access, actions
from departments.decorators import OfficerRequest, officer_required
from departments.models import Handle
from departments.platforms import Platform
from departments.states import HANDLE_MOVES, HandleState
from departments.views.answers import announce
from portal.errors import ActionRefused

from . import linking
from .connectors import consent_for
from .connectors.consent import Candidate, ConsentPage, TypedAccess
from .connectors.errors import ConnectorError
from .handle_health import check_handle
from .linking_forms import CONFIRM, ChoiceForm, TypedAccessForm
from .problems import label


def _linkable(request: OfficerRequest, pk: int) -> Handle:
    """A handle that this officer may link now, or 404."""
    handle = _own_handle(request, pk)
    if HandleState.CONNECTED not in HANDLE_MOVES[handle.state]:
        raise Http404
    return handle


def _own_handle(request: OfficerRequest, pk: int) -> Handle:
    handle = access.get_handle(request.user, pk)
    if not access.can_edit_handles(request.user, handle.department_id):
        raise Http404
    return handle


# --- the way to the platform, and back ------------------------------------------------------------


@officer_required
@require_http_methods(["GET", "HEAD", "POST"])
def handle_connect(request: OfficerRequest, pk: int) -> HttpResponse:
    """A page before the platform's own: what to sign in with there, and what will be asked.

    A form that ended on another site would be stopped by our own policy (form-action), so the page
    has a plain link.
    """
    handle = _linkable(request, pk)
    consent = consent_for(handle.platform)
    if isinstance(consent, TypedAccess):
        return _typed(request, handle, consent)
    if not isinstance(consent, ConsentPage):
        return redirect("desk:handle", pk)  # published to by hand only
    if request.method == "POST":
        linking.begin(
            request.session,
            handle,
            actor=request.user,
            return_to=return_address(handle.platform),
            language=translation.get_language() or settings.LANGUAGE_CODE,
        )
        return redirect("desk:handle_connect", pk)
    under_way = linking.latest_attempt(request.session, handle, request.user)
    if under_way is None:
        return redirect("desk:handle", pk)
    context = {
        "handle": handle,
        "address": under_way.address,
        "is_ready": bool(consent.app.id and consent.app.secret),
        "minutes": linking.ATTEMPT_SECONDS // 60,
    }
    return render(request, "desk/handle_connect.html", context)


def return_address(platform: str) -> str:
    """Fixed, so that it can be registered with the platform; in no language of its own."""
    with translation.override(settings.LANGUAGE_CODE):
        path = reverse("desk:connect_return", args=[platform])
    return settings.MEDIA_URL_BASE.rstrip("/") + path


@officer_required
@require_safe
def connect_return(request: OfficerRequest, platform: str) -> HttpResponse:
    """The platform sends the officer's browser here, with a code or a refusal."""
    if platform not in Platform.values:
        raise Http404
    under_way = linking.take_attempt(
        request.session,
        platform=platform,
        state=request.GET.get("state", ""),
        actor=request.user,
    )
    if under_way is None:
        messages.error(
            request,
            gettext(
                "This way to the platform is no longer open. Begin again on the handle's page."
            ),
        )
        return redirect("desk:handles")
    with translation.override(under_way.language):
        return _returned(request, under_way)


def _returned(request: OfficerRequest, under_way: linking.Attempt) -> HttpResponse:
    handle = _linkable(request, under_way.handle)
    if request.GET.get("error") or not request.GET.get("code"):
        messages.info(request, _refusal_words(request.GET.get("error", "")))
        return redirect("desk:handle", handle.pk)
    try:
        candidates = linking.candidates_of(under_way, request.GET["code"])
    except ConnectorError as error:
        messages.error(request, gettext("The handle was not connected.") + " " + label(error.code))
        return redirect("desk:handle", handle.pk)
    return _one_or_choose(request, handle, candidates)


def _refusal_words(error: str) -> str:
    if error == "access_denied":
        return gettext("Permission was not given on the platform. Nothing has changed here.")
    return gettext("The platform gave no permission. Nothing has changed here; try again later.")


def _one_or_choose(
    request: OfficerRequest, handle: Handle, candidates: list[Candidate]
) -> HttpResponse:
    if not candidates:
        messages.error(
            request,
            gettext(
                "There is no account that this permission opens. Sign in on the platform as"
                " someone who may manage the account, and choose it there."
            ),
        )
        return redirect("desk:handle", handle.pk)
    only = candidates[0] if len(candidates) == 1 else None
    if (
        only
        and not linking.hindrance(handle, only)
        and not linking.is_to_be_looked_at(handle, only)
    ):
        _connect(request, handle, only, is_confirmed=False)
        return redirect("desk:handle", handle.pk)
    linking.keep_choice(request.session, handle, candidates, actor=request.user)
    return redirect("desk:handle_choose", handle.pk)


# --- the choice -----------------------------------------------------------------------------------


@officer_required
@require_http_methods(["GET", "HEAD", "POST"])
def handle_choose(request: OfficerRequest, pk: int) -> HttpResponse:
    handle = _linkable(request, pk)
    candidates = linking.kept_choice(request.session, handle, actor=request.user)
    if not candidates:
        return redirect("desk:handle", pk)
    form = ChoiceForm(request.POST or None, handle=handle, candidates=candidates)
    if request.method == "POST" and form.is_valid():
        chosen = candidates[int(form.cleaned_data["account"])]
        if linking.is_another(handle, chosen) and not form.cleaned_data["is_confirmed"]:
            form.add_error("is_confirmed", CONFIRM)
        elif _connect(request, handle, chosen, is_confirmed=form.cleaned_data["is_confirmed"]):
            linking.forget_choice(request.session)
            return redirect("desk:handle", pk)
    context = {
        "handle": handle,
        "form": form,
        "rows": [_row(handle, place, one) for place, one in enumerate(candidates)],
        "chosen": form["account"].value(),
        "none_fits": not form.fields["account"].choices,  # type: ignore[attr-defined]
        "asks_confirmation": any(linking.is_another(handle, one) for one in candidates),
    }
    status = 422 if form.errors else 200
    return render(request, "desk/handle_choose.html", context, status=status)


def _row(handle: Handle, place: int, candidate: Candidate) -> dict[str, object]:
    return {
        "value": str(place),
        "account": candidate,
        "hindrances": candidate.lacking
        or tuple(filter(None, [linking.hindrance(handle, candidate)])),
        "without": candidate.facts.get("without", ()),
        "is_another": linking.is_another(handle, candidate),
        "is_named_otherwise": linking.is_named_otherwise(handle, candidate),
    }


def _connect(
    request: OfficerRequest, handle: Handle, candidate: Candidate, *, is_confirmed: bool
) -> bool:
    try:
        linked = linking.connect(handle, candidate, actor=request.user, is_confirmed=is_confirmed)
    except ActionRefused as refusal:
        messages.error(request, str(refusal.message))
        return False
    messages.success(
        request, gettext("The handle is connected to %(name)s.") % {"name": candidate.name}
    )
    if linking.is_named_otherwise(handle, candidate):
        words = gettext(
            "On the platform the account is called %(name)s. Check that it is the right one."
        )
        messages.warning(request, words % {"name": candidate.name})
    check_handle(linked)
    return True


# --- typed particulars, by hand, and disconnecting ------------------------------------------------


def _typed(request: OfficerRequest, handle: Handle, consent: TypedAccess) -> HttpResponse:
    form = TypedAccessForm(request.POST or None, asks=consent.asks)
    if request.method == "POST" and form.is_valid():
        try:
            candidates = consent.candidates(form.typed())
        except ConnectorError as error:
            form.add_error(None, label(error.code))
        else:
            return _one_or_choose(request, handle, candidates)
    status = 422 if form.errors else 200
    return render(
        request, "desk/handle_access.html", {"handle": handle, "form": form}, status=status
    )


@officer_required
@require_POST
def handle_by_hand(request: OfficerRequest, pk: int) -> HttpResponse:
    handle = _linkable(request, pk)
    announce(
        request,
        lambda: actions.publish_by_hand(handle, actor=request.user),
        _("Posts for this handle are now published by an officer, by hand."),
    )
    return redirect("desk:handle", pk)


@officer_required
@require_POST
def handle_disconnect(request: OfficerRequest, pk: int) -> HttpResponse:
    handle = _own_handle(request, pk)
    was_by_hand = handle.is_by_hand
    try:
        is_revoked = linking.disconnect(handle, actor=request.user)
    except ActionRefused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("desk:handle", pk)
    if was_by_hand:
        done = gettext("Nothing more is published to this handle by hand.")
    else:
        done = gettext("The handle is disconnected. What opened it has been erased.")
    messages.success(request, done)
    if not is_revoked:
        words = gettext(
            "The platform did not confirm that the permission is withdrawn. Withdraw it in the"
            " account's own settings there."
        )
        messages.warning(request, words)
    return redirect("desk:handle", pk)
