"""Thousands of keys as a short text: 10,000 that follow each other are one run, "1+9999"."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

LONGEST = 200_000  # characters
# How far from the end of the last run it begins, and how many follow its first.
_RUN = re.compile(r"([0-9]{1,18})(?:\+([0-9]{1,18}))?", re.ASCII)


def written(keys: Iterable[int]) -> str:
    runs: list[list[int]] = []
    for key in sorted(set(keys)):
        if runs and runs[-1][1] + 1 == key:
            runs[-1][1] = key
        else:
            runs.append([key, key])
    texts, end = [], 0
    for first, last in runs:
        texts.append(f"{first - end}" + (f"+{last - first}" if last > first else ""))
        end = last
    return ",".join(texts)


def those_in(text: str, keys: Sequence[int]) -> list[int]:
    """Of these keys, in ascending order, those that the text names; a text that is none names none.

    Whatever it claims, no more is ever made of it than there are keys.
    """
    found: list[int] = []
    end = 0
    for run in text[:LONGEST].split(",") if text else ():
        match = _RUN.fullmatch(run)
        if match is None:
            return []
        first = end + int(match[1])
        end = first + int(match[2] or 0)
        found += keys[bisect_left(keys, first) : bisect_right(keys, end)]
    return found
