"""`manage.py start`, which is what `make run` runs."""

from __future__ import annotations

import re
import signal
import socket
import subprocess

import pytest
from django.conf import settings

from .stack import STOP_SECONDS, Stack, alive, answers, descendants, wait_until

EDIT = """
from departments.models import Department
department = Department.objects.order_by("slug").first()
department.website = "https://edited.example/"
department.save()
"""
ASK = """
from departments.models import Department, Handle
from schemes.models import Scheme
first = Department.objects.order_by("slug").first().website
print(first, Department.objects.count(), Handle.objects.count(), Scheme.objects.count())
"""


def start(stack: Stack) -> subprocess.Popen:
    process = stack.launch("python manage.py start")
    for address in (f"{stack.rehearsal}/", f"{stack.portal}/readyz"):
        wait_until(lambda address=address: answers(address), process, stack.log)
    return process


def promised_logins() -> list[str]:
    """The e-mail addresses and the password that the README names."""
    readme = (settings.BASE_DIR / "README.md").read_text()
    logins = re.findall(r"`([a-z.-]+@demo\.invalid)`|one password is `(\S+)`", readme)
    assert len(logins) > 3
    return [email or password for email, password in logins]


def interrupt(process: subprocess.Popen, number: int = signal.SIGINT) -> tuple[int, set[int]]:
    """The exit code, and what is left of the processes below."""
    below = descendants(process.pid)
    assert len(below) > 3
    process.send_signal(number)
    return process.wait(STOP_SECONDS), alive(below)


@pytest.mark.long
def test_start_twice_and_stop(own_stack):
    own_stack.var_dir.mkdir()
    first = start(own_stack)
    second = subprocess.run(
        ["/bin/sh", "-c", "exec python manage.py start"],
        env=own_stack.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert f"Port {own_stack.port} is in use" in second.stderr
    assert "Traceback" not in second.stderr
    own_stack.manage("shell", "--no-imports", "-c", EDIT)
    before = own_stack.manage("shell", "--no-imports", "-c", ASK)
    assert interrupt(first) == (0, set())

    again = start(own_stack)
    assert own_stack.manage("shell", "--no-imports", "-c", ASK) == before
    assert before.startswith("https://edited.example/ 157 ")
    assert interrupt(again, signal.SIGHUP) == (128 + signal.SIGTERM, set())  # a closed terminal

    shown = own_stack.log.read_text()
    assert f"{own_stack.portal}/" in shown
    assert f"{own_stack.rehearsal}/" in shown
    assert set(promised_logins()) <= set(re.findall(r"\S+", shown))
    assert "Traceback" not in shown


def test_rehearsal_port_in_use(own_stack):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", own_stack.rehearsal_port))
        taken.listen()
        own_stack.var_dir.mkdir()
        process = own_stack.launch("python manage.py start")
        assert process.wait(STOP_SECONDS) == 1
    assert f"Port {own_stack.rehearsal_port} is in use" in own_stack.log.read_text()
    assert "REHEARSAL_PORT=" in own_stack.log.read_text()


def test_unknown_process_is_named(own_stack):
    own_stack.var_dir.mkdir()
    process = own_stack.launch("python manage.py start web postman")
    assert process.wait(STOP_SECONDS) == 1
    assert "There is no process postman" in own_stack.log.read_text()
