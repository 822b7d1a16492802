"""What platforms send to us: verified over the raw bytes, stored once, then heard (meta.md 1.9)."""

import base64
import hashlib
import hmac
import json
import uuid
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from portal.checks import sharing_secret
from publishing import callbacks
from publishing.callbacks import LARGEST_BODY, forget_old, heard_about, is_genuine, take_apart
from publishing.hearing import hear_all
from publishing.models import CallbackEvent, CallbackItem

SECRET = "0123456789abcdef0123456789abcdef"
REFERENCE = str(uuid.UUID(int=7))
pytestmark = pytest.mark.django_db


def signed(body: bytes) -> dict:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}"}


def status_update(state: str = "sent", reference: str = REFERENCE) -> bytes:
    status = {"id": "wamid.A", "status": state, "biz_opaque_callback_data": reference}
    change = {"field": "messages", "value": {"statuses": [status]}}
    entry = {"id": "1", "changes": [change]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def post(body: bytes, headers: dict | None = None, platform: str = "whatsapp"):
    headers = signed(body) if headers is None else headers
    return Client().post(
        f"/callbacks/{platform}/", body, content_type="application/json", headers=headers
    )


def test_meta_s_own_vector():
    """The vector of meta.md 1.9: escapes are signed as they are sent."""
    body = (
        rb'{"object":"page","entry":[{"id":"1001","time":1795420800,"changes":[{"field":"feed",'
        rb'"value":{"item":"comment","verb":"add","message":"\u0928\u092e\u0938\u094d\u0924\u0947"'
        rb"}}]}]}"
    )
    signature = "sha256=cc8aaa2173a44dc73b6f957f1e3871503c72ccdfdb065098707c399a4c86e5ac"
    assert is_genuine("facebook", body, {"X-Hub-Signature-256": signature})
    assert not is_genuine("facebook", body + b" ", {"X-Hub-Signature-256": signature})


def test_a_signed_event_is_stored_raw_and_heard():
    body = status_update()
    assert post(body).status_code == 200
    assert CallbackEvent.objects.get().body == body.decode()
    assert [said["id"] for said in heard_about(REFERENCE)] == ["wamid.A"]


def test_a_replay_changes_nothing():
    body = status_update()
    assert [post(body).status_code for _ in range(3)] == [200, 200, 200]
    assert CallbackEvent.objects.count() == 1
    assert len(heard_about(REFERENCE)) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": "sha256=" + "0" * 64},
        {"X-Hub-Signature-256": "sha256=é"},
        {"X-Hub-Signature": "sha1=anything"},
    ],
)
def test_a_forged_event_is_refused(headers):
    assert post(status_update(), headers).status_code == 403
    assert not CallbackEvent.objects.exists()


X_EVENT = b'{"data": {"event_type": "post.create", "filter": {"user_id": "1"}, "payload": {}}}'


def x_signed(body: bytes) -> dict:
    digest = hmac.new(settings.CALLBACK_SECRETS["x"].encode(), body, hashlib.sha256).digest()
    return {"X-Twitter-Webhooks-Signature": f"sha256={base64.b64encode(digest).decode()}"}


def test_x_s_own_signature_opens():
    assert post(X_EVENT, x_signed(X_EVENT), "x").status_code == 200
    assert CallbackEvent.objects.get().platform == "x"


@pytest.mark.parametrize(
    "challenge", [X_EVENT.decode(), "[1]", '"a"', " ", "{}", "a" * 201, "ab\n"]
)
def test_a_challenge_that_could_be_an_event_is_not_signed(challenge):
    answer = Client().get("/callbacks/x/", {"crc_token": challenge})
    assert answer.status_code == 403
    assert b"sha256=" not in answer.content


@pytest.mark.parametrize("challenge", ["12", "null", "true", "MTQ3_-Zg+/=="])
def test_what_is_signed_for_a_challenge_opens_nothing(challenge):
    answer = Client().get("/callbacks/x/", {"crc_token": challenge})
    signature = {"X-Twitter-Webhooks-Signature": answer.json()["response_token"]}
    assert signature == x_signed(challenge.encode())
    assert post(challenge.encode(), signature, "x").status_code == 403
    assert not CallbackEvent.objects.exists()


@pytest.mark.parametrize("platform", ["facebook", "instagram", "whatsapp", "x", "youtube"])
def test_a_signature_of_one_platform_does_not_open_another(platform):
    headers = {"x": signed(X_EVENT)}.get(platform, x_signed(X_EVENT))
    value = next(iter(headers.values()))
    names = ("X-Hub-Signature-256", "X-Hub-Signature", "X-Twitter-Webhooks-Signature")
    assert post(X_EVENT, dict.fromkeys(names, value), platform).status_code == 403


def test_secrets_of_different_owners_differ():
    assert not sharing_secret()


