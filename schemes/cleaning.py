"""The one place where text for schemes and posts is cleaned; what is stored has passed here."""

from __future__ import annotations

import re
from html import escape, unescape

import nh3
import regex

from portal.web.text import tidy

_TAGS = {
    *("p", "br", "h3", "h4", "ul", "ol", "li", "strong", "em", "a"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td"),
}
_RENAMED = {"h1": "h3", "h2": "h3", "h5": "h4", "h6": "h4", "b": "strong", "i": "em"}
_ATTRIBUTES = {"a": {"href"}, "th": {"scope", "colspan", "rowspan"}, "td": {"colspan", "rowspan"}}
_SCHEMES = {"http", "https", "mailto", "tel"}
_RENAMED_TAG = re.compile(rf"<(/?)({'|'.join(_RENAMED)})(?=>)")
_TAG = re.compile(r"<[^>]*>")

# Invisible or dangerous: controls, soft hyphen, zero-width space, direction marks and overrides,
# word joiner, BOM, lone surrogates, private use and non-characters; and the overlay that composes
# with "<" and ">" under NFC, so that no tag is made or broken by normalising.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u0338\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufeff\ufff0-\ufffb\ufffe\uffff]"
)
# A joiner means something only between two letters of a script that joins, or two emoji.
_STRAY_JOINER = re.compile(
    "(?<![^\x00-\x7f\\s\u200c\u200d])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\\s\u200c\u200d])"
)
_BREAKS = re.compile("[\x85\u2028\u2029]|\r\n?")

_CHROME = re.compile(r"Something went wrong\.? Please try again later\.?", re.IGNORECASE)
_GLUED_HEADING = re.compile(
    r"\A(?:(?:Details|Benefits|Eligibility|Application Process|Documents Required)\s+"
    r"(?=[\"'“‘(*•₹]|[A-Z0-9]))+"
)


def clean_rich(text: str) -> str:
    """Safe HTML of headings, paragraphs, lists, tables, emphasis and links; "" if it says nothing.

    Idempotent: what comes out comes out of a second cleaning unchanged.
    """
    for _round in range(6):
        cleaned = _clean_once(text)
        if cleaned == text:
            return cleaned
        text = cleaned
    return paragraphs(unescape(_TAG.sub(" ", text)))


def _clean_once(text: str) -> str:
    cleaned = nh3.clean(
        _lines(text),
        tags=_TAGS | set(_RENAMED),
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        url_relative="deny",
        link_rel="noopener noreferrer",
    )
    cleaned = _RENAMED_TAG.sub(lambda tag: f"<{tag[1]}{_RENAMED[tag[2]]}", cleaned).strip()
    return cleaned if unescape(_TAG.sub("", cleaned)).strip() else ""


def plain(text: str) -> str:
    """One line, NFC, without invisible characters; joiners of Devanagari stay (H1)."""
    return " ".join(_lines(text).split())


def plain_from_rich(html: str) -> str:
    """What a reader sees of cleaned HTML, on one line: for search and previews."""
    return plain(unescape(_TAG.sub(" ", html)))


def paragraphs(text: str) -> str:
    """Lines of plain text as escaped <p>, without what a scraper picked up around them."""
    text = _CHROME.sub("", _lines(text)).strip()
    text = _GLUED_HEADING.sub("", text)
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "".join(f"<p>{escape(line, quote=False)}</p>" for line in lines if line)


def cut(text: str, longest: int) -> str:
    """At most `longest` characters as people count them, ending in "…" after a whole word (H8)."""
    clusters = regex.findall(r"\X", text)
    if len(clusters) <= longest and len(text) <= longest:
        return text
    kept = ""
    for cluster in clusters[: longest - 1]:
        if len(kept) + len(cluster) > longest - 1:
            break
        kept += cluster
    word_end = kept.rfind(" ")
    if word_end > longest // 2:
        kept = kept[:word_end]
    return kept.rstrip(" ,;:-–") + "…"


def _lines(text: str) -> str:
    text = _BREAKS.sub("\n", text).replace("\xa0", " ")
    text = _INVISIBLE.sub("", text)
    return tidy(_STRAY_JOINER.sub("", text))
