"""What people say, in a browser, in Hindi, on the stack that `make run` starts.

A complaint in a Facebook comment becomes a case, is passed to another department, answered on
Facebook, confirmed by the citizen, reopened and late; a WhatsApp question is answered within its
window and not after it; many comments on one handpump are one case.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import Page, expect

from .conftest import DESK, PHONE, OpenPage
from .stack import Stack
from .test_story import Screenshot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.long]

FACEBOOK, WHATSAPP = "100000000000001", "200000000000001"
COMPLAINT = "दिव्यांग पेंशन छह महीने से नहीं मिली, बैंक कहता है विभाग से पूछो।"
DONE = "आपकी पेंशन की रुकी किस्तें 24 नवम्बर को खाते में भेज दी गई हैं।"
SECONDS = 40


def say(stack: Stack, text: str, **fields: str) -> str:
    """Somebody writes on a platform; the id of what was written."""
    given = {"platform": "facebook", "account": FACEBOOK, "kind": "comment", "text": text, **fields}
    answer = requests.post(f"{stack.rehearsal}/_control/remarks", json=given, timeout=10)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def written_by_us(stack: Stack, platform: str, account: str) -> list[dict[str, str]]:
    remarks = requests.get(
        f"{stack.rehearsal}/_control/remarks", params={"platform": platform}, timeout=10
    ).json()["remarks"]
    return [one for one in remarks if one["author"] == account]


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.3)


def open_first(page: Page, stack: Stack, words: str, **query: str) -> None:
    """The conversation with these words, once the worker has taken it in."""
    address = requests.Request("GET", f"{stack.portal}/desk/inbox/", params=query).prepare().url
    row = page.locator(".inbox-row", has_text=words[:40])
    end = time.monotonic() + SECONDS
    while True:
        page.goto(str(address))
        if row.count():
            break
        assert time.monotonic() < end, "it never came into the inbox"
        time.sleep(0.5)
    row.first.locator(".row-title").click()
    page.wait_for_url(re.compile(r"/desk/inbox/\d+/"))


def deed(page: Page, name: str, **values: str) -> None:
    """Open one of the things that can be done with a case, fill it in, and do it."""
    form = page.locator(f"form[action$='/{name}/']").last
    form.evaluate("form => form.closest('details')?.setAttribute('open', '')")
    for field, value in values.items():
        control = form.locator(f"[name={field}]").first
        kind = control.get_attribute("type")
        if kind == "radio":
            form.locator(f"[name={field}][value={value}]").check()
        elif control.evaluate("node => node.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
    with page.expect_navigation():
        form.locator("button[type=submit]").last.click()


def test_a_complaint_under_a_post_ends_with_the_citizens_word(  # noqa: PLR0915 one story
    portal_stack: Stack, open_page: OpenPage, screenshot: Screenshot
) -> None:
    stack = portal_stack
    root = say(stack, COMPLAINT, post="demo-post", author="4001", author_name="रामसेवक")
    nodal = sign_in(open_page(DESK), stack, "nodal.social-welfare")
    open_first(nodal, stack, COMPLAINT)
    conversation = nodal.url
    screenshot(nodal, "40-conversation")

    # It becomes a case; the number is told under the comment.
    deed(nodal, "case", title="दिव्यांग पेंशन छह माह से नहीं मिली", place="ग्राम रामपुर")
    nodal.wait_for_url("**/desk/cases/**")
    number = nodal.url.rstrip("/").rsplit("/", 1)[1]
    until(lambda: any(number in one["text"] for one in written_by_us(stack, "facebook", FACEBOOK)))
    assert [one["parent"] for one in written_by_us(stack, "facebook", FACEBOOK)] == [root]

    # It belongs to another department, whose officer answers through the first one's handle.
    deed(nodal, "transfer", to="women-welfare", reason="यह पेंशन महिला कल्याण देखता है।")
    other = sign_in(open_page(DESK), stack, "nodal.women-welfare")
    other.goto(f"{stack.portal}/desk/cases/{number}/")
    deed(other, "begin")
    deed(other, "answer", text="आपके आवेदन की जाँच हो रही है; तीन दिन में बताएँगे।")
    nodal.goto(f"{stack.portal}/desk/inbox/")
    screenshot(nodal, "41-second-officer")
    nodal.locator(".panel li a").first.click()
    with nodal.expect_navigation():
        nodal.locator("form[action$='/approve/'] button").first.click()
    until(lambda: len(written_by_us(stack, "facebook", FACEBOOK)) == 2)

    # Two people end it; the citizen says no, and it is reopened for the head.
    deed(other, "end", state="resolved", text=DONE, cause="payment")
    head = sign_in(open_page(DESK), stack, "head.women-welfare")
    head.goto(f"{stack.portal}/desk/cases/{number}/")
    screenshot(head, "42-second-decides")
    with head.expect_navigation():
        head.locator("form[action$='/confirm/'] button").click()
    nodal.goto(conversation)
    with nodal.expect_navigation():
        nodal.locator("form[action$='/approve/'] button").first.click()
    until(lambda: any(DONE in one["text"] for one in written_by_us(stack, "facebook", FACEBOOK)))
    say(stack, "नहीं, अभी तक नहीं आई।", post="demo-post", parent=root, author="4001")
    no = other.locator("button[value=no]").first
    until(lambda: other.goto(f"{stack.portal}/desk/cases/{number}/") and no.count())
    with other.expect_navigation():
        no.click()
    expect(other.locator(".post-facts")).to_contain_text("पुनः खोला गया")

    # Again, and this time it holds. The public page says so to whoever knows the number.
    deed(other, "begin")
    deed(other, "end", state="resolved", text=DONE, cause="payment")
    head.goto(f"{stack.portal}/desk/cases/{number}/")
    with head.expect_navigation():
        head.locator("form[action$='/confirm/'] button").click()
    yes = other.locator("button[value=yes]").first
    say(stack, "हाँ, आ गई। धन्यवाद।", post="demo-post", parent=root, author="4001")
    until(lambda: other.goto(f"{stack.portal}/desk/cases/{number}/") and yes.count())
    with other.expect_navigation():
        other.locator("button[value=yes]").last.click()
    screenshot(other, "43-citizen-satisfied")
    citizen = open_page(PHONE)
    citizen.goto(f"{stack.portal}/problems/{number}/")
    expect(citizen.locator("h1")).to_contain_text(number)
    assert COMPLAINT not in citizen.content()
    screenshot(citizen, "44-public-page")


def test_a_question_by_message_is_answered_within_its_window_only(
    portal_stack: Stack, open_page: OpenPage, screenshot: Screenshot
) -> None:
    stack = portal_stack
    message = {"platform": "whatsapp", "account": WHATSAPP, "kind": "message"}
    say(stack, "पेंशन के लिए कौन से काग़ज़ चाहिए?", author="919800000001", **message)
    late = {"author": "919800000002", "ago": str(25 * 3600)}
    say(stack, "शिविर कब है बताइए?", **late, **message)
    nodal = sign_in(open_page(DESK), stack, "nodal.social-welfare")
    open_first(nodal, stack, "पेंशन के लिए कौन से")
    nodal.fill("[name=text]:visible >> nth=0", "आधार, बैंक पासबुक और आयु प्रमाण पत्र लाएँ।")
    with nodal.expect_navigation():
        nodal.locator("[data-reply] button[type=submit]").click()
    posts = f"{stack.rehearsal}/_control/posts"

    def sent() -> bool:
        found = requests.get(posts, params={"platform": "whatsapp"}, timeout=10).json()["posts"]
        return any("बैंक पासबुक और आयु" in one["text"] for one in found)

    until(sent)
    open_first(nodal, stack, "शिविर कब है")
    expect(nodal.locator(".notice.tone-bad")).to_contain_text("समाप्त हो गया")
    screenshot(nodal, "45-window-closed")


def test_forty_comments_on_one_handpump_are_one_case(
    portal_stack: Stack, open_page: OpenPage, screenshot: Screenshot
) -> None:
    stack = portal_stack
    words = "वार्ड 9 का हैंडपंप सूखा पड़ा है"
    for number in range(40):
        text = f"{words}, घर {number}"
        say(stack, text, post="pump-post", author=f"50{number:02}", author_name=f"नागरिक {number}")
    nodal = sign_in(open_page(DESK), stack, "nodal.social-welfare")
    open_first(nodal, stack, words, q="हैंडपंप")
    deed(nodal, "case", title="वार्ड 9 का हैंडपंप सूखा")
    nodal.wait_for_url("**/desk/cases/**")
    number = nodal.url.rstrip("/").rsplit("/", 1)[1]
    case = nodal.url
    free = nodal.locator(".inbox-row", has=nodal.locator("[name=chosen]")).filter(
        has_not_text="UP-2026"
    )
    for _ in range(3):
        nodal.goto(f"{stack.portal}/desk/inbox/?q=हैंडपंप&tab=all")
        if not free.count():
            break
        for box in free.locator("[name=chosen]").all():
            box.check()
        nodal.locator("summary", has_text="एक प्रकरण").click()
        nodal.fill("[name=number]", number)
        with nodal.expect_navigation():
            nodal.locator("form[action$='/inbox/join/'] button[type=submit]").click()
    nodal.goto(case)
    expect(nodal.locator("#voices-title .count")).to_have_text("40")
    screenshot(nodal, "46-forty-voices")

    def told() -> int:
        mine = written_by_us(stack, "facebook", FACEBOOK)
        return len({one["parent"] for one in mine if number in one["text"]})

    until(lambda: told() == 40)
    assert sum(number in one["text"] for one in written_by_us(stack, "facebook", FACEBOOK)) == 40
