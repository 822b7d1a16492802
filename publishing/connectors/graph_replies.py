"""Answers and order on Facebook and Instagram: comments, mentions, private messages (2.6, 3.6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings

from .base import Answers, Comment, Content, Count, Heard, Journal, Problem, Receipt, Sent
from .checks import text_problems
from .errors import NeedsOfficer, Refused, Unknown
from .graph import PostConnector, clock
from .http import identifier_at, needed, rows_at, text_at

EARLIER = timedelta(minutes=5)  # clocks differ
COMMENT_LIMIT, MESSAGE_LIMIT = 8_000, 1_000
SOON = timedelta(hours=2)


def window_problems(answers: Answers, now: datetime, hours: int) -> list[Problem]:
    """How long a person may still be written to, counted from what they wrote last."""
    if answers.at is None:
        return []
    until = answers.at + timedelta(hours=hours)
    if until <= now:
        return [Problem("window_closed", values={"until": until})]
    level = "window_closes_soon" if until - now < SOON else "window_open_until"
    return [Problem(level, "warning", {"until": until})]


def length_problems(text: str, limit: int) -> list[Problem]:
    return text_problems(Content(text or "-"), Count(len(text), limit, "characters"))


class AnsweringConnector(PostConnector):
    replies_to = frozenset({"comment", "mention", "message"})
    moderates = frozenset({"hide", "show", "remove"})
    answers_at: ClassVar[str]  # the edge of a comment under which an answer goes
    hides_by: ClassVar[str]  # the field that hides a comment

    @classmethod
    def check_reply(cls, content: Content, *, now: datetime) -> list[Problem]:
        answers = content.answers
        if answers is None or answers.kind != "message":
            return length_problems(content.text, COMMENT_LIMIT)
        hours = settings.PRIVATE_WINDOW_HOURS
        return [
            *length_problems(content.text, MESSAGE_LIMIT),
            *window_problems(answers, now, hours),
        ]

    def reply(self, content: Content, journal: Journal) -> Receipt:
        answers = content.answers
        assert answers is not None
        if answers.kind == "message":
            return self._write_privately(content, journal)
        journal.arm()
        return Receipt(needed(identifier_at(self._comment_on(answers, content.text, journal), "id"),
                              visible=True))  # fmt: skip

    def _comment_on(self, answers: Answers, text: str, journal: Journal) -> Mapping[str, Any]:
        edge = self.answers_at if answers.kind == "comment" else "comments"
        try:
            return self.about(
                "POST",
                answers.id,
                edge,
                reference=journal.reference,
                visible=True,
                data={"message": text},
            )
        except Refused as error:
            if error.code == "post_gone":
                error.code = "comment_gone"
            raise

    def _write_privately(self, content: Content, journal: Journal) -> Receipt:
        if not content.recipient:
            raise Refused("recipient_unreadable")
        journal.arm()
        answer = self.about(
            "POST",
            self.account.external_id,
            "messages",
            reference=journal.reference,
            visible=True,
            json={
                "recipient": {"id": content.recipient},
                "messaging_type": "RESPONSE",
                "message": {"text": content.text},
            },
        )
        return Receipt(needed(text_at(answer, "message_id"), visible=True))

    # --- finding an answer whose outcome is unclear -----------------------------------------------

    def find_reply(self, sent: Sent) -> Receipt | None:
        """Our own words, under what they answer, not older than the try, and nobody else's."""
        answers = sent.content.answers
        assert answers is not None
        rows = self._private(answers) if answers.kind == "message" else self._under(answers)
        since = sent.armed_at - EARLIER
        found = [
            one
            for one in rows
            if one.is_own
            and one.id not in sent.taken
            and one.text.split() == sent.content.text.split()
            and (one.at is None or one.at >= since)
        ]
        if len(found) > 1:
            raise Unknown("several_matches", detail=", ".join(one.id for one in found))
        return Receipt(found[0].id, found[0].permalink) if found else None

    def _private(self, answers: Answers) -> list[Comment]:
        """The newest messages of the exchange with this person."""
        person = answers.conversation_id.removeprefix("person:")
        listed, _after = self.listed(
            self.account.external_id,
            "conversations",
            params={"platform": self.inbox, "user_id": person, "fields": "id"},
        )
        found: list[Comment] = []
        for row in listed[:1]:
            found += self.read_conversation(identifier_at(row, "id")).items
        return found

    def _under(self, answers: Answers) -> list[Comment]:
        """What stands under the comment, or under the one at the head of its thread."""
        edge = self.answers_at if answers.kind == "comment" else "comments"
        found: list[Comment] = []
        for head in dict.fromkeys([answers.id, answers.conversation_id]):
            if head:
                found += self._answers_to(head, edge, answers.post_id)
        return list({one.id: one for one in found}.values())

    def _answers_to(self, head: str, edge: str, post_id: str) -> list[Comment]:
        raise NotImplementedError

    # --- order ------------------------------------------------------------------------------------

    def moderate(self, act: str, answers: Answers, *, person: str = "") -> None:
        if act == "remove":
            self.delete(answers.id, "")
        elif act in ("hide", "show"):
            value = "true" if act == "hide" else "false"
            self.about("POST", answers.id, data={self.hides_by: value})
        else:
            raise NeedsOfficer

    # --- what it tells ----------------------------------------------------------------------------

    @classmethod
    def heard(cls, kind: str, said: Mapping[str, Any], *, account: str) -> Heard | None:
        return (
            _message(said, account) if kind == "message" else cls.heard_change(kind, said, account)
        )

    @classmethod
    def heard_change(cls, kind: str, said: Mapping[str, Any], account: str) -> Heard | None:
        raise NotImplementedError


def _message(said: Mapping[str, Any], account: str) -> Heard | None:
    """An echo is our own message, however it was sent (2.7)."""
    message = said.get("message")
    if not isinstance(message, dict) or not text_at(message, "mid"):
        return None
    sender, recipient = identifier_at(said, "sender", "id"), identifier_at(said, "recipient", "id")
    is_own = message.get("is_echo") is True or sender == account
    person = recipient if is_own else sender
    kinds = [text_at(row, "type") for row in rows_at(message, "attachments")]
    comment = Comment(
        text_at(message, "mid"),
        text_at(message, "text") or " ".join(f"[{kind}]" for kind in kinds if kind),
        clock(said.get("timestamp")),
        author_id=sender,
        conversation_id=f"person:{person}",
        is_own=is_own,
    )
    return Heard("message", "removed" if message.get("is_deleted") is True else "said", comment)
