"""Everything a post can be, in a browser: links and threads, photos, films, reposts, posting by
hand; then one is corrected and one is taken down. Each is approved by two and sent by the worker.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from .conftest import DESK, PHONE, OpenPage
from .stack import Stack
from .test_linking_story import allow, go_to_platform, is_connected
from .test_story import Screenshot, film, press, save, sign_in, until_prepared

pytestmark = [pytest.mark.browser, pytest.mark.long]

NAMES = {
    "facebook": "फ़ेसबुक · KrishiDemo",
    "instagram": "इंस्टाग्राम · KrishiDemo",
    "whatsapp": "व्हाट्सऐप · KrishiDemo",
    "x": "एक्स (X) · KrishiDemo",
    "youtube": "यूट्यूब · KrishiDemo",
}
LINK = "https://upagripardarshi.gov.in/rabi"
LONG = (
    "रबी फ़सलों का बीमा 31 दिसम्बर तक कराया जा सकता है। गेहूँ, चना, मटर, सरसों और आलू का बीमा होता है।"
    " किसान को बीमित राशि का केवल डेढ़ प्रतिशत देना है, शेष राज्य और केन्द्र सरकार देती हैं।"
    " आधार कार्ड, खतौनी और बैंक पासबुक लेकर निकटतम जन सेवा केन्द्र पर जाएँ।"
    f" पूरी जानकारी यहाँ है: {LINK}"
)


class Office:
    """A department's nodal officer, and the two who approve on the short route."""

    def __init__(self, stack: Stack, open_page: OpenPage) -> None:
        self.stack = stack
        self.nodal = sign_in(open_page(DESK), stack, "nodal.agriculture")
        self.above = [
            sign_in(open_page(DESK), stack, mailbox)
            for mailbox in ("head.agriculture", "deputy-director")
        ]

    def write(self, title: str, text: str, handles: list[str], **files: Any) -> Page:
        page = self.nodal
        page.goto(f"{self.stack.portal}/desk/posts/new/")
        page.select_option("[name=kind]", "scheme_information")
        page.select_option("[name=route]", "routine")
        page.fill("[name=title_hi]", title)
        page.fill("[name=text_hi]", text)
        for name in handles:
            page.get_by_label(name, exact=True).check()
        if photos := files.get("photos"):
            page.set_input_files("[name=photo_file]", photos)
            for number, box in enumerate(page.locator("[name=photo_alt_hi]").all()):
                box.fill(f"खेत में काम करते किसान, चित्र {number + 1}")
        if video := files.get("video"):
            page.set_input_files("[name=video_file]", video)
            page.fill("[name=video_alt_hi]", "रबी फ़सल बीमा समझाते कृषि अधिकारी")
            page.set_input_files("[name=captions_file]", files["captions"])
        return page

    def publish(self, address: str, *, good: int) -> Page:
        """Submitted, approved twice, and waited for until so many deliveries are out."""
        until_prepared(self.nodal)
        press(self.nodal, "submit")
        self.approve(address)
        self.wait(address, good)
        return self.nodal

    def approve(self, address: str) -> None:
        for page in self.above:
            page.goto(address)
            press(page, "approve")

    def wait(self, address: str, good: int) -> None:
        self.nodal.goto(address)
        done = self.nodal.locator(".delivery .tone-good")
        for _ in range(90):
            if done.count() >= good:
                break
            self.nodal.wait_for_timeout(700)
            self.nodal.reload()
        expect(done).to_have_count(good)

    def seen(self, words: str) -> dict[str, list[dict[str, Any]]]:
        """What the stand-in shows with these words, by platform."""
        posts = requests.get(f"{self.stack.rehearsal}/_control/posts", timeout=10).json()["posts"]
        found: dict[str, list[dict[str, Any]]] = {}
        for post in posts:
            if words in str(post):
                found.setdefault(post["platform"], []).append(post)
        return found


