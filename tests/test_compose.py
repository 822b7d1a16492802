"""The composer in a browser: previews come while an officer types, and nothing typed is lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from .conftest import DESK, OpenPage
from .stack import Stack
from .test_story import PASSWORD, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.long]


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
        own_words.fill("पेंशन")
    # Without an event: on a busy machine the next preview would be asked for, in place of this one.
    own_words.evaluate("field => { field.value += ' की किस्त'; }")
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
    expect(composer.locator(".new-photo img")).to_be_visible()


# --- photos ---------------------------------------------------------------------------------------


def pictures(folder: Path, *colours: str) -> list[Path]:
    files = [folder / f"{colour}.png" for colour in colours]
    for file, colour in zip(files, colours, strict=True):
        Image.new("RGB", (400, 400), colour).save(file)
    return files


def test_chosen_photos_are_previewed_at_once_and_saved_in_their_order(
    composer: Page, tmp_path: Path
) -> None:
    composer.set_input_files("[name=photo_file]", pictures(tmp_path, "red", "blue"))
    expect(composer.locator(".new-photo")).to_have_count(2)
    for place, words in enumerate(("लाल", "नीला")):
        composer.locator("[name=photo_alt_hi]").nth(place).fill(words)
    composer.locator(".new-photo").nth(1).locator("[data-up]").click()
    expect(composer.locator(".preview-x .gallery-2 img[src^='blob:']")).to_have_count(2)
    fill_in(composer)
    composer.click(SAVE)
    composer.wait_for_url(SAVED)
    expect(composer.locator(".seen-alts li")).to_have_text(
        ["पढ़कर सुनाया जाएगा: नीला", "पढ़कर सुनाया जाएगा: लाल"]
    )


def test_a_photo_without_a_description_is_not_sent(composer: Page, tmp_path: Path) -> None:
    fill_in(composer)
    composer.set_input_files("[name=photo_file]", pictures(tmp_path, "red", "blue"))
    composer.locator("[name=photo_alt_hi]").nth(0).fill("लाल")
    composer.click(SAVE)
    expect(composer.locator(".new-photo").nth(1).locator(".field-error")).to_be_visible()
    expect(composer.locator("[name=photo_alt_hi]").nth(1)).to_be_focused()


def test_photos_of_a_page_taken_up_again_meet_their_descriptions(
    composer: Page, portal_stack: Stack, tmp_path: Path
) -> None:
    files = pictures(tmp_path, "red", "blue")
    fill_in(composer)
    composer.set_input_files("[name=photo_file]", files)
    for place, words in enumerate(("लाल", "नीला")):
        composer.locator("[name=photo_alt_hi]").nth(place).fill(words)
    expect(composer.locator(".kept")).to_contain_text("सुरक्षित", timeout=10_000)
    composer.on("dialog", lambda dialog: dialog.accept())
    composer.goto(f"{portal_stack.portal}/desk/posts/new/")
    expect(composer.locator(".left-over:visible, #compose-trouble:visible")).to_have_count(1)
    composer.locator(".left-over a").click()
    expect(composer.locator(".new-photo [data-lost]")).to_have_count(2)
    expect(composer.locator(".left-over:visible, #compose-trouble:visible")).to_have_count(0)
    expect(composer.locator(".preview-x .is-error")).to_contain_text("red.png, blue.png")
    composer.set_input_files("[name=photo_file]", files)
    expect(composer.locator("[data-lost]")).to_have_count(0)
    expect(composer.locator(".new-photo .file-name")).to_have_text(["red.png", "blue.png"])
    expect(composer.locator("[name=photo_alt_hi]").nth(1)).to_have_value("नीला")
    expect(composer.locator(".preview-x .is-error")).to_have_count(0)


def test_the_route_that_a_kind_takes_is_said_and_chosen(composer: Page) -> None:
    composer.select_option("[name=kind]", "advisory")
    expect(composer.locator("[data-kind]:visible")).to_contain_text("नीतिगत")
    expect(composer.locator("[name=route]")).to_have_value("policy")


# --- nothing is lost ------------------------------------------------------------------------------

SAVE = "form.compose .action-bar button[type=submit]"
SAVED = re.compile(r"/desk/posts/\d+/$")
TEXT = "शिविर 5 दिसम्बर को सुबह 10 बजे से।"


def fill_in(page: Page) -> None:
    page.select_option("[name=kind]", "event")
    page.fill("[name=title_hi]", "शिविर")
    page.fill("[name=text_hi]", TEXT)


def end_sessions(stack: Stack) -> None:
    sessions = "from django.contrib.sessions.models import Session; Session.objects.all().delete()"
    stack.manage("shell", "-c", sessions)


def sign_in_elsewhere(page: Page, link: Locator) -> None:
    with page.context.expect_page() as opened:
        link.click()
    other = opened.value
    other.fill("[name=login]", "nodal.social-welfare@demo.invalid")
    other.fill("[name=password]", PASSWORD)
    other.click("main button[type=submit]")
    other.wait_for_url("**/desk/")
    other.close()


def test_a_session_that_ended_while_typing_loses_nothing(
    composer: Page, portal_stack: Stack
) -> None:
    fill_in(composer)
    end_sessions(portal_stack)
    composer.click(SAVE)
    expect(composer.locator("#compose-trouble")).to_contain_text("लॉगिन")
    sign_in_elsewhere(composer, composer.locator("#compose-trouble [data-for='signed-out']"))
    expect(composer.locator("[name=text_hi]")).to_have_value(TEXT)
    composer.click(SAVE)
    composer.wait_for_url(SAVED)
    expect(composer.locator("main").get_by_text(TEXT).first).to_be_visible()


def test_without_script_the_text_comes_back_and_is_sent_again(
    open_page: OpenPage, portal_stack: Stack
) -> None:
    page = sign_in(open_page(DESK, java_script_enabled=False), portal_stack, "nodal.social-welfare")
    page.goto(f"{portal_stack.portal}/desk/posts/new/")
    fill_in(page)
    end_sessions(portal_stack)
    page.click(SAVE)
    expect(page.locator(".kept-text")).to_have_text(TEXT)
    sign_in_elsewhere(page, page.locator(".action-bar a"))
    page.click(".action-bar button")
    # Signing in made the first page's token void: the same page comes once more, with a fresh one.
    expect(page.locator(".kept-text")).to_have_text(TEXT)
    page.click(".action-bar button")
    page.wait_for_url(SAVED)
    expect(page.locator("main").get_by_text(TEXT).first).to_be_visible()


def test_a_fault_of_the_server_leaves_what_was_typed(composer: Page, portal_stack: Stack) -> None:
    fill_in(composer)

    def fail(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(status=500, body="500")
        else:
            route.continue_()

    composer.route("**/desk/posts/new/", fail)
    composer.click(SAVE)
    expect(composer.get_by_text("500")).to_be_visible()
    composer.unroute("**/desk/posts/new/")
    composer.goto(f"{portal_stack.portal}/desk/posts/new/")
    composer.locator(".left-over a").first.click()
    expect(composer.locator("[name=text_hi]")).to_have_value(TEXT)
    expect(composer.locator(".preview-x .preview-text")).to_have_text(TEXT)


def test_a_network_that_is_away_is_said_and_saving_goes_on_later(composer: Page) -> None:
    fill_in(composer)
    composer.context.set_offline(True)
    composer.click(SAVE)
    expect(composer.locator("#compose-trouble")).to_contain_text("नेटवर्क")
    composer.context.set_offline(False)
    composer.click(SAVE)
    composer.wait_for_url(SAVED)


def test_what_never_reached_the_server_is_offered_in_the_same_window(
    composer: Page, portal_stack: Stack
) -> None:
    away = ["until the next page"]  # a page that is left may still save itself, by a late focus
    composer.route(
        "**/desk/posts/autosave/", lambda route: route.abort() if away else route.continue_()
    )
    composer.on("framenavigated", lambda frame: away.clear())
    composer.fill("[name=text_hi]", "केवल यहीं लिखा")
    composer.click(SAVE)
    expect(composer.locator("#compose-trouble")).to_be_visible()
    composer.on("dialog", lambda dialog: dialog.accept())
    composer.goto(f"{portal_stack.portal}/desk/posts/new/")
    composer.locator("#compose-trouble [data-for=left]").click()
    expect(composer.locator("[name=text_hi]")).to_have_value("केवल यहीं लिखा")


def test_the_page_says_when_it_was_kept(composer: Page) -> None:
    composer.fill("[name=text_hi]", TEXT)
    expect(composer.locator(".kept")).to_contain_text("सुरक्षित", timeout=10_000)


def test_the_next_officer_in_the_same_window_is_offered_nothing(
    composer: Page, portal_stack: Stack
) -> None:
    composer.on("dialog", lambda dialog: dialog.accept())  # leaving unsaved words is asked about
    composer.fill("[name=text_hi]", "केवल समाज कल्याण का मसौदा")
    end_sessions(portal_stack)
    composer.fill("[name=title_hi]", "मसौदा")
    expect(composer.locator("#compose-trouble")).to_be_visible(timeout=15_000)
    sign_in(composer, portal_stack, "nodal.agriculture")
    composer.goto(f"{portal_stack.portal}/desk/posts/new/")
    expect(composer.locator("#compose-trouble")).to_be_hidden()
    expect(composer.locator("[name=text_hi]")).to_have_value("")
