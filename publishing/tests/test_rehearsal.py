"""The stand-in seen from outside: its page, its controls, its manners, its process."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import requests

from publishing.rehearsal.faults import KINDS, OPERATIONS, add_fault, next_trouble
from publishing.rehearsal.pages import KIND_NAMES, NAMES, OPERATION_NAMES
from publishing.rehearsal.server import Rehearsal
from publishing.rehearsal.store import File, Post, Store

ROOT = Path(__file__).resolve().parents[2]
PLATFORMS = ("facebook", "instagram", "whatsapp", "x", "youtube")
FEED = "/facebook/v26.0/1001/feed"


@pytest.fixture
def call(rehearsal):
    with requests.Session() as session:
        session.trust_env = False

        def ask(method, path, **options):
            options.setdefault("allow_redirects", False)
            return session.request(method, rehearsal.url + path, timeout=10, **options)

        yield ask


@pytest.fixture
def page(call):
    """A Facebook page, registered the way a demo loader does it."""
    account = {"platform": "facebook", "id": "1001", "name": "सूचना विभाग", "token": "t"}
    assert call("POST", "/_control/accounts", json=account).status_code == 201
    return partial(call, "POST", FEED, headers={"Authorization": "Bearer t"})


def test_post_shows_on_the_wall(call, page):
    assert page(data={"message": "जल जीवन मिशन"}).status_code == 200
    shown = call("GET", "/")
    assert shown.headers["Content-Type"] == "text/html; charset=utf-8"
    for part in ("जल जीवन मिशन", "सूचना विभाग", "अभ्यास / Rehearsal", 'lang="hi"'):
        assert part in shown.text
    assert "<script" not in shown.text


def test_everything_on_the_wall_is_escaped(call, rehearsal):
    evil = "<script>alert(1)</script>"
    rehearsal.store.add_account("x", "7", evil, "t", {})
    rehearsal.store.add_post(Post("x", "9", "7", evil, evil, "", 0, 0))
    shown = call("GET", "/").text
    assert "<script" not in shown
    assert shown.count("&lt;script&gt;") == 4


def test_post_has_a_page_of_its_own(call, page):
    post_id = page(data={"message": "अकेला"}).json()["id"]
    page(data={"message": "दूसरा"})
    shown = call("GET", f"/facebook/{post_id}")
    assert "अकेला" in shown.text
    assert "दूसरा" not in shown.text


def test_photo_is_served_as_what_it_is(call, page, photo, rehearsal):
    answer = call(
        "POST",
        "/facebook/v26.0/1001/photos",
        headers={"Authorization": "Bearer t"},
        data={"published": "true", "caption": "पौधे", "alt_text_custom": 'एक "पौधा"'},
        files={"source": ("p", photo.file.read_bytes(), "image/jpeg")},
    )
    served = call("GET", f"/files/facebook/{answer.json()['id']}")
    assert served.content == photo.file.read_bytes()
    assert served.headers["Content-Type"] == "image/jpeg"
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert "एक &quot;पौधा&quot;" in call("GET", "/").text


def test_posts_are_told_to_programs(call, page):
    page(data={"message": "एक"})
    (post,) = call("GET", "/_control/posts?platform=facebook").json()["posts"]
    assert (post["text"], post["account"]) == ("एक", "1001")
    assert call("GET", "/_control/posts?platform=x").json() == {"posts": []}


def test_reset_forgets_everything(call, page):
    page(data={"message": "एक"})
    call("POST", "/_control/reset")
    assert call("GET", "/_control/posts").json() == {"posts": []}
    assert page(data={"message": "दो"}).json()["error"]["code"] == 190


def test_form_on_the_wall_switches_a_fault_on_and_off(call, rehearsal, page):
    form = {"platform": "facebook", "kind": "rate_limited", "where": "publish", "times": "3"}
    own = {"Origin": rehearsal.url}
    answer = call("POST", "/_control/faults", data=form, headers=own)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "(3×)" in call("GET", "/").text
    assert page(data={"message": "एक"}).json()["error"]["code"] == 32
    call("POST", "/_control/faults/clear", data={}, headers=own)
    assert page(data={"message": "एक"}).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"platform": "orkut", "kind": "slow"},
        {"platform": "x", "kind": "explode"},
        {"platform": "x", "kind": "slow", "where": "nowhere"},
        {"platform": "x", "kind": "slow", "times": "many"},
        {"platform": "x", "kind": "slow", "times": 0.5},
        {"platform": "x", "kind": "slow", "seconds": 1e9},
        {"platform": "x", "kind": "slow", "detail": "400"},
        {"platform": "x", "kind": "code"},
        {},
    ],
)
def test_wrong_fault_is_refused(call, wrong):
    assert call("POST", "/_control/faults", json=wrong).status_code == 400


@pytest.mark.parametrize("wrong", [{}, {"platform": "orkut", "id": "1", "name": "n", "token": "t"}])
def test_wrong_account_is_refused(call, wrong):
    assert call("POST", "/_control/accounts", json=wrong).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}],
)
def test_other_sites_cannot_reach_it(call, headers):
    assert call("POST", "/_control/reset", headers=headers).status_code == 403


def test_it_listens_on_loopback_only(tmp_path):
    store = Store(tmp_path / "s.sqlite3")
    with pytest.raises(ValueError, match="loopback"):
        Rehearsal(store, host="0.0.0.0")
    store.close()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_unknown_path_and_token_get_the_platform_own_error(call, platform):
    for path in ("/nowhere", "/v26.0/me/feed/x", "/2/tweets"):
        answer = call("POST", f"/{platform}{path}")
        assert answer.status_code in (400, 401, 404)
        assert answer.json()


def test_too_large_a_request_is_turned_down(rehearsal):
    port = int(rehearsal.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n")
        assert b" 413 " in line.recv(100)


def test_instagram_fetches_from_this_machine_only(call, rehearsal):
    rehearsal.store.add_account("instagram", "5", "विभाग", "t", {})
    for address in ("http://example.org/p.jpg", "file:///etc/passwd", "http://10.0.0.1/", "", "x"):
        answer = call(
            "POST",
            "/instagram/v26.0/5/media",
            headers={"Authorization": "Bearer t"},
            data={"image_url": address},
        )
        assert answer.json()["error"]["code"] == 9004


def test_x_refuses_what_is_not_in_its_schema(call, rehearsal):
    rehearsal.store.add_account("x", "7", "विभाग", "t", {})
    ask = partial(call, "POST", "/x/2/tweets", headers={"Authorization": "Bearer t"})
    assert ask(json={"text": "a", "idempotency_key": "1"}).status_code == 400
    assert ask(data={"text": "a"}).status_code == 400
    assert ask(json={"text": "क" * 281}).status_code == 400
    created = ask(json={"text": "क" * 280})
    assert created.status_code == 201
    assert int(created.json()["data"]["id"]) >> 22 > 500_000_000_000


def test_ids_never_come_twice(rehearsal):
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: rehearsal.store.new_id(), range(2000)))
    assert len(set(ids)) == 2000


def test_hundreds_of_callers_at_once_lose_nothing(call, page, rehearsal):
    def post(number):
        return requests.post(
            rehearsal.url + FEED,
            data={"message": f"संदेश {number}"},
            headers={"Authorization": "Bearer t"},
            timeout=30,
        ).status_code

    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(post, range(300))) == {200}
    texts = {post.text for post in rehearsal.store.posts("facebook")}
    assert texts == {f"संदेश {number}" for number in range(300)}


def test_fault_is_used_exactly_as_often_as_told(rehearsal):
    add_fault(rehearsal.store, "x", "error_after", times=50)
    with ThreadPoolExecutor(8) as pool:
        troubles = list(
            pool.map(lambda _: next_trouble(rehearsal.store, "x", "publish"), range(200))
        )
    assert sum(trouble.outcome == "error_after" for trouble in troubles) == 50


def test_every_fault_and_platform_has_a_name():
    assert set(KIND_NAMES) == set(KINDS)
    assert set(OPERATION_NAMES) == set(OPERATIONS)
    assert set(NAMES) == set(PLATFORMS)


# --- the process -------------------------------------------------------------------------------


def start(store, *options):
    return subprocess.Popen(
        [sys.executable, "manage.py", "rehearse", "--store", str(store), *options],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings.test"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_command_runs_keeps_its_store_and_stops_cleanly(tmp_path):
    store = tmp_path / "kept.sqlite3"
    account = {"platform": "facebook", "id": "1001", "name": "विभाग", "token": "t"}
    for run in (1, 2):
        with start(store, "--port", "0") as process:
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:")
            requests.post(f"{address}_control/accounts", json=account, timeout=10)
            requests.post(
                address.rstrip("/") + FEED,
                data={"message": f"बार {run}", "access_token": "t"},
                timeout=10,
            )
            posts = requests.get(f"{address}_control/posts", timeout=10).json()["posts"]
            assert len(posts) == run
            process.send_signal(signal.SIGTERM)
            _, complaints = process.communicate(timeout=20)
            assert (process.returncode, complaints) == (0, "")


def test_port_in_use_says_what_to_do(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with start(tmp_path / "s.sqlite3", "--port", port) as process:
            _, complaints = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "--port" in complaints
    assert "Traceback" not in complaints


def test_control_answers_are_json(call):
    assert json.loads(call("GET", "/_control/faults").text) == {"faults": []}


def test_any_error_code_can_be_provoked(call, page):
    fault = {"platform": "facebook", "kind": "code", "detail": "100/1366046"}
    assert call("POST", "/_control/faults", json=fault).status_code == 200
    error = page(data={"message": "एक"}).json()["error"]
    assert (error["code"], error["error_subcode"]) == (100, 1366046)
    assert page(data={"message": "एक"}).status_code == 200


def test_store_from_before_a_column_is_kept(tmp_path):
    file = tmp_path / "old.sqlite3"
    with closing(sqlite3.connect(file)) as old:
        old.execute(
            "CREATE TABLE faults (number INTEGER PRIMARY KEY, platform TEXT, kind TEXT,"
            " operation TEXT, times INTEGER, seconds REAL)"
        )
    store = Store(file)
    add_fault(store, "x", "code", detail="429")
    assert next_trouble(store, "x", "publish").detail == "429"
    store.close()


def test_wall_shows_all_files_marks_and_comments(call, rehearsal):
    rehearsal.store.add_account("facebook", "1001", "विभाग", "t", {})
    for number, mime in enumerate(("image/jpeg", "image/png", "video/mp4")):
        rehearsal.store.put_file(File("facebook", f"f{number}", "1001", mime, 0, {"alt": "पौधा"}))
    extra = {"files": ["f0", "f1", "f2"], "link": "https://up.gov.in/", "edited": True}
    post = Post("facebook", "1001_5", "1001", "सुधरा", "", "f0", 0, 0, extra)
    rehearsal.store.add_post(post)
    form = {"platform": "facebook", "account": "1001", "post": "1001_5", "kind": "comment"}
    own = {"Origin": rehearsal.url}
    given = form | {"text": "<b>कब?</b>"}
    assert call("POST", "/_control/remarks", data=given, headers=own).status_code == 303
    shown = call("GET", "/facebook/1001_5").text
    for part in ("/files/facebook/f0", "/files/facebook/f1", "&lt;b&gt;कब?", "https://up.gov.in/"):
        assert part in shown
    assert (shown.count("<img"), shown.count("<video"), shown.count("पौधा")) == (2, 1, 2)
    assert 'class="removed"' not in shown
    rehearsal.store.change_post(post, removed=True)
    assert 'class="removed"' in call("GET", "/").text
