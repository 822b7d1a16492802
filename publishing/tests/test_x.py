import unicodedata
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import pytest
import yaml

from publishing.connectors.base import Content
from publishing.connectors.errors import (
    AlreadyPublished,
    ConnectionRefused,
    ContentRefused,
    RateLimited,
    Refused,
    Unavailable,
)
from publishing.connectors.x import X

from .contract import ConnectorContract

TEXT = "क़िला & उद्यान <खुले> हैं, देखें up.gov.in/news और https://example.in/a?b=1&c=2 👨‍👩‍👧‍👦"
VECTORS = Path("/work/shared/platforms/specs/twitter-text-validate.yml")


class TestX(ConnectorContract):
    kind = X

    @pytest.fixture
    def content(self, photo):
        return Content(TEXT, attachments=(photo,))

    def prepare(self, journal, base_url):
        journal.keep(media1="555", media1_until="99999999999")

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

    @pytest.mark.parametrize(
        ("status", "body", "kind", "code"),
        [
            (401, b'{"title":"Unauthorized"}', ConnectionRefused, "reconnect"),
            (402, b'{"title":"CreditsDepleted"}', ConnectionRefused, "credits_used_up"),
            (403, b'{"detail":"duplicate content."}', AlreadyPublished, "already_published"),
            (403, b'{"type":"x/user-suspended"}', ConnectionRefused, "account_restricted"),
            (403, b'{"detail":"unheard of"}', Refused, "refused"),
            (400, b'{"detail":"Tweet text is too long"}', ContentRefused, "text_refused_length"),
            (429, b'{"title":"UsageCapExceeded"}', ConnectionRefused, "credits_used_up"),
            (429, b"", RateLimited, "rate_limited"),
            (409, b'{"title":"Conflict"}', Refused, "refused"),
        ],
    )
    def test_meaning_of_answers(self, journal, teller, status, body, kind, code):
        teller.reply = lambda *request: (status, {}, body)
        with pytest.raises(kind) as caught:
            self.at(teller.url).publish(Content(TEXT), journal)
        assert (type(caught.value), caught.value.code) == (kind, code)

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

    def test_check(self, photo):
        assert [p.code for p in X.check(Content(""))] == ["text_missing"]
        assert [p.code for p in X.check(Content("क\ufeff"))] == ["characters_not_allowed"]
        (problem,) = X.check(Content("क" * 281))
        assert problem.values == {"length": 281, "limit": 280, "over": 1}
        wordy = replace(photo, alt="क" * 1001)
        assert [p.code for p in X.check(Content("", attachments=(wordy,)))] == ["alt_too_long"]


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("क" * 280, 280),
        ("क" * 281, 281),
        ("₹" * 140, 280),
        ("\u095c" * 140, 280),
        ("\u095c" * 141, 282),
        ("up.gov.in", 23),
        ("🇮🇳", 2),
        ("क्\u200dष", 4),
        ("योगी 👨‍👩‍👧‍👦", 7),
        ("#उत्तरप्रदेश", 12),
        ("अ…", 3),
        ("ＡＢ", 4),
        ("।–—‘’", 5),
        ("https://example.in/बहुत/लंबा", 32),
        ("https://up.gov.in/" + "a" * 400, 23),
    ],
)
def test_weighted_length_of_hindi(text, length):
    assert X.count(text).length == length


def test_decomposed_and_composed_count_alike():
    word = "फ़ैज़ाबाद"
    assert X.count(unicodedata.normalize("NFD", word)) == X.count(
        unicodedata.normalize("NFC", word)
    )


def published_vectors():
    if not VECTORS.exists():
        return []
    tests = yaml.safe_load(VECTORS.read_text())["tests"]
    return [
        pytest.param(case["text"], case["expected"]["weightedLength"], id=case["description"])
        for group in (
            "WeightedTweetsWithDiscountedEmojiCounterTest",
            "UnicodeDirectionalMarkerCounterTest",
        )
        for case in tests[group]
    ]


@pytest.mark.parametrize(("text", "length"), published_vectors() or [("a", 1)])
def test_weighted_length_as_published_by_x(text, length):
    assert X.count(text).length == length


@pytest.mark.parametrize("text", ["a." * 50_000, "http://a.in/" + "(a)" * 30_000, "क" * 100_000])
def test_hostile_text_is_counted_quickly(text):
    began = perf_counter()
    assert X.count(text).over > 0
    assert perf_counter() - began < 5
