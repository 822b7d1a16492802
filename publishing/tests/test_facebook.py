from dataclasses import replace

import pytest

from publishing.connectors.base import Content
from publishing.connectors.errors import AlreadyPublished, ContentRefused, Unknown
from publishing.connectors.facebook import Facebook
from publishing.connectors.graph import GraphConnector

from .contract import ReadingContract

TEXT = "जनपद लखनऊ में शिविर 25 नवम्बर को।\nसभी पात्र परिवार आएँ & लाभ लें: https://up.gov.in"


class TestFacebook(ReadingContract):
    kind = Facebook

    @pytest.fixture
    def content(self, photo):
        return Content(TEXT, attachments=(photo,))

    def prepare(self, journal, base_url):
        journal.keep(photo_0="555", photo_0_until="99999999999")

    def test_publishes_text_alone(self, connector, journal, posts):
        receipt = connector.publish(Content(TEXT), journal)
        assert posts()[0].file == ""
        assert receipt.permalink.endswith(f"/facebook/{receipt.platform_id}")

    def test_photo_keeps_its_description(self, connector, content, journal, rehearsal):
        connector.publish(content, journal)
        photo = rehearsal.store.file("facebook", journal.values["photo_0"])
        assert photo.extra["alt"] == content.attachments[0].alt

    def test_same_text_again_is_already_published(self, connector, content, journal):
        connector.publish(content, journal)
        with pytest.raises(AlreadyPublished):
            connector.publish(content, journal)

    def test_finds_by_photo_when_the_text_came_back_changed(self, connector, content, journal):
        receipt = connector.publish(content, journal)
        sent = self.sent(replace(content, text="something else"), journal)
        assert connector.find(sent).platform_id == receipt.platform_id

    def test_two_posts_alike_need_a_person(self, connector, journal):
        connector.publish(Content(TEXT), journal)
        connector.publish(Content("बीच में"), journal)
        connector.publish(Content(TEXT), journal)
        with pytest.raises(Unknown) as caught:
            connector.find(self.sent(Content(TEXT), journal))
        assert caught.value.code == "several_matches"

    def test_post_of_another_delivery_is_not_ours(self, connector, journal):
        other = connector.publish(Content(TEXT), journal)
        sent = replace(self.sent(Content(TEXT), journal), taken=frozenset({other.platform_id}))
        assert connector.find(sent) is None

    def test_broken_photo_is_refused(self, connector, content, journal, tmp_path):
        (tmp_path / "p.jpg").write_bytes(b"no photo")
        broken = replace(content.attachments[0], file=tmp_path / "p.jpg")
        with pytest.raises(ContentRefused) as caught:
            connector.publish(replace(content, attachments=(broken,)), journal)
        assert caught.value.code == "photo_refused"

    @pytest.mark.parametrize(
        ("content", "codes"),
        [
            (Content(""), ["text_missing"]),
            (Content("क" * 63_206), []),
            (Content("क" * 63_207), ["text_too_long_characters"]),
        ],
    )
    def test_check(self, content, codes):
        assert [problem.code for problem in Facebook.check(content)] == codes

    def test_check_of_photos(self, photo, video):
        large = replace(photo, size=4_000_001)
        assert self.codes(large) == ["photo_too_large"]
        assert self.codes(replace(photo, mime="image/gif")) == ["photo_format"]
        assert self.codes(*[photo] * 10) == []
        assert self.codes(*[photo] * 11) == ["too_many_attachments"]
        assert self.codes(replace(photo, alt=" ")) == ["alt_missing"]

    @pytest.mark.parametrize(
        ("change", "codes"),
        [
            ({}, []),
            ({"mime": "video/webm"}, ["video_format"]),
            ({"size": 2_000_000_001}, ["video_too_large"]),
            ({"duration": 2401}, ["video_too_long"]),
            ({"duration": 0.5}, ["video_too_short"]),
            ({"facts": {"video_codec": "vp9"}}, ["video_codec"]),
        ],
    )
    def test_check_of_a_video(self, video, change, codes):
        assert self.codes(replace(video, **change)) == codes

    def test_video_stands_alone(self, photo, video):
        assert self.codes(video, photo) == ["video_not_alone"]

    def codes(self, *attachments):
        return [problem.code for problem in Facebook.check(Content("पाठ", attachments=attachments))]


@pytest.mark.parametrize(
    ("code", "subcode", "status", "expected"),
    [
        (190, 463, 400, "reconnect"),
        (190, 459, 400, "account_restricted"),
        (32, 0, 400, "rate_limited"),
        (368, 1390008, 400, "rate_limited"),
        (368, 1346003, 400, "account_restricted"),
        (80001, 0, 400, "rate_limited"),
        (200, 1609008, 400, "link_refused"),
        (210, 0, 403, "permission_missing"),
        (100, 33, 400, "account_not_found"),
        (2, 0, 200, "platform_failing"),
        (987654, 0, 503, "platform_failing"),
        (987654, 0, 400, "refused"),
    ],
)
def test_meaning_of_codes(code, subcode, status, expected):
    connector = Facebook(None, None)
    assert isinstance(connector, GraphConnector)
    assert connector.meaning(code, subcode, status)[1] == expected
