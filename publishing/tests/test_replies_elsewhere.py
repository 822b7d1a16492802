"""Answering on X and YouTube, whose rules are their own."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from publishing.connectors import connect
from publishing.connectors.base import Account, Answers, Connector, Content, Published, Sent
from publishing.connectors.errors import Refused, Unknown
from publishing.problems import PROBLEMS
from publishing.rehearsal.faults import add_fault
from publishing.rehearsal.store import Post, Remark

from .conftest import MemoryJournal

OWN = {"x": "1001", "youtube": "UCabhyasVibhag0000000011"}
POST = {"x": "2001", "youtube": "abcdefghijk"}


@pytest.fixture(params=["x", "youtube"])
def platform(request) -> str:
    return request.param


@pytest.fixture
def connector(rehearsal, settings, platform) -> Connector:
    settings.PLATFORM_URLS = {name: f"{rehearsal.url}/{name}" for name in settings.CONNECTORS}
    rehearsal.store.add_account(platform, OWN[platform], "विभाग", "secret-token", {})
    now = datetime.now(UTC).timestamp()
    extra = {"status": {}} if platform == "youtube" else {}
    post = Post(platform, POST[platform], OWN[platform], "शिविर", "", "", now, now, extra)
    rehearsal.store.add_post(post)
    rehearsal.store.add_remark(
        Remark(platform, "3001", OWN[platform], "comment", POST[platform], "", "2222", "नागरिक",
               "पानी कब आएगा?", now)
    )  # fmt: skip
    return connect(platform, Account(OWN[platform], "विभाग", "secret-token", {}, {}))


def words(platform: str, text: str = "कल सुबह से।") -> Content:
    return Content(text, answers=Answers("comment", "3001", POST[platform], "3001"))


def own(connector: Connector, platform: str) -> list[str]:
    seen = connector.read_comments(Published(POST[platform])).items
    return [one.text for one in seen if one.is_own and one.parent_id == "3001"]


def test_an_answer_stands_under_its_comment(connector, platform):
    journal = MemoryJournal()
    connector.reply(words(platform), journal)
    assert journal.events[-1] == "arm"
    found = connector.find_reply(Sent(words(platform), "r", datetime.now(UTC), {}))
    assert found is not None
    if platform == "youtube":
        assert own(connector, platform) == ["कल सुबह से।"]


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_an_unclear_answer_is_found_or_was_not_given(connector, platform, rehearsal, kind):
    where = "reply" if platform == "youtube" else "publish"
    add_fault(rehearsal.store, platform, kind, where=where)
    with pytest.raises(Unknown):
        connector.reply(words(platform), MemoryJournal())
    found = connector.find_reply(Sent(words(platform), "r", datetime.now(UTC), {}))
    assert (found is not None) == kind.endswith("after")


def test_what_is_too_long_is_said_before_anything_is_sent(connector, platform):
    problems = connector.check_reply(words(platform, "क" * 20_000), now=datetime.now(UTC))
    assert "error" in [one.level for one in problems]
    assert all(one.code in PROBLEMS for one in problems)


def test_the_rule_of_x_is_shown_before_writing(connector, platform, settings):
    codes = [one.code for one in connector.check_reply(words(platform, ""), now=datetime.now(UTC))]
    assert ("x_reply_rule" in codes) == (platform == "x")


@pytest.mark.parametrize("platform", ["x"], indirect=True)
def test_what_x_tells_is_what_reading_finds(connector, rehearsal, platform):
    (remark,) = rehearsal.store.remarks("x", OWN["x"], "comment")
    event = rehearsal.stages["x"].event_about(remark)
    (told,) = connector.told(json.dumps(event).encode())
    heard = connector.heard(told.kind, told.said, account=OWN["x"])
    read = {one.id: one for one in connector.read_comments(Published(POST["x"])).items}
    for name in ("text", "author_id", "post_id", "parent_id", "conversation_id", "is_own"):
        assert getattr(heard.comment, name) == getattr(read["3001"], name)


@pytest.mark.parametrize("platform", ["youtube"], indirect=True)
def test_youtube_hides_and_removes(connector, platform):
    answers = words(platform).answers
    for act in ("hide", "show", "remove"):
        connector.moderate(act, answers)


@pytest.mark.parametrize("platform", ["youtube"], indirect=True)
def test_a_comment_that_is_gone_says_so(connector, platform):
    gone = Content("उत्तर", answers=Answers("comment", "9", POST[platform], "9"))
    with pytest.raises(Refused):
        connector.reply(gone, MemoryJournal())
