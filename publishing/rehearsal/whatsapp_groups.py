"""Groups that an account made: eight people at most, who join by a link (4.2.7)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Any

from .graph import graph_error
from .stage import Response
from .store import Account, File, Store

MOST_PEOPLE = 8
SUBJECT_LIMIT, DESCRIPTION_LIMIT = 128, 2_048


class Groups:
    def __init__(self, store: Store) -> None:
        self.store = store

    def of(self, number: str) -> list[File]:
        return self.store.files("whatsapp", number, "group")

    def problem(self, account: Account, given: Mapping[str, Any]) -> Response | None:
        if account.extra.get("groups") == "no":
            return graph_error(131215, "Groups are not available for this number")
        subject, description = given.get("subject"), given.get("description", "")
        if not isinstance(subject, str) or not 0 < len(subject.strip()) <= SUBJECT_LIMIT:
            return graph_error(131009, "Parameter value is not valid", details="subject")
        if not isinstance(description, str) or len(description) > DESCRIPTION_LIMIT:
            return graph_error(131009, "Parameter value is not valid", details="description")
        return None

    def create(self, number: str, given: Mapping[str, Any]) -> File:
        extra = {
            "subject": str(given["subject"]).strip(),
            "description": given.get("description", ""),
            "mode": given.get("join_approval_mode", "auto_approve"),
            "link": f"https://chat.whatsapp.com/{secrets.token_urlsafe(16)}",
            "people": [],
        }
        file = File("whatsapp", f"Y2FwaV9ncm91cDo{secrets.token_hex(12)}", number, "group",
                    time.time(), extra)  # fmt: skip
        self.store.put_file(file)
        return file

    def join(self, group_id: str, person: str) -> bool:
        """False if the group is full or does not exist."""
        with self.store.exclusive():
            file = self.store.file("whatsapp", group_id)
            if file is None or file.mime != "group" or len(file.extra["people"]) >= MOST_PEOPLE:
                return False
            extra = {**file.extra, "people": [*file.extra["people"], person]}
            self.store.put_file(File("whatsapp", file.id, file.account, "group", file.at, extra))
        return True

    def refusal(self, account: Account, group_id: str) -> Response | None:
        """Why nothing can be posted there. The group stored with the account has people in it."""
        if group_id and group_id == account.extra.get("group"):
            return None
        file = self.store.file("whatsapp", group_id)
        if file is None or file.mime != "group" or file.account != account.id:
            return graph_error(131041, "Unknown group", details="The group does not exist")
        if not file.extra["people"]:
            return graph_error(131020, "Group has no participants")
        return None


def shown(file: File) -> dict[str, Any]:
    return {"id": file.id, "subject": file.extra["subject"], "created_at": str(int(file.at))}


def in_full(file: File) -> dict[str, Any]:
    people = file.extra["people"]
    return {
        "id": file.id,
        "messaging_product": "whatsapp",
        "subject": file.extra["subject"],
        "description": file.extra["description"],
        "suspended": False,
        "creation_timestamp": int(file.at),
        "join_approval_mode": file.extra["mode"],
        "participants": [{"wa_id": person} for person in people],
        "total_participant_count": len(people),
    }
