import logging
import socket
import threading
import time

import pytest
from django.core.exceptions import ImproperlyConfigured

from publishing.connectors import connect, connector_class
from publishing.connectors.base import Account
from publishing.connectors.errors import ConnectionRefused, Unavailable, Unknown
from publishing.connectors.http import Http, dig, identifier_at, mask, path, rows_at

TOKEN = "EAAB-very-secret/token+1"


@pytest.fixture
def http(teller):
    teller.reply = lambda *request: (200, {}, b'{"id": "1"}')
    return Http(teller.url, "facebook", timeouts=(2, 0.5))


def test_every_platform_has_a_connector(settings):
    for platform in settings.CONNECTORS:
        assert connector_class(platform).platform == platform
        assert connect(platform, Account("1", "नाम", TOKEN)).http.platform == platform


@pytest.mark.parametrize(
    "entry", ["no.such.Module", "publishing.connectors.x.Y", "json.dumps", "x"]
)
def test_bad_entry_is_a_configuration_error(settings, entry):
    settings.CONNECTORS = {"x": entry}
    with pytest.raises(ImproperlyConfigured):
        connector_class("x")


def test_unknown_platform_is_a_configuration_error():
    with pytest.raises(ImproperlyConfigured):
        connector_class("orkut")


def test_account_shows_no_secret():
    assert TOKEN not in repr(Account("1", "नाम", TOKEN, {"refresh": TOKEN}))


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/x",
        "https://example.org/",
        "file:///etc/passwd",
        "http://user:pass@127.0.0.1/",
        "http://[::bad/",
        "https://www.googleapis.com/upload",
    ],
)
def test_foreign_address_is_never_called(http, teller, address):
    with pytest.raises(Unavailable) as caught:
        http.call("PUT", address, token=TOKEN, visible=True)
    assert caught.value.code == "foreign_address"
    assert teller.seen == []


def test_the_visible_call_after_an_arming_is_begun_in_time_or_not_at_all(http, teller):
    http.visible_until = time.monotonic() - 0.01
    http.call("GET", "1", token=TOKEN)  # shows nothing, so it may take its time
    with pytest.raises(Unavailable) as caught:
        http.call("POST", "1/feed", token=TOKEN, visible=True)
    assert (caught.value.code, len(teller.seen)) == ("held_up", 1)


def test_listed_upload_host_is_for_the_real_platform_only():
    hosts = frozenset({"www.googleapis.com"})
    real = Http("https://youtube.googleapis.com", "youtube", upload_hosts=hosts)
    assert real._allowed("https://www.googleapis.com/upload?upload_id=1")
    for address in ("http://www.googleapis.com/", "https://www.googleapis.com:444/"):
        with pytest.raises(Unavailable):
            real._allowed(address)


def test_redirect_is_not_followed(http, teller):
    teller.reply = lambda *request: (302, {"Location": "/elsewhere"}, b"")
    with pytest.raises(Unknown):
        http.call("POST", "feed", token=TOKEN, visible=True)
    with pytest.raises(Unavailable) as caught:
        http.call("GET", "feed", token=TOKEN)
    assert caught.value.code == "redirected"
    assert len(teller.seen) == 2


def test_trickle_is_cut_off():
    """One byte at a time never trips a socket's own timeout; the deadline does."""
    server = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def trickle():
        connection, _ = server.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not done.wait(0.05):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    thread = threading.Thread(target=trickle)
    thread.start()
    http = Http(f"http://127.0.0.1:{server.getsockname()[1]}", "x", timeouts=(1, 0.4))
    try:
        with pytest.raises(Unknown):
            http.call("POST", "2/tweets", token=TOKEN, visible=True)
    finally:
        done.set()
        thread.join()
        server.close()


def test_log_has_one_line_without_secrets(http, caplog):
    with caplog.at_level(logging.INFO, "publishing.connectors.http"):
        http.call(
            "POST",
            "upload?upload_id=hush",
            token=TOKEN,
            reference="ref-1",
            data={"message": "गोपनीय"},
        )
    (record,) = caplog.records
    line = record.getMessage()
    assert line.startswith("facebook POST /upload 200 ")
    assert line.endswith(" ms ref-1")
    for secret in (TOKEN, "hush", "गोपनीय"):
        assert secret not in line


def test_failure_is_logged_too(caplog):
    with caplog.at_level(logging.INFO, "publishing.connectors.http"), pytest.raises(Unavailable):
        Http("http://127.0.0.1:9", "x").call("GET", "2/users/me", token=TOKEN)
    assert "x GET /2/users/me unreachable" in caplog.text


def test_cookies_never_come_back(http, teller):
    teller.reply = lambda *request: (200, {"Set-Cookie": "account=1; Path=/"}, b"{}")
    http.call("GET", "one", token=TOKEN)
    sent = []
    teller.reply = lambda method, path, headers, body: (
        sent.append(headers["Cookie"])
        or (
            200,
            {},
            b"{}",
        )
    )
    http.call("GET", "two", token=TOKEN)
    assert sent == [None]


@pytest.mark.parametrize("token", ["टोकन", "a\r\nX-Evil: 1"])
def test_token_that_is_no_header_is_a_broken_connection(http, teller, token):
    with pytest.raises(ConnectionRefused):
        http.call("POST", "feed", token=token, visible=True)
    assert teller.seen == []


@pytest.mark.parametrize(
    "text",
    [
        f"token {TOKEN} is bad",
        "access_token=EAABsbCS1iHgBAKZC&x=1",
        '{"refresh_token": "1//0gabcdef"}',
        "Authorization: Bearer ya29.a0AfH6SMBabcdefgh",
        "/upload?upload_id=AEnB2UqXYZ",
        "EAAB-very-secret%2Ftoken%2B1",
    ],
)
def test_mask(text):
    shown = mask(text, (TOKEN,))
    for secret in ("very-secret", "EAABsb", "0gabc", "ya29", "AEnB2"):
        assert secret not in shown


def test_detail_is_short_and_on_one_line():
    assert mask("a\r\nb\0" + "c" * 9000) == "a b " + "c" * 496


@pytest.mark.parametrize("part", ["", ".", ".."])
def test_part_of_a_path_cannot_leave_its_place(part):
    with pytest.raises(ConnectionRefused):
        path("2", part, "tweets")


def test_part_of_a_path_is_quoted():
    assert path("v1", "a/../b?c=d") == "v1/a%2F..%2Fb%3Fc%3Dd"


def test_digging_in_nonsense_finds_nothing():
    assert dig({"a": [1]}, "a", 5) is None
    assert dig([1], "a") is None
    assert rows_at({"a": [1, {"b": 2}]}, "a") == [{"b": 2}]
    assert identifier_at({"id": 12345678901234567890}, "id") == "12345678901234567890"
    assert identifier_at({"id": True}, "id") == ""
    assert identifier_at({"id": "a" * 201}, "id") == ""
