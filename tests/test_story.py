"""The whole story in a browser, in Hindi, on the stack that `make run` starts.

A nodal officer writes a post about a scheme, it is returned once, climbs four steps to the Director
of Information, is published to five platforms by the worker, and the public reads it. Then again,
with the worker killed in the middle: it finishes after a restart, with one post on each platform.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import av
import pytest
import requests
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from .conftest import DESK, PHONE, OpenPage
from .stack import Stack

pytestmark = pytest.mark.browser

PASSWORD = "samvad-setu-demo"
PLATFORMS = ("facebook", "instagram", "whatsapp", "x", "youtube")
SCHEME = "vridhavastha-pension"
TITLE = "वृद्धावस्था पेंशन: लखनऊ में विशेष शिविर"
TEXT = (
    "वृद्धावस्था पेंशन के नये आवेदन 5 दिसम्बर को लखनऊ के विकास भवन में लिए जाएँगे।"
    " आधार कार्ड और बैंक पासबुक साथ लाएँ। सहायता के लिए 1076 पर बात करें।"
)
ENGLISH = (
    "New applications for the old age pension will be taken on 5 December at Vikas Bhawan, Lucknow."
)
REASON = "कृपया शिविर का समय भी लिखें।"
MENDED = TEXT.replace("5 दिसम्बर को", "5 दिसम्बर को सुबह 10 बजे से")
Screenshot = Callable[[Page, str], Path]


# --- what people do -----------------------------------------------------------------------------


def sign_in(page: Page, stack: Stack, mailbox: str) -> Page:
    """In the officer's earlier session, while that lasts."""
    page.context.add_cookies(stack.sessions.get(mailbox, []))
    page.goto(f"{stack.portal}/desk/")
    if "/accounts/login/" in page.url:
        page.fill("[name=login]", f"{mailbox}@demo.invalid")
        page.fill("[name=password]", PASSWORD)
        page.click("main button[type=submit]")
        page.wait_for_url("**/desk/")
        cookies = page.context.cookies()
        stack.sessions[mailbox] = [one for one in cookies if one["name"] == "sessionid"]
    return page


def fill_in(page: Page, files: dict[str, Path], *, title: str, text: str, route: str) -> None:
    page.select_option("[name=kind]", "scheme_information")
    page.select_option("[name=route]", route)
    page.fill("[name=title_hi]", title)
    page.fill("[name=title_en]", "Old age pension: special camp in Lucknow")
    page.fill("[name=text_hi]", text)
    page.fill("[name=text_en]", ENGLISH)
    page.set_input_files("[name=photo_file]", files["photo"])
    page.fill("[name=photo_alt_hi]", "विकास भवन में पेंशन के आवेदन लेती महिला अधिकारी")
    page.set_input_files("[name=video_file]", files["video"])
    page.fill("[name=video_alt_hi]", "शिविर में आवेदन करते वृद्धजन")
    page.set_input_files("[name=captions_file]", files["captions"])
    for box in page.locator("[name=handles]").all():
        box.check()


def save(page: Page) -> str:
    """Saves the composer's page; the address of the post."""
    page.click("form.compose .action-bar button[type=submit]")
    page.wait_for_url(re.compile(r"/desk/posts/\d+/$"))
    return page.url


def until_prepared(page: Page) -> None:
    """Reloads the post's page until a worker has made the copies that fit the platforms."""
    errors = page.locator(".preview-problem.is-error, [data-moving]")
    for _ in range(60):
        if not errors.count():
            return
        page.wait_for_timeout(500)
        page.reload()
    expect(errors).to_have_count(0)


def press(page: Page, move: str) -> None:
    """The button of this move on the post's page."""
    with page.expect_navigation():
        page.locator(f"[formaction$='/{move}/'], form[action$='/{move}/'] button").first.click()
    expect(page.locator("h1")).to_be_visible()


def decide(open_page: OpenPage, stack: Stack, mailbox: str, move: str, comment: str = "") -> Page:
    """Signs in, opens the first post of the queue and decides on it."""
    page = sign_in(open_page(DESK), stack, mailbox)
    page.goto(f"{stack.portal}/desk/queue/")
    page.locator("main a.row-title").first.click()
    page.wait_for_url("**/desk/posts/*/")
    page.fill(".decision [name=comment]", comment)
    press(page, move)
    return page


def all_sent(page: Page, seconds: int) -> bool:
    """Reloads the post's page until every delivery is out."""
    for _ in range(seconds):
        page.reload()
        with suppress(AssertionError):
            rows = page.locator(".delivery")
            expect(rows.locator(".tone-good")).to_have_count(len(PLATFORMS), timeout=1000)
            return True
    return False


def published(stack: Stack, words: str) -> Counter[str]:
    """How often the rehearsal's pages show a post with these words, by platform."""
    posts = requests.get(f"{stack.rehearsal}/_control/posts", timeout=10).json()["posts"]
    return Counter(post["platform"] for post in posts if words in str(post))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    picture = Image.new("RGB", (1200, 900), (214, 228, 240))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 620, 1200, 900), fill=(120, 150, 90))
    draw.rectangle((180, 300, 1020, 640), fill=(240, 224, 190), outline=(90, 60, 30), width=6)
    draw.ellipse((930, 60, 1090, 220), fill=(244, 190, 60))
    picture.save(folder / "शिविर.png")
    (folder / "film.mp4").write_bytes(film(picture.resize((640, 480))))
    captions = "WEBVTT\n\n00:00.000 --> 00:01.500\nशिविर में आपका स्वागत है।\n"
    (folder / "शिविर.vtt").write_text(captions)
    return {
        "photo": folder / "शिविर.png",
        "video": folder / "film.mp4",
        "captions": folder / "शिविर.vtt",
    }


