"""A sixth platform touches only the places that design.md 10 names: shown by adding Threads."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

PARTS = Path(__file__).parent / "sixth_platform"
# What is new, and the lines that are added: {file: (after this line, that one)}.
NEW = {
    "publishing/connectors/threads.py": "connector.py",
    "publishing/rehearsal/threads.py": "rehearsal.py",
    "publishing/tests/test_threads.py": "contract.py",
}
LINES = {
    "departments/platforms.py": (
        '    WHATSAPP = "whatsapp", _("WhatsApp")\n',
        '    THREADS = "threads", "Threads"\n',
    ),
    "portal/settings/base.py": (
        '    "whatsapp": "publishing.connectors.whatsapp.WhatsApp",\n',
        '    "threads": "publishing.connectors.threads.Threads",\n',
    ),
}
COPIED = ("departments", "portal", "publishing", "schemes", "engagement", "templates", "static",
          "locale", "manage.py", "pyproject.toml")  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The project with Threads in it."""
    for name in COPIED:
        source = settings.BASE_DIR / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    for target, part in NEW.items():
        shutil.copy(PARTS / part, tmp_path / target)
    for target, (line, added) in LINES.items():
        text = (tmp_path / target).read_text()
        assert text.count(line) == 1
        (tmp_path / target).write_text(text.replace(line, line + added))
    return tmp_path


def run(tree: Path, *command: str) -> str:
    kept = ("PATH", "HOME", "LANG")
    done = subprocess.run(
        [sys.executable, *command],
        cwd=tree,
        env={name: os.environ[name] for name in kept if name in os.environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


def digests(root: Path, names: tuple[str, ...]) -> dict[str, str]:
    files = (file for name in names for file in [root / name, *(root / name).rglob("*.py")])
    return {
        str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file() and file.suffix == ".py"
    }


def test_threads_keeps_the_contract_and_touches_nothing_else(tree):
    migrate = ("manage.py", "makemigrations", "-n", "sixth", "--settings", "portal.settings.test")
    run(tree, *migrate)
    report = run(tree, "-m", "pytest", "-q", "publishing/tests/test_threads.py",
                 "publishing/tests/test_problems.py")  # fmt: skip
    assert "passed" in report
    before, after = digests(settings.BASE_DIR, COPIED), digests(tree, COPIED)
    touched = {name for name in after if after[name] != before.get(name)}
    migrations = {name for name in touched if "/migrations/" in name}
    assert touched - migrations == {*NEW, *LINES}