@pytest.fixture
def officers(portal_stack: Stack, open_page: OpenPage) -> Office:
    return Office(portal_stack, open_page)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder, made = tmp_path_factory.mktemp("photos"), []
    for number, shape in enumerate(((1600, 900), (900, 1600), (1000, 1000))):
        picture = Image.new("RGB", shape, (206, 224, 178))
        draw = ImageDraw.Draw(picture)
        draw.rectangle((0, shape[1] // 2, *shape), fill=(112 + number * 30, 142, 70))
        draw.ellipse((60, 60, 260, 260), fill=(244, 190, 60))
        made.append(folder / f"खेत-{number}.png")
        picture.save(made[-1])
    return made


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory, photos: list[Path]) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("video")
    (folder / "बीमा.mp4").write_bytes(film(Image.open(photos[0]).resize((1280, 720)), seconds=4))
    (folder / "बीमा.srt").write_text("1\n00:00:00,200 --> 00:00:03,000\nरबी फ़सल का बीमा कराएँ।\n")
    return {"video": folder / "बीमा.mp4", "captions": folder / "बीमा.srt"}


def look(page: Page, screenshot: Callable[[Page, str], Path], name: str) -> None:
    """On a desk and on a phone; nothing sticks out."""
    screenshot(page, name)
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    screenshot(page, f"{name}-phone")
    page.set_viewport_size(DESK)


def test_a_long_text_with_a_link_becomes_a_card_and_a_thread(
    officers: Office, screenshot: Screenshot
) -> None:
    handles = [NAMES[name] for name in ("facebook", "x", "whatsapp")]
    page = officers.write("रबी फ़सल बीमा 31 दिसम्बर तक", LONG, handles)
    # The preview comes from the server, which others use at the same time.
    expect(page.locator(".preview-x .seen-post").nth(1)).to_be_visible(timeout=20_000)
    look(page, screenshot, "40-link-and-thread")
    page = officers.publish(save(page), good=3)
    look(page, screenshot, "41-link-and-thread-out")
    seen = officers.seen("बीमा")
    thread = [post["text"][-5:] for post in officers.seen("/2)")["x"]]
    assert thread == ["(2/2)", "(1/2)"]
    assert any(post["extra"].get("link") == LINK for post in seen["facebook"])


def test_three_photos_go_together_each_with_its_description(
    officers: Office, screenshot: Screenshot, photos: list[Path]
) -> None:
    handles = [NAMES[name] for name in ("facebook", "instagram", "x")]
    words = "कृषि मेले के तीन चित्र, वाराणसी से।"
    page = officers.write("कृषि मेला, वाराणसी", words, handles, photos=photos)
    expect(page.locator("#previews .preview")).to_have_count(3)
    look(page, screenshot, "42-three-photos")
    page = officers.publish(save(page), good=3)
    look(page, screenshot, "43-three-photos-out")
    assert {name: len(posts) for name, posts in officers.seen("तीन चित्र").items()} == {
        "facebook": 1,
        "instagram": 1,
        "x": 1,
    }
    wall = officers.above[0]
    wall.goto(f"{officers.stack.rehearsal}/")
    screenshot(wall, "44-wall")


def test_a_film_with_captions_reaches_four_platforms(
    officers: Office, screenshot: Screenshot, video: dict[str, Path]
) -> None:
    handles = [NAMES[name] for name in ("facebook", "instagram", "x", "youtube")]
    page = officers.write("रबी फ़सल बीमा: फ़िल्म", "बीमा कराने का तरीक़ा, दो मिनट में।", handles, **video)
    expect(page.locator("#previews .preview")).to_have_count(4)
    address = save(page)
    until_prepared(page)
    look(page, screenshot, "45-film")
    page = officers.publish(address, good=4)
    look(page, screenshot, "46-film-out")
    assert {name: len(posts) for name, posts in officers.seen("दो मिनट").items()} == dict.fromkeys(
        ("facebook", "instagram", "x", "youtube"), 1
    )


def test_a_film_on_youtube_has_its_picture_its_list_and_its_captions(
    officers: Office, screenshot: Screenshot, video: dict[str, Path], photos: list[Path]
) -> None:
    page = officers.write(
        "बीज शोधन कैसे करें", "बीज शोधन की विधि।", [NAMES["youtube"]], photos=photos[:1], **video
    )
    page.locator(".preview-youtube summary").click()
    page.select_option("[name='variant-youtube-option-privacy']", "unlisted")
    screenshot(page, "47-youtube-choices")
    officers.publish(save(page), good=1)
    (post,) = officers.seen("बीज शोधन")["youtube"]
    assert post["extra"]["status"]["privacyStatus"] == "unlisted"
    assert post["extra"].get("thumbnail")


def test_on_x_the_second_handle_reposts_what_the_first_says(
    officers: Office, screenshot: Screenshot
) -> None:
    page = officers.nodal
    page.goto(f"{officers.stack.portal}/desk/handles/new/")
    page.select_option("[name=platform]", "x")
    page.fill("[name=name]", "AbhyasMela")
    page.click("form.record-form button[type=submit]")
    page.wait_for_url("**/desk/handles/*/")
    go_to_platform(page)
    page.get_by_label("AbhyasMela").check()
    allow(page)
    is_connected(page)
    handles = [NAMES["x"], "एक्स (X) · AbhyasMela"]
    page = officers.write("कृषि रक्षा सलाह", "पाले से बचाव के लिए हल्की सिंचाई करें।", handles)
    expect(page.locator(".preview-x .preview-note").first).to_be_visible()
    screenshot(page, "48-repost")
    officers.publish(save(page), good=2)
    repost, post = officers.seen("हल्की सिंचाई")["x"]
    assert repost["extra"]["repost_of"] == post["id"]


def test_where_no_api_is_an_officer_posts_by_hand_and_gives_the_link(
    officers: Office, screenshot: Screenshot, photos: list[Path]
) -> None:
    page = officers.nodal
    page.goto(f"{officers.stack.portal}/desk/handles/new/")
    page.select_option("[name=platform]", "whatsapp")
    page.fill("[name=name]", "KrishiChannel")
    page.click("form.record-form button[type=submit]")
    page.wait_for_url("**/desk/handles/*/")
    page.locator("summary", has_text="हाथ से प्रकाशित करें").click()
    page.locator("form[action$='/by-hand/'] button").click()
    screenshot(page, "49-by-hand-handle")
    handle = "व्हाट्सऐप · KrishiChannel"
    page = officers.write("मण्डी भाव", "आज के मण्डी भाव सूची में देखें।", [handle], photos=photos[:1])
    address = save(page)
    until_prepared(page)
    press(page, "submit")
    officers.approve(address)
    page.goto(address)
    for _ in range(40):
        if page.locator(".hand-work").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator(".hand-text")).to_contain_text("आज के मण्डी भाव")
    look(page, screenshot, "50-by-hand")
    page.fill(".hand-work [name=permalink]", "https://whatsapp.com/channel/0029Va/42")
    page.locator("form[action$='/confirm/'] button").click()
    expect(page.locator(".delivery .tone-good")).to_have_count(1)
    screenshot(page, "51-by-hand-done")
    assert officers.seen("मण्डी भाव") == {}


