"""Callbacks lost, doubled, late and out of order end with equal messages."""

from __future__ import annotations

import pytest

from tests.faults import listening


@pytest.mark.django_db(transaction=True)
def test_what_platforms_and_portal_know_ends_equal(tmp_path, settings):
    settings.CONNECTORS = dict(settings.CONNECTORS)
    assert listening.run(150, tmp_path, kills=False) == []


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_what_was_lost_is_missed_where_nothing_is_read(tmp_path, settings, monkeypatch):
    monkeypatch.setattr(listening, "_read_all", lambda handles: None)
    assert any("is missing" in one for one in listening.run(60, tmp_path, kills=False))