def test_without_a_secret_nothing_is_genuine(settings):
    settings.CALLBACK_SECRETS = {"whatsapp": ""}
    body = status_update()
    digest = hmac.new(b"", body, hashlib.sha256).hexdigest()
    assert post(body, {"X-Hub-Signature-256": f"sha256={digest}"}).status_code == 403


def test_an_oversized_event_is_refused():
    assert post(b"x" * (LARGEST_BODY + 1)).status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[1, 2]",
        b"<html>",
        b"\xff\xfe\x00",
        b'{"entry": 7}',
        b'{"entry": [null, {"changes": [{"value": {"statuses": [3, {}]}}]}]}',
        status_update(reference="not a uuid"),
        b"[" * 50_000,
    ],
)
def test_an_event_of_an_unknown_kind_is_kept_without_effect(body):
    assert post(body).status_code == 200
    assert CallbackEvent.objects.count() == 1
    assert heard_about(REFERENCE) == ()


@pytest.mark.parametrize("hostile", [r"a\u0000b", r"\\u0000", r"\ud800"])
def test_a_hostile_text_is_stored_without_harm(hostile):
    body = status_update().replace(b'"wamid.A"', b'"' + hostile.encode() + b'"')
    assert post(body).status_code == 200
    assert len(heard_about(REFERENCE)) == 1


def test_a_number_without_end_is_stored_as_nothing():
    body = status_update().replace(b'"wamid.A"', b'"wamid.A", "cost": 1e999')
    assert post(body).status_code == 200
    assert heard_about(REFERENCE)[0]["cost"] is None


def test_the_handshake():
    query = {"hub.mode": "subscribe", "hub.verify_token": "test-verify-token"}
    answer = Client().get("/callbacks/facebook/", {**query, "hub.challenge": "1158201444"})
    assert (answer.status_code, answer.content) == (200, b"1158201444")
    wrong = Client().get("/callbacks/facebook/", {**query, "hub.verify_token": "guess"})
    assert wrong.status_code == 403


def test_a_platform_that_is_not_one_gets_nothing():
    assert post(b"{}", {}, "orkut").status_code == 404


# --- how long they are kept (standards.md P10: retention by class, with a log) --------------------


def kept_for(days: float, reference: str, state: str = "sent") -> CallbackEvent:
    body = status_update(state, reference)
    assert post(body).status_code == 200
    take_apart()
    event = CallbackEvent.objects.latest("pk")
    CallbackEvent.objects.filter(pk=event.pk).update(
        received_at=timezone.now() - timedelta(days=days)
    )
    return event


def test_raw_callbacks_are_deleted_when_their_time_is_over(settings, caplog):
    settings.CALLBACK_KEPT_DAYS = 90
    kept_for(90.1, str(uuid.UUID(int=1)))
    young = kept_for(89.9, str(uuid.UUID(int=2)), "read")
    with caplog.at_level("INFO", logger="publishing.callbacks"):
        assert forget_old() == 1
    young.refresh_from_db()
    assert list(CallbackEvent.objects.all()) == [young]
    assert set(CallbackItem.objects.values_list("event", flat=True)) == {young.pk}
    assert "1 callbacks from before" in caplog.text
    assert forget_old() == 0


def test_as_long_as_the_office_says(settings):
    settings.CALLBACK_KEPT_DAYS = 7
    kept_for(8, REFERENCE)
    assert forget_old() == 1
    assert heard_about(REFERENCE) == ()


def test_deleting_takes_a_bounded_bite_oldest_first(monkeypatch):
    monkeypatch.setattr(callbacks, "FORGOTTEN_AT_ONCE", 2)
    events = [kept_for(200 - number, str(uuid.UUID(int=number))) for number in range(5)]
    assert [forget_old(), CallbackEvent.objects.count()] == [2, 3]
    assert CallbackEvent.objects.order_by("pk").first() == events[2]
    assert [forget_old(), forget_old(), forget_old()] == [2, 1, 0]


def test_deleting_asks_the_same_however_much_is_kept(django_assert_num_queries):
    for number in range(3):
        kept_for(1, str(uuid.UUID(int=number)))
    with django_assert_num_queries(1):
        forget_old()


def test_an_old_event_sent_again_changes_nothing(settings):
    """What was deleted is not known any more; it is stored and heard anew, without effect."""
    kept_for(91, REFERENCE)
    forget_old()
    assert post(status_update()).status_code == 200
    hear_all()
    assert not CallbackItem.objects.filter(heard_at=None).exists()


def test_one_callback_that_cannot_be_taken_apart_holds_up_no_other(monkeypatch):
    post(status_update("sent", str(uuid.UUID(int=1))))
    CallbackEvent.objects.update(platform="nowhere")
    post(status_update("sent", str(uuid.UUID(int=2))))
    take_apart()
    assert CallbackItem.objects.count() == 1
