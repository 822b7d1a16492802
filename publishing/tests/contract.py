"""What every connector has to do; a platform's own tests inherit it and add their own.

The platform at the other end is the rehearsal, over real HTTP, told to misbehave where needed.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from django.conf import settings as project
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from publishing.connectors.base import (
    Account,
    Answers,
    Comment,
    Connector,
    Content,
    Published,
    Receipt,
    Sent,
)
from publishing.connectors.errors import (
    ConnectionRefused,
    ConnectorError,
    NeedsOfficer,
    NotSent,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from publishing.connectors.http import Http
from publishing.problems import PROBLEMS
from publishing.rehearsal.faults import add_fault
from publishing.rehearsal.store import Remark

from .conftest import MemoryJournal

TOKEN = "secret-token-0123456789"
DEADLINE = 10  # seconds for something that happens in another thread
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["data", "id", "error", "code", "messages", "errors", "items", "snippet"]
            )
            | st.text(max_size=5),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
# Answers that have the right names, and whatever under them.
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "7", "error", "ready", "<b>"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "data",
                        "id",
                        "error",
                        "error_data",
                        "error_subcode",
                        "code",
                        "from",
                        "parent",
                    ),
                    *("paging", "cursors", "after", "next", "values", "value", "name", "messages"),
                    *("status", "video_status", "processing_phase", "status_code", "post_id"),
                    *("success", "uri", "debug_info", "start_offset", "end_offset", "replies"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
GOOD = b'{"id": "abcdefghijk", "data": {"id": "1"}, "messages": [{"id": "1"}]}'
HOSTILE = {
    "html": (200, {"Content-Type": "text/html"}, b"<html><script>alert(1)</script></html>"),
    "empty": (200, {}, b""),
    "a list": (200, {}, b"[1, 2]"),
    "a number": (200, {}, b"7"),
    "null": (200, {}, b"null"),
    "half": (200, {}, b'{"id": "1'),
    "not utf-8": (200, {}, b'{"id": "\xff\xfe"}'),
    "deep": (200, {}, b"[" * 100_000),
    "no id": (200, {}, b'{"data": {}, "messages": []}'),
    "wrong types": (200, {}, b'{"id": {"a": 1}, "data": [3], "messages": {"0": 1}}'),
    "script for an id": (
        200,
        {},
        b'{"id": "<script>", "data": {"id": "<b>"}, "messages": [{"id": "<i>"}]}',
    ),
    "ten megabytes": (200, {}, GOOD[:-1] + b', "x": "' + b"1" * 10_000_000 + b'"}'),
    "redirect": (302, {"Location": "http://127.0.0.1:9/"}, b""),
    "short": (200, {"Content-Length": "500"}, b'{"id": "1"}'),
    "bad gzip": (200, {"Content-Encoding": "gzip"}, b"not gzip"),
    "bad gateway": (502, {"Content-Type": "text/html"}, b"<h1>Bad gateway</h1>"),
    "error of the wrong type": (200, {}, b'{"error": null}'),
}


class ConnectorContract:
    kind: ClassVar[type[Connector]]
    external_id: ClassVar[str] = "1001"
    extra: ClassVar[dict[str, str]] = {}

    # --- what a platform's tests say about it ---------------------------------------------------

    @pytest.fixture
    def content(self) -> Content:
        raise NotImplementedError

    def prepare(self, journal: MemoryJournal, base_url: str) -> None:
        """Puts a journal just before the visible call, where steps come before it."""

    def benign(self, method: str, path: str, headers: Any) -> tuple[int, dict, bytes] | None:
        """The good answer to a harmless call; None for the visible one."""
        return None

    def heard(self, journal: MemoryJournal) -> tuple[dict[str, Any], ...]:
        """Callbacks that name the delivery, once they have come."""
        return ()

    # --- fixtures -------------------------------------------------------------------------------

    @pytest.fixture
    def connector(self, rehearsal) -> Connector:
        platform = self.kind.platform
        rehearsal.store.add_account(platform, self.external_id, "विभाग", TOKEN, self.extra)
        return self.at(f"{rehearsal.url}/{platform}")

    def at(self, base_url: str, **options: Any) -> Connector:
        account = Account(self.external_id, "विभाग", TOKEN, self.extra)
        return self.kind(Http(base_url, self.kind.platform, **options), account)

    @pytest.fixture
    def fault(self, rehearsal):
        def switch_on(kind: str, **options: Any) -> None:
            add_fault(rehearsal.store, self.kind.platform, kind, **options)

        return switch_on

    @pytest.fixture
    def posts(self, rehearsal):
        return lambda: rehearsal.store.posts(self.kind.platform)

    def sent(self, content: Content, journal: MemoryJournal, *, accepted: bool = True) -> Sent:
        heard = self.heard(journal) if accepted else ()
        return Sent(content, journal.reference, datetime.now(UTC), journal.values, heard)

    def eventually(self, look: Any) -> Any:
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            if found := look():
                return found
        return pytest.fail("it never happened")

    # --- the good way ---------------------------------------------------------------------------

    def test_publishes_once_and_says_where(self, connector, content, journal, posts):
        receipt = connector.publish(content, journal)
        (post,) = posts()
        assert post.id == receipt.platform_id
        assert post.text == content.text
        assert post.title == content.title
        assert bool(post.file) == bool(content.attachments)

    def test_arms_after_everything_it_keeps(self, connector, content, journal):
        connector.publish(content, journal)
        assert journal.events.count("arm") == 1
        assert journal.events[-1] == "arm"
        if content.attachments:
            assert any(event.startswith("keep") for event in journal.events)

    def test_finds_what_it_published(self, connector, content, journal):
        receipt = connector.publish(content, journal)
        found = connector.find(self.sent(content, journal))
        assert found is not None
        assert found.platform_id == receipt.platform_id

    def test_finds_nothing_where_nothing_is(self, connector, content, journal):
        assert connector.find(self.sent(content, journal, accepted=False)) is None

    def test_accepts_its_own_good_content(self, content):
        assert [p for p in self.kind.check(content) if p.level == "error"] == []

    # --- afterwards -----------------------------------------------------------------------------

    def published(self, receipt: Receipt, journal: MemoryJournal) -> Published:
        return Published(receipt.platform_id, receipt.permalink, dict(journal.values))

    def test_edits_what_it_published(self, connector, content, journal, posts):
        if not self.kind.can_edit:
            with pytest.raises(NeedsOfficer):
                connector.edit(Published("1"), content, journal)
            return
        post = self.published(connector.publish(content, journal), journal)
        corrected = replace(content, text=f"{content.text} (संशोधित)")
        assert connector.edit(post, corrected, journal).platform_id == post.platform_id
        assert connector.edit(post, corrected, journal).platform_id == post.platform_id
        assert [one.text for one in posts()] == [corrected.text]

    def test_removes_what_it_published_and_again(self, connector, content, journal, posts):
        if not self.kind.can_remove:
            with pytest.raises(NeedsOfficer):
                connector.remove(Published("1"), journal)
            return
        post = self.published(connector.publish(content, journal), journal)
        connector.remove(post, journal)
        connector.remove(post, journal)
        assert [one for one in posts() if not one.extra.get("removed")] == []
        assert connector.find(self.sent(content, journal, accepted=False)) is None

    # --- the platform misbehaves ----------------------------------------------------------------

    @pytest.mark.parametrize("kind", ["error_before", "cut_before"])
    def test_failure_before_accepting_is_unknown_and_not_found(
        self, connector, content, journal, fault, posts, kind
    ):
        fault(kind)
        with pytest.raises(Unknown):
            connector.publish(content, journal)
        assert "arm" in journal.events
        assert posts() == []
        assert connector.find(self.sent(content, journal, accepted=False)) is None
        assert connector.publish(content, journal).platform_id == posts()[0].id

    @pytest.mark.parametrize("kind", ["error_after", "cut_after", "html"])
    def test_failure_after_accepting_is_unknown_and_found(
        self, connector, content, journal, fault, posts, kind
    ):
        fault(kind)
        with pytest.raises(Unknown):
            connector.publish(content, journal)
        (post,) = posts()
        found = connector.find(self.sent(content, journal))
        assert found is not None
        assert found.platform_id == post.id

    def test_late_post_is_found_later(self, connector, content, journal, fault, posts):
        fault("late", seconds=0.5)
        fault("cut_after")
        with pytest.raises(Unknown):
            connector.publish(content, journal)
        found = self.eventually(lambda: connector.find(self.sent(content, journal)))
        assert found.platform_id == posts()[0].id

    def test_slow_answer_is_unknown_and_found(
        self, connector, content, journal, fault, posts, rehearsal
    ):
        hasty = self.at(f"{rehearsal.url}/{self.kind.platform}", timeouts=(2, 0.4))
        fault("slow", seconds=0.8)
        with pytest.raises(Unknown):
            hasty.publish(content, journal)
        self.eventually(posts)
        assert connector.find(self.sent(content, journal)).platform_id == posts()[0].id

    def test_rate_limit_is_not_sent_and_says_how_long(
        self, connector, content, journal, fault, posts
    ):
        fault("rate_limited")
        with pytest.raises(RateLimited) as caught:
            connector.publish(content, journal)
        assert 0 < caught.value.retry_after <= 86_400
        assert posts() == []

    def test_expired_token_asks_to_reconnect(self, connector, content, journal, fault, posts):
        fault("expired_token")
        with pytest.raises(ConnectionRefused) as caught:
            connector.publish(content, journal)
        assert caught.value.code == "reconnect"
        assert posts() == []

    def test_unreachable_platform_is_not_sent(self, content, journal):
        with pytest.raises(Unavailable) as caught:
            self.at("http://127.0.0.1:9/nothing").publish(content, journal)
        assert caught.value.code == "unreachable"

    @pytest.mark.parametrize("kind", ["error_after", "cut_after", "cut_before", "html"])
    def test_broken_upload_is_not_sent_and_repeats(
        self, connector, content, journal, fault, posts, kind
    ):
        if not content.attachments:
            pytest.fail("the contract is run with a file")
        fault(kind, where="upload")
        with pytest.raises(NotSent):
            connector.publish(content, journal)
        assert "arm" not in journal.events
        assert posts() == []
        connector.publish(content, journal)
        assert len(posts()) == 1

    def test_second_worker_uses_what_the_first_one_kept(
        self, connector, content, journal, fault, rehearsal
    ):
        fault("rate_limited")
        with pytest.raises(RateLimited):
            connector.publish(content, journal)
        fault("error_before", where="upload", times=50)
        kept = dict(journal.values)
        connector.publish(content, journal)
        assert journal.values == kept

    # --- hostile answers ------------------------------------------------------------------------

    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile_answer_to_the_visible_call_is_unknown(self, content, journal, teller, name):
        teller.reply = lambda method, path, headers, body: (
            self.benign(method, path, headers) or HOSTILE[name]
        )
        self.prepare(journal, teller.url)
        with pytest.raises(Unknown) as caught:
            self.at(teller.url).publish(content, journal)
        assert TOKEN not in f"{caught.value!r} {caught.value.detail}"

    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile_answer_to_a_harmless_call_is_not_sent(self, content, journal, teller, name):
        teller.reply = lambda *request: HOSTILE[name]
        with pytest.raises(NotSent):
            self.at(teller.url).publish(content, journal)
        assert "arm" not in journal.events

    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile_answer_to_find_never_finds(self, content, journal, teller, name):
        teller.reply = lambda *request: HOSTILE[name]
        self.prepare(journal, teller.url)
        try:
            found = self.at(teller.url).find(self.sent(content, journal, accepted=False))
        except ConnectorError:
            found = None
        assert found is None

    @settings(
        max_examples=40,
        deadline=None,
        database=None,
        suppress_health_check=[  # inherited by five classes, and the server holds no state
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    @given(status=st.sampled_from([200, 201, 400, 403, 404, 429, 500]), data=ANYTHING)
    def test_no_answer_breaks_it(self, content, teller, status, data):
        answer = (status, {"Content-Type": "application/json"}, json.dumps(data).encode())
        teller.reply = lambda method, path, headers, body: (
            self.benign(method, path, headers) or answer
        )
        journal = MemoryJournal()
        self.prepare(journal, teller.url)
        connector = self.at(teller.url)
        for call in (
            lambda: connector.publish(content, journal),
            lambda: connector.find(self.sent(content, journal, accepted=False)),
        ):
            outcome = caught_or_returned(call)
            if isinstance(outcome, ConnectorError):
                assert outcome.code in PROBLEMS
            elif outcome is not None:
                assert re.fullmatch(r"[\w.:=+/-]{1,200}", outcome.platform_id)


class ReadingContract(ConnectorContract):
    """For a platform whose stand-in keeps what people write as remarks."""

    def test_reads_what_people_write(self, connector, content, journal, rehearsal):
        post = self.published(connector.publish(content, journal), journal)
        for number, text in enumerate(("पानी कब आएगा?", "धन्यवाद")):
            self.remark(rehearsal, f"9{number}", post=post.platform_id, text=text)
        self.remark(rehearsal, "93", post=post.platform_id, parent="90", text="मुझे भी बताएँ")
        page = connector.read_comments(post)
        said = {comment.id: comment for comment in page.items}
        assert set(said) == {"90", "91", "93"}
        assert said["90"].text == "पानी कब आएगा?"
        assert said["93"].parent_id == "90"
        assert all(one.post_id == post.platform_id and not one.is_own for one in said.values())
        assert all(one.author_id == "2222" and one.at for one in said.values())
        assert page.after == ""

    def test_own_words_are_own(self, connector, content, journal, rehearsal):
        post = self.published(connector.publish(content, journal), journal)
        self.remark(rehearsal, "90", post=post.platform_id, text="उत्तर", author=self.external_id)
        assert [one.is_own for one in connector.read_comments(post).items] == [True]

    def test_leaves_out_what_is_older(self, connector, content, journal, rehearsal):
        post = self.published(connector.publish(content, journal), journal)
        self.remark(rehearsal, "90", post=post.platform_id, text="पुराना")
        later = datetime.now(UTC) + timedelta(minutes=1)
        assert connector.read_comments(post, since=later).items == ()

    def test_reads_page_after_page(self, connector, content, journal, rehearsal):
        post = self.published(connector.publish(content, journal), journal)
        for number in range(130):
            self.remark(rehearsal, f"9{number:03}", post=post.platform_id, text="प्रश्न")
        seen, after = [], ""
        while page := connector.read_comments(post, after=after):
            seen += [comment.id for comment in page.items]
            if not (after := page.after):
                break
        assert sorted(seen) == [f"9{number:03}" for number in range(130)]

    def test_reads_who_mentions_it(self, connector, rehearsal):
        self.remark(rehearsal, "95", kind="mention", text="@विभाग धन्यवाद")
        (mention,) = connector.read_mentions().items
        assert (mention.id, mention.text) == ("95", "@विभाग धन्यवाद")

    def test_reads_conversations(self, connector, rehearsal):
        for number, author in enumerate(("2222", "3333", "2222")):
            text = f"संदेश {number}"
            self.remark(rehearsal, f"9{number}", kind="message", author=author, text=text)
        found = {one.conversation_id: one.text for one in connector.read_conversations().items}
        assert found == {"t_2222": "संदेश 2", "t_3333": "संदेश 1"}
        whole = connector.read_conversation("t_2222").items
        assert [message.text for message in whole] == ["संदेश 2", "संदेश 0"]

    def test_reads_the_numbers_of_a_post(self, connector, content, journal):
        post = self.published(connector.publish(content, journal), journal)
        numbers = connector.read_metrics(post)
        assert set(numbers) == set(project.METRICS[self.kind.platform])
        assert all(number > 0 for number in numbers.values())

    def test_a_retired_number_costs_no_other(self, connector, content, journal, settings):
        names = settings.METRICS[self.kind.platform]
        gone = {**names, "old": "retired_by_now"}
        settings.METRICS = {**settings.METRICS, self.kind.platform: gone}
        post = self.published(connector.publish(content, journal), journal)
        assert set(connector.read_metrics(post)) == set(names)

    def test_a_post_that_is_gone_says_so(self, connector):
        for read in (connector.read_comments, connector.read_metrics):
            with pytest.raises(Refused) as caught:
                read(Published("404"))
            assert caught.value.code == "post_gone"

    @settings(
        max_examples=40,
        deadline=None,
        database=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    @given(status=st.sampled_from([200, 400, 404, 500]), data=ODD)
    def test_no_answer_breaks_what_comes_after(self, content, video, teller, status, data):
        answer = (status, {"Content-Type": "application/json"}, json.dumps(data).encode())
        teller.reply = lambda *request: answer
        connector, post, journal = self.at(teller.url), Published("5"), MemoryJournal()
        journal.keep(video="7", container="7", container_until="99999999999")
        film = replace(content, attachments=(video,))
        for call in (
            lambda: connector.read_comments(post),
            connector.read_mentions,
            connector.read_conversations,
            lambda: connector.read_conversation("7"),
            lambda: connector.read_metrics(post),
            lambda: connector.edit(post, content, journal),
            lambda: connector.remove(post, journal),
            lambda: connector.publish(film, journal),
            lambda: connector.follow(Receipt("7", is_live=False), film, journal),
            lambda: connector.find(self.sent(film, journal, accepted=False)),
        ):
            outcome = caught_or_returned(call)
            if isinstance(outcome, ConnectorError):
                assert outcome.code in PROBLEMS

    def remark(self, rehearsal, number: str, *, kind: str = "comment", **given: str) -> None:
        values = {"post": "", "parent": "", "author": "2222", **given}
        platform, name = self.kind.platform, "a_citizen"
        rehearsal.store.add_remark(
            Remark(
                platform, number, self.external_id, kind, author_name=name, at=time.time(), **values
            )
        )


class AnsweringContract(ReadingContract):
    """For a platform that answers comments."""

    @pytest.fixture
    def comment(self, connector, content, journal, rehearsal) -> Comment:
        """Somebody's, under a post of ours."""
        post = self.published(connector.publish(content, journal), journal)
        self.remark(rehearsal, "90", post=post.platform_id, text="पानी कब आएगा?")
        (found,) = connector.read_comments(post).items
        return found

    def words(self, comment: Comment, text: str = "कल सुबह से।") -> Content:
        answers = Answers("comment", comment.id, comment.post_id, comment.id, comment.at)
        return Content(text, answers=answers)

    def answered(self, journal: MemoryJournal, words: Content) -> Sent:
        armed_at = datetime.now(UTC)
        return Sent(words, journal.reference, armed_at, dict(journal.values))

    def own(self, connector: Connector, comment: Comment) -> list[Comment]:
        post = Published(comment.post_id)
        return [one for one in connector.read_comments(post).items if one.is_own]

    def test_an_answer_stands_under_its_comment_once(self, connector, comment):
        journal = MemoryJournal()
        receipt = connector.reply(self.words(comment), journal)
        (own,) = self.own(connector, comment)
        assert (own.id, own.parent_id, own.text) == (receipt.platform_id, comment.id, "कल सुबह से।")
        assert journal.events[-1] == "arm"

    @pytest.mark.parametrize("kind", ["error_before", "cut_before", "error_after", "cut_after"])
    def test_an_unclear_answer_is_found_or_was_not_given(self, connector, comment, rehearsal, kind):
        journal, words = MemoryJournal(), self.words(comment)
        add_fault(rehearsal.store, self.kind.platform, kind, where="reply")
        with pytest.raises(Unknown):
            connector.reply(words, journal)
        found = connector.find_reply(self.answered(journal, words))
        assert (found is not None) == kind.endswith("after")
        assert len(self.own(connector, comment)) == kind.endswith("after")

    def test_the_same_words_to_another_are_not_taken_for_these(self, connector, comment, rehearsal):
        self.remark(rehearsal, "91", post=comment.post_id, text="मेरा भी")
        journal, words = MemoryJournal(), self.words(comment)
        connector.reply(words, journal)
        other = replace(words, answers=replace(words.answers, id="91", conversation_id="91"))
        assert connector.find_reply(self.answered(journal, other)) is None

    def test_what_a_callback_tells_is_what_reading_finds(
        self, connector, comment, content, journal, rehearsal
    ):
        stage = rehearsal.stages[self.kind.platform]
        (remark,) = rehearsal.store.remarks(self.kind.platform, self.external_id, "comment")
        body = json.dumps(stage.event_about(remark)).encode()
        (told,) = self.kind.told(body)
        heard = self.kind.heard(told.kind, told.said, account=told.account)
        same = ("id", "text", "author_id", "post_id", "parent_id", "is_own")
        assert heard.act == "said"
        assert [getattr(heard.comment, name) for name in same] == [
            getattr(comment, name) for name in same
        ]

    def test_a_comment_that_is_gone_says_so(self, connector, comment, rehearsal):
        (remark,) = rehearsal.store.remarks(self.kind.platform, self.external_id, "comment")
        rehearsal.store.change_remark(remark, state="removed")
        with pytest.raises(Refused) as error:
            connector.reply(self.words(comment), MemoryJournal())
        assert error.value.code == "comment_gone"

    def test_hides_shows_and_removes_and_does_so_again(self, connector, comment):
        answers = self.words(comment).answers
        post = Published(comment.post_id)
        for act, is_hidden in (("hide", True), ("hide", True), ("show", False)):
            connector.moderate(act, answers)
            (seen,) = connector.read_comments(post).items
            assert seen.is_hidden == is_hidden
        connector.moderate("remove", answers)
        connector.moderate("remove", answers)
        assert connector.read_comments(post).items == ()

    def test_what_is_too_long_is_said_before_anything_is_sent(self, comment):
        words = self.words(comment, "क" * 20_000)
        problems = self.kind.check_reply(words, now=datetime.now(UTC))
        assert [one.level for one in problems] == ["error"]
        assert all(one.code in PROBLEMS for one in problems)


