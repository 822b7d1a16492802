from __future__ import annotations

import pytest

from portal.web.language import in_other_language


@pytest.mark.parametrize(
    ("address", "hindi", "english"),
    [
        ("/", "/", "/en/"),
        ("/en/", "/", "/en/"),
        ("/schemes/?q=%E0%A4%95&page=2", "/schemes/?q=%E0%A4%95&page=2",
         "/en/schemes/?q=%E0%A4%95&page=2"),
        ("/en/schemes/a/#how", "/schemes/a/#how", "/en/schemes/a/#how"),
        ("/england/", "/england/", "/en/england/"),
        ("/no/such/page/", "/no/such/page/", "/en/no/such/page/"),
    ],
)  # fmt: skip
def test_f5_same_page_in_the_other_language(address: str, hindi: str, english: str):
    assert in_other_language(address, "hi") == hindi
    assert in_other_language(address, "en") == english


@pytest.mark.parametrize(
    "address",
    ["//evil.example", "https://evil.example/", "javascript:alert(1)", "\\\\evil.example",
     "///evil.example", "http:///evil.example", "", "\x00", "/\x00"],
)  # fmt: skip
def test_switch_never_leads_away(client, address: str):
    answer = client.get("/language/en/", {"next": address})
    assert answer.status_code == 302
    assert answer["Location"] == "/en/"


def test_f6_choice_is_remembered_in_a_guarded_cookie(client):
    answer = client.get("/language/en/", {"next": "/about/"})
    cookie = answer.cookies["language"]
    assert answer["Location"] == "/en/about/"
    assert (cookie.value, cookie["samesite"], cookie["httponly"]) == ("en", "Lax", True)


def test_unknown_language_is_not_found(client):
    assert client.get("/language/fr/").status_code == 404


def test_language_is_only_read(client):
    assert client.post("/language/en/").status_code == 405


@pytest.mark.parametrize(("path", "lang"), [("/about/", "hi"), ("/en/about/", "en-IN")])
def test_h2_page_names_its_language(client, path: str, lang: str):
    assert f'<html lang="{lang}"' in client.get(path).content.decode()


def test_f6_hindi_comes_first_whatever_the_browser_asks(client):
    page = client.get("/about/", headers={"accept-language": "en-US,en;q=0.9"}).content.decode()
    assert '<html lang="hi"' in page


def test_f6_first_page_comes_in_the_chosen_language(client, settings):
    settings.MIDDLEWARE = [
        "portal.web.middleware.RememberedLanguageMiddleware",
        *settings.MIDDLEWARE,
    ]
    client.cookies["language"] = "en"
    answer = client.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/en/")
    assert client.get("/about/").status_code == 200
    client.cookies["language"] = "xx"
    assert client.get("/about/").status_code == 200


def test_f5_switch_keeps_page_and_query(client):
    page = client.get("/about/?a=1&b=2").content.decode()
    assert 'href="/language/en/?next=%2Fabout%2F%3Fa%3D1%26b%3D2"' in page
    assert 'lang="en-IN" hreflang="en-IN"' in page
    english = client.get("/en/about/").content.decode()
    assert 'href="/language/hi/?next=%2Fen%2Fabout%2F"' in english
    assert "हिन्दी</a>" in english
