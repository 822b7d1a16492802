"""How numbers, times, names and links are written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation
from django.utils.formats import date_format, localize

from portal.web.templatetags import portal as tags


@pytest.mark.parametrize("language", ["hi", "en"])
@pytest.mark.parametrize(
    ("number", "written"),
    [
        (999, "999"),
        (1_000, "1,000"),
        (12_34_567, "12,34,567"),
        (-12_34_567, "-12,34,567"),
        (1_00_00_00_000, "1,00,00,00,000"),
        (Decimal("1234567.50"), "12,34,567.50"),
    ],
)
def test_n3_numbers_are_grouped_in_lakh_and_crore(language: str, number, written: str):
    with translation.override(language):
        assert localize(number) == written
        assert Template("{{ number }}").render(Context({"number": number})) == written


@pytest.mark.parametrize("language", ["hi", "en"])
def test_n1_day_comes_before_month(language: str):
    with translation.override(language):
        assert date_format(date(2026, 10, 5), "SHORT_DATE_FORMAT") == "05-10-2026"


@pytest.mark.parametrize(
    ("amount", "hindi", "english"),
    [
        (0, "₹0", "₹0"),
        (99_999, "₹99,999", "₹99,999"),
        (Decimal("1000.50"), "₹1,000.50", "₹1,000.50"),
        (1_25_000, "₹1.25 लाख", "₹1.25 lakh"),
        (99_99_499, "₹99.99 लाख", "₹99.99 lakh"),
        (99_99_999, "₹1.00 करोड़", "₹1.00 crore"),
        (3_40_00_000, "₹3.40 करोड़", "₹3.40 crore"),
        (12_34_567_00_00_000, "₹12,34,567.00 करोड़", "₹12,34,567.00 crore"),
        (-2_00_000, "-₹2.00 लाख", "-₹2.00 lakh"),
    ],
)
def test_n5_money_in_words(amount, hindi: str, english: str):
    template = Template("{{ amount|money|striptags }}")
    for language, written in (("hi", hindi), ("en", english)):
        with translation.override(language):
            assert template.render(Context({"amount": amount})) == written


def test_n5_exact_rupees_are_beside_the_words():
    with translation.override("hi"):
        assert 'title="₹1,25,432"' in tags.money(1_25_432)


@pytest.mark.parametrize("value", ["", None, "abc", "NaN", "Infinity", "<b>"])
def test_money_of_no_number_is_nothing(value):
    assert tags.money(value) == ""


def test_n2_moments_are_shown_in_indian_time():
    moment = datetime(2026, 10, 5, 20, 0, tzinfo=UTC)
    with translation.override("hi"):
        assert tags.ist(moment) == "6 अक्टूबर 2026, 01:30 भारतीय समय"
    with translation.override("en"):
        assert tags.ist(moment) == "6 October 2026, 01:30 IST"
        assert tags.ist(moment, "short") == "06-10-2026 01:30"
        assert tags.ist(None) == ""


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2026, 3, 31), "2025-26"),
        (date(2026, 4, 1), "2026-27"),
        (date(2099, 12, 1), "2099-00"),
        (datetime(2026, 3, 31, 20, 0, tzinfo=UTC), "2026-27"),
        ("2026", ""),
    ],
)
def test_n7_financial_year_begins_in_april(day, year: str):
    assert tags.fy(day) == year


@pytest.mark.parametrize(
    ("text", "length", "cut"),
    [
        ("क्षत्रिय", 1, "क्ष…"),
        ("क्षत्रिय", 2, "क्षत्रि…"),
        ("क्षत्रिय", 3, "क्षत्रिय"),
        ("र्‍यात", 1, "र्‍या…"),
        ("ज़मीन", 1, "ज़…"),
        ("ज़मीन", 2, "ज़मी…"),
        ("नमस्ते दुनिया", 4, "नमस्ते…"),
        ("👨‍👩‍👧 परिवार", 1, "👨‍👩‍👧…"),
        ("", 5, ""),
    ],
)
def test_h8_text_is_cut_after_whole_letters(text: str, length: int, cut: str):
    assert tags.graphemes(text, length) == cut


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("9812345621", "98xxxxxx21"),
        ("+91 98123 45621", "98xxxxxx21"),
        ("९८१२३४५६२१", "98xxxxxx21"),
        ("12345", "xxxxx"),
        ("", ""),
        (None, ""),
    ],
)
def test_n8_telephone_numbers_are_masked(number, masked: str):
    assert tags.mask_phone(number) == masked


def test_n8_telephone_numbers_are_shown_five_and_five():
    assert tags.phone("9812345621") == "+91 98123 45621"
    assert tags.phone("1076") == "1076"


def bilingual(record: object, language: str) -> str:
    with translation.override(language):
        return Template('{% bilingual record "title" %}').render(Context({"record": record}))


def test_m2_other_language_is_marked():
    both = SimpleNamespace(title_hi="पेंशन", title_en="Pension")
    hindi = SimpleNamespace(title_hi="<पेंशन>", title_en="")
    assert bilingual(both, "hi") == "पेंशन"
    assert bilingual(both, "en") == "Pension"
    assert bilingual(hindi, "en") == '<span lang="hi">&lt;पेंशन&gt;</span>'
    assert bilingual(SimpleNamespace(title_hi="", title_en="x"), "hi") == '<span lang="en">x</span>'
    assert bilingual(SimpleNamespace(), "hi") == ""


def test_bilingual_escapes():
    assert "<b>" not in bilingual(SimpleNamespace(title_hi="<b>", title_en=""), "hi")


def test_f18_links_away_are_marked_in_words():
    with translation.override("en"):
        away = tags.external_link("https://example.com/?a=1&b=2", "Example <b>")
        government = tags.external_link("https://up.gov.in/", "UP")
    assert 'rel="noopener noreferrer"' in away
    assert 'target="_blank"' in away
    assert "(external website, new window)" in away
    assert "a=1&amp;b=2" in away
    assert "<b>" not in away
    assert "external" not in government
    assert "(new window)" in government


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/",
        "javascript:alert(1)",
        "//example.com",
        "",
        None,
        "https://",
        "https://[bad",
        "https://evil.gov.in.example.com\u0000",
    ],
)
def test_f18_only_https_is_linked(address):
    written = tags.external_link(address, "text")
    assert "javascript" not in written
    assert written == "text" or 'href="https://evil' in written


def test_government_is_told_by_the_end_of_the_name():
    with translation.override("en"):
        assert "external" in tags.external_link("https://gov.in.example.com/", "x")
        assert "external" in tags.external_link("https://notgov.in/", "x")


def test_icons_are_silent_unless_labelled():
    assert 'aria-hidden="true"' in tags.icon("search")
    assert 'role="img" aria-label="खोज"' in tags.icon("search", "खोज")


@pytest.mark.parametrize(
    ("state", "name"),
    [("sent", "good"), ("failed", "bad"), ("returned", "care"), ("care", "care"), ("?", "neutral")],
)
def test_a6_states_have_a_mark(state: str, name: str):
    assert tags.tone(state).name == name
    assert tags.tone(state).icon


def test_tabs_keep_the_filters_and_begin_at_the_first_page():
    request = RequestFactory().get("/?q=a%26b&page=7&tab=x")
    template = Template('{% tab_query "tab" "sent" %}')
    assert template.render(Context({"request": request})) == "q=a%26b&amp;tab=sent"
