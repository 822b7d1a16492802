"""Being told by the platforms: subscribed, confirmed, renewed, ended, and forgotten in time."""

from __future__ import annotations

import io
import json
import queue
import threading
import time
from contextlib import suppress
from dataclasses import replace
from urllib.parse import parse_qs

import pytest
import requests
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from departments.actions import mark_handle
from departments.credentials import Secrets
from departments.models import Handle
from departments.states import HandleState
from publishing.callbacks import take_apart
from publishing.connectors import connect, consent_for
from publishing.connectors.base import Account, Content, Published
from publishing.connectors.errors import Unavailable
from publishing.handle_health import check_handle
from publishing.hearing import hear_all
from publishing.linking import fresh_secrets
from publishing.models import CallbackEvent, CallbackItem
from publishing.rehearsal import x_webhooks
from publishing.tests.conftest import MemoryJournal
from publishing.tests.linking import ACCOUNTS, link, linkable, use

pytestmark = pytest.mark.django_db
CHANNEL = ACCOUNTS["youtube"]
TOPIC = f"https://www.youtube.com/feeds/videos.xml?channel_id={CHANNEL}"
SUBSCRIPTIONS = "/2/activity/subscriptions"
DAY = 86_400


class Door:
    """The portal's callback address: the test lets its callers in, one by one."""

    def __init__(self) -> None:
        self._callers: queue.Queue = queue.Queue()

    def knock(self, method, path, headers, body):
        answer: queue.Queue = queue.Queue()
        self._callers.put((method, path, dict(headers), body, answer))
        return answer.get(timeout=10)

    def admit(self) -> tuple[str, int]:
        """Method of the next call, and the portal's status."""
        method, path, headers, body, answer = self._callers.get(timeout=10)
        kind = headers.pop("Content-Type", "text/plain")
        found = Client().generic(method, path, body, content_type=kind, headers=headers)
        answer.put((found.status_code, {"Content-Type": found["Content-Type"]}, found.content))
        return method, found.status_code


@pytest.fixture
def door(settings, rehearsal, teller):
    use(settings, rehearsal)
    settings.MEDIA_URL_BASE = teller.url
    door = Door()
    teller.reply = door.knock
    callbacks = rehearsal.callbacks
    before = callbacks.address, callbacks.secrets
    callbacks.address, callbacks.secrets = teller.url, settings.CALLBACK_SECRETS
    yield door
    callbacks.clear()
    callbacks.address, callbacks.secrets = before


def linked(platform: str, **habits) -> tuple[Handle, Client]:
    handle, client = linkable(platform)
    link(client, handle, ACCOUNTS[platform], **habits)
    return Handle.objects.get(pk=handle.pk), client


def connector_of(handle: Handle):
    secrets = fresh_secrets(handle)
    account = Account(handle.external_id, handle.name, secrets.token, secrets.extra)
    return connect(handle.platform, account)


def asked_of(exchanges, place: str):
    return [one for one in exchanges if one.request.path == place]


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
def test_the_check_subscribes_what_is_no_longer(rehearsal, settings, platform):
    use(settings, rehearsal)
    handle, _ = linked(platform)
    account = rehearsal.store.account(platform, ACCOUNTS[platform])
    assert account.extra["subscribed"]
    extra = {**account.extra, "subscribed": ""}
    rehearsal.store.add_account(platform, account.id, account.name, account.token, extra)
    check_handle(handle)
    handle.refresh_from_db()
    assert handle.facts["listens"] is True
    assert rehearsal.store.account(platform, ACCOUNTS[platform]).extra["subscribed"]


# --- YouTube: WebSub (Y7) -------------------------------------------------------------------------


def lease(rehearsal) -> float:
    """Seconds for which the hub still tells of the channel."""
    kept = rehearsal.store.file("youtube", f"hub-{CHANNEL}")
    return kept.extra["until"] - time.time() if kept else 0


def until(look):
    """What the rehearsal's thread does after the portal has answered."""
    deadline = time.monotonic() + 10
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def subscribed(door, rehearsal) -> tuple[Handle, Client]:
    handle, client = linked("youtube")
    assert [door.admit(), door.admit()] == [("GET", 200)] * 2  # the check that follows asks again
    assert until(lambda: lease(rehearsal) > 0)
    return handle, client


