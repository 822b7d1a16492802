"""The mail with which an invited officer sets a first password (K1)."""

from __future__ import annotations

from allauth.account.app_settings import PASSWORD_RESET_TOKEN_GENERATOR
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from .models import User


def invitation_address(request: HttpRequest, person: User) -> str:
    """Works once, for PASSWORD_RESET_TIMEOUT seconds, and only until a password is set."""
    key = {
        "uidb36": user_pk_to_url_str(person),
        "key": PASSWORD_RESET_TOKEN_GENERATOR().make_token(person),
    }
    path = reverse("account_reset_password_from_key", kwargs=key)
    return request.build_absolute_uri(path)


def mail_invitation(person: User, address: str) -> None:
    """In Hindi and in English, one below the other. Raises SMTPException and OSError."""
    charges = list(person.charges.current().select_related("department"))
    context = {
        "person": person,
        "charges": charges,
        "address": address,
        "days": settings.PASSWORD_RESET_TIMEOUT // 86400,
    }
    parts = [_in("hi", "body", context), _in("en", "body", context)]
    subject = " / ".join(_in(language, "subject", context) for language in ("hi", "en"))
    send_mail(subject, "\n\n---\n\n".join(parts) + "\n", None, [person.email])


def _in(language: str, part: str, context: dict[str, object]) -> str:
    with translation.override(language):
        return render_to_string(f"departments/email/invitation_{part}.txt", context).strip()
