"""Threads, as the Instagram family's small sister: a container, then published."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from .base import Content, Count, Fit, Journal, Problem, Receipt, Sent
from .checks import photo_problems, text_problems
from .errors import ContentRefused, RateLimited, Unavailable
from .graph import GraphConnector, Table
from .http import identifier_at, needed, rows_at, text_at
from .steps import keep_for, kept

TEXT_LIMIT = 500
PHOTO_LIMIT = 8_000_000
CONTAINER_KEPT = 23 * 3600


class Threads(GraphConnector):
    platform = "threads"
    api_url = "https://graph.threads.net"
    can_remove = False
    own_errors: ClassVar[Table] = {
        (24, 0): (Unavailable, "still_processing"),
        (9, 0): (RateLimited, "daily_limit"),
    }

    @classmethod
    def count(cls, text: str) -> Count:
        return Count(len(text), TEXT_LIMIT, "characters")

    @classmethod
    def check(cls, content: Content) -> list[Problem]:
        found = text_problems(content, cls.count(content.text))
        return found + photo_problems(content, mimes=("image/jpeg",), limit=PHOTO_LIMIT)

    @classmethod
    def fit(cls, mime: str) -> Fit | None:
        return Fit(("image/jpeg",), PHOTO_LIMIT) if mime.startswith("image/") else None

    def publish(self, content: Content, journal: Journal) -> Receipt:
        container = kept(journal, "container") or self._container(content, journal)
        journal.arm()
        answer = self.graph(
            "POST",
            self.account.external_id,
            "threads_publish",
            reference=journal.reference,
            visible=True,
            data={"creation_id": container},
        )
        return self._receipt(needed(identifier_at(answer, "id"), visible=True))

    def find(self, sent: Sent) -> Receipt | None:
        listed = self.graph(
            "GET",
            self.account.external_id,
            "threads",
            reference=sent.reference,
            params={"fields": "id,text,timestamp", "limit": 25},
        )
        earliest = sent.armed_at - timedelta(seconds=60)
        for row in rows_at(listed, "data"):
            post, text = identifier_at(row, "id"), text_at(row, "text")
            is_ours = text.split() == sent.content.text.split() and post not in sent.taken
            if is_ours and _moment(text_at(row, "timestamp")) >= earliest.timestamp():
                return self._receipt(needed(post))
        return None

    def _container(self, content: Content, journal: Journal) -> str:
        form = {"media_type": "TEXT", "text": content.text}
        if content.attachments:
            if not content.attachments[0].url:
                raise ContentRefused("photo_missing")
            form |= {"media_type": "IMAGE", "image_url": content.attachments[0].url}
        answer = self.graph(
            "POST", self.account.external_id, "threads", reference=journal.reference, data=form
        )
        container = needed(identifier_at(answer, "id"))
        keep_for(journal, "container", container, CONTAINER_KEPT)
        return container

    def _receipt(self, post: str) -> Receipt:
        return Receipt(post, self.http.permalink(f"https://www.threads.net/t/{post}"))


def _moment(text: str) -> float:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp()
    except ValueError:
        return 0
