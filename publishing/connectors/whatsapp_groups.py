"""Groups that the account itself made: at most eight people each, who join by a link (4.2.7).

Ordinary groups, communities and channels have no API; an officer posts there by hand.
"""

from __future__ import annotations

from dataclasses import dataclass

from .base import Page
from .graph import GraphConnector
from .http import dig, identifier_at, needed, rows_at, text_at

SUBJECT_LIMIT, DESCRIPTION_LIMIT = 128, 2_048


@dataclass(frozen=True)
class Group:
    id: str
    subject: str


class GroupConnector(GraphConnector):
    """131215 where the number is not eligible: it must be an Official Business Account."""

    def create_group(self, subject: str, description: str = "", *, approve: bool = True) -> str:
        """The id of the request; the group itself comes by callback. `approve`: who may join."""
        asked = {
            "messaging_product": "whatsapp",
            "subject": subject[:SUBJECT_LIMIT],
            "join_approval_mode": "approval_required" if approve else "auto_approve",
        }
        if description:
            asked["description"] = description[:DESCRIPTION_LIMIT]
        number = self.account.external_id
        answer = self.graph("POST", number, "groups", reference="", visible=True, json=asked)
        return needed(identifier_at(answer, "request_id"), visible=True)

    def groups(self, *, after: str = "") -> Page[Group]:
        asked = {"limit": 100, **({"after": after} if after else {})}
        answer = self.graph("GET", self.account.external_id, "groups", reference="", params=asked)
        rows = rows_at(answer, "data", "groups")
        found = tuple(
            Group(identifier_at(row, "id"), text_at(row, "subject"))
            for row in rows
            if identifier_at(row, "id")
        )
        cursor = text_at(answer, "paging", "cursors", "after")
        more = bool(dig(answer, "paging", "next")) and cursor != after
        return Page(found, cursor if more else "")

    def invite_link(self, group: str) -> str:
        answer = self.graph("GET", group, "invite_link", reference="")
        link = text_at(answer, "invite_link")
        return needed(link if link.startswith("https://chat.whatsapp.com/") else "")

    def people_in(self, group: str) -> int:
        """How many have joined; nothing can be posted while it is nobody (131020)."""
        fields = "total_participant_count"
        answer = self.graph("GET", group, reference="", params={"fields": fields})
        count = dig(answer, fields)
        return count if isinstance(count, int) and not isinstance(count, bool) else 0
