"""Linking an Instagram account through the Page it belongs to (3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from departments.credentials import Secrets

from .consent import Candidate
from .http import identifier_at, number_at, text_at
from .meta_account import MetaConsentPage, may_write

CALLBACKS = "feed,mention,messages"


class InstagramConsent(MetaConsentPage):
    needs: ClassVar = {
        "INSTAGRAM_APP_ID": ("PLATFORM_APPS", "instagram", "id"),
        "INSTAGRAM_APP_SECRET": ("PLATFORM_APPS", "instagram", "secret"),
        "CALLBACK_VERIFY_TOKEN": ("CALLBACK_VERIFY_TOKEN",),
    }
    needed: ClassVar = {
        "pages_show_list": "lacks_publishing",
        "pages_read_engagement": "lacks_reading",
        "instagram_basic": "lacks_reading",
        "instagram_content_publish": "lacks_publishing",
    }
    wished: ClassVar = {
        "business_management": "without_portfolio",
        "pages_manage_metadata": "without_callbacks",
        "instagram_manage_comments": "without_comments",
        "instagram_manage_messages": "without_messages",
        "instagram_manage_insights": "without_numbers",
    }
    fields = "id,name,access_token,tasks,instagram_business_account{id,username}"

    def candidate_of(self, page: Mapping[str, Any]) -> Candidate | None:
        account = page.get("instagram_business_account")
        account_id, name = identifier_at(account, "id"), identifier_at(account, "username")
        page_id = identifier_at(page, "id")
        if not (account_id and page_id):
            return None
        return Candidate(
            account_id,
            name,
            Secrets(text_at(page, "access_token"), {"page": page_id}),
            self.http.address_of(f"https://www.instagram.com/{name}/"),
            () if may_write(page) else ("lacks_page_task",),
        )

    def about(self, external_id: str, secrets: Secrets) -> dict[str, Any]:
        data = self.graph("GET", external_id, token=secrets.token, fields="id,username")
        limits = self.graph(
            "GET",
            external_id,
            "content_publishing_limit",
            token=secrets.token,
            fields="config,quota_usage",
        )
        daily = number_at(limits, "data", 0, "config", "quota_total")
        return {"name": text_at(data, "username"), "daily_limit": daily}

    def listen(self, external_id: str, secrets: Secrets) -> None:
        self.subscribe(secrets, CALLBACKS)
