"""The standing pages and the frame round every public page (standards.md 1)."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from django.conf import settings
from django.utils import translation

from portal.web.furniture import OTHERS, PAGES, POLICIES

PREFIXES = {"hi": "/", "en": "/en/"}
ADDRESSES = [(language, page) for language in PREFIXES for page in PAGES.values()]
NAMES = [f"{language}-{page.name}" for language, page in ADDRESSES]
VOID = {"meta", "link", "input", "img", "br", "hr"}


class Reading(HTMLParser):
    """What a page is made of: (tag, attributes) in order, and the text of its headings."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.unclosed: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.unclosed.append(tag)

    def handle_endtag(self, tag):
        assert self.unclosed, f"</{tag}> closes nothing"
        assert self.unclosed.pop() == tag

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def links(self) -> set[str]:
        return {attrs["href"] for attrs in self.all("a")}


def read(client, path: str) -> Reading:
    answer = client.get(path)
    assert answer.status_code == 200
    return Reading(answer.content.decode())


def address(language: str, name: str) -> str:
    return PREFIXES[language] + PAGES[name].path


@pytest.mark.parametrize(("language", "page"), ADDRESSES, ids=NAMES)
def test_f15_page_answers_and_is_well_made(client, language: str, page):
    seen = read(client, address(language, page.name))
    assert seen.unclosed == []
    levels = [int(tag[1]) for tag, _ in seen.tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    ids = Counter(attrs["id"] for _, attrs in seen.tags if attrs.get("id"))
    assert {key: times for key, times in ids.items() if times > 1} == {}
    described = [m for m in seen.all("meta") if m.get("name") == "description"]
    assert described[0]["content"] == getattr(page, f"about_{language}")


@pytest.mark.parametrize(("language", "page"), ADDRESSES, ids=NAMES)
def test_m1_headings_of_the_content_do_not_skip(client, language: str, page):
    html = client.get(address(language, page.name)).content.decode()
    main = html[html.index("<main") : html.index("</main>")]
    levels = [int(level) for level in re.findall(r"<h([1-6])", main)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("language", PREFIXES)
def test_m1_titles_and_descriptions_are_unique(client, language: str):
    titles = [
        re.search("<title>(.*?)</title>", client.get(address(language, name)).content.decode())[1]
        for name in PAGES
    ]
    assert len(set(titles)) == len(PAGES)
    assert len({getattr(page, f"about_{language}") for page in PAGES.values()}) == len(PAGES)


@pytest.mark.parametrize("name", [name for name in PAGES if name != "sitemap"])
def test_f15_both_languages_say_the_same(name: str):
    folder = settings.BASE_DIR / "templates/pages"
    hindi = (folder / f"hi/{name}.html").read_text()
    english = (folder / f"en/{name}.html").read_text()
    for part in ("<h2", "<h3", "<li>", "<p>", "<tr>", "<dt>", "tel:", "{% url", "{% include"):
        assert hindi.count(part) == english.count(part), part
    assert re.search("[ऀ-ॿ]{3}", hindi)
    assert not re.search("[ऀ-ॿ]", re.sub('<span lang="hi">.*?</span>', "", english))


@pytest.mark.parametrize("language", PREFIXES)
def test_f12_f15_foot_and_hub_lead_to_every_page(client, language: str):
    with translation.override(language):
        first = read(client, address(language, "about")).links
        hub = read(client, address(language, "policies")).links
        sitemap = read(client, address(language, "sitemap")).links
    others = {address(language, page.name) for page in OTHERS}
    policies = {address(language, page.name) for page in POLICIES}
    assert others <= first
    assert policies <= hub
    assert others | policies <= sitemap


def test_f19_no_link_of_ours_is_broken(client, db):
    links: set[str] = set()
    for language, page in ADDRESSES:
        links |= read(client, address(language, page.name)).links
    ours = {link for link in links if link.startswith("/") and not link.startswith("/language/")}
    assert len(ours) > len(PAGES)
    assert {link: client.get(link).status_code for link in ours} == dict.fromkeys(ours, 200)


def test_f20_there_are_ten_policies_and_each_is_dated(client):
    assert len(POLICIES) == 10
    for policy in POLICIES:
        page = client.get(address("en", policy.name)).content.decode()
        assert f"<dd>{policy.version}</dd>" in page
        assert ("awaiting the Department" in page) is (policy.approved_on is None)


@pytest.mark.parametrize(
    "path", ["/about/", "/en/about/", "/policies/privacy/", "/accounts/login/"]
)
def test_f2_header_has_one_order_everywhere(client, db, path: str):
    html = client.get(path).content.decode()
    parts = ['class="skip"', 'class="language"', "data-display", 'class="lockup"',
             'role="search"', 'class="menu menu-wide"', "<main", 'class="foot"']  # fmt: skip
    places = [html.index(part) for part in parts]
    assert places == sorted(places)


def test_f1_skip_link_is_the_first_thing_to_reach(client):
    seen = read(client, "/about/")
    focusable = [attrs for tag, attrs in seen.tags if tag in {"a", "button", "input", "summary"}]
    assert focusable[0]["href"] == "#main"
    assert [attrs.get("id") for attrs in seen.all("main")] == ["main"]


def test_f9_pinch_zoom_is_never_disabled(client):
    for path in ("/about/", "/accounts/login/"):
        viewport = [m for m in read(client, path).all("meta") if m.get("name") == "viewport"]
        assert [m["content"] for m in viewport] == ["width=device-width, initial-scale=1"]


def test_f11_breadcrumb_leads_to_section_and_home(client):
    html = client.get("/policies/privacy/").content.decode()
    crumbs = html[html.index('class="crumbs"') : html.index("<main")]
    assert re.findall('href="([^"]+)"', crumbs) == ["/", "/policies/"]
    assert 'aria-current="page"' in crumbs


def test_f13_f17_f21_foot_names_owner_national_portal_and_helplines(client):
    html = client.get("/en/about/").content.decode()
    foot = html[html.index("<footer") :]
    assert "This website belongs to the Information and Public Relations Department" in foot
    assert 'href="https://www.india.gov.in/" target="_blank" rel="noopener noreferrer"' in foot
    assert "(new window)" in foot
    assert 'href="tel:1076"' in foot
    assert "https://jansunwai.up.nic.in/" in foot


def test_f14_last_updated_is_the_contents_own_day(client):
    page = PAGES["about"]
    day = page.changed.strftime("%d-%m-%Y")
    html = client.get("/about/").content.decode()
    assert f">{day}</time>" in html[html.index("<footer") :]
    assert html.count("अंतिम अद्यतन") == 1


def test_h17_foot_leads_to_feedback_about_this_page(client):
    html = client.get("/policies/terms/").content.decode()
    assert 'href="/feedback/?page=/policies/terms/"' in html
    assert "<code>/policies/terms/</code>" in client.get(
        "/feedback/", {"page": "/policies/terms/"}
    ).content.decode()  # fmt: skip


@pytest.mark.parametrize("page", ["https://evil.example", "<script>", "/<script>alert(1)</script>"])
def test_feedback_shows_no_foreign_text(client, page: str):
    html = client.get("/feedback/", {"page": page}).content.decode()
    assert "<script>alert" not in html
    assert "evil.example" not in html[html.index("<main") : html.index("</main>")]


def test_f16_officials_come_from_settings_or_are_said_to_be_missing(client, settings):
    assert (
        client.get("/en/contact/").content.decode().count("to be notified by the Department") == 6
    )
    settings.OFFICIALS = {
        "web_information_manager": {
            "name_hi": "श्री क", "name_en": "Shri K", "phone": "9812345621", "email": "k@up.gov.in",
        }
    }  # fmt: skip
    settings.OFFICE = {"address_hi": "लखनऊ", "map": "https://example.org/map"}
    english = client.get("/en/contact/").content.decode()
    assert "Shri K" in english
    assert "+91 98123 45621" in english
    assert "लखनऊ" in english
    assert "श्री क" in client.get("/contact/").content.decode()


def test_q2_pages_name_their_pair(client):
    seen = read(client, "/en/about/")
    pairs = {link["hreflang"]: link["href"] for link in seen.all("link") if "hreflang" in link}
    host = "http://testserver"
    assert pairs == {
        "hi": f"{host}/about/", "en-IN": f"{host}/en/about/", "x-default": f"{host}/about/",
    }  # fmt: skip
    canonical = [link["href"] for link in seen.all("link") if link["rel"] == "canonical"]
    assert canonical == [f"{host}/en/about/"]


@pytest.mark.parametrize(("language", "page"), ADDRESSES, ids=NAMES)
def test_page_is_light_and_asks_nothing_of_others(client, language: str, page):
    answer = client.get(address(language, page.name))
    seen = Reading(answer.content.decode())
    files = [link["href"] for link in seen.all("link") if link["rel"] in {"stylesheet", "icon"}]
    files += [script["src"] for script in seen.all("script") if "src" in script]
    assert len(files) <= 11
    assert all(file.startswith("/static/") for file in files)
    weight = len(gzip.compress(answer.content))
    for file in files:
        source = settings.BASE_DIR / file.lstrip("/")
        weight += len(gzip.compress(source.read_bytes()))
    assert weight <= 60_000


def test_s2_headers_are_on_every_answer(client):
    for path in ("/about/", "/healthz", "/no-such-page/", "/robots.txt"):
        answer = client.get(path)
        assert "camera=()" in answer["Permissions-Policy"]
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert "unsafe" not in answer["Content-Security-Policy"]


def test_robots_leave_the_desk_alone(client):
    text = client.get("/robots.txt").content.decode()
    assert "Disallow: /desk/" in text
    assert "Sitemap: http://testserver/sitemap.xml" in text


def test_s14_security_txt_has_contact_and_end(client, settings):
    text = client.get("/.well-known/security.txt").content.decode()
    assert "Contact: http://testserver/policies/security/" in text
    assert re.search(r"^Expires: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", text, re.M)
    settings.OFFICIALS = {"security_contact": {"email": "security@up.gov.in"}}
    assert "Contact: mailto:security@up.gov.in" in client.get(
        "/.well-known/security.txt"
    ).content.decode()  # fmt: skip


def test_q3_first_page_describes_itself_to_machines(client, db):
    html = client.get("/").content.decode()
    records = re.findall(r'<script type="application/ld\+json"[^>]*>(.*?)</script>', html, re.S)
    assert {json.loads(record)["@context"] for record in records} == {"https://schema.org"}
