"""A nodal officer links a handle on each platform in a browser, in Hindi, and unlinks one.

The consent pages are the stand-in's; the way there and back is the one that the real ones take.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from .conftest import DESK, PHONE, OpenPage
from .stack import Stack
from .test_story import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.long]

NAMES = {
    "facebook": "AbhyasVibhag",
    "instagram": "abhyas.vibhag",
    "x": "AbhyasVibhag",
    "youtube": "AbhyasVibhag",
    "whatsapp": "AbhyasVibhag",
}
Screenshot = Callable[[Page, str], Path]


def register(page: Page, stack: Stack, platform: str) -> str:
    """Notes the handle down; the address of its page."""
    page.goto(f"{stack.portal}/desk/handles/new/")
    page.select_option("[name=platform]", platform)
    page.fill("[name=name]", NAMES[platform])
    page.click("form.record-form button[type=submit]")
    page.wait_for_url("**/desk/handles/*/")
    return page.url


def go_to_platform(page: Page) -> None:
    page.get_by_role("button", name="संबद्ध करें").first.click()
    page.wait_for_url("**/connect/")
    page.locator("main").get_by_role("link", name="पर जाएँ").click()
    expect(page.get_by_role("heading", name="अभ्यास:")).to_be_visible()


def allow(page: Page) -> None:
    page.get_by_role("button", name="अनुमति दें").click()
    page.wait_for_url("**/desk/handles/**")


def is_connected(page: Page) -> None:
    expect(page.locator("#handle-state ~ p").first).to_contain_text("संबद्ध")
    expect(page.get_by_text("अनुमोदित पोस्ट इस हैंडल पर")).to_be_visible()


def look_and_connect(page: Page, handle: str) -> None:
    """The account has another name than the handle, so she is asked."""
    expect(page).to_have_url(f"{handle}account/")
    page.get_by_role("button", name="यह खाता संबद्ध करें").click()
    page.wait_for_url(handle)


def one_width(page: Page) -> None:
    """Nothing sticks out to the side."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_of_several_pages_one_is_linked(
    portal_stack: Stack, open_page: OpenPage, screenshot: Screenshot
) -> None:
    """The first time she changes her mind."""
    page = sign_in(open_page(DESK), portal_stack, "nodal.women-welfare")
    facebook = register(page, portal_stack, "facebook")
    screenshot(page, "20-handle-registered")
    page.get_by_role("button", name="संबद्ध करें").first.click()
    page.wait_for_url("**/connect/")
    screenshot(page, "21-connect")
    page.locator("main").get_by_role("link", name="पर जाएँ").click()
    screenshot(page, "22-consent-facebook")
    page.get_by_role("button", name="रद्द करें").click()
    expect(page.get_by_text("प्लेटफ़ॉर्म पर अनुमति नहीं दी गई")).to_be_visible()
    screenshot(page, "23-cancelled")
    go_to_platform(page)
    allow(page)
    expect(page).to_have_url(f"{facebook}account/")
    screenshot(page, "24-choose")
    page.get_by_label("अभ्यास विभाग, उत्तर प्रदेश").check()
    page.get_by_role("button", name="यह खाता संबद्ध करें").click()
    page.wait_for_url(facebook)
    is_connected(page)
    screenshot(page, "28-connected")


def test_the_pages_fit_on_a_phone(
    portal_stack: Stack, open_page: OpenPage, screenshot: Screenshot
) -> None:
    phone = sign_in(open_page(PHONE), portal_stack, "nodal.social-welfare")
    phone.goto(f"{portal_stack.portal}/desk/handles/?platform=facebook")
    phone.get_by_role("link", name="SamajKalyanDemo").click()
    phone.get_by_role("button", name="संबद्ध करें").first.click()
    phone.wait_for_url("**/connect/")
    one_width(phone)
    screenshot(phone, "25-connect-phone")
    phone.locator("main").get_by_role("link", name="पर जाएँ").click()
    one_width(phone)
    screenshot(phone, "26-consent-phone")
    allow(phone)
    one_width(phone)
    screenshot(phone, "27-choose-phone")


