import hashlib
import hmac
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from publishing.callbacks import take_apart
from publishing.connectors.base import CaptionFile, Content, NotPublished, Published, Receipt
from publishing.connectors.errors import (
    AlreadyPublished,
    AppLimited,
    ConnectionRefused,
    ConnectorError,
    ContentRefused,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from publishing.connectors.youtube import YouTube
from publishing.connectors.youtube_answers import ENDS, until_pacific_midnight
from publishing.models import CallbackItem
from publishing.problems import LIMITS, OPTIONS, PROBLEMS
from publishing.rehearsal.stage import Request
from publishing.rehearsal.store import Remark
from publishing.rehearsal.youtube_answers import error_for
from publishing.rehearsal.youtube_hub import feed, gone

from .conftest import MemoryJournal
from .contract import ODD, TOKEN, ConnectorContract, caught_or_returned

TEXT = "प्रदेश के 75 जनपदों में शिविर।"
GRANULE = 256 * 1024
CHANNEL = "UC0123456789abcdefghijkl"
SECRET = "hub-secret-0123456789"
PAYLOADS = Path(__file__).parent / "payloads" / "youtube"
VTT = "WEBVTT\n\n00:00.000 --> 00:01.000\nनमस्ते\n"


def recorded(name):
    return (PAYLOADS / name).read_bytes()


@pytest.fixture(scope="session")
def captions(media_dir):
    made = []
    for language in ("hi", "en"):
        file = media_dir / f"{language}.vtt"
        file.write_text(VTT, "utf-8")
        made.append(CaptionFile(file, language, hashlib.sha256(VTT.encode()).hexdigest()))
    return tuple(made)


@pytest.fixture
def switch(rehearsal):
    def set_to(**values):
        body = json.dumps(values).encode()
        headers = {"content-type": "application/json"}
        request = Request("POST", "/youtube/_control", {}, headers, body)
        assert rehearsal.answer(request).status == 200

    return set_to


class TestYouTube(ConnectorContract):
    kind = YouTube
    external_id = CHANNEL

    @pytest.fixture
    def content(self, video, captions):
        return Content(TEXT, "मिशन शक्ति", ("उत्तर प्रदेश",), (replace(video, captions=captions),))

    @pytest.fixture
    def large(self, video, captions, tmp_path):
        """A file of several pieces; the stand-in does not look beyond its first bytes."""
        file = tmp_path / "large.mp4"
        file.write_bytes(video.file.read_bytes() + b"\0" * (3 * GRANULE))
        return replace(video, file=file, size=file.stat().st_size, captions=captions)

    @pytest.fixture
    def full(self, content, make_photo):
        """Everything that can come after a video, except a playlist."""
        return replace(content, thumbnail=make_photo(1280, 720))

    def prepare(self, journal, base_url):
        session = f"{base_url}/upload/youtube/v3/videos?upload_id=555"
        journal.keep(session=session, session_until="99999999999")

    def benign(self, method, path, headers):
        if method == "PUT" and headers.get("Content-Range", "").startswith("bytes */"):
            return (308, {}, b"")
        return None

    def say(self, rehearsal, post_id, text, *, author="2222", parent="", number=1, at=0.0):
        """A citizen's comment, or a reply to one."""
        made = f"{parent}.{number}" if parent else f"Ug{number}"
        at = at or datetime.now(UTC).timestamp()
        rehearsal.store.add_remark(
            Remark("youtube", made, CHANNEL, "comment", post_id, parent, author, "नागरिक", text, at)
        )
        return made

    # --- the upload session -----------------------------------------------------------------------

    def test_session_is_kept_before_the_first_byte(self, connector, content, journal, fault):
        fault("cut_before")
        with pytest.raises(Unknown):
            connector.publish(content, journal)
        assert journal.events == ["keep session", "keep session_until", "arm"]

    def test_session_is_never_logged(self, connector, content, journal, fault, caplog):
        fault("code", detail="400:badRequest")
        with caplog.at_level(logging.INFO), pytest.raises(Refused) as caught:
            connector.publish(content, journal)
        secret = journal.get("session").rpartition("upload_id=")[2]
        assert len(secret) > 20
        assert secret not in caplog.text + repr(caught.value) + caught.value.detail

    def test_goes_on_where_it_was_cut(
        self, connector, content, large, journal, fault, posts, monkeypatch, rehearsal
    ):
        monkeypatch.setattr("publishing.connectors.youtube.PIECE", GRANULE)
        content = replace(content, attachments=(large,))
        fault("error_after")
        with pytest.raises(Unknown):
            connector.publish(content, journal)
        session = journal.get("session").rpartition("upload_id=")[2]
        assert rehearsal.store.length("youtube", session) == GRANULE
        assert connector.find(self.sent(content, journal)) is None
        connector.publish(content, journal)
        (post,) = posts()
        assert rehearsal.store.content("youtube", post.file) == large.file.read_bytes()

    def test_each_piece_is_a_sign_of_life(self, connector, content, large, journal, monkeypatch):
        monkeypatch.setattr("publishing.connectors.youtube.PIECE", GRANULE)
        connector.publish(replace(content, attachments=(large,)), journal)
        after = journal.events[journal.events.index("arm") :]
        # Armed anew each time: a large video takes longer than any arming holds.
        assert after == ["arm", "keep bytes_sent"] * 3 + ["arm"]

    @pytest.mark.parametrize("detail", ["401:authError", "403:quotaExceeded", "429:anything"])
    def test_a_token_or_limit_that_ends_in_the_middle_keeps_the_session(
        self, connector, content, large, journal, fault, posts, monkeypatch, detail
    ):
        monkeypatch.setattr("publishing.connectors.youtube.PIECE", GRANULE)
        content = replace(content, attachments=(large,))
        fault("error_after")
        with pytest.raises(Unknown):
            connector.publish(content, journal)
        session = journal.get("session")
        fault("code", detail=detail)
        with pytest.raises((ConnectionRefused, RateLimited)):
            connector.publish(content, journal)
        connector.publish(content, journal)
        assert journal.get("session") == session
        assert len(posts()) == 1

    def test_a_session_that_was_refused_is_not_used_again(self, connector, content, journal, fault):
        fault("code", detail="400:badRequest")
        with pytest.raises(Refused):
            connector.publish(content, journal)
        session = journal.get("session")
        connector.publish(content, journal)
        assert journal.get("session") != session

    def test_a_new_address_replaces_the_session_s(self, content, journal, teller):
        self.prepare(journal, teller.url)
        moved = f"{teller.url}/upload/youtube/v3/videos?upload_id=777"

        def reply(method, path, headers, body):
            if not body:
                return (308, {}, b"")
            if "777" in path:
                return (201, {}, b'{"id": "abcdefghijk"}')
            return (308, {"Range": "bytes=0-9", "Location": moved}, b"")

        teller.reply = reply
        assert self.at(teller.url).publish(content, journal).platform_id == "abcdefghijk"
        assert journal.get("session") == moved

    def test_an_address_elsewhere_is_ignored(self, content, journal, teller):
        self.prepare(journal, teller.url)
        session = journal.get("session")
        answers = [(308, {}, b""), (308, {"Range": "bytes=0-9", "Location": "http://evil/"}, b"")]
        last = (201, {}, b'{"id": "abcdefghijk"}')
        teller.reply = lambda *request: answers.pop(0) if answers else last
        self.at(teller.url).publish(content, journal)
        assert journal.get("session") == session

    def test_finished_session_is_not_uploaded_again(self, connector, content, journal, posts):
        first = connector.publish(content, journal)
        assert connector.publish(content, journal) == first
        assert len(posts()) == 1

    def test_lost_session_is_found_by_our_tag(self, connector, content, journal):
        receipt = connector.publish(content, journal)
        journal.keep(session="")
        assert connector.find(self.sent(content, journal)) == receipt

    def test_a_video_of_another_delivery_is_not_found(self, connector, content, journal):
        receipt = connector.publish(content, journal)
        journal.keep(session="")
        sent = replace(self.sent(content, journal), taken=frozenset({receipt.platform_id}))
        assert connector.find(sent) is None

    def test_another_video_is_not_ours(self, connector, content, journal):
        connector.publish(content, journal)
        journal.keep(session="")
        journal.reference = "11111111-2222-3333-4444-555555555555"
        assert connector.find(self.sent(content, journal)) is None

    def test_forgotten_session_starts_again(self, connector, content, journal, posts, rehearsal):
        self.prepare(journal, f"{rehearsal.url}/youtube")
        connector.publish(content, journal)
        assert len(posts()) == 1

    def test_expired_session_is_found_by_our_tag_only(
        self, connector, content, large, journal, fault, switch, monkeypatch
    ):
        monkeypatch.setattr("publishing.connectors.youtube.PIECE", GRANULE)
        fault("error_after")
        content = replace(content, attachments=(large,))
        with pytest.raises(Unknown):
            connector.publish(content, journal)
        switch(session_seconds=-1)
        assert connector.find(self.sent(content, journal)) is None

    @pytest.mark.parametrize(
        "address", ["http://evil.example/steal", "http://127.0.0.1:9/?upload_id=1"]
    )
    def test_foreign_upload_address_gets_nothing(self, content, journal, teller, address):
        teller.reply = lambda *request: (200, {"Location": address}, b"")
        with pytest.raises(Unavailable) as caught:
            self.at(teller.url).publish(content, journal)
        assert caught.value.code == "foreign_address"
        assert len(teller.seen) == 1

    # --- what it says of a video ------------------------------------------------------------------

    def test_says_what_youtube_would_assume(self, connector, content, journal, posts):
        connector.publish(content, journal)
        (post,) = posts()
        assert post.extra["status"] == {
            "privacyStatus": "public",
            "selfDeclaredMadeForKids": False,
            "containsSyntheticMedia": False,
        }
        assert post.extra["snippet"]["defaultLanguage"] == "hi"
        assert post.extra["snippet"]["categoryId"] == "25"
        assert post.extra["announced"] is True

    def test_says_what_the_officer_chose(self, connector, content, journal, posts):
        chosen = {
            "privacy": "unlisted",
            "made_for_kids": "yes",
            "synthetic": "yes",
            "category": "27",
            "notify": "no",
        }
        connector.publish(replace(content, options=chosen), journal)
        (post,) = posts()
        assert post.extra["status"] == {
            "privacyStatus": "unlisted",
            "selfDeclaredMadeForKids": True,
            "containsSyntheticMedia": True,
        }
        assert post.extra["snippet"]["categoryId"] == "27"
        assert post.extra["announced"] is False

    # --- processing, and what comes after ---------------------------------------------------------

    def test_is_live_only_when_processed(self, connector, content, journal, switch):
        switch(processing_seconds=3600)
        receipt = connector.publish(content, journal)
        assert receipt.is_live is False
        assert connector.follow(receipt, content, journal) is None
        assert connector.find(self.sent(content, journal)) == receipt

    def test_a_processed_video_is_live(self, connector, content, journal):
        receipt = connector.publish(content, journal)
        live = connector.follow(receipt, content, journal)
        assert live == Receipt(receipt.platform_id, receipt.permalink, is_live=True)

    @pytest.mark.parametrize(
        ("end", "kind", "code"),
        [
            *[
                (f"failed:{reason}", ContentRefused, code)
                for reason, code in ENDS.items()
                if code in ("video_not_converted", "video_damaged")
                and reason not in ("transcodeFailed", "streamingFailed")
            ],
            *[
                (f"rejected:{reason}", ContentRefused, code)
                for reason, code in ENDS.items()
                if code not in ("video_not_converted", "video_damaged")
            ],
            ("failed:uploadAborted", Unavailable, "media_processing_failed"),
            ("terminated:uploadFailed", Unavailable, "media_processing_failed"),
            ("terminated:transcodeFailed", ContentRefused, "video_not_converted"),
            ("terminated:streamingFailed", ContentRefused, "video_not_converted"),
            ("terminated:other", ContentRefused, "video_refused"),
            ("rejected:uploaderAccountSuspended", ConnectionRefused, "account_restricted"),
            ("rejected:uploaderAccountClosed", ConnectionRefused, "account_restricted"),
            ("rejected:somethingNew", ContentRefused, "video_refused"),
            ("deleted", Refused, "post_gone"),
        ],
    )
    def test_a_video_that_comes_to_nothing(
        self, connector, content, journal, switch, end, kind, code
    ):
        switch(end=end)
        seen = connector.follow(connector.publish(content, journal), content, journal)
        assert isinstance(seen, NotPublished)
        assert (type(seen.error), seen.error.code) == (kind, code)
        assert code in PROBLEMS

    def test_everything_around_the_video_once(self, connector, full, journal, rehearsal, posts):
        playlist = self.add_playlist(rehearsal)
        full = replace(full, options={"playlist": playlist})
        receipt = connector.publish(full, journal)
        for _ in range(3):
            assert connector.follow(receipt, full, journal).is_live
        (post,) = posts()
        assert [(row["language"], row["name"]) for row in post.extra["captions"]] == [
            ("hi", "हिन्दी"),
            ("en", "English"),
        ]
        caption = post.extra["captions"][0]["id"]
        assert rehearsal.store.content("youtube", caption) == VTT.encode()
        thumbnail = rehearsal.store.content("youtube", post.extra["thumbnail"])
        assert thumbnail == full.thumbnail.file.read_bytes()
        kept = rehearsal.store.file("youtube", playlist)
        assert list(kept.extra.values()) == [receipt.platform_id]
        assert journal.get("note") == ""

    def test_a_worker_that_died_between_steps_makes_none_twice(
        self, connector, full, journal, rehearsal, posts
    ):
        playlist = self.add_playlist(rehearsal)
        full = replace(full, options={"playlist": playlist})
        receipt = connector.publish(full, journal)
        connector.follow(receipt, full, journal)
        for name in ("thumbnail", "captions_hi", "captions_en", "playlist"):
            journal.keep(**{name: ""})
        assert connector.follow(receipt, full, journal).is_live
        assert len(posts()[0].extra["captions"]) == 2
        assert len(rehearsal.store.file("youtube", playlist).extra) == 1
        assert journal.get("note") == ""

    def test_a_playlist_that_says_conflict_has_the_video(self, connector, content, journal, teller):
        def reply(method, path, headers, body):
            if path.startswith("/youtube/v3/videos"):
                return (200, {}, b'{"items": [{"status": {"uploadStatus": "processed"}}]}')
            if method == "POST" and "playlistItems" in path:
                return (409, {}, b'{"error": {"errors": [{"reason": "conflict"}]}}')
            return (200, {}, b'{"items": []}') if method == "GET" else (200, {}, b'{"id": "1"}')

        teller.reply = reply
        content = replace(content, options={"playlist": "PL0123456789"})
        assert self.at(teller.url).follow(Receipt("abcdefghijk"), content, journal).is_live
        assert journal.get("playlist") == "done"

    def test_an_unverified_channel_gets_its_video_without_a_cover(
        self, connector, full, journal, switch, posts
    ):
        switch(verified=False)
        receipt = connector.publish(full, journal)
        assert connector.follow(receipt, full, journal).is_live
        assert journal.get("note") == "thumbnail_left_out"
        assert len(posts()[0].extra["captions"]) == 2

    def test_several_things_left_out_are_one_note(self, connector, full, journal, switch):
        switch(verified=False)
        full = replace(full, options={"playlist": "PLnot-there-at-all"})
        assert connector.follow(connector.publish(full, journal), full, journal).is_live
        assert journal.get("note") == "steps_left_out"
        assert {"steps_left_out", "captions_left_out", "playlist_left_out"} <= set(PROBLEMS)

    def test_a_step_that_fails_for_a_while_is_tried_again(
        self, connector, full, journal, fault, posts
    ):
        receipt = connector.publish(full, journal)
        fault("code", where="upload", detail="429:uploadRateLimitExceeded")
        with pytest.raises(RateLimited) as caught:
            connector.follow(receipt, full, journal)
        assert caught.value.retry_after == 6 * 3600
        assert connector.follow(receipt, full, journal).is_live
        assert "thumbnail" in posts()[0].extra

    def test_a_step_that_always_fails_is_left_out(self, connector, full, journal, fault):
        receipt = connector.publish(full, journal)
        fault("error_before", where="upload", times=3)
        for _ in range(2):
            with pytest.raises(Unknown):
                connector.follow(receipt, full, journal)
        assert connector.follow(receipt, full, journal).is_live
        assert journal.get("note") == "thumbnail_left_out"

    def add_playlist(self, rehearsal):
        headers = {"authorization": "Bearer secret-token-0123456789"}
        body = json.dumps({"snippet": {"title": "योजनाएँ"}}).encode()
        query = {"part": "snippet"}
        request = Request("POST", "/youtube/youtube/v3/playlists", query, headers, body)
        return json.loads(rehearsal.answer(request).body)["id"]

    # --- correcting and taking down ---------------------------------------------------------------

    def test_a_correction_erases_nothing_else(self, connector, content, journal, posts, rehearsal):
        receipt = connector.publish(content, journal)
        (post,) = posts()
        rehearsal.store.change_post(
            post,
            snippet={**post.extra["snippet"], "defaultAudioLanguage": "hi"},
            status={**post.extra["status"], "embeddable": False, "license": "creativeCommon"},
        )
        corrected = replace(content, text="नया विवरण", title="नया शीर्षक", tags=("नया",))
        published = Published(receipt.platform_id, receipt.permalink)
        assert connector.edit(published, corrected, journal).platform_id == receipt.platform_id
        (post,) = posts()
        assert (post.title, post.text) == ("नया शीर्षक", "नया विवरण")
        assert post.extra["snippet"]["defaultAudioLanguage"] == "hi"
        assert post.extra["snippet"]["tags"][0] == "नया"
        assert post.extra["snippet"]["tags"][1].startswith("ref-")
        assert post.extra["status"]["embeddable"] is False
        assert post.extra["status"]["license"] == "creativeCommon"
        assert post.extra["status"]["privacyStatus"] == "public"

    def test_a_video_that_is_gone_cannot_be_corrected(self, connector, content, journal):
        with pytest.raises(Refused) as caught:
            connector.edit(Published("abcdefghijk"), content, journal)
        assert caught.value.code == "post_gone"

    def test_removes_once_and_again(self, connector, content, journal, posts):
        published = Published(connector.publish(content, journal).platform_id)
        connector.remove(published, journal)
        assert posts() == []
        connector.remove(published, journal)

    def test_an_unclear_take_down_says_so(self, connector, content, journal, fault):
        published = Published(connector.publish(content, journal).platform_id)
        fault("error_before")
        with pytest.raises(Unknown):
            connector.remove(published, journal)

    # --- reading back -----------------------------------------------------------------------------

    def test_reads_every_comment_and_reply(self, connector, content, journal, rehearsal):
        video = connector.publish(content, journal).platform_id
        tops = [self.say(rehearsal, video, f"प्रश्न {n}", number=f"t{n}") for n in range(130)]
        for n in range(130):
            self.say(rehearsal, video, f"उत्तर {n}", parent=tops[0], number=n, author=CHANNEL)
        page = connector.read_comments(Published(video))
        found = list(page.items)
        while page.after:
            page = connector.read_comments(Published(video), after=page.after)
            found += page.items
        assert len({comment.id for comment in found}) == len(found) == 260
        assert {one.parent_id for one in found if one.is_own} == {tops[0]}
        assert all(one.post_id == video and one.at for one in found)

    def test_since_stops_at_older_threads(self, connector, content, journal, rehearsal):
        video = connector.publish(content, journal).platform_id
        now = datetime.now(UTC)
        old = (now - timedelta(days=3)).timestamp()
        for n in range(120):
            self.say(rehearsal, video, "पुराना", number=f"o{n}", at=old)
        self.say(rehearsal, video, "नया", number="new")
        page = connector.read_comments(Published(video), since=now - timedelta(hours=1))
        assert [one.text for one in page.items] == ["नया"]
        rest = connector.read_comments(
            Published(video), since=now - timedelta(hours=1), after=page.after
        )
        assert (rest.items, rest.after) == ((), "")

    def test_a_page_that_is_gone_starts_the_list_again(
        self, connector, content, journal, rehearsal
    ):
        video = connector.publish(content, journal).platform_id
        self.say(rehearsal, video, "प्रश्न")
        (comment,) = connector.read_comments(Published(video), after="gone").items
        assert comment.text == "प्रश्न"

    def test_a_video_without_comments_has_none(self, connector, content, journal):
        content = replace(content, options={"made_for_kids": "yes"})
        video = connector.publish(content, journal).platform_id
        assert connector.read_comments(Published(video)).items == ()

    def test_comments_of_a_video_that_is_gone(self, connector):
        with pytest.raises(Refused) as caught:
            connector.read_comments(Published("abcdefghijk"))
        assert caught.value.code == "post_gone"

    def test_reads_a_recorded_thread(self, teller):
        teller.reply = lambda *request: (200, {}, recorded("thread.json"))
        top, reply = self.at(teller.url).read_comments(Published("abcdefghijk")).items
        assert (top.text, top.author_name, top.is_own) == ("शिविर कब है?", "@nagrik", False)
        assert (reply.parent_id, reply.is_own) == (top.id, True)
        assert top.at == datetime(2026, 11, 20, 4, 30, tzinfo=UTC)
        assert top.permalink.endswith("/watch?v=abcdefghijk&lc=UgzThread")

    def test_metrics_are_numbers_and_hidden_ones_left_out(
        self, connector, content, journal, posts, rehearsal
    ):
        published = Published(connector.publish(content, journal).platform_id)
        (post,) = posts()
        rehearsal.store.change_post(post, counts={"viewCount": 1_234_567})
        assert connector.read_metrics(published) == {"views": 1_234_567, "likes": 0, "comments": 0}
        hidden = {**post.extra["status"], "publicStatsViewable": False}
        rehearsal.store.change_post(post, status=hidden)
        assert connector.read_metrics(published) == {}

    def test_other_numbers_come_from_analytics(
        self, connector, content, journal, posts, rehearsal, settings
    ):
        names = {"views": "viewCount", "shares": "shares"}
        settings.METRICS = {**settings.METRICS, "youtube": names}
        published = Published(connector.publish(content, journal).platform_id)
        rehearsal.store.change_post(posts()[0], studied={"shares": 7})
        assert connector.read_metrics(published) == {"views": 0, "shares": 7}

    def test_a_recorded_report_is_read_by_name(self, teller, settings):
        names = {"watched": "averageViewPercentage", "shares": "shares", "lost": "notThere"}
        settings.METRICS = {"youtube": names}
        teller.reply = lambda method, path, *rest: (
            (200, {}, recorded("analytics.json"))
            if path.startswith("/v2/reports")
            else (200, {}, b'{"items": [{"id": "abcdefghijk"}]}')
        )
        assert self.at(teller.url).read_metrics(Published("abcdefghijk")) == {
            "watched": 49,
            "shares": 12,
        }

    def test_without_the_permission_for_analytics_the_rest_is_read(self, teller, settings):
        settings.METRICS = {"youtube": {"views": "viewCount", "shares": "shares"}}
        video = b'{"items": [{"id": "abcdefghijk", "statistics": {"viewCount": "5"}}]}'
        teller.reply = lambda method, path, *rest: (
            (403, {}, recorded("scope_insufficient.json"))
            if path.startswith("/v2/reports")
            else (200, {}, video)
        )
        assert self.at(teller.url).read_metrics(Published("abcdefghijk")) == {"views": 5}

    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(status=st.sampled_from([200, 204, 400, 404, 409, 500]), data=ODD)
    def test_no_answer_breaks_what_comes_after(self, content, photo, teller, status, data):
        answer = (status, {"Content-Type": "application/json"}, json.dumps(data).encode())
        teller.reply = lambda *request: answer
        connector, post = self.at(teller.url), Published("abcdefghijk")
        full = replace(content, thumbnail=photo, options={"playlist": "PL0123456789"})
        for call in (
            lambda: connector.follow(Receipt("abcdefghijk"), full, MemoryJournal()),
            lambda: connector.edit(post, full, MemoryJournal()),
            lambda: connector.remove(post, MemoryJournal()),
            lambda: connector.read_comments(post),
            lambda: connector.read_comments(post, since=datetime.now(UTC), after="p1"),
            lambda: connector.read_metrics(post),
        ):
            outcome = caught_or_returned(call)
            if isinstance(outcome, ConnectorError):
                assert outcome.code in PROBLEMS

    # --- the table of errors (Y4) -----------------------------------------------------------------

    @pytest.mark.parametrize(
        ("detail", "kind", "code"),
        [
            ("400:invalidTitle", ContentRefused, "title_refused"),
            ("400:invalidDescription", ContentRefused, "text_refused"),
            ("400:invalidTags", ContentRefused, "tags_refused"),
            ("400:invalidCategoryId", ContentRefused, "category_refused"),
            ("400:invalidVideoMetadata", ContentRefused, "content_refused"),
            ("400:invalidPublishAt", ContentRefused, "content_refused"),
            ("400:invalidRecordingDetails", ContentRefused, "content_refused"),
            ("400:defaultLanguageNotSet", ContentRefused, "content_refused"),
            ("400:invalidFilename", ContentRefused, "video_refused"),
            ("400:mediaBodyRequired", ContentRefused, "video_refused"),
            ("400:invalidImage", ContentRefused, "photo_refused"),
            ("400:uploadLimitExceeded", RateLimited, "daily_limit"),
            ("400:processingFailure", Refused, "refused"),
            ("400:invalidPageToken", Refused, "list_changed"),
            ("400:commentTextRequired", ContentRefused, "text_refused"),
            ("400:commentTextTooLong", ContentRefused, "text_refused_length"),
            ("400:invalidCommentMetadata", ContentRefused, "text_refused"),
            ("400:parentIdMissing", Refused, "refused"),
            ("400:parentCommentIsPrivate", Refused, "refused"),
            ("400:operationNotSupported", Refused, "refused"),
            ("400:channelOrVideoIdMissing", Refused, "refused"),
            ("400:banWithoutReject", Refused, "refused"),
            ("401:authError", ConnectionRefused, "reconnect"),
            ("401:expired", ConnectionRefused, "reconnect"),
            ("401:authorizationRequired", ConnectionRefused, "reconnect"),
            ("401:youtubeSignupRequired", ConnectionRefused, "account_not_found"),
            ("403:quotaExceeded", AppLimited, "app_limit"),
            ("403:dailyLimitExceeded", AppLimited, "app_limit"),
            ("403:rateLimitExceeded", RateLimited, "rate_limited"),
            ("429:rateLimitExceeded", RateLimited, "rate_limited"),
            ("403:userRateLimitExceeded", RateLimited, "rate_limited"),
            ("429:uploadRateLimitExceeded", RateLimited, "rate_limited"),
            ("403:forbidden", ConnectionRefused, "permission_missing"),
            ("403:insufficientPermissions", ConnectionRefused, "permission_missing"),
            ("403:accessNotConfigured", ConnectionRefused, "app_not_ready"),
            ("403:forbiddenPrivacySetting", ContentRefused, "privacy_refused"),
            ("403:forbiddenLicenseSetting", ContentRefused, "content_refused"),
            ("403:authenticatedUserNotChannel", ConnectionRefused, "account_not_found"),
            ("403:channelClosed", ConnectionRefused, "account_restricted"),
            ("403:channelSuspended", ConnectionRefused, "account_restricted"),
            ("403:authenticatedUserAccountClosed", ConnectionRefused, "account_restricted"),
            ("403:authenticatedUserAccountSuspended", ConnectionRefused, "account_restricted"),
            ("403:commentsDisabled", Refused, "refused"),
            ("403:ineligibleAccount", ConnectionRefused, "account_restricted"),
            ("404:videoNotFound", Refused, "post_gone"),
            ("404:commentNotFound", Refused, "post_gone"),
            ("404:commentThreadNotFound", Refused, "post_gone"),
            ("404:playlistNotFound", Refused, "playlist_refused"),
            ("404:channelNotFound", ConnectionRefused, "account_not_found"),
            ("409:captionExists", AlreadyPublished, "already_published"),
            ("409:conflict", AlreadyPublished, "already_published"),
            ("400:failedPrecondition", Refused, "refused"),
            ("412:failedPrecondition", Refused, "refused"),
            ("500:internalError", Unavailable, "platform_failing"),
            ("503:backendError", Unavailable, "platform_failing"),
            # Google's newer shape, without errors[]
            ("401:UNAUTHENTICATED", ConnectionRefused, "reconnect"),
            ("403:PERMISSION_DENIED", ConnectionRefused, "permission_missing"),
            ("429:RESOURCE_EXHAUSTED", RateLimited, "rate_limited"),
            ("409:ALREADY_EXISTS", AlreadyPublished, "already_published"),
            ("400:INVALID_ARGUMENT", Refused, "refused"),
        ],
    )
    def test_meaning_of_errors(self, connector, content, journal, fault, detail, kind, code):
        fault("code", where="upload", detail=detail)
        with pytest.raises(kind) as caught:
            connector.publish(content, journal)
        assert (type(caught.value), caught.value.code) == (kind, code)
        assert caught.value.status == int(detail[:3])
        assert "<" not in caught.value.detail
        assert "Provoked" in caught.value.detail
        assert (caught.value.retry_after or 0) > 0 or not isinstance(caught.value, RateLimited)
        assert code in PROBLEMS

    @pytest.mark.parametrize("detail", ["500:internalError", "503:backendError"])
    def test_a_failing_platform_leaves_the_visible_call_unclear(
        self, connector, content, journal, fault, detail
    ):
        fault("code", detail=detail)
        with pytest.raises(Unknown):
            connector.publish(content, journal)

    @pytest.mark.parametrize(
        ("file", "kind", "code"),
        [
            ("quota_exceeded.json", RateLimited, "app_limit"),
            ("scope_insufficient.json", ConnectionRefused, "permission_missing"),
        ],
    )
    def test_recorded_errors(self, content, journal, teller, file, kind, code):
        teller.reply = lambda *request: (403, {}, recorded(file))
        with pytest.raises(kind) as caught:
            self.at(teller.url).publish(content, journal)
        assert caught.value.code == code

    def test_a_used_up_quota_waits_for_midnight_in_california(
        self, connector, content, journal, switch, posts
    ):
        switch(uploads=1)
        connector.publish(content, journal)
        with pytest.raises(RateLimited) as caught:
            connector.publish(content, type(journal)())
        expected = until_pacific_midnight(datetime.now(UTC))
        assert abs(caught.value.retry_after - expected) < 30
        assert len(posts()) == 1

    def test_units_are_used_up_by_everything_else(self, connector, full, journal, switch):
        switch(units=200)
        receipt = connector.publish(full, journal)
        with pytest.raises(RateLimited) as caught:
            connector.follow(receipt, full, journal)
        assert caught.value.code == "app_limit"
        assert journal.get("thumbnail") == "done"

    @pytest.mark.parametrize(("announced", "wait"), [("120", 120), ("9999999", 86_400)])
    def test_an_announced_wait_is_honoured(self, content, journal, teller, announced, wait):
        teller.reply = lambda *request: (429, {"Retry-After": announced}, b"{}")
        with pytest.raises(RateLimited) as caught:
            self.at(teller.url).publish(content, journal)
        assert caught.value.retry_after == wait

    # --- before approval --------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("change", "codes"),
        [
            ({}, []),
            ({"text": "क" * 1666}, []),
            ({"text": "क" * 1667}, ["text_too_long_bytes"]),
            ({"title": ""}, ["title_missing"]),
            ({"title": "क" * 101}, ["title_too_long"]),
            ({"title": "😀" * 51}, ["title_too_long"]),
            ({"text": "a > b"}, ["angle_brackets"]),
            ({"tags": ("क" * 480,)}, ["tags_too_long"]),
            ({"tags": ("क" * 479,)}, []),
            ({"attachments": ()}, ["video_missing"]),
            ({"options": {"privacy": "private", "category": "29"}}, []),
            ({"options": {"privacy": "friends"}}, ["choice_not_possible"]),
            ({"options": {"category": "politics"}}, ["choice_not_possible"]),
            ({"options": {"playlist": "PL0123456789abcdef"}}, []),
            ({"options": {"playlist": "https://evil"}}, ["playlist_not_valid"]),
        ],
    )
    def test_check(self, content, change, codes):
        assert [p.code for p in YouTube.check(replace(content, **change))] == codes

    @pytest.mark.parametrize(
        ("change", "codes"),
        [
            ({"captions": ()}, ["captions_missing"]),
            ({"mime": "video/webm"}, ["video_format"]),
            ({"size": 256 * 10**9 + 1}, ["video_too_large"]),
            ({"duration": 12 * 3600 + 1}, ["video_too_long", "video_needs_verified_channel"]),
            ({"duration": 901}, ["video_needs_verified_channel"]),
            ({"width": 1080, "height": 1920}, ["becomes_short"]),
            ({"width": 1080, "height": 1920, "duration": 181}, []),
        ],
    )
    def test_check_of_the_video(self, content, change, codes):
        video = replace(content.attachments[0], **change)
        assert [p.code for p in YouTube.check(replace(content, attachments=(video,)))] == codes

    @pytest.mark.parametrize(
        ("change", "codes"),
        [
            ({}, []),
            ({"mime": "image/png"}, []),
            ({"mime": "image/gif"}, ["photo_format"]),
            ({"size": 2_000_001}, ["photo_too_large"]),
        ],
    )
    def test_check_of_the_cover(self, content, photo, change, codes):
        content = replace(content, thumbnail=replace(photo, **change))
        assert [p.code for p in YouTube.check(content)] == codes


