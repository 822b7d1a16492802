import base64
import contextlib
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from publishing.connectors.base import Attachment, CaptionFile, Content, Partly, Published, Receipt
from publishing.connectors.errors import (
    AlreadyPublished,
    ConnectionRefused,
    ConnectorError,
    ContentRefused,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from publishing.connectors.x import X
from publishing.problems import LIMITS, PROBLEMS
from publishing.rehearsal.faults import add_fault

from .conftest import MemoryJournal
from .contract import ANYTHING, HOSTILE, ReadingContract
from .remarks import foreign_post, say

TEXT = "क़िला & उद्यान <खुले> हैं, देखें up.gov.in/news और https://example.in/a?b=1&c=2 👨‍👩‍👧‍👦"
THREAD = "शिविर 25 नवम्बर को है।\n---\nस्थान: कलेक्ट्रेट, up.gov.in/news\n---\nसभी का स्वागत है।"
SECRET = "consumer-secret"
CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:01.000\nनमस्ते\n"


# Each row of the table of errors, and each shape, to its right end (X4).
PROBLEM = "https://api.twitter.com/2/problems/"
ROWS = [
    ("400:too long", ContentRefused, "text_refused_length"),
    ("400:media", ContentRefused, "photo_refused"),
    ("400:anything", ContentRefused, "content_refused"),
    ("401:unauthorized", ConnectionRefused, "reconnect"),
    ("402:credits", ConnectionRefused, "credits_used_up"),
    ("403:duplicate content", AlreadyPublished, "already_published"),
    ("403:reply", Refused, "reply_not_allowed"),
    ("403:not permitted", Refused, "action_not_permitted"),
    ("403:unsupported-authentication", ConnectionRefused, "app_not_allowed"),
    ("403:oauth1-permissions", ConnectionRefused, "app_not_allowed"),
    ("403:client-forbidden", ConnectionRefused, "app_not_allowed"),
    ("403:user-suspended", ConnectionRefused, "account_restricted"),
    ("403:locked", ConnectionRefused, "account_restricted"),
    ("403:automated", ConnectionRefused, "account_restricted"),
    ("403:malware", ContentRefused, "link_refused"),
    ("403:too long", ContentRefused, "text_refused_length"),
    ("403:anything", Refused, "refused"),
    ("404:not found", Refused, "post_gone"),
    ("409:conflict", Refused, "refused"),
    ("429:usage-capped", ConnectionRefused, "credits_used_up"),
    ("429:anything", RateLimited, "rate_limited"),
    ("429:day", RateLimited, "rate_limited"),
    ("500:unavailable", Unknown, "unknown_outcome"),
    ("502:unavailable", Unknown, "unknown_outcome"),
    ("503:unavailable", Unknown, "unknown_outcome"),
    ("504:unavailable", Unknown, "unknown_outcome"),
]
SHAPES = [
    (403, {"title": "Forbidden", "detail": "duplicate content", "type": "about:blank"}, "A"),
    (400, {"errors": [{"message": "Your media IDs are invalid."}], "title": "Invalid"}, "B"),
    (403, {"errors": [{"code": 187, "message": "Status is a duplicate."}]}, "C"),
    (400, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, "C"),
    (403, {"errors": [{"code": 226, "message": "This request looks odd."}]}, "C"),
    (401, {"error": "invalid_request", "error_description": "Value was invalid."}, "D"),
    (403, {"type": f"{PROBLEM}user-suspended"}, "A"),
    (403, {"type": "https://api.x.com/2/problems/user-suspended"}, "A"),
    (403, {"errors": [{"parameters": {"text": ["my locked spam"]}, "message": "No"}]}, "B"),
    (403, {"detail": "The user may not post a video longer than 2 minutes"}, "A"),
]
MEANINGS = [
    "already_published",
    "photo_refused",
    "already_published",
    "rate_limited",
    "account_restricted",
    "reconnect",
    "account_restricted",
    "account_restricted",
    "refused",
    "video_refused",
]


def published(receipt: Receipt, journal) -> Published:
    return Published(receipt.platform_id, receipt.permalink, dict(journal.values))


def posts_of_any_kind() -> st.SearchStrategy:
    """Answers with the names of X and anything at all behind them."""
    names = (
        *("id", "text", "created_at", "author_id", "conversation_id", "entities", "note_post"),
        *("referenced_tweets", "public_metrics", "sender_id", "event_type"),
    )
    row = st.fixed_dictionaries({}, optional=dict.fromkeys(names, ANYTHING))
    ids = st.sampled_from(["1", "5", "9" * 19, 7, -1, True, None, "x"])
    rows = st.lists(st.builds(lambda row, number: {**row, "id": number}, row, ids), max_size=3)
    around = st.fixed_dictionaries(
        {"data": rows | ANYTHING}, optional={"meta": ANYTHING, "includes": ANYTHING}
    )
    return around | ANYTHING


class TestX(ReadingContract):
    kind = X

    @pytest.fixture
    def content(self, photo):
        return Content(TEXT, attachments=(photo,))

    def prepare(self, journal, base_url):
        journal.keep(media1="555", media1_until="99999999999")

    @pytest.fixture
    def break_at(self, rehearsal, monkeypatch):
        """Let the n-th POST from now on go wrong."""

        def switch_on(number: int, kind: str, where: str = "publish") -> None:
            real, calls = rehearsal.answer, iter(range(1, 1000))

            def breaking(request):
                if request.method == "POST" and next(calls) == number:
                    add_fault(rehearsal.store, "x", kind, where=where)
                return real(request)

            monkeypatch.setattr(rehearsal, "answer", breaking)

        return switch_on

    def test_publishes_text_alone_and_finds_it(self, connector, journal, posts):
        receipt = connector.publish(Content(TEXT), journal)
        assert posts()[0].file == ""
        found = connector.find(self.sent(Content(TEXT), journal))
        assert found.platform_id == receipt.platform_id

    def test_post_of_another_delivery_is_not_ours(self, connector, content, journal):
        other = connector.publish(content, journal)
        sent = replace(self.sent(content, journal), taken=frozenset({other.platform_id}))
        assert connector.find(sent) is None

    def test_permalink_leads_to_the_rehearsal(self, connector, content, journal, rehearsal):
        receipt = connector.publish(content, journal)
        assert receipt.permalink == f"{rehearsal.url}/x/i/web/status/{receipt.platform_id}"

    def test_photo_keeps_its_description(self, connector, content, journal, rehearsal):
        connector.publish(content, journal)
        media = rehearsal.store.file("x", journal.values["media1"])
        assert media.extra["alt"] == content.attachments[0].alt

    def test_large_photo_goes_up_in_pieces(self, connector, make_photo, journal, rehearsal):
        photo = make_photo(2200, 2200, "image/png")
        padded = photo.file.read_bytes() + b"\0" * 2_500_000
        photo.file.write_bytes(padded)
        whole = replace(photo, size=len(padded))
        connector.publish(Content("बड़ी फ़ोटो", attachments=(whole,)), journal)
        assert rehearsal.store.content("x", journal.values["media1"]) == padded

    def test_same_text_again_is_already_published(self, connector, content, journal):
        connector.publish(content, journal)
        with pytest.raises(AlreadyPublished):
            connector.publish(content, journal)

    def test_expired_media_is_uploaded_again(self, connector, content, journal, posts):
        self.prepare(journal, "")
        with pytest.raises(Unavailable):
            connector.publish(content, journal)
        connector.publish(content, journal)
        assert len(posts()) == 1

    def test_broken_photo_is_refused(self, connector, content, journal, tmp_path):
        (tmp_path / "p.jpg").write_bytes(b"no photo")
        broken = replace(content.attachments[0], file=tmp_path / "p.jpg", size=8)
        with pytest.raises(ContentRefused):
            connector.publish(replace(content, attachments=(broken,)), journal)

    def test_used_up_day_counts_before_the_quarter_hour(self, journal, teller):
        headers = {
            "x-rate-limit-remaining": "5",
            "x-user-limit-24hour-remaining": "0",
            "x-user-limit-24hour-reset": "99999999999",
        }
        teller.reply = lambda *request: (429, headers, b"{}")
        with pytest.raises(RateLimited) as caught:
            self.at(teller.url).publish(Content(TEXT), journal)
        assert caught.value.retry_after == 86_400

    # --- media ----------------------------------------------------------------------------------

    def test_four_photos_go_out_in_their_order(self, connector, make_photo, journal, rehearsal):
        photos = tuple(make_photo(alt=f"चित्र {n}") for n in range(4))
        receipt = connector.publish(Content(TEXT, attachments=photos), journal)
        media = rehearsal.store.post("x", receipt.platform_id).extra["media"]
        assert [rehearsal.store.file("x", one).extra["alt"] for one in media] == [
            photo.alt for photo in photos
        ]

    def test_animation_goes_out_alone(self, connector, journal, rehearsal, tmp_path):
        receipt = connector.publish(Content(TEXT, attachments=(animation(tmp_path),)), journal)
        (media,) = rehearsal.store.post("x", receipt.platform_id).extra["media"]
        assert rehearsal.store.file("x", media).extra["category"] == "tweet_gif"

    def test_video_goes_out_with_its_captions(self, connector, video, journal, rehearsal, tmp_path):
        captioned = with_captions(video, tmp_path, CAPTIONS)
        connector.publish(Content(TEXT, attachments=(captioned,)), journal)
        media = rehearsal.store.file("x", journal.values["media1"])
        assert media.extra["subtitles"] == ["HI"]
        assert b"00:00:00,000 --> 00:00:01,000" in subtitles(rehearsal)

    def test_unreadable_captions_are_refused(self, connector, video, journal, posts, tmp_path):
        captioned = with_captions(video, tmp_path, "no captions at all")
        with pytest.raises(ContentRefused):
            connector.publish(Content(TEXT, attachments=(captioned,)), journal)
        assert posts() == []

    def test_video_under_way_frees_the_worker_and_is_taken_up_again(
        self, connector, video, journal, posts, rehearsal, monkeypatch
    ):
        content = Content(TEXT, attachments=(video,))
        monkeypatch.setattr(rehearsal.stages["x"], "looks_for_video", 5)
        with pytest.raises(Unavailable) as caught:
            connector.publish(content, journal)
        assert caught.value.code == "still_processing"
        assert caught.value.retry_after
        upload = journal.values["upload1"]
        connector.publish(content, journal)
        assert journal.values["media1"] == upload
        assert len(posts()) == 1

    def test_video_that_fails_is_refused(self, connector, video, journal, tmp_path):
        (tmp_path / "v.mp4").write_bytes(b"no video at all")
        broken = replace(video, file=tmp_path / "v.mp4", size=15)
        with pytest.raises(ContentRefused) as caught:
            connector.publish(Content(TEXT, attachments=(broken,)), journal)
        assert caught.value.code == "video_refused"

    def test_upload_that_was_cut_goes_on_behind_what_was_kept(
        self, connector, video, journal, exchanges, break_at, tmp_path, posts
    ):
        file = tmp_path / "large.mp4"
        file.write_bytes(video.file.read_bytes() + b"\0" * 10 * 1024 * 1024)
        large = replace(video, file=file, size=file.stat().st_size)
        break_at(11, "cut_before", "upload")  # the tenth piece
        with pytest.raises(Unavailable):
            connector.publish(Content(TEXT, attachments=(large,)), journal)
        connector.publish(Content(TEXT, attachments=(large,)), journal)
        indexes = [
            int(exchange.request.fields["segment_index"])
            for exchange in exchanges
            if exchange.request.path.endswith("/append")
        ]
        assert indexes == [*range(9), 8, 9, 10]
        assert len(posts()) == 1

    def test_upload_that_x_forgot_starts_anew(self, connector, content, journal, posts):
        journal.keep(upload1="777", upload1_until="99999999999", pieces1="all")
        with pytest.raises(Unavailable):
            connector.publish(content, journal)
        connector.publish(content, journal)
        assert len(posts()) == 1

    # --- threads --------------------------------------------------------------------------------

    def test_thread_is_a_chain_of_replies(self, connector, journal, posts, photo):
        receipt = connector.publish(Content(THREAD, attachments=(photo,)), journal)
        third, second, first = posts()
        assert [post.text for post in (first, second, third)] == X.parts(THREAD)
        assert (second.extra["reply_to"], third.extra["reply_to"]) == (first.id, second.id)
        assert receipt.platform_id == first.id
        assert (bool(first.file), bool(second.file)) == (True, False)

    def test_each_part_is_kept_before_the_next_is_asked_for(self, connector, journal):
        connector.publish(Content(THREAD), journal)
        assert journal.events == [
            "keep parts",
            *("arm", "keep part1", "arm", "keep part2", "arm", "keep part3"),
        ]

    @pytest.mark.parametrize("broken", [1, 2, 3])
    @pytest.mark.parametrize("kind", ["cut_after", "cut_before", "html"])
    def test_broken_thread_goes_on_where_it_broke(
        self, connector, journal, break_at, posts, broken, kind
    ):
        content = Content(THREAD)
        break_at(broken, kind)
        with pytest.raises(Unknown):
            connector.publish(content, journal)
        seen = connector.find(self.sent(content, journal))
        if isinstance(seen, Partly):
            journal.keep(**seen.kept)
        if not isinstance(seen, Receipt):
            seen = connector.publish(content, journal)
        assert [post.text for post in reversed(posts())] == X.parts(THREAD)
        assert seen.platform_id == posts()[-1].id

    def test_thread_that_is_all_out_is_found_whole(self, connector, journal):
        receipt = connector.publish(Content(THREAD), journal)
        assert connector.find(self.sent(Content(THREAD), journal)) == receipt

    def test_refusal_within_a_thread_says_that_it_is_incomplete(
        self, connector, journal, fault, posts
    ):
        text = f"{THREAD}\n---\n{'क' * 281}"
        with pytest.raises(ContentRefused) as caught:
            connector.publish(Content(text), journal)
        assert caught.value.code == "thread_incomplete"
        assert len(posts()) == 3

    def test_removes_every_part_of_a_thread(self, connector, journal, posts):
        receipt = connector.publish(Content(THREAD), journal)
        connector.remove(published(receipt, journal), journal)
        assert posts() == []

    def test_removes_a_last_part_that_was_only_found(self, connector, journal, posts):
        receipt = connector.publish(Content(THREAD), journal)
        del journal.values["part3"]
        connector.remove(published(receipt, journal), journal)
        assert posts() == []

    # --- removing and reposting -----------------------------------------------------------------

    def test_removing_twice_does_no_harm(self, connector, content, journal, posts):
        post = published(connector.publish(content, journal), journal)
        connector.remove(post, journal)
        connector.remove(post, journal)
        assert posts() == []

    def test_gone_post_counts_as_removed(self, connector, content, journal, fault):
        post = published(connector.publish(content, journal), journal)
        fault("code", detail="404:not found")
        connector.remove(post, journal)

    def test_foreign_post_is_not_removed(self, connector, journal, rehearsal, posts):
        other = foreign_post(rehearsal)
        with pytest.raises(Refused):
            connector.remove(Published(other), journal)
        assert len(posts()) == 1

    def test_reposts_once_however_often_it_is_asked(self, connector, journal, rehearsal, posts):
        original = foreign_post(rehearsal)
        first = connector.repost(Published(original, "https://x.com/i/web/status/1"), journal)
        again = connector.repost(Published(original, "https://x.com/i/web/status/1"), journal)
        assert first == again == Receipt(f"repost:{original}", "https://x.com/i/web/status/1")
        assert [post.extra.get("repost_of") for post in posts()] == [original, None]

    def test_unclear_repost_is_repeated(self, connector, journal, rehearsal, fault, posts):
        original = foreign_post(rehearsal)
        fault("cut_after")
        with pytest.raises(Unknown):
            connector.repost(Published(original), journal)
        connector.repost(Published(original), journal)
        assert len(posts()) == 2

    def test_repost_is_taken_back(self, connector, journal, rehearsal, posts):
        original = foreign_post(rehearsal)
        receipt = connector.repost(Published(original), journal)
        connector.remove(published(receipt, journal), journal)
        assert [post.id for post in posts()] == [original]

    # --- reading --------------------------------------------------------------------------------

    @pytest.fixture(params=["tweet", "post"])
    def style(self, request, settings):
        settings.X_FIELD_STYLE = request.param
        return request.param

    def test_finds_in_either_style(self, connector, journal, style, posts):
        connector.publish(Content(THREAD), journal)
        del journal.values["part2"]
        found = connector.find(self.sent(Content(THREAD), journal))
        assert found == Partly({"part2": posts()[1].id})

    def test_reads_comments_with_their_thread(self, connector, journal, rehearsal, style):
        post = published(connector.publish(Content(TEXT), journal), journal)
        first = say(rehearsal, "कब तक? up.gov.in", post=post.platform_id)
        answer = say(
            rehearsal, "मुझे भी &amp; बताएँ", author="2003", post=post.platform_id, parent=first
        )
        page = connector.read_comments(post)
        assert [(item.id, item.parent_id, item.is_own) for item in page.items] == [
            (answer, first, False),
            (first, "", False),
        ]
        assert page.items[1].text == "कब तक? http://up.gov.in"
        assert page.items[0].text == "मुझे भी &amp; बताएँ"
        assert page.items[0].author_name
        assert {item.conversation_id for item in page.items} == {post.platform_id}

    def test_answer_to_a_part_of_a_thread_answers_the_post(self, connector, journal, rehearsal):
        post = published(connector.publish(Content(THREAD), journal), journal)
        second = journal.values["part2"]
        question = say(rehearsal, "कहाँ?", post=post.platform_id, parent=second)
        (item,) = connector.read_comments(post).items
        assert (item.id, item.parent_id, item.post_id) == (question, "", post.platform_id)

    def test_reads_mentions_page_by_page_and_since(self, connector, rehearsal, style):
        for number in range(120):
            say(rehearsal, f"@u1001 समस्या {number}")
        first = connector.read_mentions()
        second = connector.read_mentions(after=first.after)
        assert (len(first.items), len(second.items), second.after) == (100, 20, "")
        assert first.items[0].text == "@u1001 समस्या 119"
        assert not {item.id for item in first.items} & {item.id for item in second.items}
        later = datetime.now(UTC) + timedelta(minutes=1)
        assert connector.read_mentions(since=later).items == ()

    def test_reads_conversations(self, connector, rehearsal):
        say(rehearsal, "नमस्ते", kind="message")
        last = say(rehearsal, "राशन कब?", kind="message")
        other = say(rehearsal, "धन्यवाद", author="2003", kind="message")
        page = connector.read_conversations()
        assert [item.id for item in page.items] == [other, last]
        whole = connector.read_conversation(page.items[1].conversation_id)
        assert [item.text for item in whole.items] == ["राशन कब?", "नमस्ते"]
        assert not whole.items[0].is_own

    def test_reads_the_numbers_of_a_post(self, connector, content, journal, rehearsal, style):
        post = published(connector.publish(Content(TEXT), journal), journal)
        say(rehearsal, "अच्छा", post=post.platform_id)
        assert connector.read_metrics(post) == {
            "views": 0,
            "likes": 0,
            "comments": 1,
            "shares": 0,
            "saves": 0,
        }

    def test_a_post_that_is_gone_says_so(self, connector):
        assert connector.read_comments(Published("123")).items == ()  # X only searches
        with pytest.raises(Refused) as caught:
            connector.read_metrics(Published("123"))
        assert caught.value.code == "post_gone"

    @pytest.mark.parametrize("call", ["read_comments", "read_metrics"])
    def test_repost_has_no_numbers_of_its_own(self, connector, call):
        assert not getattr(connector, call)(Published("repost:1")) or call == "read_comments"

    READS = (
        lambda x: x.read_comments(Published("5", kept={"parts": "2", "part1": "5"})),
        lambda x: x.read_mentions(),
        lambda x: x.read_conversations(since=datetime.now(UTC)),
        lambda x: x.read_conversation("1-2"),
        lambda x: x.read_metrics(Published("5")),
        lambda x: x.repost(Published("5"), MemoryJournal()),
        lambda x: x.remove(Published("5", kept={"parts": "3"}), MemoryJournal()),
    )

    @pytest.mark.parametrize("call", READS)
    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile_answer_to_any_call_does_no_harm(self, teller, name, call):
        teller.reply = lambda *request: HOSTILE[name]
        with contextlib.suppress(ConnectorError):
            call(self.at(teller.url))

    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(data=posts_of_any_kind())
    def test_strange_answer_to_any_call_does_no_harm(self, teller, data):
        teller.reply = lambda *request: (200, {}, json.dumps(data).encode())
        for call in self.READS:
            with contextlib.suppress(ConnectorError):
                call(self.at(teller.url))

    # --- callbacks ------------------------------------------------------------------------------

    def test_handshake_is_signed_with_the_consumer_secret(self):
        answer = X.handshake({"crc_token": "abc"}, secret=SECRET, verify="")
        digest = hmac.new(SECRET.encode(), b"abc", hashlib.sha256).digest()
        assert json.loads(answer) == {
            "response_token": f"sha256={base64.b64encode(digest).decode()}"
        }

    @pytest.mark.parametrize(("query", "secret"), [({}, SECRET), ({"crc_token": "a"}, "")])
    def test_handshake_without_token_or_secret_is_refused(self, query, secret):
        assert X.handshake(query, secret=secret, verify="") is None

    def test_signature_counts_over_the_raw_bytes(self, rehearsal):
        body = b'{"data": {}}'
        headers = rehearsal.stages["x"].signed(SECRET, body)
        named = {name.lower(): value for name, value in headers.items()}
        assert X.is_genuine(body, named, secret=SECRET)
        assert not X.is_genuine(body + b" ", named, secret=SECRET)
        assert not X.is_genuine(body, named, secret="another")
        assert not X.is_genuine(body, {}, secret=SECRET)

    def test_activity_is_told(self):
        (told,) = X.told(payload("activity.json"))
        assert told.key == "6f1d1c3e-4a6b-4d59-9f6e-0d4c3b1d2a10"
        assert (told.kind, told.account) == ("comment", "1001")
        assert told.at == datetime(2026, 11, 24, 10, 15, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("kind", "meaning"),
        [
            ("post.mention.create", "mention"),
            ("post.quote.create", "mention"),
            ("dm.received", "message"),
            ("oauth.revoke", "revoked"),
            ("post.create", "post"),
            ("follow.follow", "other"),
            ("unheard.of", "other"),
        ],
    )
    def test_kinds_of_activity(self, kind, meaning):
        body = json.dumps({"data": {"event_uuid": "u", "event_type": kind}}).encode()
        assert [told.kind for told in X.told(body)] == [meaning]

    def test_older_activity_is_told(self):
        told = list(X.told(payload("account-activity.json")))
        assert [(one.kind, one.account) for one in told] == [
            (kind, "1001") for kind in ("post", "comment", "mention", "message", "revoked")
        ]
        assert len({one.key for one in told}) == 5
        assert told[3].at == datetime.fromtimestamp(1_795_515_300, UTC)

    def test_both_styles_of_names_say_the_same(self, teller):
        said = []
        for name in ("search-2.166.json", "search-2.167.json"):
            body = payload(name)
            teller.reply = lambda *request, body=body: (200, {}, body)
            connector, post = self.at(teller.url), Published("1990000000000000001")
            said.append((connector.read_comments(post), connector.read_metrics(post)))
        assert said[0] == said[1]
        page, numbers = said[0]
        assert page.after == "b26v89c19zqg8o3f"
        assert page.items[0].text.startswith("@up_info कितने दिन में? https://up.gov.in/news शेष पढ़ें &")
        assert page.items[0].author_name == "एक नागरिक"
        assert numbers == {"views": 420, "likes": 7, "comments": 1, "shares": 3, "saves": 2}

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b"7",
            b"{",
            b'{"data": 3}',
            b'{"data": {"filter": [1], "payload": "x"}}',
            b'{"tweet_create_events": {"0": 1}, "user_event": []}',
            b'{"for_user_id": {"a": 1}, "favorite_events": [1, {"id": [2]}]}',
            b"[" * 100_000,
        ],
    )
    def test_hostile_callback_does_no_harm(self, body):
        for told in X.told(body):
            assert told.key
            assert told.kind

    # --- before approval ------------------------------------------------------------------------

    def test_price_counts_every_part(self, photo):
        assert X.price(Content("बिना लिंक")) == Decimal("0.015")
        assert X.price(Content("देखें up.gov.in")) == Decimal("0.200")
        assert X.price(Content(THREAD, attachments=(photo,))) == Decimal("0.235")

    def test_limits_are_worded(self):
        limits = X.limits({})
        assert {(limit.amount, limit.per, limit.seconds) for limit in limits} == {
            (100, "handle", 900),
            (10_000, "app", 86_400),
        }
        assert {limit.code for limit in limits} <= set(LIMITS)

    def test_says_what_fits(self):
        assert X.fit("image/png").bytes == 5_000_000
        assert X.fit("video/mp4").seconds == 140
        assert X.fit("image/gif").longest_side == 1280
        assert X.fit("application/pdf") is None

    def test_check_of_words(self, settings):
        assert codes(Content("")) == ["text_missing"]
        assert codes(Content("क\ufeff")) == ["characters_not_allowed"]
        assert codes(Content("$TCS और $INFY")) == ["too_many_cashtags"]
        assert codes(Content("₹500 और $5")) == []
        assert codes(Content("\u095c")) == ["nukta_counts_double"]
        assert codes(Content("https://example.in/योजना")) == ["hindi_in_link", "x_link_price"]
        assert codes(Content(f"{'क' * 281}\n---\nख")) == ["part_too_long_weighted"]
        assert codes(Content("\n---\n".join("कखगघचछजझटठडढणतथदधनपफबभमयरल"))) == ["too_many_parts"]
        assert codes(Content("क\n---\nक")) == ["parts_alike"]
        (problem,) = X.check(Content("क" * 281))
        assert problem.values == {"length": 281, "limit": 280, "over": 1}
        (problem,) = X.check(Content("up.gov.in"))
        assert (problem.level, problem.values) == ("warning", {"price": "0.20"})
        settings.X_TIER = "enterprise"
        assert codes(Content("$TCS और $INFY")) == []

    def test_check_of_files(self, photo, video, tmp_path):
        gif = animation(tmp_path)
        clip = replace(video, width=1280, height=720, facts={"fps": 30})
        cases = [
            ((photo,) * 5, ["too_many_attachments"]),
            ((gif, photo), ["animation_not_alone"]),
            ((clip, photo), ["video_not_alone"]),
            ((replace(gif, size=16_000_000),), ["animation_too_large"]),
            ((replace(gif, width=1300),), ["animation_too_large"]),
            ((replace(gif, alt=""),), ["alt_missing"]),
            ((replace(photo, mime="image/tiff"),), ["photo_format"]),
            ((replace(photo, size=5_100_000),), ["photo_too_large"]),
            ((replace(photo, alt="क" * 1001),), ["alt_too_long"]),
            ((replace(clip, duration=141),), ["video_too_long"]),
            ((replace(clip, duration=0.4),), ["video_too_short"]),
            ((replace(clip, size=600_000_000),), ["video_too_large"]),
            ((replace(clip, width=1280, height=400),), ["video_shape"]),
            ((replace(clip, width=1920, height=1080),), ["video_pixels"]),
            ((replace(clip, mime="video/webm"),), ["video_format"]),
            ((photo,) * 4, []),
            ((gif,), []),
            ((clip,), []),
        ]
        for files, expected in cases:
            assert codes(Content("", attachments=files)) == expected
        fast = replace(clip, facts={"fps": 120})
        assert codes(Content("", attachments=(fast,))) == ["video_fps"]

    # --- errors ---------------------------------------------------------------------------------

    @pytest.mark.parametrize(("detail", "kind", "code"), ROWS)
    def test_row(self, connector, journal, fault, posts, detail, kind, code):
        fault("code", detail=detail)
        with pytest.raises(ConnectorError) as caught:
            connector.publish(Content(TEXT), journal)
        assert (type(caught.value), caught.value.code) == (kind, code)
        assert code in PROBLEMS
        assert posts() == []

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_failing_platform_leaves_a_reading_for_later(self, connector, fault, status):
        fault("code", detail=f"{status}:unavailable", where="read")
        with pytest.raises(Unavailable):
            connector.read_mentions()

    @pytest.mark.parametrize(
        ("status", "body", "code"),
        [(*shape[:2], meaning) for shape, meaning in zip(SHAPES, MEANINGS, strict=True)],
    )
    def test_shape(self, journal, teller, status, body, code):
        teller.reply = lambda *request: (status, {}, json.dumps(body).encode())
        with pytest.raises(ConnectorError) as caught:
            self.at(teller.url).publish(Content(TEXT), journal)
        assert caught.value.code == code

    def test_partial_answer_is_used(self, teller):
        body = {
            "data": [{"id": "5", "public_metrics": {"like_count": 3}}],
            "errors": [{"type": f"{PROBLEM}not-authorized-for-field", "title": "Field"}],
        }
        teller.reply = lambda *request: (200, {}, json.dumps(body).encode())
        assert self.at(teller.url).read_metrics(Published("5")) == {"likes": 3}

    @pytest.mark.parametrize(
        ("suffix", "kind", "code"),
        [
            ("resource-not-found", Refused, "post_gone"),
            ("usage-capped", ConnectionRefused, "credits_used_up"),
            ("unheard-of", Unavailable, "platform_failing"),
        ],
    )
    def test_error_inside_a_good_answer(self, teller, suffix, kind, code):
        body = {"errors": [{"type": f"{PROBLEM}{suffix}", "title": "Error"}]}
        teller.reply = lambda *request: (200, {}, json.dumps(body).encode())
        with pytest.raises(kind) as caught:
            self.at(teller.url).read_metrics(Published("5"))
        assert caught.value.code == code

    @pytest.mark.parametrize("status", [400, 401, 403, 404])
    @pytest.mark.parametrize("body", [b"", b"<html>Access denied</html>"])
    def test_gateway_says_nothing_of_the_post(self, journal, teller, status, body):
        teller.reply = lambda *request: (status, {"Content-Type": "text/html"}, body)
        with pytest.raises(Unknown):
            self.at(teller.url).publish(Content(TEXT), journal)

    def test_handle_that_posted_its_share_waits(
        self, connector, journal, rehearsal, posts, monkeypatch
    ):
        monkeypatch.setattr(rehearsal.stages["x"], "posts_per_handle", 2)
        for number in range(2):
            connector.publish(Content(f"पोस्ट {number}"), journal)
        with pytest.raises(RateLimited) as caught:
            connector.publish(Content("एक और"), journal)
        assert 800 < caught.value.retry_after <= 901
        assert len(posts()) == 2


def payload(name: str) -> bytes:
    return (Path(__file__).parent / "payloads" / "x" / name).read_bytes()


def codes(content: Content) -> list[str]:
    found = [problem.code for problem in X.check(content)]
    assert set(found) <= set(PROBLEMS)
    return found


def animation(folder) -> Attachment:
    file = folder / "moving.gif"
    frames = [Image.new("P", (320, 320), shade) for shade in range(3)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    body = file.read_bytes()
    digest = hashlib.sha256(body).hexdigest()
    return Attachment(file, "image/gif", len(body), 320, 320, digest, "घूमता चक्र", url="x")


def with_captions(video: Attachment, folder, text: str) -> Attachment:
    file = folder / "captions.vtt"
    file.write_text(text)
    return replace(video, captions=(CaptionFile(file, "hi", "0" * 64),))


def subtitles(rehearsal) -> bytes:
    rows = rehearsal.store._rows("SELECT id FROM files WHERE mime = 'text/srt'")
    return rehearsal.store.content("x", rows[0]["id"])
