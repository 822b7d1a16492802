"""A platform whose answers a test writes down beforehand: a real connector without a network."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from publishing.connectors.base import (
    Connector,
    Content,
    Count,
    Journal,
    NotPublished,
    Problem,
    Published,
    Receipt,
    Sent,
)


class Scripted(Connector):
    platform = "x"
    upload_hosts: ClassVar[frozenset[str]] = frozenset()
    # What happens at each publish: an error to raise, or a receipt. `before_arming` fails earlier.
    script: ClassVar[list[Exception | Receipt]] = []
    shows: ClassVar[list[Receipt | Exception | None]] = []
    before_arming: ClassVar[list[Exception]] = []
    published: ClassVar[list[Content]] = []
    looked: ClassVar[list[Sent]] = []
    troubles: ClassVar[list[Exception]] = []  # of the next repost, edit or removal
    bars: ClassVar[list[Problem]] = []  # what it would refuse of an answer
    replies_to: ClassVar[frozenset[str]] = frozenset({"comment", "mention", "message"})
    follows: ClassVar[list[Receipt | NotPublished | Exception | None]] = []
    followed: ClassVar[list[Content]] = []
    reposted: ClassVar[list[Published]] = []
    edited: ClassVar[list[tuple[str, str]]] = []
    removed: ClassVar[list[str]] = []

    @classmethod
    def start(cls, *script: Exception | Receipt) -> None:
        cls.script, cls.shows, cls.before_arming = [*script], [], []
        cls.published, cls.looked = [], []
        cls.troubles, cls.follows, cls.followed = [], [], []
        cls.bars = []
        cls.reposted, cls.edited, cls.removed = [], [], []
        cls.silence_is_proof = True

    @classmethod
    def count(cls, text: str) -> Count:
        return Count(len(text), 280, "characters")

    @classmethod
    def check(cls, content: Content) -> list[Problem]:
        return []

    def publish(self, content: Content, journal: Journal) -> Receipt:
        journal.keep(step="uploaded")
        if self.before_arming:
            raise self.before_arming.pop(0)
        journal.arm()
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        self.published.append(content)
        return answer

    def find(self, sent: Sent) -> Receipt | None:
        self.looked.append(sent)
        answer = self.shows.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @classmethod
    def check_reply(cls, content: Content, *, now: datetime) -> list[Problem]:
        return cls.bars

    def reply(self, content: Content, journal: Journal) -> Receipt:
        return self.publish(content, journal)

    def find_reply(self, sent: Sent) -> Receipt | None:
        return self.find(sent)

    def follow(
        self, receipt: Receipt, content: Content, journal: Journal
    ) -> Receipt | NotPublished | None:
        self.followed.append(content)
        journal.keep(step="followed")
        answer = self.follows.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def repost(self, post: Published, journal: Journal) -> Receipt:
        self._trouble(journal)
        self.reposted.append(post)
        return Receipt(f"repost:{post.platform_id}:{self.account.external_id}")

    def edit(self, post: Published, content: Content, journal: Journal) -> Receipt:
        self._trouble(journal)
        self.edited.append((post.platform_id, content.text))
        return Receipt(post.platform_id, post.permalink)

    def remove(self, post: Published, journal: Journal) -> None:
        self._trouble(journal)
        self.removed.append(post.platform_id)

    @classmethod
    def begun(cls, kept: Mapping[str, str]) -> str:
        return kept.get("part1", "")

    def _trouble(self, journal: Journal) -> None:
        journal.arm()
        if self.troubles:
            raise self.troubles.pop(0)