def test_count_is_in_bytes():
    assert YouTube.count("कa").length == 4


def test_fits():
    assert YouTube.fit("video/mp4").seconds == 12 * 3600
    assert YouTube.fit("image/jpeg").bytes == 2_000_000
    assert YouTube.fit("image/gif") is None


def test_limits_start_anew_in_california(settings):
    settings.YOUTUBE_DAILY_UPLOADS, settings.YOUTUBE_DAILY_UNITS = 300, 50_000
    uploads, units = YouTube.limits({})
    assert (uploads.amount, units.amount) == (300, 100)
    assert {(limit.per, limit.zone) for limit in (uploads, units)} == {
        ("app", "America/Los_Angeles")
    }
    assert {uploads.code, units.code} <= set(LIMITS)


def test_every_option_and_end_is_worded():
    keys = {option.key for option in YouTube.options}
    choices = {f"{option.key}:{one}" for option in YouTube.options for one in option.choices}
    assert keys | choices <= set(OPTIONS)
    assert set(ENDS.values()) <= set(PROBLEMS)


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (datetime(2026, 11, 24, 8, 0, tzinfo=UTC), 24),
        (datetime(2026, 7, 24, 6, 0, tzinfo=UTC), 1),
    ],
)
def test_quota_begins_at_midnight_in_california(now, hours):
    assert until_pacific_midnight(now) == hours * 3600 + 1


