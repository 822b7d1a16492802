"""A platform whose answers a test writes down beforehand: a real connector without a network."""

from __future__ import annotations

from typing import ClassVar

from publishing.connectors.base import Connector, Content, Count, Journal, Problem, Receipt, Sent


class Scripted(Connector):
    platform = "x"
    upload_hosts: ClassVar[frozenset[str]] = frozenset()
    # What happens at each publish: an error to raise, or a receipt. `before_arming` fails earlier.
    script: ClassVar[list[Exception | Receipt]] = []
    shows: ClassVar[list[Receipt | Exception | None]] = []
    before_arming: ClassVar[list[Exception]] = []
    published: ClassVar[list[Content]] = []
    looked: ClassVar[list[Sent]] = []

    @classmethod
    def start(cls, *script: Exception | Receipt) -> None:
        cls.script, cls.shows, cls.before_arming = [*script], [], []
        cls.published, cls.looked = [], []
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
