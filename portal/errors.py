"""What an action raises when it refuses. Views turn both into an answer; nothing is changed."""

from __future__ import annotations

from django.utils.functional import Promise


class ActionRefused(Exception):
    """`message` is a sentence for the officer, in their language."""

    def __init__(self, message: str | Promise) -> None:
        self.message = message
        super().__init__(message)


class NotPermitted(ActionRefused):
    """This person may not do this."""


class MoveNotAllowed(ActionRefused):
    """The record is not, or no longer, where this can be done."""