def test_an_error_that_is_not_named_like_one_is_unknown_to_the_stand_in():
    assert error_for("quotaExceeded") is None


# --- callbacks (Y7) -------------------------------------------------------------------------------

TOPIC = f"https://www.youtube.com/xml/feeds/videos.xml?channel_id={CHANNEL}"
ASKED = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "1234567890"}


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({}, "1234567890"),
        ({"hub.topic": TOPIC.replace("/xml", "")}, "1234567890"),
        ({"hub.verify_token": "word"}, "1234567890"),
        ({"hub.verify_token": "guess"}, None),
        ({"hub.mode": "unsubscribe"}, "1234567890"),
        ({"hub.mode": "denied"}, None),
        ({"hub.topic": "https://evil.example/feeds/videos.xml?channel_id=UC1"}, None),
        ({"hub.topic": f"{TOPIC}&x=1"}, None),
        ({"hub.challenge": "<script>"}, None),
        ({"hub.challenge": '{"a": 1}'}, None),
        ({"hub.challenge": ""}, None),
    ],
)
def test_handshake(change, answer):
    assert YouTube.handshake({**ASKED, **change}, secret=SECRET, verify="word") == answer


def test_only_our_hub_is_genuine():
    body = recorded("new_video.xml")
    digest = hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
    signed = {"x-hub-signature": f"sha1={digest}"}
    assert YouTube.is_genuine(body, signed, secret=SECRET)
    assert not YouTube.is_genuine(body + b" ", signed, secret=SECRET)
    assert not YouTube.is_genuine(body, {"x-hub-signature": "sha1=é"}, secret=SECRET)
    assert not YouTube.is_genuine(body, {}, secret=SECRET)


