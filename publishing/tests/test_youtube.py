from dataclasses import replace
from datetime import UTC, datetime

import pytest

from publishing.connectors.base import Content
from publishing.connectors.errors import ConnectionRefused, ContentRefused, RateLimited, Unavailable
from publishing.connectors.youtube import YouTube, _until_pacific_midnight

from .contract import ConnectorContract

TEXT = "प्रदेश के 75 जनपदों में शिविर।"
GRANULE = 256 * 1024


class TestYouTube(ConnectorContract):
    kind = YouTube
    external_id = "UC0123456789abcdefghijkl"

    @pytest.fixture
    def content(self, video):
        return Content(TEXT, "मिशन शक्ति", ("उत्तर प्रदेश",), (video,))

    @pytest.fixture
    def large(self, video, tmp_path):
        """A file of several pieces; the stand-in does not look beyond its first bytes."""
        file = tmp_path / "large.mp4"
        file.write_bytes(video.file.read_bytes() + b"\0" * (3 * GRANULE))
        return replace(video, file=file, size=file.stat().st_size)

    def prepare(self, journal, base_url):
        session = f"{base_url}/upload/youtube/v3/videos?upload_id=555"
        journal.keep(session=session, session_until="99999999999")

    def benign(self, method, path, headers):
        if method == "PUT" and headers.get("Content-Range", "").startswith("bytes */"):
            return (308, {}, b"")
        return None

    def test_session_is_kept_before_the_first_byte(self, connector, content, journal, fault):
        fault("cut_before")
        with pytest.raises(Exception, match="unknown_outcome"):
            connector.publish(content, journal)
        assert journal.events == ["keep session", "keep session_until", "arm"]

    def test_goes_on_where_it_was_cut(
        self, connector, content, large, journal, fault, posts, monkeypatch, rehearsal
    ):
        monkeypatch.setattr("publishing.connectors.youtube.PIECE", GRANULE)
        content = replace(content, attachments=(large,))
        fault("error_after")
        with pytest.raises(Exception, match="unknown_outcome"):
            connector.publish(content, journal)
        session = journal.get("session").rpartition("upload_id=")[2]
        assert rehearsal.store.length("youtube", session) == GRANULE
        assert connector.find(self.sent(content, journal)) is None
        connector.publish(content, journal)
        (post,) = posts()
        assert rehearsal.store.content("youtube", post.file) == large.file.read_bytes()

    def test_finished_session_is_not_uploaded_again(self, connector, content, journal, posts):
        first = connector.publish(content, journal)
        assert connector.publish(content, journal) == first
        assert len(posts()) == 1

    def test_lost_session_is_found_by_our_tag(self, connector, content, journal):
        receipt = connector.publish(content, journal)
        journal.keep(session="")
        assert connector.find(self.sent(content, journal)) == receipt

    def test_another_video_is_not_ours(self, connector, content, journal):
        connector.publish(content, journal)
        journal.keep(session="")
        journal.reference = "11111111-2222-3333-4444-555555555555"
        assert connector.find(self.sent(content, journal)) is None

    def test_forgotten_session_starts_again(self, connector, content, journal, posts, rehearsal):
        self.prepare(journal, f"{rehearsal.url}/youtube")
        connector.publish(content, journal)
        assert len(posts()) == 1

    def test_foreign_upload_address_gets_nothing(self, content, journal, teller):
        teller.reply = lambda *request: (200, {"Location": "http://127.0.0.1:9/?upload_id=1"}, b"")
        with pytest.raises(Unavailable) as caught:
            self.at(teller.url).publish(content, journal)
        assert caught.value.code == "foreign_address"
        assert len(teller.seen) == 1

    def test_says_everything_that_youtube_would_assume(self, connector, content, journal, posts):
        connector.publish(content, journal)
        (post,) = posts()
        assert post.extra["status"]["privacyStatus"] == "public"
        assert post.extra["status"]["selfDeclaredMadeForKids"] is False
        assert post.extra["snippet"]["defaultLanguage"] == "hi"
        assert post.extra["upload"] == "processed"

    @pytest.mark.parametrize(
        ("status", "reason", "kind", "code"),
        [
            (400, "uploadLimitExceeded", RateLimited, "daily_limit"),
            (403, "quotaExceeded", RateLimited, "daily_limit"),
            (403, "rateLimitExceeded", RateLimited, "rate_limited"),
            (403, "forbidden", ConnectionRefused, "permission_missing"),
            (401, "youtubeSignupRequired", ConnectionRefused, "account_not_found"),
            (400, "invalidTitle", ContentRefused, "title_refused"),
        ],
    )
    def test_meaning_of_reasons(self, content, journal, teller, status, reason, kind, code):
        body = b'{"error": {"errors": [{"reason": "%s"}]}}' % reason.encode()
        teller.reply = lambda *request: (status, {}, body)
        with pytest.raises(kind) as caught:
            self.at(teller.url).publish(content, journal)
        assert caught.value.code == code

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
        ],
    )
    def test_check(self, content, change, codes):
        assert [p.code for p in YouTube.check(replace(content, **change))] == codes

    def test_count_is_in_bytes(self):
        assert YouTube.count("कa").length == 4


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (datetime(2026, 11, 24, 8, 0, tzinfo=UTC), 24),
        (datetime(2026, 7, 24, 6, 0, tzinfo=UTC), 1),
    ],
)
def test_quota_begins_at_midnight_in_california(now, hours):
    assert _until_pacific_midnight(now) == hours * 3600 + 1