def test_a_linked_channel_is_subscribed_as_the_hub_wants_it(door, exchanges, teller, settings):
    linked("youtube")
    asked = asked_of(exchanges, "/subscribe")[0]
    assert parse_qs(asked.request.body.decode()) == {
        "hub.mode": ["subscribe"],
        "hub.topic": [TOPIC],
        "hub.callback": [f"{teller.url}/callbacks/youtube/"],
        "hub.verify": ["async"],
        "hub.lease_seconds": ["432000"],
        "hub.secret": [settings.CALLBACK_SECRETS["youtube"]],
    }
    assert asked.answer.status == 202
    assert "authorization" not in asked.request.headers
    assert [door.admit(), door.admit()] == [("GET", 200)] * 2


def test_a_new_video_and_a_new_title_are_told(door, rehearsal, video):
    handle, _ = subscribed(door, rehearsal)
    assert 4.9 * DAY < lease(rehearsal) <= 5 * DAY
    connector = connector_of(handle)
    journal = MemoryJournal()
    content = Content("विवरण", "पहला शीर्षक", (), (video,))
    receipt = connector.publish(content, journal)
    assert door.admit() == ("POST", 200)
    post = Published(receipt.platform_id, receipt.permalink, journal.values)
    connector.edit(post, Content("विवरण", "दूसरा शीर्षक", (), (video,)), MemoryJournal())
    assert door.admit() == ("POST", 200)
    take_apart()
    assert set(CallbackItem.objects.values_list("account", flat=True)) == {CHANNEL}
    first, second = CallbackEvent.objects.order_by("pk")
    assert "पहला शीर्षक" in first.body
    assert "दूसरा शीर्षक" in second.body


def test_of_another_channel_nothing_is_told(door, rehearsal, video):
    handle, _ = subscribed(door, rehearsal)
    rehearsal.store.add_account("youtube", "UCother", "और कोई", "other-token", {})
    other = connect("youtube", Account("UCother", "और कोई", "other-token"))
    for connector, title in ((other, "उनका"), (connector_of(handle), "हमारा")):
        connector.publish(Content("विवरण", title, (), (video,)), MemoryJournal())
    assert door.admit() == ("POST", 200)
    assert "हमारा" in CallbackEvent.objects.get().body


def test_the_daily_check_subscribes_again(door, rehearsal):
    handle, _ = subscribed(door, rehearsal)
    kept = rehearsal.store.file("youtube", f"hub-{CHANNEL}")
    rehearsal.store.put_file(replace(kept, extra={**kept.extra, "until": time.time() + 60}))
    check_handle(handle)
    assert door.admit() == ("GET", 200)
    assert until(lambda: lease(rehearsal) > 4.9 * DAY)


def test_a_hub_that_is_away_disturbs_neither_linking_nor_the_check(door, rehearsal, settings):
    hub = consent_for("youtube")
    rehearsal.store.add_fault("youtube", "error_before", operation="link", times=9, seconds=0)
    with pytest.raises(Unavailable):
        hub.listen(CHANNEL, Secrets("t"))
    rehearsal.store.clear_faults()
    handle, _ = linked("youtube")
    Handle.objects.update(checked_at=None)
    rehearsal.store.add_fault("youtube", "error_before", operation="link", times=9, seconds=0)
    check_handle(handle)
    handle.refresh_from_db()
    assert (handle.state, bool(handle.checked_at)) == (HandleState.CONNECTED, True)
    assert handle.facts["listens"] is False
    rehearsal.store.clear_faults()
    check_handle(handle)
    handle.refresh_from_db()
    assert handle.facts["listens"] is True


def test_without_a_secret_of_ours_nothing_is_subscribed(door, exchanges, settings):
    settings.CALLBACK_SECRETS = {**settings.CALLBACK_SECRETS, "youtube": ""}
    consent_for("youtube").listen(CHANNEL, Secrets("t"))
    assert asked_of(exchanges, "/subscribe") == []


