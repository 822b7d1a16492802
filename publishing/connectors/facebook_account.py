"""Linking a Facebook Page (1.3, 2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from departments.credentials import Secrets

from .consent import Candidate
from .http import identifier_at, text_at
from .meta_account import MetaConsentPage, may_write

CALLBACKS = "feed,mention,messages"


class FacebookConsent(MetaConsentPage):
    needs: ClassVar = {
        "FACEBOOK_APP_ID": ("PLATFORM_APPS", "facebook", "id"),
        "FACEBOOK_APP_SECRET": ("PLATFORM_APPS", "facebook", "secret"),
        "CALLBACK_VERIFY_TOKEN": ("CALLBACK_VERIFY_TOKEN",),
    }
    needed: ClassVar = {
        "pages_show_list": "lacks_publishing",
        "pages_manage_posts": "lacks_publishing",
        "pages_read_engagement": "lacks_reading",
    }
    wished: ClassVar = {
        "business_management": "without_portfolio",
        "pages_manage_metadata": "without_callbacks",
        "pages_read_user_content": "without_comments",
        "pages_manage_engagement": "without_comments",
        "pages_messaging": "without_messages",
        "read_insights": "without_numbers",
    }
    fields = "id,name,access_token,tasks"

    def candidate_of(self, page: Mapping[str, Any]) -> Candidate | None:
        page_id = identifier_at(page, "id")
        if not page_id:
            return None
        return Candidate(
            page_id,
            text_at(page, "name"),
            Secrets(text_at(page, "access_token"), {"page": page_id}),
            self.http.address_of(f"https://www.facebook.com/{page_id}"),
            () if may_write(page) else ("lacks_page_task",),
        )

    def about(self, external_id: str, secrets: Secrets) -> dict[str, Any]:
        data = self.graph("GET", external_id, token=secrets.token, fields="id,name")
        return {"name": text_at(data, "name")}

    def listen(self, external_id: str, secrets: Secrets) -> None:
        self.subscribe(secrets, CALLBACKS)
