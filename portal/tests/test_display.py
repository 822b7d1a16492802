"""The accessibility panel (F8)."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from portal.web.display import COOKIE, MODES, Display, display_of

STYLE = "display-"


def with_cookie(value: str) -> Display:
    request = RequestFactory().get("/")
    request.COOKIES[COOKIE] = value
    return display_of(request)


def test_panel_offers_what_the_standard_lists(client):
    page = client.get("/about/").content.decode()
    offered = [*(mode.name for mode in MODES), "larger", "smaller", "default"]
    assert {"contrast", "invert", "saturation", "links", "images", "cursor"} <= set(offered)
    for name in offered:
        assert f'name="set" value="{name}"' in page


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_choice_is_kept_without_script(client, settings, mode):
    answer = client.get("/display/", {"set": mode.name, "next": "/about/?a=1"})
    assert (answer.status_code, answer["Location"]) == (302, "/about/?a=1")
    assert answer.cookies[COOKIE]["httponly"]
    page = client.get("/about/").content.decode()
    assert f'class="display-{mode.name}"' in page
    assert f'value="{mode.name}" aria-pressed="true"' in page
    css = (settings.BASE_DIR / "static/css/tokens.css").read_text()
    assert f".display-{mode.name}" in css
    client.get("/display/", {"set": mode.name})
    assert "display-" + mode.name not in client.get("/about/").content.decode().split(">")[1]


def test_text_grows_and_shrinks_within_bounds(client):
    for _ in range(9):
        client.get("/display/", {"set": "larger"})
    assert 'class="display-text-4"' in client.get("/about/").content.decode()
    for _ in range(9):
        client.get("/display/", {"set": "smaller"})
    assert 'class="display-text--1"' in client.get("/about/").content.decode()
    client.get("/display/", {"set": "default"})
    assert '<html lang="hi">' in client.get("/about/").content.decode()


def test_script_gets_no_page(client):
    answer = client.get("/display/", {"set": "contrast"}, headers={"x-requested-with": "fetch"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.cookies[COOKIE].value == "contrast.0"


def test_panel_never_leads_away(client):
    answer = client.get("/display/", {"set": "contrast", "next": "https://evil.example/"})
    assert answer["Location"] == "/"


@given(st.text())
def test_any_cookie_is_read_calmly(value: str):
    classes = with_cookie(value).classes
    assert all(name.startswith(STYLE) for name in classes.split())


@given(st.lists(st.sampled_from([*(mode.name for mode in MODES), "larger", "smaller", "?"])))
def test_cookie_says_all_that_was_chosen(changes: list[str]):
    display = Display()
    for change in changes:
        display = display.after(change)
    assert with_cookie(display.cookie) == display
