"""Publishing by an officer, where no API can: the portal gives text and files, and asks for proof.

WhatsApp channels and ordinary groups, YouTube's community posts, any platform whose API is down or
cannot be paid. The same gate stands before it: only what was approved is handed to the officer.
"""

from __future__ import annotations

from .base import Connector, Content, Count, Journal, Problem, Receipt, Sent
from .errors import NeedsOfficer


class Assisted(Connector):
    """What is asked of it, it leaves to an officer. Counts and checks are the platform's own."""

    platform = "assisted"

    @classmethod
    def count(cls, text: str) -> Count:
        return Count(len(text), len(text), "characters")

    @classmethod
    def check(cls, content: Content) -> list[Problem]:
        return []

    def publish(self, content: Content, journal: Journal) -> Receipt:
        raise NeedsOfficer

    def find(self, sent: Sent) -> None:
        return None
