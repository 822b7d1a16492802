"""Pages for what went wrong (F19)."""

from __future__ import annotations

import re

import pytest
from django.contrib import auth
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from portal.web import errors

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_unknown_page_leads_on(client, prefix: str):
    answer = client.get(f"{prefix}/no/such/page/")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert 'role="search"' in page
    assert f'href="{prefix}/"' in page
    assert ('<html lang="en-IN"' in page) is (prefix == "/en")
    assert 'name="robots" content="noindex"' in page
    assert "Traceback" not in page


@pytest.mark.parametrize(
    ("view", "status"),
    [(errors.forbidden, 403), (errors.not_found, 404), (errors.gone, 410),
     (errors.too_many_requests, 429), (errors.csrf_failure, 403)],
)  # fmt: skip
def test_pages_have_a_code_a_heading_and_a_way_on(client, view, status: int):
    request = client.get("/about/").wsgi_request
    answer = view(request)
    page = answer.content.decode()
    assert answer.status_code == status
    assert f">{status}</p>" in page
    assert len(re.findall("<h1>", page)) == 1
    assert 'action="/schemes/"' in page


@pytest.mark.parametrize(
    ("view", "status"),
    [(errors.bad_request, 400), (errors.server_error, 500), (errors.maintenance, 503)],
)
def test_plain_pages_need_nothing_and_speak_both_languages(
    view, status: int, django_assert_num_queries
):
    with django_assert_num_queries(0):
        answer = view(RequestFactory().get("/", headers={"host": "<script>"}))
    page = answer.content.decode()
    assert answer.status_code == status
    assert '<html lang="hi">' in page
    assert '<section lang="en-IN">' in page
    assert 'action="/schemes/"' in page
    assert "&lt;script&gt;" not in page
    assert "<script" not in page


def test_s10_says_when_to_come_back(client):
    answer = errors.too_many_requests(client.get("/about/").wsgi_request)
    assert int(answer["Retry-After"]) > 0


def test_foreign_host_gets_the_plain_page(client):
    answer = client.get("/about/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert b"evil.example" not in answer.content


def test_stale_form_is_explained():
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "a"})
    assert answer.status_code == 403
    assert b'class="trouble"' in answer.content


def test_a_failure_shows_nothing_of_the_inside(client, settings, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr("portal.web.pages.officials", fail)
    client.raise_request_exception = False
    answer = client.get("/about/")
    assert answer.status_code == 500
    assert b"secret" not in answer.content


@pytest.mark.parametrize("prefix", ["", "/en"])
@pytest.mark.parametrize("view", [errors.forbidden, errors.not_found, errors.csrf_failure])
def test_an_officer_is_led_back_to_the_desk(client, view, prefix: str):
    request = client.get(f"{prefix}/about/").wsgi_request
    way_back = 'class="buttons"><a class="button" href="{}/desk/"'
    for path, leads_back in (("/desk/posts/99999/", True), ("/desks/", False), ("/about/", False)):
        request.path = f"{prefix}{path}"
        with translation.override(prefix.strip("/") or "hi"):
            page = view(request).content.decode()
        assert (way_back.format(prefix) in page) is leads_back


def test_trouble_is_explained_without_a_database(client, django_user_model):
    client.force_login(django_user_model.objects.create(email="officer@example.in"))
    request = client.get("/about/").wsgi_request
    request.user = SimpleLazyObject(lambda: auth.get_user(request))
    del request.session
    SessionMiddleware(lambda _: HttpResponse()).process_request(request)

    def fail(*args):
        raise OperationalError("secret of the inside")

    request.path = "/desk/no/such/page/"
    with connection.execute_wrapper(fail):
        answer = errors.not_found(request)
    assert answer.status_code == 404
    assert b'href="/desk/"' in answer.content
    assert b"secret" not in answer.content
