"""WhatsApp groups by the Cloud API (platform sheet, part 4)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from .base import (
    Attachment,
    Content,
    Count,
    Journal,
    NotPublished,
    Problem,
    Receipt,
    Sent,
    Told,
)
from .checks import photo_problems, text_problems
from .errors import ConnectionRefused, ContentRefused, RateLimited, Refused, Unavailable, Unknown
from .graph import GraphConnector, Table
from .http import identifier_at, needed, rows_at, text_at
from .steps import keep_for, kept

TEXT_LIMIT, CAPTION_LIMIT = 4_096, 1_024
PHOTO_LIMIT = 5_000_000
MEDIA_KEPT = 29 * 24 * 3600  # the platform keeps an upload for 30 days (4.2.5)


class WhatsApp(GraphConnector):
    """There is no reading back: only a status callback that names our reference proves a post."""

    platform = "whatsapp"
    marks = frozenset({"link", "bold", "italic", "strike"})
    api_url = "https://graph.facebook.com"
    title_line = "*{}*"
    silence_is_proof = False
    own_errors: ClassVar[Table] = {
        (33, 0): (ConnectionRefused, "account_not_found"),
        (368, 0): (ConnectionRefused, "account_restricted"),
        (80007, 0): (RateLimited, "rate_limited"),
        (130429, 0): (RateLimited, "rate_limited"),
        (130497, 0): (Refused, "refused"),
        (131000, 0): (Unknown, "platform_failing"),
        (131005, 0): (ConnectionRefused, "permission_missing"),
        (131016, 0): (Unknown, "platform_failing"),
        (131020, 0): (ConnectionRefused, "whatsapp_group_empty"),
        (131026, 0): (Refused, "refused"),
        (131031, 0): (ConnectionRefused, "account_restricted"),
        (131037, 0): (ConnectionRefused, "account_restricted"),
        (131041, 0): (ConnectionRefused, "whatsapp_group_missing"),
        (131042, 0): (ConnectionRefused, "payment_problem"),
        (131044, 0): (ConnectionRefused, "payment_problem"),
        (131045, 0): (ConnectionRefused, "reconnect"),
        (131047, 0): (Refused, "whatsapp_window_closed"),
        (131048, 0): (ConnectionRefused, "account_restricted"),
        (131052, 0): (Unavailable, "media_processing_failed"),
        (131053, 0): (ContentRefused, "photo_refused"),
        (131056, 0): (RateLimited, "rate_limited"),
        (131057, 0): (Unavailable, "platform_failing"),
        (131064, 0): (RateLimited, "rate_limited"),
        (131207, 0): (ConnectionRefused, "account_restricted"),
        (131208, 0): (RateLimited, "rate_limited"),
        (131215, 0): (ConnectionRefused, "permission_missing"),
        (133004, 0): (Unknown, "platform_failing"),
        (133010, 0): (ConnectionRefused, "reconnect"),
    }

    @classmethod
    def count(cls, text: str) -> Count:
        return Count(len(text), TEXT_LIMIT, "characters")

    @classmethod
    def check(cls, content: Content) -> list[Problem]:
        limit = CAPTION_LIMIT if content.attachments else TEXT_LIMIT
        return [
            *text_problems(content, Count(len(content.text), limit, "characters")),
            *photo_problems(content, mimes=("image/jpeg", "image/png"), limit=PHOTO_LIMIT),
        ]

    @classmethod
    def told(cls, body: bytes) -> Iterator[Told]:
        """Statuses of what we sent (4.7); one message has several, each told under its own key."""
        try:
            event = json.loads(body)
        except (ValueError, RecursionError):
            return
        for entry in rows_at(event, "entry"):
            for change in rows_at(entry, "changes"):
                for status in rows_at(change, "value", "statuses"):
                    wamid, state = text_at(status, "id"), text_at(status, "status")
                    whom = text_at(status, "recipient_id")
                    yield Told(
                        f"status:{wamid}:{state}:{whom}",
                        "status",
                        status,
                        account=text_at(change, "value", "metadata", "phone_number_id"),
                        reference=text_at(status, "biz_opaque_callback_data"),
                    )

    def publish(self, content: Content, journal: Journal) -> Receipt:
        group = self.account.extra.get("group", "")
        if not group:
            raise ConnectionRefused("whatsapp_group_missing")
        message: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "recipient_type": "group",
            "to": group,
            "biz_opaque_callback_data": journal.reference,
        }
        if content.attachments:
            media = kept(journal, "media") or self._upload(content.attachments[0], journal)
            message |= {"type": "image", "image": {"id": media, "caption": content.text}}
        else:
            message |= {"type": "text", "text": {"body": content.text, "preview_url": True}}
        journal.arm()
        answer = self.graph(
            "POST",
            self.account.external_id,
            "messages",
            reference=journal.reference,
            visible=True,
            json=message,
        )
        return Receipt(needed(identifier_at(answer, "messages", 0, "id"), visible=True))

    def find(self, sent: Sent) -> Receipt | NotPublished | None:
        """One participant's failure proves nothing while another one got the message."""
        statuses = [status for heard in sent.heard for status in _statuses(heard, sent.reference)]
        for status in statuses:
            wamid = identifier_at(status, "id")
            if wamid and text_at(status, "status") != "failed":
                return Receipt(wamid)
        for status in statuses:
            for error in rows_at(status, "errors"):
                return NotPublished(self.error_told(error))
        return None

    def _upload(self, attachment: Attachment, journal: Journal) -> str:
        with attachment.file.open("rb") as file:
            answer = self.graph(
                "POST",
                self.account.external_id,
                "media",
                reference=journal.reference,
                data={"messaging_product": "whatsapp", "type": attachment.mime},
                files={"file": ("photo", file, attachment.mime)},
            )
        media = needed(identifier_at(answer, "id"))
        keep_for(journal, "media", media, MEDIA_KEPT)
        return media


def _statuses(heard: Mapping[str, Any], reference: str) -> Iterator[Mapping[str, Any]]:
    """The status objects that name `reference`, in a whole callback or given alone (4.7)."""
    rows = [heard] if "status" in heard else []
    for entry in rows_at(heard, "entry"):
        for change in rows_at(entry, "changes"):
            rows += rows_at(change, "value", "statuses")
    return (row for row in rows if text_at(row, "biz_opaque_callback_data") == reference)
