"""Text on X: its weighted length, its thread, what it links to, how it comes back (X2.3, X5)."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from twitter_text import extract_urls_with_indices, parse_tweet

from .http import rows_at, text_at

TEXT_LIMIT = 280
MOST_PARTS = 25
SEPARATOR = "\n---\n"
# " (25/25)": what the number of a part may take.
NUMBER_ROOM = 8

# The counter's search for links takes time that grows with the square of a dotted run, so a run of
# more names than any host has is not searched, and a text far beyond every limit only in part.
PARSED_LENGTH = 20_000
_DOTTED_RUN = re.compile(r"(?:[^\s/.]{0,63}\.){25}[^\s/]*")
_SEPARATOR_LINE = re.compile(r"^[ \t]*-{3}[ \t]*$", re.MULTILINE)
_WORD = re.compile(r"(\S+)(\s*)")
_SENTENCE_END = re.compile(r"[।॥.!?…][\"'”’)]*$")
_ABBREVIATIONS = frozenset(
    (*("डॉ.", "श्री.", "कु.", "रु.", "नं.", "सं.", "प्रो."), *("Dr.", "Mr.", "Mrs.", "Ms.", "Rs."))
) | {"No.", "Sh.", "Smt.", "Prof."}
_CASHTAG = re.compile(r"(?<![\w$])\$[A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?(?![\w$])")
_LETTER = re.compile("[\u0900-\u0963\u0971-\u097f]")  # of Devanagari; no danda, no digit


def weight(text: str) -> int:
    """Weighted length by twitter-text configuration v3."""
    bounded = _searchable(text)
    return int(parse_tweet(bounded).weightedLength) + len(text[PARSED_LENGTH:])


def links(text: str) -> list[str]:
    return [found["url"] for found in extract_urls_with_indices(_searchable(text))]


def cashtags(text: str) -> set[str]:
    return {found.upper() for found in _CASHTAG.findall(text)}


def has_devanagari_in_link(text: str) -> bool:
    """Such letters end the link for X: the rest is counted and shown as words."""
    return any(
        "/" in found["url"] and _LETTER.match(text, found["indices"][1])
        for found in extract_urls_with_indices(_searchable(text))
    )


def grows_when_normalised(text: str) -> bool:
    """Precomposed nukta letters count two, although they look like one."""
    return len(unicodedata.normalize("NFC", text)) > len(text)


def _searchable(text: str) -> str:
    return _DOTTED_RUN.sub(lambda run: run.group().replace(".", "-"), text[:PARSED_LENGTH])


# --- threads --------------------------------------------------------------------------------------


def thread_of(text: str) -> list[str]:
    """The posts that lines of three hyphens divide the text into; the text itself if none do."""
    if not _SEPARATOR_LINE.search(text):
        return [text]
    return [part for piece in _SEPARATOR_LINE.split(text) if (part := piece.strip())] or [""]


def as_thread(text: str) -> str:
    """A text that is too long, split and numbered; any other text as it is."""
    given = thread_of(text)
    if len(text) > MOST_PARTS * TEXT_LIMIT or all(weight(part) <= TEXT_LIMIT for part in given):
        return text
    parts = [piece for part in given for piece in _split(part, TEXT_LIMIT - NUMBER_ROOM)]
    if len(parts) == 1:
        return text
    numbered = [f"{part} ({number}/{len(parts)})" for number, part in enumerate(parts, 1)]
    return SEPARATOR.join(numbered)


def _split(text: str, room: int) -> list[str]:
    pieces, rest = [], text.strip()
    while rest and (cut := _cut(rest, room)) < len(rest):
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest else pieces


def _cut(text: str, room: int) -> int:
    """Where the next piece ends: at a sentence's end, else before a word, never inside one.

    A sentence that ends in the first third of the room would make a stump, so it does not count.
    """
    used, after_word, after_sentence = 0, 0, 0
    for found in _WORD.finditer(text):
        word, space = found.groups()
        used += weight(word)
        if used > room:
            return after_sentence or after_word or found.end()
        after_word = found.end()
        if used > room / 3 and _ends_sentence(word, space):
            after_sentence = found.end()
        used += len(space)
    return len(text)


def _ends_sentence(word: str, space: str) -> bool:
    return "\n" in space or bool(_SENTENCE_END.search(word) and word not in _ABBREVIATIONS)


# --- a post as X gives it back --------------------------------------------------------------------


def as_written(post: Mapping[str, Any]) -> str:
    """A post's text as its author wrote it: links restored, the link to its own media dropped."""
    longer = post.get("note_tweet") or post.get("note_post")
    source = longer if text_at(longer, "text") else post
    text = html.unescape(text_at(source, "text"))
    for link in rows_at(source, "entities", "urls"):
        short = text_at(link, "url")
        if short:
            own_media = bool(text_at(link, "media_key"))
            text = text.replace(short, "" if own_media else text_at(link, "expanded_url"))
    return text.strip()


def comparable(text: str) -> str:
    """X adds a scheme and a slash to bare names, and changes white space."""
    bare = re.sub(r"https?://", "", unicodedata.normalize("NFC", text))
    return " ".join(word.rstrip("/") for word in bare.split())
