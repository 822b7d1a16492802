"""The composer in a browser: previews come while an officer types, and take nothing away."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from .stack import Stack
from .test_story import sign_in

pytestmark = pytest.mark.browser


@pytest.fixture
def composer(page: Page, portal_stack: Stack) -> Page:
    sign_in(page, portal_stack, "nodal.social-welfare")
    page.goto(f"{portal_stack.portal}/desk/posts/new/")
    page.locator(".check", has_text="एक्स (X)").locator("input").check()
    expect(page.locator(".preview-x")).to_be_visible()
    return page


def test_what_is_typed_while_a_preview_is_on_its_way_stays(composer: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    composer.locator("#variant-x summary").click()
    own_words = composer.locator("#variant-x-text")
    composer.route("**/desk/posts/preview/", hold)
    with composer.expect_request("**/desk/posts/preview/"):
        own_words.press_sequentially("पेंशन")
    own_words.press_sequentially(" की किस्त")
    with composer.expect_response("**/desk/posts/preview/"):
        held[0].continue_()
    expect(composer.locator(".preview-x .preview-text")).to_have_text("पेंशन")
    expect(own_words).to_have_value("पेंशन की किस्त")
    expect(own_words).to_be_focused()


def test_what_was_opened_stays_open(composer: Page) -> None:
    composer.locator("#variant-x summary").click()
    composer.fill("[name=text_hi]", "नया पाठ")
    expect(composer.locator(".preview-x .preview-text")).to_have_text("नया पाठ")
    expect(composer.locator("#variant-x-text")).to_be_visible()


def test_a_file_s_button_speaks_hindi_and_names_the_file(composer: Page, tmp_path: Path) -> None:
    """H18: the browser's own button would speak the browser's language."""
    Image.new("RGB", (400, 400)).save(tmp_path / "शिविर.png")
    choice = composer.locator(".file-choice", has=composer.locator("[name=photo_file]"))
    expect(choice.locator(".button")).to_have_text("फ़ाइल चुनें")
    expect(choice.locator(".file-name")).to_have_text("कोई फ़ाइल नहीं चुनी गई")
    composer.set_input_files("[name=photo_file]", tmp_path / "शिविर.png")
    expect(choice.locator(".file-name")).to_have_text("शिविर.png")
    expect(choice.locator("img")).to_be_visible()