def test_a_new_video_is_told():
    (told,) = YouTube.told(recorded("new_video.xml"))
    assert (told.kind, told.account) == ("post", CHANNEL)
    assert told.key == "abcdefghijk:2026-11-20T04:31:10+00:00"
    assert told.said["title"] == "मिशन शक्ति"
    assert told.at == datetime(2026, 11, 20, 4, 31, 10, tzinfo=UTC)


def test_a_deleted_video_is_told():
    (told,) = YouTube.told(recorded("deleted_video.xml"))
    assert (told.kind, told.account, told.said) == ("other", CHANNEL, {"deleted": "abcdefghijk"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<feed",
        b"\xff\xfe<\x00",
        b'<!DOCTYPE f [<!ENTITY a "b">]><feed xmlns="http://www.w3.org/2005/Atom">&a;</feed>',
        "<!DOCTYPE f [<!ENTITY a 'b'>]><feed>&a;</feed>".encode("utf-16"),
        b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>x</id></entry></feed>',
        b"<a>" * 100_000,
    ],
)
def test_what_is_no_feed_tells_nothing(body):
    assert list(YouTube.told(body)) == []


def test_a_video_s_id_is_never_markup():
    body = recorded("new_video.xml").replace(b">abcdefghijk<", b">&lt;script&gt;<")
    assert list(YouTube.told(body)) == []