def test_nobody_else_ends_our_subscription(door, rehearsal, teller):
    subscribed(door, rehearsal)
    forged = {
        "hub.mode": "unsubscribe",
        "hub.topic": TOPIC,
        "hub.callback": f"{teller.url}/callbacks/youtube/",
    }
    answer = requests.post(f"{rehearsal.url}/youtube/subscribe", forged, timeout=5)
    assert answer.status_code == 202
    assert door.admit() == ("GET", 403)
    assert lease(rehearsal) > 4.9 * DAY


def test_disconnecting_ends_the_subscription(door, rehearsal):
    handle, client = subscribed(door, rehearsal)
    client.post(reverse("desk:handle_disconnect", args=[handle.pk]))
    assert door.admit() == ("GET", 200)
    assert until(lambda: lease(rehearsal) <= 0)


def test_a_handle_that_needs_attention_still_listens(door, rehearsal):
    handle, _ = subscribed(door, rehearsal)
    mark_handle(handle, "reconnect")
    consent_for("youtube")._subscription("unsubscribe", CHANNEL)
    assert door.admit() == ("GET", 403)


@pytest.mark.parametrize(
    "change",
    [
        {"hub.mode": "publish"},
        {"hub.topic": "https://example.org/feed"},
        {"hub.callback": "portal"},
        {"hub.secret": "x" * 200},
    ],
)
def test_the_hub_takes_only_what_it_understands(rehearsal, change):
    asked = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.callback": "https://x/y", **change}
    answer = requests.post(f"{rehearsal.url}/youtube/subscribe", asked, timeout=5)
    assert answer.status_code == 400


# --- X: webhooks and subscriptions (X7) -----------------------------------------------------------

HANDLE = ACCOUNTS["x"]
NEWS = {"post.mention.create", "post.reply.create", "post.quote.create"}


def events(rehearsal) -> set[str]:
    kept = rehearsal.store.files("x", HANDLE, "subscription")
    return {one.extra["event_type"] for one in kept}


def forget(rehearsal, *lost: str) -> None:
    for one in rehearsal.store.files("x", HANDLE, "subscription"):
        if one.extra["event_type"] in lost:
            rehearsal.store.remove_file("x", one.id)


def say(rehearsal, account: str = HANDLE) -> None:
    told = {"platform": "x", "account": account, "kind": "mention", "text": "@AbhyasVibhag नमस्ते"}
    answer = requests.post(f"{rehearsal.url}/_control/remarks", json=told, timeout=5)
    assert answer.status_code == 201


def check_platforms(*arguments: str) -> str:
    out = io.StringIO()
    with suppress(SystemExit):
        call_command("check_platforms", "--platform", "x", *arguments, stdout=out)
    return out.getvalue()


def test_a_linked_account_is_subscribed(door, rehearsal, exchanges):
    handle, _ = linked("x")
    assert events(rehearsal) == {*NEWS, "oauth.revoke", "dm.received"}
    assert handle.facts["listens"] is True
    made = [one for one in asked_of(exchanges, SUBSCRIPTIONS) if one.request.method == "POST"]
    assert len(made) == 5
    assert made[0].request.json() == {
        "event_type": "post.mention.create",
        "filter": {"user_id": HANDLE},
        "webhook_id": "1",
        "tag": f"handle-{HANDLE}",
    }


def test_without_the_permission_messages_are_not_asked_for(door, rehearsal):
    handle, _ = linked("x", without=("dm.read", "dm.write"))
    assert events(rehearsal) == {*NEWS, "oauth.revoke"}
    assert handle.facts["listens"] is True


def test_without_a_webhook_nothing_is_asked(door, rehearsal, settings, exchanges):
    settings.X_WEBHOOK_ID = ""
    handle, _ = linked("x")
    assert asked_of(exchanges, SUBSCRIPTIONS) == []
    assert "listens" not in handle.facts


def test_a_webhook_that_x_does_not_know_is_said(door, rehearsal, settings):
    settings.X_WEBHOOK_ID = "77"
    handle, _ = linked("x")
    assert (handle.state, handle.facts["listens"]) == (HandleState.CONNECTED, False)
    assert events(rehearsal) == set()


def test_only_what_is_missing_is_subscribed_again(door, rehearsal, exchanges):
    handle, _ = linked("x")
    forget(rehearsal, "post.quote.create")
    exchanges.clear()
    check_handle(handle)
    made = [one for one in asked_of(exchanges, SUBSCRIPTIONS) if one.request.method == "POST"]
    assert [one.request.json()["event_type"] for one in made] == ["post.quote.create"]
    handle.refresh_from_db()
    assert handle.facts["listens"] is True


