"""Linking a WhatsApp number by its business account and a system user's token (4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from departments.credentials import Secrets

from .consent import Ask, Candidate, Health, TypedAccess
from .errors import ConnectionRefused
from .http import dig, identifier_at, rows_at, text_at
from .meta_account import MetaConsent, Token

NEEDED = {"whatsapp_business_messaging": "lacks_publishing"}
WISHED = {"whatsapp_business_management": "without_templates"}
FACTS = ("display_phone_number", "quality_rating", "name_status")


class WhatsAppConsent(MetaConsent, TypedAccess):
    needs: ClassVar = {
        "WHATSAPP_APP_ID": ("PLATFORM_APPS", "whatsapp", "id"),
        "WHATSAPP_APP_SECRET": ("PLATFORM_APPS", "whatsapp", "secret"),
        "CALLBACK_VERIFY_TOKEN": ("CALLBACK_VERIFY_TOKEN",),
    }
    asks = (
        Ask("business"),
        Ask("number"),
        Ask("token", is_secret=True),
        Ask("group", is_needed=False),
    )

    def candidates(self, typed: Mapping[str, str]) -> list[Candidate]:
        token, business = typed["token"], typed["business"]
        try:
            looked_at = self.looked_at(token)
        except ConnectionRefused as refusal:
            if refusal.code != "reconnect":
                raise
            raise ConnectionRefused("token_refused", detail=refusal.detail) from None
        data = self.graph("GET", business, "phone_numbers", token=token, limit=100)
        known = {identifier_at(row, "id"): row for row in rows_at(data, "data")}
        number = known.get(typed["number"])
        if number is None:
            raise ConnectionRefused("whatsapp_number_not_there")
        extra = {"business": business, "group": typed.get("group", "")}
        phone = text_at(number, "display_phone_number")
        digits = "".join(sign for sign in phone if sign.isdigit())
        return [
            Candidate(
                typed["number"],
                text_at(number, "verified_name") or phone,
                Secrets(token, {key: value for key, value in extra.items() if value}),
                self.http.address_of(f"https://wa.me/{digits}") if digits else "",
                _lacking(looked_at, business),
                {"without": _without(looked_at), "business": business},
            )
        ]

    def health(self, external_id: str, secrets: Secrets) -> Health:
        token = self.looked_at(secrets.token)
        business = secrets.extra.get("business", "")
        fields = ",".join(
            ("verified_name", *FACTS, "whatsapp_business_manager_messaging_limit", "throughput")
        )
        data = self.graph("GET", external_id, token=secrets.token, fields=fields)
        facts: dict[str, Any] = {key: text_at(data, key) for key in FACTS if text_at(data, key)}
        facts |= {
            "name": text_at(data, "verified_name"),
            "messaging_limit": text_at(data, "whatsapp_business_manager_messaging_limit"),
            "throughput": text_at(data, "throughput", "level"),
            "without": _without(token),
        }
        if business:
            facts["business"] = business  # news of templates name it instead of the number (4.7)
            facts["listens"] = self._listens(business, secrets.token)
        return Health(token.ends_at, facts, _lacking(token, business))

    def listen(self, external_id: str, secrets: Secrets) -> None:
        business = secrets.extra.get("business", "")
        self.graph("POST", business, "subscribed_apps", token=secrets.token)

    def revoke(self, external_id: str, secrets: Secrets, *, entirely: bool) -> None:
        """The system user's token is the business's own: only its administrator takes it back."""

    def _listens(self, business: str, token: str) -> bool:
        rows = rows_at(self.graph("GET", business, "subscribed_apps", token=token), "data")
        apps = (identifier_at(dig(row, "whatsapp_business_api_data"), "id") for row in rows)
        return self.app.id in apps


def _lacking(token: Token, business: str) -> tuple[str, ...]:
    """Also where the token's permission is for other business accounts only."""
    for scope, code in NEEDED.items():
        targets = token.targets.get(scope)
        if scope not in token.scopes or (business and targets and business not in targets):
            return (code,)
    return ()


def _without(token: Token) -> list[str]:
    return [code for scope, code in WISHED.items() if scope not in token.scopes]
