"""The short run: every step is died at, every trouble comes, and nothing is doubled or lost."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings


@pytest.mark.long
@pytest.mark.xdist_group("faults")  # it mostly waits, so it begins early
def test_whatever_breaks_nothing_is_doubled_lost_or_stuck():
    run = subprocess.run(
        [sys.executable, "-m", "tests.faults.run", "--deliveries", "40", "--deaths", "7"],
        cwd=settings.BASE_DIR,
        env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr[-4000:]