def test_the_stand_in_sends_what_we_read(rehearsal, video):
    rehearsal.store.add_account("youtube", CHANNEL, "विभाग", TOKEN, {})
    connector = TestYouTube().at(f"{rehearsal.url}/youtube")
    content = Content(TEXT, "शक्ति & सम्मान", (), (video,))
    receipt = connector.publish(content, MemoryJournal())
    post = rehearsal.store.post("youtube", receipt.platform_id)
    (new,) = YouTube.told(feed(post))
    assert (new.said["video"], new.said["title"], new.account) == (post.id, post.title, CHANNEL)
    (removed,) = YouTube.told(gone(post))
    assert removed.said == {"deleted": post.id}
    signer = rehearsal.stages["youtube"].signed
    headers = {name.lower(): value for name, value in signer(SECRET, feed(post)).items()}
    assert YouTube.is_genuine(feed(post), headers, secret=SECRET)


@pytest.mark.django_db
def test_the_portal_keeps_what_the_hub_says_once(client, settings):
    settings.CALLBACK_SECRETS = {"youtube": SECRET}
    body = recorded("new_video.xml")
    digest = hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
    for signature, status in ((digest, 200), (digest, 200), ("0" * 40, 403)):
        headers = {"X-Hub-Signature": f"sha1={signature}"}
        answer = client.post(
            "/callbacks/youtube/", body, content_type="application/atom+xml", headers=headers
        )
        assert answer.status_code == status
    take_apart()
    (item,) = CallbackItem.objects.all()
    assert (item.kind, item.account, item.said["video"]) == ("post", CHANNEL, "abcdefghijk")