def test_an_event_that_x_does_not_offer_stops_no_other(door, rehearsal, monkeypatch):
    monkeypatch.setattr(x_webhooks, "EVENTS", x_webhooks.EVENTS - {"oauth.revoke"})
    handle, _ = linked("x")
    assert events(rehearsal) == {*NEWS, "dm.received"}
    assert handle.facts["listens"] is True


def test_a_long_list_is_read_to_its_end(settings, teller):
    settings.PLATFORM_URLS = {"x": teller.url}

    def reply(method, path, headers, body):
        if path.startswith("/2/users/me"):
            return 200, {}, json.dumps({"data": {"id": HANDLE, "username": "u"}}).encode()
        if "pagination_token=second" in path:
            rows = [
                {"event_type": name, "filter": {"user_id": HANDLE}, "webhook_id": "1"}
                for name in NEWS
            ]
            return 200, {}, json.dumps({"data": rows}).encode()
        page = {"data": [{}], "meta": {"next_token": "second"}}
        return 200, {}, json.dumps(page).encode()

    teller.reply = reply
    assert consent_for("x").health(HANDLE, Secrets("t")).facts["listens"] is True


def test_a_mention_is_told_to_who_subscribed(door, rehearsal):
    linked("x")
    say(rehearsal, "900000000312")  # nobody asked for its news
    say(rehearsal)
    assert door.admit() == ("POST", 200)
    take_apart()
    (item,) = CallbackItem.objects.all()
    assert (item.kind, item.account) == ("mention", HANDLE)


def test_disconnecting_takes_the_subscriptions_back(door, rehearsal):
    handle, client = linked("x")
    client.post(reverse("desk:handle_disconnect", args=[handle.pk]))
    assert events(rehearsal) == set()


def test_the_administrator_registers_the_webhook(door, rehearsal, settings):
    came: list[tuple[str, int]] = []
    caller = threading.Thread(target=lambda: came.append(door.admit()))
    caller.start()
    said = check_platforms("--listen")
    caller.join()
    assert came == [("GET", 200)]
    (hook,) = rehearsal.store.files("x", "", "webhook")
    assert hook.extra["url"] == f"{settings.MEDIA_URL_BASE}/callbacks/x/"
    assert f"missing  callback address registered: X_WEBHOOK_ID={hook.id}" in said
    assert settings.X_BEARER_TOKEN not in said

    settings.X_WEBHOOK_ID = hook.id
    linked("x")
    forget(rehearsal, *NEWS)
    again = check_platforms("--listen")
    assert f"ok       callback address registered: X_WEBHOOK_ID={hook.id}" in again
    assert "not subscribed" not in again
    assert events(rehearsal) >= NEWS
    assert len(rehearsal.store.files("x", "", "webhook")) == 1


def test_an_address_that_proves_nothing_is_not_registered(door, rehearsal, settings, teller):
    teller.reply = lambda *request: (200, {}, b"{}")
    assert "missing  the callback address is not registered" in check_platforms("--listen")
    settings.X_BEARER_TOKEN = ""
    assert "missing  X_BEARER_TOKEN is empty" in check_platforms("--listen")


def revoke(rehearsal) -> None:
    told = {"platform": "x", "do": "revoke"}
    assert requests.post(f"{rehearsal.url}/_control/grants", json=told, timeout=5).ok


def test_an_account_that_takes_its_consent_back_needs_attention(door, rehearsal):
    handle, _ = linked("x")
    revoke(rehearsal)
    assert door.admit() == ("POST", 200)
    hear_all()
    handle.refresh_from_db()
    assert (handle.state, handle.state_reason) == (HandleState.ATTENTION, "reconnect")


def test_a_late_word_of_it_does_not_disturb_a_handle_linked_anew(door, rehearsal):
    handle, client = linked("x")
    revoke(rehearsal)
    assert door.admit() == ("POST", 200)
    link(client, handle, HANDLE)
    hear_all()
    handle.refresh_from_db()
    assert handle.state == HandleState.CONNECTED
    assert not CallbackItem.objects.filter(heard_at=None).exists()
