"""What readers see of a post on each platform: folds, marks, crops, files and cards."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.template.loader import render_to_string

from departments.models import Handle
from publishing.connectors import connector_class
from publishing.models import Media
from schemes.models import Post, Variant
from schemes.previews import fold, preview, spans
from schemes.templatetags.rich import clock, dollars, marked
from schemes.variants import Files, left_out, placed_media

pytestmark = pytest.mark.django_db


def photo(name: str = "photo-0", width: int = 800, height: int = 600) -> Media:
    return Media(kind="photo", sha256=name, mime="image/jpeg", width=width, height=height, size=0)


def film() -> Media:
    return Media(
        kind="video", sha256="video-0", mime="video/mp4", width=640, height=480, duration=65, size=0
    )


def shown(platform: str, text: str, files: Files | None = None, accounts: int = 1):
    variant = Variant(post=Post(), platform=platform, text=text, title="शीर्षक")
    handles = [Handle(pk=1 + at, platform=platform, name=f"UP{at}") for at in range(accounts)]
    return preview(variant.post, variant, files or Files(), handles)


# --- folding --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "at", "seen"),
    [
        ("क्षि" * 5, 2, "क्षिक्षि"),
        ("कि" * 5, 3, "किकिकि"),
        ("शक्ति‍ और", 2, "शक्ति‍"),
        ("👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 1, "👩‍👩‍👧‍👦"),
        ("abc def", 4, "abc"),
        ("abc", 3, "abc"),
        ("abc", 0, "abc"),
        ("", 5, ""),
    ],
)
def test_a_fold_cuts_no_letter(text, at, seen):
    """H8: a letter with its signs is one."""
    found, rest = fold(text, at)
    assert found == seen
    assert found + rest == text


# --- marks ----------------------------------------------------------------------------------------


ALL = {"link", "hashtag", "mention", "bold", "italic", "strike"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("देखें https://up.gov.in/a।", [("", "देखें "), ("link", "https://up.gov.in/a"), ("", "।")]),
        ("#पेंशन_योजना में", [("hashtag", "#पेंशन_योजना"), ("", " में")]),
        ("a#b &#39;", [("", "a#b &#39;")]),
        ("x@up.in @UPGovt.", [("", "x@up.in "), ("mention", "@UPGovt"), ("", ".")]),
        ("*ज़रूरी* _सूचना_ ~रद्द~", [
            ("bold", "ज़रूरी"), ("", " "), ("italic", "सूचना"), ("", " "), ("strike", "रद्द"),
        ]),
        ("2*3*4 * a * _ b_", [("", "2*3*4 * a * _ b_")]),
        ("https://up.gov.in/a_b_c#d", [("link", "https://up.gov.in/a_b_c#d")]),
    ],
)  # fmt: skip
def test_live_words_are_found(text, found):
    assert [tuple(span) for span in spans(text, ALL)] == found
    assert [tuple(span) for span in spans(text, ())] == [("", text)]


def test_marked_text_is_never_markup():
    hostile = '<script>alert(1)</script> *<b onload="x">* https://a.b/"><img>'
    said = marked(spans(hostile, ALL))
    assert "<script" not in said
    assert "<b " not in said
    assert "<img" not in said


@pytest.mark.parametrize("text", ["*" * 5000, "_" * 5000, "#" * 5000, "@a." * 2000, "~ ~" * 2000])
def test_long_runs_of_signs_are_read_in_no_time(text):
    assert "".join(span.text for span in spans(text, ALL))


def test_x_shows_live_mentions_and_instagram_no_live_link():
    text = "@UPGovt https://up.gov.in"
    kinds = {platform: {span.kind for span in shown(platform, text).parts[0].seen}
             for platform in ("x", "instagram")}  # fmt: skip
    assert kinds == {"x": {"mention", "", "link"}, "instagram": {"mention", ""}}


# --- files ----------------------------------------------------------------------------------------


def places(files: Files, platform: str) -> list[tuple[str, str]]:
    return [(one.media.sha256, one.place) for one in placed_media(files, platform)]


def test_a_platform_of_videos_gets_the_video_with_the_first_photo_as_thumbnail():
    files = Files([photo("a"), photo("b")], film())
    assert places(files, "youtube") == [("video-0", "shown"), ("a", "thumbnail")]
    assert places(Files([photo()]), "youtube") == []


def test_other_platforms_get_the_photos_before_the_video():
    files = Files([photo("a"), photo("b")], film())
    assert places(files, "x") == [("a", "shown"), ("b", "shown")]


def test_a_post_with_only_a_video_goes_as_video():
    for platform in ("x", "facebook", "instagram"):
        assert places(Files([], film()), platform) == [("video-0", "shown")]


def test_photos_beyond_what_the_platform_shows_are_said_to_be_left_out():
    files = Files([photo(str(number)) for number in range(5)])
    assert len(places(files, "x")) == connector_class("x").photos_at_most == 4
    problem = left_out(files, "x")[0]
    assert (problem.code, problem.level, problem.values) == (
        "photos_left_out", "warning", {"count": 5, "limit": 4},
    )  # fmt: skip
    assert left_out(Files(files.photos[:4]), "x") == []


# --- looks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "height", "ratio"), [(800, 1600, 0.8), (1000, 1000, 1), (4000, 1000, 1.91)]
)
def test_a_photo_is_cropped_as_the_feed_crops_it(width, height, ratio, monkeypatch):
    monkeypatch.setattr(connector_class("instagram"), "narrowest_shown", 0.8)
    monkeypatch.setattr(connector_class("instagram"), "widest_shown", 1.91)
    seen = shown("instagram", "पाठ", Files([photo(width=width, height=height)]))
    assert seen.crop_height == pytest.approx(1000 / ratio, abs=1)


def test_a_photo_without_measures_is_square():
    assert shown("instagram", "पाठ", Files([photo(width=0, height=0)])).crop_height == 1000


def test_a_link_card_stands_only_where_nothing_is_attached():
    text = "देखें https://sspy-up.gov.in/form?x=1 पर"
    card = shown("facebook", text).card
    assert card
    assert (card.host, card.link) == ("sspy-up.gov.in", "https://sspy-up.gov.in/form?x=1")
    assert shown("facebook", text, Files([photo()])).card is None
    assert shown("facebook", "कोई पता नहीं").card is None
    assert shown("instagram", text).card is None


def test_the_same_fault_of_several_photos_is_said_once():
    codes = [one.code for one in shown("x", "पाठ", Files([photo("a"), photo("b")])).problems]
    assert codes.count("alt_missing") == 1


@pytest.mark.parametrize("platform", ["facebook", "x", "youtube", "instagram", "whatsapp"])
@pytest.mark.parametrize(
    "files",
    [
        Files(),
        Files([photo()]),
        Files([], film()),
        Files([photo(f"photo-{number}") for number in range(10)], film()),
    ],
)
def test_every_platform_has_its_look(platform, files):
    seen = shown(platform, "पाठ *ज़रूरी* #पेंशन " * 80, files, accounts=5)
    page = render_to_string("desk/_previews.html", {"previews": [seen], "checked": True})
    assert f"seen-{platform}" in page
    assert "#पेंशन" in page


def test_a_platform_without_a_look_of_its_own_gets_the_plain_one():
    seen = shown("x", "पाठ")
    seen.variant.platform = "seventh"
    assert seen.look[-1] == "desk/previews/plain.html"
    assert "seen-plain" in render_to_string(seen.look, {"preview": seen})


@pytest.mark.parametrize(("seconds", "words"), [(5, "0:05"), (65.4, "1:05"), (3725, "62:05")])
def test_a_duration_reads_as_on_the_platforms(seconds, words):
    assert clock(seconds) == words


@pytest.mark.parametrize(
    ("price", "words"),
    [("0.2", "$0.20"), ("0.015", "$0.015"), ("10", "$10.00"), ("0.6049", "$0.605")],
)
def test_a_price_is_short(price, words):
    assert dollars(Decimal(price)) == words


def test_the_card_stands_under_the_post_of_a_thread_that_has_the_link():
    text = "पहला भाग।\n---\nदूसरा भाग: https://up.gov.in/rabi"
    seen = shown("x", text)
    assert [part.links for part in seen.parts] == [[], ["https://up.gov.in/rabi"]]
    assert seen.card.link in seen.parts[1].links