class PrivateContract(AnsweringContract):
    """And private messages, within a window."""

    def letter(self, text: str = "आवेदन कल से।", at: datetime | None = None) -> Content:
        answers = Answers("message", "m_90", "", "person:2222", at)
        return Content(text, answers=answers, recipient="2222")

    def test_a_private_answer_reaches_the_person(self, connector, rehearsal):
        self.remark(rehearsal, "90", kind="message", text="कब?")
        journal = MemoryJournal()
        receipt = connector.reply(self.letter(), journal)
        newest, theirs = connector.read_conversation("t_2222").items
        assert (newest.id, newest.is_own, newest.text) == (receipt.platform_id, True, "आवेदन कल से।")
        assert newest.conversation_id == theirs.conversation_id == "person:2222"

    @pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
    def test_an_unclear_private_answer_is_found_or_was_not_given(self, connector, rehearsal, kind):
        self.remark(rehearsal, "90", kind="message", text="कब?")
        add_fault(rehearsal.store, self.kind.platform, kind, where="reply")
        journal = MemoryJournal()
        with pytest.raises(Unknown):
            connector.reply(self.letter(), journal)
        found = connector.find_reply(self.answered(journal, self.letter()))
        assert (found is not None) == kind.endswith("after")

    def test_what_a_callback_tells_of_a_message_is_what_reading_finds(self, connector, rehearsal):
        self.remark(rehearsal, "90", kind="message", text="कब?")
        connector.reply(self.letter(), MemoryJournal())
        stage = rehearsal.stages[self.kind.platform]
        read = {one.id: one for one in connector.read_conversation("t_2222").items}
        for remark in rehearsal.store.remarks(self.kind.platform, self.external_id, "message"):
            (told,) = self.kind.told(json.dumps(stage.event_about(remark)).encode())
            heard = self.kind.heard(told.kind, told.said, account=told.account)
            seen = read[heard.comment.id]
            for name in ("text", "author_id", "conversation_id", "is_own"):
                assert getattr(heard.comment, name) == getattr(seen, name)

    def test_a_closed_window_is_said_before_anything_is_sent(self):
        now = datetime.now(UTC)
        for hours, level in ((1, "warning"), (23, "warning"), (25, "error")):
            letter = self.letter(at=now - timedelta(hours=hours))
            problems = self.kind.check_reply(letter, now=now)
            assert [one.level for one in problems] == [level]
            assert problems[0].values["until"] == letter.answers.at + timedelta(hours=24)


def caught_or_returned(call: Any) -> Receipt | ConnectorError | None:
    try:
        return call()
    except ConnectorError as error:
        return error
