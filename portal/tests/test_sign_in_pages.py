"""The pages of django-allauth in the portal's own look."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(client):
    person = get_user_model().objects.create_user("o@up.example", "a long password", name="अ")
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return person


def autocompletes(html: str) -> dict[str, str]:
    fields = re.findall(r"<input[^>]*>", html)
    names = [(re.search('name="([^"]+)"', one), re.search('autocomplete="([^"]+)"', one))
             for one in fields]  # fmt: skip
    return {name[1]: how[1] for name, how in names if name and how}


@pytest.mark.parametrize("path", ["/accounts/login/", "/en/accounts/login/"])
def test_k1_sign_in_offers_no_way_to_join(client, path: str):
    html = client.get(path).content.decode()
    assert "signup" not in html
    assert html.count("<h1>") == 1


def test_a5_a20_password_managers_can_fill_the_form(client):
    html = client.get("/accounts/login/").content.decode()
    filled = autocompletes(html)
    assert filled["login"] in {"email", "username"}
    assert filled["password"] == "current-password"
    assert "onpaste" not in html
    for name in ("login", "password"):
        assert f'<label for="id_{name}">' in html


def test_a18_errors_are_summed_up_with_links(client):
    html = client.post("/accounts/login/", {"login": "", "password": "x"}).content.decode()
    assert 'class="error-summary"' in html
    assert 'href="#id_login"' in html
    assert 'aria-invalid="true"' in html
    described = re.search(r'<input[^>]*name="login"[^>]*aria-describedby="([^"]+)"', html)
    assert described
    for part in described[1].split():
        assert f'id="{part}"' in html


@pytest.mark.parametrize(
    ("path", "said", "unsaid"),
    [
        ("/accounts/login/", "अभी लॉगिन नहीं हुआ", "सुरक्षित है"),
        ("/en/accounts/login/", "You are not signed in yet", "is kept"),
    ],
)
def test_a_failed_sign_in_does_not_say_that_the_password_is_kept(client, path, said, unsaid):
    html = client.post(path, {"login": "nobody@up.example", "password": "x"}).content.decode()
    assert f'id="error-summary-title">{said}<' in html
    assert unsaid not in html


@pytest.mark.parametrize("path", ["/accounts/password/reset/", "/accounts/password/reset/done/"])
def test_entrance_pages_stand_in_the_frame(client, path: str):
    html = client.get(path).content.decode()
    assert 'class="foot"' in html
    assert 'class="entrance"' in html


@pytest.mark.usefixtures("officer")
@pytest.mark.parametrize(
    "path",
    ["/accounts/2fa/", "/accounts/password/change/", "/accounts/sessions/", "/accounts/logout/",
     "/accounts/reauthenticate/"],
)  # fmt: skip
def test_account_pages_answer_in_both_languages(client, path: str):
    for prefix in ("", "/en"):
        answer = client.get(prefix + path)
        html = answer.content.decode()
        assert answer.status_code == 200
        assert html.count("<h1>") == 1
        assert not re.search(r'style="|<style', html)


@pytest.mark.usefixtures("officer")
def test_k5_officer_sees_where_they_are_signed_in(client):
    html = client.get("/en/accounts/sessions/").content.decode()
    assert "this browser" in html
    assert "127.0.0.1" in html


@pytest.mark.usefixtures("officer")
def test_new_password_is_named_as_such(client):
    filled = autocompletes(client.get("/accounts/password/change/").content.decode())
    assert filled["oldpassword"] == "current-password"
    assert filled["password1"] == "new-password"


@pytest.mark.usefixtures("officer")
def test_signing_out_empties_the_browser_s_cache(client):
    assert "Clear-Site-Data" not in client.get("/accounts/logout/")
    assert client.post("/accounts/logout/")["Clear-Site-Data"] == '"cache"'
    assert "Clear-Site-Data" not in Client().get("/accounts/login/")
