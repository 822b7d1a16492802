"""Sign-in is allauth's; here is only what the portal decides: nobody joins uninvited (K1)."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter


class InvitedOnly(DefaultAccountAdapter):
    def is_open_for_signup(self, request: Any) -> bool:
        return False
