"""The number of a problem, `UP-2026-1234567-8`: readable by telephone, and no use to who counts on.

The serials of a year are shuffled by a key, so that the next number says nothing about this one.
The last digit (Damm) finds every single wrong digit and every two that changed places.
"""

from __future__ import annotations

import re

from django.utils.crypto import constant_time_compare, salted_hmac

from portal.web.text import plain_digits

SERIALS = 10_000_000
_HALF = 3_163  # its square is the first above SERIALS
_ROUNDS = 4
_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that is taken for another
_CODE_LENGTH = 8
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2), (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9), (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8), (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4), (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5), (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)  # fmt: skip
_NUMBER = re.compile(r"UP-?([0-9]{4})-?([0-9]{7})-?([0-9])")


def number_of(year: int, serial: int) -> str:
    """`serial` counts from 1."""
    body = f"{_shuffled(year, serial):07d}"
    return f"UP-{year}-{body}-{_check_digit(f'{year}{body}')}"


def read_number(typed: str) -> str:
    """As people type it, in any digits and with or without dashes; "" if it can be none."""
    found = _NUMBER.fullmatch(re.sub(r"[\s–—]", "", plain_digits(typed)).upper())
    if not found or _check_digit(found[1] + found[2]) != int(found[3]):
        return ""
    return f"UP-{found[1]}-{found[2]}-{found[3]}"


def code_of(number: str) -> str:
    """What the citizen is told beside the number, and shows to be let in: eight signs."""
    digest = int.from_bytes(salted_hmac("engagement.case", number, algorithm="sha256").digest())
    letters = []
    for _ in range(_CODE_LENGTH):
        digest, place = divmod(digest, len(_CODE_LETTERS))
        letters.append(_CODE_LETTERS[place])
    return "".join(letters)


def is_code_of(number: str, typed: str) -> bool:
    told = re.sub(r"[\s-]", "", plain_digits(typed)).upper()
    return constant_time_compare(told.encode(), code_of(number).encode())


def _check_digit(digits: str) -> int:
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return interim


def _shuffled(year: int, serial: int) -> int:
    """A permutation of 0 ... SERIALS-1: a Feistel network, walked until it falls inside."""
    value = serial % SERIALS
    while True:
        value = _permuted(year, value)
        if value < SERIALS:
            return value


def _permuted(year: int, value: int) -> int:
    left, right = divmod(value, _HALF)
    for number in range(_ROUNDS):
        left, right = right, (left + _mixed(year, number, right)) % _HALF
    return left * _HALF + right


def _mixed(year: int, number: int, half: int) -> int:
    digest = salted_hmac("engagement.number", f"{year}:{number}:{half}", algorithm="sha256")
    return int.from_bytes(digest.digest()[:8])