def test_a_single_account_is_linked_at_once_unless_its_name_differs(
    portal_stack: Stack, open_page: OpenPage, screenshot: Screenshot
) -> None:
    page = sign_in(open_page(DESK), portal_stack, "nodal.women-welfare")
    for platform, account in (
        ("instagram", "17841400000000311"),
        ("x", "900000000311"),
        ("youtube", "UCabhyasVibhag0000000011"),
    ):
        handle = register(page, portal_stack, platform)
        go_to_platform(page)
        for box in page.locator("input[name=account][type=checkbox]").all():
            box.uncheck()
        page.locator(f"input[name=account][value='{account}']").check()
        screenshot(page, f"29-consent-{platform}")
        allow(page)
        if platform == "youtube":
            look_and_connect(page, handle)
        is_connected(page)
        screenshot(page, f"30-connected-{platform}")


def test_a_number_is_linked_by_what_the_business_settings_say(
    portal_stack: Stack, open_page: OpenPage, screenshot: Screenshot
) -> None:
    page = sign_in(open_page(DESK), portal_stack, "nodal.women-welfare")
    whatsapp = register(page, portal_stack, "whatsapp")
    page.get_by_role("link", name="संबद्ध करें", exact=True).click()
    page.fill("[name=business]", "500000000000001")
    page.fill("[name=number]", "400000000000011")
    page.fill("[name=token]", "no-such-token")
    page.get_by_role("button", name="जाँचें और संबद्ध करें").click()
    expect(page.locator("[name=token]")).to_have_value("")
    screenshot(page, "31-whatsapp-refused")
    page.fill("[name=token]", "system-user-400000000000011")
    page.get_by_role("button", name="जाँचें और संबद्ध करें").click()
    look_and_connect(page, whatsapp)
    is_connected(page)
    screenshot(page, "32-connected-whatsapp")
    settings_page = open_page(PHONE)
    settings_page.goto(f"{portal_stack.rehearsal}/whatsapp/business/")
    one_width(settings_page)
    screenshot(settings_page, "33-whatsapp-business")


def test_a_handle_is_linked_again_and_unlinked(
    portal_stack: Stack, open_page: OpenPage, screenshot: Screenshot
) -> None:
    page = sign_in(open_page(PHONE), portal_stack, "nodal.agriculture")
    page.goto(f"{portal_stack.portal}/desk/handles/?platform=x")
    page.get_by_role("link", name="KrishiDemo").click()
    handle = page.url
    page.get_by_role("button", name="फिर संबद्ध करें").click()
    page.wait_for_url("**/connect/")
    page.locator("main").get_by_role("link", name="पर जाएँ").click()

    # Another account than before: she is asked.
    page.get_by_label("AbhyasLucknow").check()
    allow(page)
    one_width(page)
    screenshot(page, "34-another-account-phone")
    expect(page.get_by_label("AbhyasLucknow")).to_be_checked()
    page.get_by_role("button", name="यह खाता संबद्ध करें").click()
    expect(page.get_by_text("पुष्टि करें कि पोस्ट इसी खाते पर जाएँ").first).to_be_visible()
    screenshot(page, "35-unconfirmed-phone")
    page.get_by_label("हाँ, पोस्ट इसी खाते पर जाएँ").check()
    page.get_by_role("button", name="यह खाता संबद्ध करें").click()
    page.wait_for_url(handle)
    is_connected(page)
    one_width(page)
    screenshot(page, "36-connected-phone")

    page.locator("summary", has_text="असंबद्ध करें").click()
    page.get_by_role("button", name="हैंडल असंबद्ध करें").click()
    expect(page.get_by_text("मिटा दी गई")).to_be_visible()
    screenshot(page, "37-disconnected-phone")

    # And back to the account it had, for whoever comes after.
    go_to_platform(page)
    page.get_by_label("KrishiDemo").check()
    allow(page)
    page.get_by_label("हाँ, पोस्ट इसी खाते पर जाएँ").check()
    page.get_by_role("button", name="यह खाता संबद्ध करें").click()
    page.wait_for_url(handle)
    is_connected(page)
    assert requests.get(f"{portal_stack.portal}/readyz", timeout=5).status_code == 200
