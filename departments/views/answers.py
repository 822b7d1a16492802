"""How a page answers when an action refuses: in words, and with nothing typed lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.utils.functional import Promise

from portal.errors import ActionRefused

Done = TypeVar("Done")


def attempt(
    form: forms.BaseForm, act: Callable[[], Done], *, field: str | None = None
) -> Done | None:
    """Do it, or say on the form why not: at the field, if that is what can be mended."""
    try:
        return act()
    except ActionRefused as refusal:
        form.add_error(field, str(refusal.message))
        return None


def announce(request: HttpRequest, act: Callable[[], object], done: str | Promise) -> bool:
    """Do it and say so, or say why not; for buttons, where nothing was typed."""
    try:
        act()
    except ActionRefused as refusal:
        messages.error(request, str(refusal.message))
        return False
    messages.success(request, str(done))
    return True


def say_errors(request: HttpRequest, form: forms.Form) -> None:
    for errors in form.errors.values():
        for error in errors:
            messages.error(request, str(error))
