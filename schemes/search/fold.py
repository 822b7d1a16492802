"""What makes two spellings the same word: the folding of H10 and the sound key of H11."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

LONGEST_WORD = 50

_JOINERS = re.compile("[\u200b-\u200d\u2060\ufeff\xad]")
_DROPPED = str.maketrans(dict.fromkeys("\u093c\u0903\u0970\u093d.'’"))  # nukta, visarga, ॰, ऽ
_SAME = str.maketrans("\u0901०१२३४५६७८९।॥", "\u09020123456789  ")
_ACCENT = re.compile("[\u0300-\u036f]")
# A half nasal before a letter of its row is anusvara in another dress; न् also before sibilants
# and, in borrowed words, before the rows of च and ट. Doubled ones (अन्न, सम्मान) are not.
_HALF_NASAL = re.compile("ङ्(?=[कखगघ])|ञ्(?=[चछजझ])|ण्(?=[टठडढ])|न्(?=[चछजझटठडढतथदधशषस])|म्(?=[पफबभ])")

STOP_WORDS = frozenset(
    [
        *("का", "की", "के", "को", "से", "में", "पर", "एवं", "और", "तथा", "हेतु", "लिए", "है", "हैं"),
        *("था", "थे", "ने", "भी", "यह", "वह", "कि", "या", "तो", "ही", "इस", "उस", "जो", "कर"),
        *("कैसे", "क्या", "कौन", "वाला", "वाली", "वाले", "the", "of", "for", "and", "in", "to", "a"),
        *("an", "on", "is", "are", "by", "or", "at", "with", "from", "as", "how", "what", "who"),
        *("under", "thi", "this", "that", "be", "ka", "ki", "ke", "ko", "se", "mein", "me", "par"),
        *("evam", "aur", "hetu", "liye", "hai", "hain", "kya", "kaise", "wala", "wali", "wale"),
    ]
)


def fold(text: str) -> str:
    """H10: half nasal, chandrabindu, nukta, joiners, visarga, danda, digits and case made one."""
    text = unicodedata.normalize("NFKD", text).casefold()
    text = _ACCENT.sub("", _JOINERS.sub("", text)).translate(_DROPPED).translate(_SAME)
    return _HALF_NASAL.sub("\u0902", unicodedata.normalize("NFC", text))


def words(text: str) -> list[str]:
    """Folded, stemmed words in order; a hyphenated word in its parts and joined."""
    found: list[str] = []
    for run in _runs(fold(text)):
        parts = [part for part in run.split("-") if part]
        found += [stem(part)[:LONGEST_WORD] for part in parts]
        if len(parts) > 1:
            found.append("".join(parts)[:LONGEST_WORD])
    return found


def _runs(text: str) -> list[str]:
    """Unbroken letters, digits, vowel signs and inner hyphens (`\\w` knows no vowel signs)."""
    kept = "".join(
        char if char == "-" or unicodedata.category(char)[0] in "LNM" else " " for char in text
    )
    return [run for part in kept.split() if (run := part.strip("-"))]


_HINDI_ENDINGS = (
    *(("ियों", "ी"), ("ियां", "ी"), ("ुओं", "ू"), ("ाओं", "ा"), ("ाएं", "ा")),
    *(("ओं", ""), ("एं", ""), ("ों", "")),
)
_ENGLISH_ENDINGS = (("ies", "y"), ("ches", "ch"), ("s", ""))


def stem(word: str) -> str:
    """A plural's singular, near enough: one rule for the index and the question."""
    if word.isascii() and (len(word) < 4 or word.endswith(("ss", "us", "is"))):
        return word
    for ending, instead in _ENGLISH_ENDINGS if word.isascii() else _HINDI_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            return word[: -len(ending)] + instead
    return word


# --- sounds -------------------------------------------------------------------------------------

_CONSONANTS = {
    letter: sound
    for letters, sound in (
        *(("कख", "k"), ("गघ", "g"), ("चछ", "c"), ("जझ", "j"), ("टठतथ", "t"), ("डढदध", "d")),
        *(("ङञणन", "n"), ("प", "p"), ("फ", "f"), ("बभ", "b"), ("म", "m"), ("य", "y"), ("र", "r")),
        *(("लळ", "l"), ("व", "v"), ("शषस", "s"), ("ह", "h")),
    )
    for letter in letters
}
_VOWELS = {
    letter: sound
    for letters, sound in (
        *(("अआाऽ", "a"), ("इईिीएऐेैऍॅ", "i"), ("उऊुूओऔोौऑॉ", "u")),
        *(("ऋृ", "ri"), ("\u0902", "n"), ("\u094d", "")),
    )
    for letter in letters
}
_SIGNS = frozenset("ािीुूृेैोौॅॉ\u094d")

_ROMAN = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"chh?", "1"),  # kept apart from c, which is k
        (r"ksh|x", "ks"),
        (r"ph", "f"),
        (r"ck|[cq]", "k"),
        (r"([bdgjkst])h", r"\1"),
        (r"w", "v"),
        (r"z", "j"),
        (r"ee|[ae]i", "i"),
        (r"oo|[ao]u", "u"),
        (r"e", "i"),
        (r"o", "u"),
        (r"1", "c"),
        (r"(?<=[^aiu])y$", "i"),
    )
)
_DOUBLED = re.compile(r"([a-z])\1+")
_BEFORE_LABIAL = re.compile(r"m(?=[pbf])")
_INNER_A = re.compile(r"(?<=.)a")


@lru_cache(maxsize=20_000)
def sound_of(word: str) -> str:
    """One key for a Hindi word in Devanagari and in the Roman spellings people type; [a-z0-9] only.

    Aspirates, long vowels and the unwritten "a" are heard apart but spelt at will, so they go.
    A word of another script has no key: "".
    """
    if word.isdecimal() and word.isascii():
        return word
    heard = _heard_roman(word) if word.isascii() else _heard_devanagari(word)
    heard = _BEFORE_LABIAL.sub("n", _DOUBLED.sub(r"\1", heard))
    return _INNER_A.sub("", heard)


def _heard_devanagari(word: str) -> str:
    word = word.replace("ज्ञ", "ग्य")
    heard = []
    for at, letter in enumerate(word):
        if letter in _CONSONANTS:
            follows = word[at + 1 : at + 2]
            heard.append(_CONSONANTS[letter] + ("" if follows in _SIGNS and follows else "a"))
        elif letter in _VOWELS:
            heard.append(_VOWELS[letter])
        elif letter.isascii() and letter.isalnum():
            heard.append(letter)
    return "".join(heard)


def _heard_roman(word: str) -> str:
    word = "".join(letter for letter in word if letter.isalnum())
    if any(letter.isdigit() for letter in word):
        return word
    for pattern, sound in _ROMAN:
        word = pattern.sub(sound, word)
    return word
