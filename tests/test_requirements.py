"""What `make run` and `make test` install is pinned, hashed and complete."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

LISTS = ["requirements", "requirements-dev"]


def lines(name: str) -> list[str]:
    return (settings.BASE_DIR / name).read_text().splitlines()


def asked(name: str) -> set[str]:
    """Names in the .in file, as the index spells them."""
    found = set()
    for line in lines(name):
        if line.startswith("-r "):
            found |= asked(line.removeprefix("-r "))
        elif line and not line.startswith("#"):
            found.add(re.split(r"[\[<>=;~! ]", line)[0].lower().replace("_", "-"))
    return found


@pytest.mark.parametrize("name", LISTS)
def test_every_part_is_pinned(name):
    pinned = {line.split("==")[0] for line in lines(f"{name}.txt") if re.match(r"[a-z0-9]", line)}
    assert asked(f"{name}.in") <= pinned, "run `make lock`"


@pytest.mark.parametrize("name", LISTS)
def test_pins_have_hashes_and_no_place_of_one_machine(name):
    pin = r"[a-z0-9][a-z0-9.-]*==\S+( ; [^\\]+)? \\"
    entry = rf"{pin}|    --hash=sha256:[0-9a-f]{{64}}( \\)?| *#.*|"
    assert [line for line in lines(f"{name}.txt") if not re.fullmatch(entry, line)] == []


def test_the_suite_runs_on_the_pins_of_the_portal():
    pins = {line for line in lines("requirements.txt") if "==" in line}
    assert pins <= set(lines("requirements-dev.txt"))
