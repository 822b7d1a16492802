"""Text stored in two languages, as one reader gets it: with its language, and marked if the
translation is missing (M2, M8)."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Model

from departments.names import reader_language

OTHER = {"hi": "en", "en": "hi"}


@dataclass(frozen=True)
class Passage:
    text: str
    language: str
    is_pending: bool = False  # shown in the other language, for want of a translation

    def __bool__(self) -> bool:
        return bool(self.text)

    def __str__(self) -> str:
        return self.text


def chosen(hindi: str, english: str) -> Passage:
    """The one in the reader's language, or the other one where it is missing."""
    wanted = reader_language()
    texts = {"hi": hindi, "en": english}
    if texts[wanted]:
        return Passage(texts[wanted], wanted)
    other = OTHER[wanted]
    return Passage(texts[other], other, is_pending=bool(texts[other]))


def passage(record: Model, field: str) -> Passage:
    """Of the pair `<field>_hi`, `<field>_en`."""
    return chosen(getattr(record, f"{field}_hi"), getattr(record, f"{field}_en"))
