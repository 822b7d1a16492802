from dataclasses import replace

import pytest

from publishing.connectors.base import Content
from publishing.connectors.errors import ContentRefused, Unavailable, Unknown
from publishing.connectors.instagram import Instagram

from .contract import ReadingContract

QUOTA = b'{"data": [{"quota_usage": 1, "config": {"quota_total": 50}}]}'
TEXT = "मिशन शक्ति: छात्राओं ने पौधे लगाए। #मिशनशक्ति #UP"


class TestInstagram(ReadingContract):
    kind = Instagram

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
