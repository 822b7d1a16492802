import json
from dataclasses import replace

import pytest

from publishing.connectors.base import Content
from publishing.connectors.errors import (
    ContentRefused,
    NeedsOfficer,
    RateLimited,
    Unavailable,
    Unknown,
)
from publishing.connectors.instagram import Instagram
from publishing.problems import LIMITS

from .conftest import MemoryJournal
from .contract import TOKEN, PrivateContract

QUOTA = b'{"data": [{"quota_usage": 1, "config": {"quota_total": 50}}]}'
TEXT = "मिशन शक्ति: छात्राओं ने पौधे लगाए। #मिशनशक्ति #UP"


class TestInstagram(PrivateContract):
    kind = Instagram

    @pytest.fixture(autouse=True)
    def impatient(self, monkeypatch):
        monkeypatch.setattr("publishing.connectors.instagram.WAITS", (0.05,) * 10)

    @pytest.fixture
    def content(self, photo):
        return Content(TEXT, attachments=(photo,))

    def prepare(self, journal, base_url):
        journal.keep(container="555", container_until="99999999999")

    def benign(self, method, path, headers):
        if method == "GET" and "status_code" in path:
            return (200, {}, b'{"id": "555", "status_code": "FINISHED"}')
        if method == "GET" and "content_publishing_limit" in path:
            return (200, {}, QUOTA)
        return None

    def test_post_of_another_delivery_is_not_ours(self, connector, content, journal):
        other = connector.publish(content, journal)
        sent = replace(self.sent(content, journal), taken=frozenset({other.platform_id}))
        assert connector.find(sent) is None

    def test_permalink_leads_to_the_rehearsal(self, connector, content, journal, rehearsal):
        receipt = connector.publish(content, journal)
        assert receipt.permalink == f"{rehearsal.url}/instagram/p/{receipt.platform_id}/"

    def test_failing_permalink_does_not_undo_the_post(
        self, connector, content, journal, teller, rehearsal
    ):
        def reply(method, path, headers, body):
            if method == "POST":
                return (200, {}, b'{"id": "777"}')
            return self.benign(method, path, headers) or (500, {}, b"")

        teller.reply = reply
        receipt = self.at(teller.url).publish(content, journal)
        assert (receipt.platform_id, receipt.permalink) == ("777", "")

    def test_published_container_is_never_published_again(self, connector, content, journal, posts):
        connector.publish(content, journal)
        with pytest.raises(Unknown):
            connector.publish(content, journal)
        assert len(posts()) == 1

    @pytest.mark.parametrize("state", ["EXPIRED", "ERROR"])
    def test_dead_container_is_forgotten(self, content, journal, teller, state):
        self.prepare(journal, teller.url)
        teller.reply = lambda *request: (200, {}, b'{"status_code": "%s"}' % state.encode())
        with pytest.raises(Unavailable):
            self.at(teller.url).publish(content, journal)
        assert journal.get("container") == ""

    def test_container_that_stays_in_progress_is_looked_at_later(
        self, content, journal, teller, monkeypatch
    ):
        monkeypatch.setattr("publishing.connectors.instagram.WAITS", (0, 0))
        self.prepare(journal, teller.url)
        teller.reply = lambda *request: (200, {}, b'{"status_code": "IN_PROGRESS"}')
        with pytest.raises(Unavailable) as caught:
            self.at(teller.url).publish(content, journal)
        assert (caught.value.code, caught.value.retry_after) == ("still_processing", 60)
        assert journal.get("container") == "555"

    def test_photo_that_cannot_be_fetched_is_not_sent(self, connector, content, journal):
        away = replace(content.attachments[0], url="http://127.0.0.1:9/p.jpg")
        with pytest.raises(Unavailable) as caught:
            connector.publish(replace(content, attachments=(away,)), journal)
        assert caught.value.code == "media_unreachable"

    def test_photo_of_a_wrong_shape_is_refused(self, connector, make_photo, journal):
        with pytest.raises(ContentRefused):
            connector.publish(Content(TEXT, attachments=(make_photo(2000, 500),)), journal)

    # --- carousel, reel ---------------------------------------------------------------------------

    @pytest.fixture
    def carousel(self, make_photo, video):
        photos = tuple(make_photo(640 + n, 640, alt=f"चित्र {n}") for n in range(3))
        return Content(TEXT, attachments=(*photos, video))

    @pytest.fixture
    def reel(self, video):
        return Content(TEXT, attachments=(video,))

    def test_carousel_keeps_its_order(self, connector, carousel, journal, posts, rehearsal):
        connector.publish(carousel, journal)
        (post,) = posts()
        files = [rehearsal.store.file("instagram", one) for one in post.extra["files"]]
        assert [one.extra["alt"] for one in files] == ["चित्र 0", "चित्र 1", "चित्र 2", ""]
        assert [one.mime for one in files] == [*["image/jpeg"] * 3, "video/mp4"]
        assert post.text == TEXT

    def test_container_that_is_made_is_never_made_again(
        self, connector, carousel, journal, fault, exchanges
    ):
        fault("code", detail="4")
        with pytest.raises(RateLimited):
            connector.publish(carousel, journal)
        connector.publish(carousel, journal)
        assert sum(one.request.path.endswith("/media") for one in exchanges) == 5

    def test_photo_that_cannot_be_fetched_starts_the_carousel_anew(
        self, connector, carousel, journal, fault, exchanges
    ):
        away = replace(carousel.attachments[2], url="http://127.0.0.1:9/p.jpg")
        files = carousel.attachments
        with pytest.raises(Unavailable):
            connector.publish(replace(carousel, attachments=(*files[:2], away, files[3])), journal)
        assert journal.get("child_0") == ""

    def test_reel_needs_no_public_file(self, connector, reel, journal, posts, rehearsal):
        connector.publish(reel, journal)
        (post,) = posts()
        assert post.extra["kind"] == "REELS"
        body = reel.attachments[0].file.read_bytes()
        assert rehearsal.store.content("instagram", post.file) == body

    def test_long_upload_gives_signs_of_life(self, connector, reel, journal, monkeypatch):
        monkeypatch.setattr("publishing.connectors.steps.SIGN_OF_LIFE", 1000)
        connector.publish(reel, journal)
        assert 1000 <= int(journal.get("bytes_sent")) <= reel.attachments[0].size
        assert journal.events[-1] == "arm"

    @pytest.mark.parametrize(("retriable", "kind"), [(True, Unavailable), (False, ContentRefused)])
    def test_upload_that_fails_says_whether_to_repeat(self, reel, journal, teller, retriable, kind):
        refused = {"debug_info": {"retriable": retriable, "type": "ProcessingFailedError"}}

        def reply(method, path, headers, body):
            if path.startswith("/upload"):
                assert headers["Authorization"] == f"OAuth {TOKEN}"
                return (400, {}, json.dumps(refused).encode())
            return (200, {}, b'{"id": "7", "uri": "%s/upload"}' % teller.url.encode())

        teller.reply = reply
        with pytest.raises(kind):
            self.at(teller.url).publish(reel, journal)
        assert journal.get("container") == ""

    def test_bytes_never_go_to_another_host(self, reel, journal, teller):
        teller.reply = lambda *request: (200, {}, b'{"id": "7", "uri": "https://evil.example/u"}')
        with pytest.raises(Unavailable) as caught:
            self.at(teller.url).publish(reel, journal)
        assert caught.value.code == "foreign_address"

    def test_reel_that_cannot_be_processed_is_refused(self, connector, reel, journal, tmp_path):
        (tmp_path / "v.mp4").write_bytes(b"no video" * 1000)
        broken = replace(reel.attachments[0], file=tmp_path / "v.mp4", size=8000)
        with pytest.raises(ContentRefused) as caught:
            connector.publish(replace(reel, attachments=(broken,)), journal)
        assert caught.value.code == "video_refused"
        assert journal.get("container") == ""

    def test_slow_processing_holds_no_worker(
        self, connector, reel, journal, rehearsal, monkeypatch
    ):
        monkeypatch.setattr("publishing.connectors.instagram.WAITS", (0,))
        rehearsal.store.add_account("instagram", "1001", "विभाग", TOKEN, {"processing": "60"})
        with pytest.raises(Unavailable) as caught:
            connector.publish(reel, journal)
        assert (caught.value.code, caught.value.retry_after) == ("still_processing", 60)
        assert "arm" not in journal.events

    def test_missing_container_is_asked_for_twice_more(self, connector, content, journal, fault):
        fault("code", detail="24/2207008", times=3)
        kept = []
        for _ in range(3):
            with pytest.raises(Unavailable):
                connector.publish(content, journal)
            kept.append(bool(journal.get("container")))
        assert kept == [True, True, False]

    # --- the day's limit --------------------------------------------------------------------------

    def test_daily_limit_is_read_before_publishing(self, connector, content, journal, rehearsal):
        rehearsal.store.add_account("instagram", "1001", "विभाग", TOKEN, {"daily_posts": "1"})
        connector.publish(content, journal)
        another = MemoryJournal()
        with pytest.raises(RateLimited) as caught:
            connector.publish(replace(content, text="दूसरी"), another)
        assert (caught.value.code, caught.value.retry_after) == ("daily_limit", 3600)
        assert "arm" not in another.events

    @pytest.mark.parametrize(("facts", "amount"), [({}, 50), ({"daily_limit": 100}, 100)])
    def test_limit_is_what_the_platform_told(self, facts, amount):
        (limit,) = Instagram.limits(facts)
        assert (limit.amount, limit.per, limit.seconds, limit.zone) == (
            amount,
            "handle",
            86_400,
            "",
        )
        assert limit.code in LIMITS

    # --- afterwards -------------------------------------------------------------------------------

    @pytest.mark.parametrize("detail", ["10", "200", "100", "3"])
    def test_removal_that_is_refused_goes_to_an_officer(
        self, connector, content, journal, fault, detail
    ):
        post = self.published(connector.publish(content, journal), journal)
        fault("code", detail=detail)
        with pytest.raises(NeedsOfficer):
            connector.remove(post, journal)

    # --- checks -----------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("change", "codes"),
        [
            ({"duration": 3}, []),
            ({"duration": 2.9}, ["video_too_short"]),
            ({"duration": 901}, ["video_too_long"]),
            ({"duration": 5, "size": 300_000_001}, ["video_too_large"]),
            ({"duration": 5, "mime": "video/webm"}, ["video_format"]),
            ({"duration": 5, "width": 1200, "height": 100}, ["video_shape"]),
        ],
    )
    def test_check_of_a_reel(self, video, change, codes):
        content = Content("क", attachments=(replace(video, **change),))
        assert [p.code for p in Instagram.check(content)] == codes

    def test_check_of_a_carousel(self, photo, video):
        film = replace(video, duration=5)

        def codes(*files):
            return [p.code for p in Instagram.check(Content("क", attachments=files))]

        assert codes(*[photo] * 9, film) == []
        assert codes(*[photo] * 10, film) == ["too_many_attachments"]
        assert codes(*[photo] * 11) == ["too_many_attachments"]
        assert codes(photo, replace(film, duration=61)) == ["video_too_long"]

    @pytest.mark.parametrize(
        ("text", "codes"),
        [
            ("क" * 2200, []),
            ("क" * 2201, ["text_too_long_characters"]),
            ("#क " * 30, []),
            ("#क " * 31, ["too_many_hashtags"]),
            ("@a " * 20, []),
            ("@a " * 21, ["too_many_mentions"]),
            ("a@b.in " * 21, []),
            ("देखें https://up.gov.in", ["links_not_clickable"]),
        ],
    )
    def test_check(self, photo, text, codes):
        assert [p.code for p in Instagram.check(Content(text, attachments=(photo,)))] == codes

    @pytest.mark.parametrize(
        ("width", "height", "codes"),
        [
            (1080, 1350, []),
            (1080, 566, []),
            (1080, 1400, ["photo_shape"]),
            (1080, 500, ["photo_shape"]),
            (319, 319, ["photo_too_narrow"]),
        ],
    )
    def test_check_of_shape(self, photo, width, height, codes):
        shaped = replace(photo, width=width, height=height)
        assert [p.code for p in Instagram.check(Content("क", attachments=(shaped,)))] == codes

    def test_needs_a_photo(self):
        assert [p.code for p in Instagram.check(Content("क"))] == ["photo_missing"]
