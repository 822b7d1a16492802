import re
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemes.cleaning import clean_rich, cut, paragraphs, plain, plain_from_rich

TEXT_TAGS = {"p", "br", "h3", "h4", "ul", "ol", "li", "strong", "em", "a"}
ALLOWED_TAGS = TEXT_TAGS | {"table", "caption", "thead", "tbody", "tr", "th", "td"}
ALLOWED_ATTRIBUTES = {"href", "rel", "scope", "colspan", "rowspan"}

PIECES = st.sampled_from(
    [
        *("<script>", "</script>", "<svg onload=alert(1)>", "<img src=x onerror=alert(1)>"),
        *("<a href='javascript:alert(1)'>", '<a href="https://up.gov.in/">', "</a>", "<p>", "</p>"),
        *("<h1>", "</h1>", "<h3>", "<table>", "<td>", "</table>", "<style>", "</style>", "<math>"),
        *(
            "<p style='x' class=y onclick=z>",
            "<!--",
            "-->",
            "<b>",
            "</i>",
            "&lt;",
            "&#x338;",
            "\u0338",
        ),
        *(
            "<noscript>",
            "<template>",
            "<textarea>",
            "<br>",
            "<li>",
            "&nbsp;",
            "\x00",
            "\u200d",
            "é",
        ),
        *(
            "java\tscript:",
            "data:text/html,",
            "हिन्दी",
            "र्\u200dय",
            "\u202e",
            "\ufeff",
            '"',
            "'",
            ">",
        ),
    ]
)
HOSTILE = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=15).map("".join)


class Seen(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def assert_safe(html: str) -> None:
    for tag, attributes in Seen(html).tags:
        assert tag in ALLOWED_TAGS
        assert set(attributes) <= ALLOWED_ATTRIBUTES
        address = attributes.get("href") or ""
        scheme = re.match(r"\s*([a-z0-9+.-]+):", address, re.IGNORECASE)
        assert scheme is None or scheme[1].lower() in {"http", "https", "mailto", "tel"}


@given(HOSTILE)
@example("<svg><style><img src=x onerror=alert(1)></style></svg>")
@example(
    "<math><mtext><table><mglyph><style><!--</style>"
    "<img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>"
)
@settings(max_examples=300, deadline=None)
def test_no_script_survives(text):
    assert_safe(clean_rich(text))


@given(HOSTILE)
@settings(max_examples=300, deadline=None)
def test_cleaning_twice_changes_nothing(text):
    once = clean_rich(text)
    assert clean_rich(once) == once


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_paragraphs_are_already_clean_and_storable(text):
    made = paragraphs(text)
    assert clean_rich(made) == made
    made.encode()


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_plain_is_one_storable_line(text):
    line = plain(text)
    assert plain(line) == line
    assert "\n" not in line
    assert "\x00" not in line
    assert unicodedata.is_normalized("NFC", line)
    line.encode()


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("<h1>शीर्षक</h1><h6>छोटा</h6>", "<h3>शीर्षक</h3><h4>छोटा</h4>"),
        ("<p class='x' style='color:red' onclick='y'>क<b>ख</b></p>", "<p>क<strong>ख</strong></p>"),
        (
            '<a href="https://up.gov.in/" target="_blank">यहाँ</a>',
            '<a href="https://up.gov.in/" rel="noopener noreferrer">यहाँ</a>',
        ),
        ("<a href='javascript:alert(1)'>x</a>", '<a rel="noopener noreferrer">x</a>'),
        ("<a href='//evil.example'>x</a>", '<a rel="noopener noreferrer">x</a>'),
        ("<p>&nbsp;</p><p></p>", ""),
        ("<script>alert(1)</script><p>ठीक</p>", "<p>ठीक</p>"),
        ("<p>3 &lt; 5 &amp; 7</p>", "<p>3 &lt; 5 &amp; 7</p>"),
    ],
)
def test_rich_text_keeps_what_the_office_needs(dirty, clean):
    assert clean_rich(dirty) == clean


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("\ufeff नाम\u200b \xa0 योजना\r\n", "नाम योजना"),
        ("र्\u200dया", "र्\u200dया"),
        ("a\u200db", "ab"),
        ("e\u200b\u0301", "é"),
        ("A\x00B\ud800", "AB"),
    ],
)
def test_plain_text_loses_only_what_nobody_sees(dirty, clean):
    assert plain(dirty) == clean


@pytest.mark.parametrize(
    ("scraped", "html"),
    [
        ("Details The scheme helps.", "<p>The scheme helps.</p>"),
        (
            "Eligibility\nThe applicant <18\n\nAge & more",
            "<p>The applicant &lt;18</p><p>Age &amp; more</p>",
        ),
        ("Details of the scheme", "<p>Details of the scheme</p>"),
        ("Something went wrong. Please try again later. Ok", "<p>Ok</p>"),
        ("Something went wrong. Please try again later", ""),
    ],
)
def test_paragraphs_drop_what_the_scraper_picked_up(scraped, html):
    assert paragraphs(scraped) == html


def test_cut_ends_after_a_whole_word_and_never_inside_a_cluster():
    assert cut("छोटा", 10) == "छोटा"
    assert cut("वृद्धावस्था पेंशन योजना के लिए", 20) == "वृद्धावस्था पेंशन…"
    assert cut("क्षत्रियक्षत्रिय", 6).endswith("…")
    assert len(cut("ज़मीन " * 50, 150)) <= 150


@given(st.text(max_size=400))
@settings(deadline=None)
def test_cut_fits_the_column(text):
    assert len(cut(text, 50)) <= 50


def test_plain_from_rich_separates_paragraphs():
    assert plain_from_rich("<p>एक</p><p>दो &amp; तीन</p>") == "एक दो & तीन"