def film(picture: Image.Image, *, seconds: int = 2) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = *picture.size, "yuv420p"
        for _ in range(10 * seconds):
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    return out.getvalue()


# --- the story -----------------------------------------------------------------------------------


def test_a_post_climbs_to_the_director_and_reaches_five_platforms(
    portal_stack: Stack, open_page: OpenPage, screenshot: Screenshot, files: dict[str, Path]
) -> None:
    nodal = sign_in(open_page(DESK), portal_stack, "nodal.social-welfare")
    screenshot(nodal, "01-desk")

    # She writes; that X would need a thread for it is seen while she types.
    nodal.goto(f"{portal_stack.portal}/desk/posts/new/")
    nodal.select_option("[name=scheme]", label=_scheme_title(portal_stack))
    fill_in(nodal, files, title=TITLE, text=TEXT * 3, route="policy")
    expect(nodal.locator("#previews .preview")).to_have_count(5)
    expect(nodal.locator(".preview-x .seen-post")).to_have_count(2)
    screenshot(nodal, "02-too-long-for-x")
    nodal.fill("[name=text_hi]", TEXT)
    expect(nodal.locator(".preview-x .seen-post")).to_have_count(1)
    address = save(nodal)
    until_prepared(nodal)
    screenshot(nodal, "03-draft")
    press(nodal, "submit")
    screenshot(nodal, "04-submitted")

    # The head approves, the Deputy Director returns it once.
    head = sign_in(open_page(DESK), portal_stack, "head.social-welfare")
    head.goto(f"{portal_stack.portal}/desk/queue/")
    screenshot(head, "05-queue")
    decide(open_page, portal_stack, "head.social-welfare", "approve")
    screenshot(decide(open_page, portal_stack, "deputy-director", "return", REASON), "06-returned")

    # She takes it up, mends it and submits again.
    nodal.goto(address)
    expect(nodal.locator(".notice").get_by_text(REASON)).to_be_visible()
    press(nodal, "reopen")
    nodal.fill("[name=text_hi]", MENDED)
    save(nodal)
    press(nodal, "submit")

    # Four levels.
    for officer in ("head.social-welfare", "deputy-director", "joint-director", "director"):
        last = decide(open_page, portal_stack, officer, "approve", "ठीक है।")
    screenshot(last, "07-approved")

    # The worker publishes; each platform has it once.
    nodal.goto(address)
    assert all_sent(nodal, 60), portal_stack.log.read_text()[-4000:]
    screenshot(nodal, "08-published")
    assert published(portal_stack, "सुबह 10 बजे") == Counter(PLATFORMS)
    wall = open_page(DESK)
    wall.goto(f"{portal_stack.rehearsal}/")
    screenshot(wall, "09-rehearsal")

    _the_public_reads(open_page, portal_stack, screenshot, address.rstrip("/").rsplit("/", 1)[1])


def _scheme_title(stack: Stack) -> str:
    page = requests.get(f"{stack.portal}/schemes/{SCHEME}/", timeout=10)
    return page.text.split("<h1", 1)[1].split(">", 1)[1].split("<", 1)[0].strip()


def _the_public_reads(
    open_page: OpenPage, stack: Stack, screenshot: Screenshot, number: str
) -> None:
    for name, size in (("desk", DESK), ("phone", PHONE)):
        citizen = open_page(size, java_script_enabled=False)
        citizen.goto(f"{stack.portal}/posts/{number}/")
        expect(citizen.get_by_text("सुबह 10 बजे")).to_be_visible()
        expect(citizen.locator(f"main a[href^='{stack.rehearsal}/']")).to_have_count(4)
        screenshot(citizen, f"10-post-{name}")
        citizen.goto(f"{stack.portal}/schemes/{SCHEME}/")
        expect(citizen.get_by_role("link", name=TITLE)).to_be_visible()
        screenshot(citizen, f"11-scheme-{name}")
        citizen.goto(f"{stack.portal}/en/posts/{number}/")
        expect(citizen.get_by_text("Vikas Bhawan")).to_be_visible()
        screenshot(citizen, f"12-post-english-{name}")


def test_a_worker_killed_in_the_middle_leaves_one_post_on_each_platform(
    portal_stack: Stack, open_page: OpenPage, files: dict[str, Path]
) -> None:
    title = "पेंशन की किस्त जारी"
    text = "वृद्धावस्था पेंशन की दूसरी किस्त सभी पात्र लाभार्थियों के खातों में भेज दी गई है।"
    nodal = sign_in(open_page(DESK), portal_stack, "nodal.social-welfare")
    nodal.goto(f"{portal_stack.portal}/desk/posts/new/")
    fill_in(nodal, files, title=title, text=text, route="routine")
    address = save(nodal)
    until_prepared(nodal)
    press(nodal, "submit")
    decide(open_page, portal_stack, "head.social-welfare", "approve")

    # Every platform takes its time, and accepts only when the worker that asked is dead.
    for platform in PLATFORMS:
        fault = {"platform": platform, "kind": "slow", "where": "publish", "times": 1, "seconds": 8}
        answer = requests.post(f"{portal_stack.rehearsal}/_control/faults", json=fault, timeout=10)
        answer.raise_for_status()
    decide(open_page, portal_stack, "deputy-director", "approve")
    nodal.goto(address)
    for _ in range(30):
        nodal.reload()
        if nodal.locator(".delivery .tone-moving").count() == len(PLATFORMS):
            break
    portal_stack.kill_worker()
    portal_stack.start_worker()

    nodal.goto(address)
    assert all_sent(nodal, 120), portal_stack.log.read_text()[-4000:]
    assert published(portal_stack, "दूसरी किस्त") == Counter(PLATFORMS)
