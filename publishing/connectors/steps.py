"""What a delivery keeps between attempts: ids of uploads that the platform will forget again."""

import time

from .base import Journal


def keep_for(journal: Journal, key: str, value: str, seconds: int) -> None:
    journal.keep(**{key: value, f"{key}_until": str(int(time.time()) + seconds)})


def kept(journal: Journal, key: str) -> str:
    """The value if it is there and the platform still knows it."""
    until = journal.get(f"{key}_until")
    return journal.get(key) if until.isdecimal() and time.time() < int(until) else ""
