"""What a delivery keeps between attempts: ids of uploads that the platform will forget again."""

import time
from collections.abc import Iterator
from typing import BinaryIO

from .base import Journal

PIECE = 1024 * 1024
SIGN_OF_LIFE = 8 * PIECE


def keep_for(journal: Journal, key: str, value: str, seconds: int) -> None:
    journal.keep(**{key: value, f"{key}_until": str(int(time.time()) + seconds)})


def kept(journal: Journal, key: str) -> str:
    """The value if it is there and the platform still knows it."""
    until = journal.get(f"{key}_until")
    return journal.get(key) if until.isdecimal() and time.time() < int(until) else ""


class WatchedFile:
    """A file whose upload in one call keeps telling the journal that the worker is alive."""

    def __init__(self, file: BinaryIO, size: int, journal: Journal) -> None:
        self._file, self._size, self._journal = file, size, journal
        self._sent = 0

    def __len__(self) -> int:
        return self._size

    def read(self, size: int = PIECE) -> bytes:
        piece = self._file.read(size)
        before, self._sent = self._sent, self._sent + len(piece)
        if self._sent // SIGN_OF_LIFE > before // SIGN_OF_LIFE:
            self._journal.keep(bytes_sent=str(self._sent))
        return piece

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.read, b"")