def test_people_who_agreed_get_an_approved_template(
    officers: Office, screenshot: Screenshot
) -> None:
    page = officers.nodal
    page.goto(f"{officers.stack.portal}/desk/handles/new/")
    page.select_option("[name=platform]", "whatsapp")
    page.fill("[name=name]", "KrishiSandesh")
    page.click("form.record-form button[type=submit]")
    page.wait_for_url("**/desk/handles/*/")
    handle = page.url
    page.get_by_role("link", name="संबद्ध करें", exact=True).click()
    page.fill("[name=business]", "500000000000001")
    page.fill("[name=number]", "400000000000012")
    page.fill("[name=token]", "system-user-400000000000012")
    page.get_by_role("button", name="जाँचें और संबद्ध करें").click()
    # The number has another name than the handle, so she is asked.
    page.get_by_role("button", name="यह खाता संबद्ध करें").click()
    page.wait_for_url(handle)
    is_connected(page)

    # Two farmers agreed at a camp.
    for number in ("98390 11111", "९८३९०२२२२२"):
        page.goto(f"{handle}subscribers/new/")
        page.fill("[name=number]", number)
        page.select_option("[name=way]", "camp")
        page.fill("[name=proof]", "शिविर पंजी 12/2026")
        page.click("form.record-form button[type=submit]")
        page.wait_for_url("**/subscribers/")
    look(page, screenshot, "60-people-who-agreed")
    page.goto(f"{handle}templates/")
    for _ in range(40):
        if page.locator("table").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    look(page, screenshot, "61-templates")

    words = f"कल से गेहूँ का बीज मिलेगा। विवरण: {LINK}"
    page = officers.write("बीज वितरण", words, ["व्हाट्सऐप · KrishiSandesh"])
    page.locator(".preview-whatsapp summary").click()
    page.select_option("[name='variant-whatsapp-option-template']", "soochna_sandesh:hi")
    expect(page.locator(".preview-whatsapp")).to_contain_text("नमस्ते, सूचना: बीज वितरण")
    look(page, screenshot, "62-template")
    address = save(page)
    until_prepared(page)
    press(page, "submit")
    officers.approve(address)
    page.goto(address)
    read = page.locator(".delivery dd").nth(2)
    for _ in range(60):
        if read.count() and read.inner_text() == "2":
            break
        page.wait_for_timeout(700)
        page.reload()
    expect(read).to_have_text("2")
    look(page, screenshot, "63-broadcast")
    assert len(officers.seen("गेहूँ का बीज")["whatsapp"]) == 2


def test_one_is_corrected_and_one_is_taken_down(officers: Office, screenshot: Screenshot) -> None:
    page = officers.write("खाद की उपलब्धता", "यूरिया की 40 हज़ार बोरी आ गई हैं।", [NAMES["facebook"]])
    first = save(page)
    officers.publish(first, good=1)

    # The figure was wrong: she corrects it, and the correction is approved like any post.
    page.locator("form[action$='/correct/'] button").click()
    page.wait_for_url("**/edit/")
    look(page, screenshot, "52-correction")
    page.fill("[name=text_hi]", "यूरिया की 50 हज़ार बोरी आ गई हैं।")
    second = save(page)
    officers.publish(second, good=1)
    (post,) = officers.seen("हज़ार बोरी")["facebook"]
    assert "50 हज़ार" in post["text"]
    page.goto(first)
    look(page, screenshot, "53-corrected")

    # And then the head takes it down altogether.
    head = officers.above[0]
    head.goto(second)
    head.locator("summary", has_text="हटाएँ").click()
    head.fill("[name=reason]", "सूची निरस्त कर दी गई है।")
    screenshot(head, "54-take-down")
    head.locator("form[action$='/take-down/'] button").click()
    page.goto(second)
    for _ in range(60):
        if page.locator(".delivery .tone-bad").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator(".delivery .tone-bad").first).to_contain_text("हटाया गया")
    look(page, screenshot, "55-taken-down")
    assert all(one["extra"].get("removed") for one in officers.seen("हज़ार बोरी")["facebook"])
