"""Text as people typed it, made storable: NFC, no control characters, plain line ends (H1)."""

import re
import unicodedata

# Control characters but newline and tab; BOM, non-characters, direction overrides that could
# make a sealed text read differently from what it says.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
_DIGITS = str.maketrans("०१२३४५६७८९", "0123456789")


def tidy(text: str) -> str:
    """Several lines; joiners stay, for Devanagari needs them. Idempotent."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _UNWANTED.sub("", text)
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def tidy_line(text: str) -> str:
    return " ".join(tidy(text).split())


def plain_digits(text: str) -> str:
    """Devanagari digits as 0-9 (H9)."""
    return text.translate(_DIGITS)
