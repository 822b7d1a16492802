from dataclasses import replace

import pytest

from publishing.connectors.base import Content, NotPublished, Published
from publishing.connectors.errors import (
    AlreadyPublished,
    ContentRefused,
    NeedsOfficer,
    RateLimited,
    Unavailable,
    Unknown,
)
from publishing.connectors.facebook import Facebook
from publishing.connectors.graph import GraphConnector

from .contract import TOKEN, PrivateContract

TEXT = "जनपद लखनऊ में शिविर 25 नवम्बर को।\nसभी पात्र परिवार आएँ & लाभ लें: https://up.gov.in"


class TestFacebook(PrivateContract):
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

    # --- link, photos -----------------------------------------------------------------------------

    def test_first_link_gets_its_card(self, connector, journal, posts):
        connector.publish(Content("देखें (https://up.gov.in/a?b=1)। https://x.com/"), journal)
        assert posts()[0].extra["link"] == "https://up.gov.in/a?b=1"

    def test_photo_takes_the_place_of_the_card(self, connector, content, journal, posts):
        connector.publish(content, journal)
        assert posts()[0].extra["link"] == ""

    def test_link_that_cannot_be_read_is_tried_once_more(self, connector, journal, fault):
        fault("code", detail="1609005", times=2)
        with pytest.raises(Unavailable):
            connector.publish(Content(TEXT), journal)
        with pytest.raises(ContentRefused) as caught:
            connector.publish(Content(TEXT), journal)
        assert caught.value.code == "link_unreadable"

    def test_post_with_another_link_or_app_is_not_ours(self, connector, journal, rehearsal):
        rehearsal.store.add_account("facebook", "1001", "विभाग", TOKEN, {"app": "another"})
        connector.publish(Content(TEXT), journal)
        assert connector.find(self.sent(Content(TEXT), journal)) is None
        rehearsal.store.add_account("facebook", "1001", "विभाग", TOKEN, {"app": "test-app"})
        connector.publish(Content("दूसरा https://up.gov.in/a"), journal)
        (post, _) = rehearsal.store.posts("facebook")
        sent = self.sent(Content("दूसरा https://up.gov.in/a"), journal)
        assert connector.find(sent).platform_id == post.id
        rehearsal.store.change_post(post, link="https://elsewhere.in/")
        assert connector.find(sent) is None

    def test_many_photos_keep_their_order(self, connector, make_photo, journal, posts, rehearsal):
        photos = tuple(make_photo(640 + n, 480, alt=f"चित्र {n}") for n in range(4))
        receipt = connector.publish(Content(TEXT, attachments=photos), journal)
        (post,) = posts()
        alts = [rehearsal.store.file("facebook", one).extra["alt"] for one in post.extra["files"]]
        assert alts == ["चित्र 0", "चित्र 1", "चित्र 2", "चित्र 3"]
        found = connector.find(self.sent(Content("changed", attachments=photos), journal))
        assert found.platform_id == receipt.platform_id

    def test_photo_that_is_up_is_never_sent_again(
        self, connector, make_photo, journal, fault, exchanges
    ):
        photos = tuple(make_photo(640 + n, 480) for n in range(3))
        content = Content(TEXT, attachments=photos)
        fault("code", where="publish", detail="32")
        with pytest.raises(RateLimited):
            connector.publish(content, journal)
        connector.publish(content, journal)
        assert sum(one.request.path.endswith("/photos") for one in exchanges) == 3

    # --- video ------------------------------------------------------------------------------------

    @pytest.fixture
    def film(self, video):
        return Content("जल जीवन मिशन की फ़िल्म", attachments=(video,))

    @pytest.fixture
    def small_pieces(self, connector, rehearsal):
        extra = {"piece": "1000", "processing": "0"}
        rehearsal.store.add_account("facebook", "1001", "विभाग", TOKEN, extra)

    def followed(self, connector, receipt, content, journal):
        return self.eventually(lambda: connector.follow(receipt, content, journal))

    def test_video_goes_up_in_pieces_and_is_live_later(
        self, connector, film, journal, posts, rehearsal, small_pieces
    ):
        receipt = connector.publish(film, journal)
        assert not receipt.is_live
        (post,) = posts()
        body = film.attachments[0].file.read_bytes()
        assert rehearsal.store.content("facebook", post.file) == body
        assert post.text == film.text
        live = self.followed(connector, receipt, film, journal)
        assert (live.platform_id, live.is_live) == (post.id, True)
        assert journal.events[-1] == "arm"

    def test_video_is_not_live_while_it_is_processed(self, connector, film, journal, rehearsal):
        rehearsal.store.add_account("facebook", "1001", "विभाग", TOKEN, {"processing": "60"})
        receipt = connector.publish(film, journal)
        assert connector.follow(receipt, film, journal) is None
        assert connector.find(self.sent(film, journal)).is_live is False

    def test_interrupted_video_goes_on_where_it_was(
        self, connector, film, journal, exchanges, small_pieces
    ):
        connector._start(film.attachments[0], journal)
        connector._piece(b"x" * 1000, 0, journal)  # received, and the answer lost
        connector._transfer(film.attachments[0], journal)
        assert journal.get("start") == journal.get("end")
        starts = [
            one.request.fields["start_offset"]
            for one in exchanges
            if one.request.fields.get("upload_phase") == "transfer"
        ]
        assert starts[:3] == ["0", "0", "1000"]
        assert starts.count("1000") == 1

    def test_session_that_is_gone_starts_anew(self, connector, film, journal, posts, fault):
        fault("code", where="publish", detail="100/1363041")
        with pytest.raises(Unavailable):
            connector.publish(film, journal)
        assert journal.get("video") == ""
        connector.publish(film, journal)
        assert len(posts()) == 1

    @pytest.mark.parametrize("kind", ["error_after", "cut_after", "html"])
    def test_lost_answer_to_the_last_step_is_found(
        self, connector, film, journal, fault, posts, kind
    ):
        fault(kind)
        with pytest.raises(Unknown):
            connector.publish(film, journal)
        found = self.eventually(lambda: connector.find(self.sent(film, journal)))
        assert found.platform_id in (journal.get("video"), posts()[0].id)
        connector.publish(film, journal)
        assert len(posts()) == 1

    def test_video_that_was_never_finished_is_not_found(self, connector, film, journal, fault):
        fault("cut_before")
        with pytest.raises(Unknown):
            connector.publish(film, journal)
        assert connector.find(self.sent(film, journal)) is None

    def test_video_that_cannot_be_processed_was_not_published(
        self, connector, film, journal, tmp_path, posts
    ):
        (tmp_path / "v.mp4").write_bytes(b"no video" * 1000)
        broken = replace(film.attachments[0], file=tmp_path / "v.mp4", size=8000)
        content = replace(film, attachments=(broken,))
        receipt = connector.publish(content, journal)
        told = self.followed(connector, receipt, content, journal)
        assert isinstance(told, NotPublished)
        assert told.error.code == "video_refused"
        assert isinstance(connector.find(self.sent(content, journal)), NotPublished)

    def test_video_is_edited_and_removed(self, connector, film, journal, posts, small_pieces):
        receipt = connector.publish(film, journal)
        live = self.followed(connector, receipt, film, journal)
        post = self.published(live, journal)
        connector.edit(post, replace(film, text="सुधरा हुआ"), journal)
        assert posts()[0].text == "सुधरा हुआ"
        connector.remove(post, journal)
        connector.remove(post, journal)
        assert posts()[0].extra["removed"]

    def test_a_post_of_another_page_is_not_believed_to_be_gone(self, connector, journal):
        with pytest.raises(NeedsOfficer):
            connector.remove(Published("999_1", ""), journal)

    # --- checks -----------------------------------------------------------------------------------

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
