from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from smtplib import SMTPException
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from departments import access, actions
from departments.decorators import OfficerRequest, officer_required
from departments.forms import ChargeForm, InvitationForm, ReliefForm
from departments.invitations import invitation_address, mail_invitation
from departments.models import Member, User
from departments.names import name_order
from departments.roles import Role
from portal.web.export import as_file
from portal.web.filters import asked_choice, asked_text
from portal.web.paging import page_of

from .answers import announce, attempt, say_errors

PER_PAGE = 50
STANDINGS = {
    "current": _("Holds a charge"),
    "none": _("Holds no charge"),
    "invited": _("Has not signed in yet"),
}


@officer_required
@require_safe
def people(request: OfficerRequest) -> HttpResponseBase:
    _only_for_administrators(request)
    officers, asked = _filtered(request)
    if file := as_file(request, "officers", _HEADINGS, _rows(officers)):
        return file
    return render(
        request,
        "desk/people.html",
        {
            "page": page_of(officers, request, PER_PAGE),
            "asked": asked,
            "is_filtered": any(asked.values()),
            "departments": access.visible_departments(request.user),
            "roles": Role.choices,
            "standings": STANDINGS.items(),
        },
    )


def _only_for_administrators(request: OfficerRequest) -> None:
    if not access.can_manage_people(request.user):
        raise Http404


def _filtered(request: OfficerRequest) -> tuple[QuerySet[Any], dict[str, str]]:
    asked = {
        "q": asked_text(request, "q"),
        "department": asked_text(request, "department"),
        "role": asked_choice(request, "role", Role.values),
        "standing": asked_choice(request, "standing", STANDINGS),
    }
    charges = Member.objects.current().select_related("department")
    charges = charges.order_by(name_order("department__"))
    officers: QuerySet[Any] = access.visible_people(request.user).prefetch_related(
        Prefetch("charges", charges, to_attr="charges_today")
    )
    if asked["q"]:
        officers = officers.filter(Q(name__icontains=asked["q"]) | Q(email__icontains=asked["q"]))
    officers = _by_charge(officers, asked)
    return officers.order_by("name", "pk"), asked


def _by_charge(officers: QuerySet[Any], asked: dict[str, str]) -> QuerySet[Any]:
    held = Member.objects.current().filter(user=OuterRef("pk"))
    if asked["department"] or asked["role"]:
        wanted = held
        if asked["department"]:
            wanted = wanted.filter(department__slug=asked["department"])
        if asked["role"]:
            wanted = wanted.filter(role=asked["role"])
        officers = officers.filter(Exists(wanted))
    if asked["standing"] == "current":
        return officers.filter(Exists(held))
    if asked["standing"] == "none":
        return officers.filter(~Exists(held))
    if asked["standing"] == "invited":
        return officers.filter(last_login__isnull=True)
    return officers


_HEADINGS = (_("Name"), _("Official e-mail"), _("Charges today"), _("Signed in last"))


def _rows(officers: QuerySet[Any]) -> Iterator[tuple[object, ...]]:
    for person in officers.iterator(chunk_size=500):
        charges = [charge.title for charge in person.charges_today]
        seen = timezone.localtime(person.last_login).date() if person.last_login else ""
        yield person.name, person.email, "; ".join(charges), seen


@officer_required
@require_http_methods(["GET", "HEAD", "POST"])
def person_invite(request: OfficerRequest) -> HttpResponse:
    _only_for_administrators(request)
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        member = attempt(form, lambda: _invite(request, form))
        if member:
            return redirect("desk:person", member.user_id)
    status = 422 if form.errors else 200
    return render(request, "desk/person_invite.html", {"form": form}, status=status)


@transaction.atomic
def _invite(request: OfficerRequest, form: InvitationForm) -> Member:
    member = actions.invite_officer(actor=request.user, **form.cleaned_data)
    _mail_on_commit(request, member.user)
    return member


def _mail_on_commit(request: OfficerRequest, person: User) -> None:
    """The page says what became of the mail; the account stands either way."""

    def send() -> None:
        try:
            mail_invitation(person, invitation_address(request, person))
        except (SMTPException, OSError):
            messages.error(
                request,
                _("The invitation could not be sent to %(email)s. Try again in a while.")
                % {"email": person.email},
            )
        else:
            messages.success(
                request, _("The invitation was sent to %(email)s.") % {"email": person.email}
            )

    transaction.on_commit(send)


@officer_required
@require_POST
def person_resend(request: OfficerRequest, pk: int) -> HttpResponse:
    person = access.get_person(request.user, pk)
    if person.has_usable_password():
        messages.error(
            request,
            _("This officer has a password already, and can have a new one from the sign-in page."),
        )
    else:
        _mail_on_commit(request, person)
    return redirect("desk:person", pk)


@officer_required
@require_safe
def person(request: OfficerRequest, pk: int) -> HttpResponse:
    return _person_page(request, access.get_person(request.user, pk), ChargeForm())


def _person_page(request: OfficerRequest, officer: User, form: ChargeForm) -> HttpResponse:
    charges = officer.charges.select_related("department").order_by("-from_date", "-pk")
    today = timezone.localdate()
    return render(
        request,
        "desk/person.html",
        {
            "person": officer,
            "charges": [(c, _standing(c, today)) for c in charges],
            "form": form,
            "relief": ReliefForm(),
            "may_resend": not officer.has_usable_password(),
            "may_read_audit": access.can_read_audit(request.user),
        },
        status=422 if form.errors else 200,
    )


def _standing(charge: Member, today: date) -> str:
    """past, ending (today is its last day), future or current."""
    if charge.to_date and charge.to_date <= today:
        return "past" if charge.to_date < today else "ending"
    return "future" if charge.from_date > today else "current"


@officer_required
@require_POST
def appoint(request: OfficerRequest, pk: int) -> HttpResponse:
    officer = access.get_person(request.user, pk)
    form = ChargeForm(request.POST)
    if form.is_valid():
        done = attempt(
            form, lambda: actions.appoint(officer, actor=request.user, **form.cleaned_data)
        )
        if done:
            messages.success(request, _("The charge is given."))
            return redirect("desk:person", pk)
    return _person_page(request, officer, form)


@officer_required
@require_POST
def relieve(request: OfficerRequest, pk: int) -> HttpResponse:
    _only_for_administrators(request)
    charge = get_object_or_404(Member.objects.select_related("department"), pk=pk)
    form = ReliefForm(request.POST)
    if form.is_valid():
        last_day = form.cleaned_data["last_day"]
        announce(
            request,
            lambda: actions.relieve(charge, actor=request.user, last_day=last_day),
            _("The charge has an end date now."),
        )
    else:
        say_errors(request, form)
    return redirect("desk:person", charge.user_id)
