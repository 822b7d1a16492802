"""What Facebook and Instagram share: every error of the sheet's tables, proofs and callbacks."""

import hashlib
import hmac
import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from publishing.connectors.base import Account, Content
from publishing.connectors.errors import (
    ConnectionRefused,
    ConnectorError,
    NotSent,
    Refused,
    Unknown,
)
from publishing.connectors.facebook import Facebook
from publishing.connectors.http import Http
from publishing.connectors.instagram import Instagram
from publishing.problems import PROBLEMS
from publishing.rehearsal.faults import add_fault

PAYLOADS = Path(__file__).parent / "payloads"
SECRET = "0123456789abcdef0123456789abcdef"
ENDS = {"later": NotSent, "reconnect": ConnectionRefused, "refuse": Refused, "unknown": Unknown}

# (code/subcode, how it ends, problem); section 1.6 holds on both platforms.
COMMON = [
    ("1", "unknown", "unknown_outcome"),
    ("2", "unknown", "unknown_outcome"),
    ("3", "reconnect", "permission_missing"),
    ("4", "later", "rate_limited"),
    ("10", "reconnect", "permission_missing"),
    ("17", "later", "rate_limited"),
    ("32", "later", "rate_limited"),
    ("100", "refuse", "refused"),
    ("100/33", "reconnect", "account_not_found"),
    ("102", "reconnect", "reconnect"),
    ("104", "reconnect", "permission_missing"),
    ("190/458", "reconnect", "reconnect"),
    ("190/459", "reconnect", "account_restricted"),
    ("190/460", "reconnect", "reconnect"),
    ("190/463", "reconnect", "reconnect"),
    ("190/464", "reconnect", "account_restricted"),
    ("190/467", "reconnect", "reconnect"),
    ("190/492", "reconnect", "permission_missing"),
    ("190/2069032", "reconnect", "reconnect"),
    ("200", "reconnect", "permission_missing"),
    ("299", "reconnect", "permission_missing"),
    ("200/2069030", "refuse", "refused"),
    ("200/2069031", "refuse", "refused"),
    ("200/2069033", "refuse", "refused"),
    ("341", "later", "rate_limited"),
    ("368", "reconnect", "account_restricted"),
    ("368/1346003", "reconnect", "account_restricted"),
    ("368/1390008", "later", "rate_limited"),
    ("506", "refuse", "already_published"),
    ("613", "later", "rate_limited"),
    ("803", "refuse", "refused"),
    ("3001/1504028", "refuse", "refused"),
    *((str(code), "later", "rate_limited") for code in range(80_000, 80_015)),
]
FACEBOOK = [  # 1.6 and 2.4
    ("1/2853006", "reconnect", "permission_missing"),
    ("105", "refuse", "refused"),
    ("197", "refuse", "text_missing"),
    ("200/1609008", "refuse", "link_refused"),
    ("1500", "refuse", "link_refused"),
    ("1609005", "later", "link_unreadable"),
    ("1705", "unknown", "unknown_outcome"),
    ("5101", "refuse", "photo_refused"),
    ("100/1366046", "refuse", "photo_refused"),
    ("100/1366051", "refuse", "already_published"),
    ("100/1404078", "reconnect", "account_restricted"),
    ("100/1404102", "refuse", "content_refused"),
    ("100/1404006", "reconnect", "account_restricted"),
    ("100/1404112", "later", "rate_limited"),
    ("100/4854002", "reconnect", "account_restricted"),
    ("100/1363047", "unknown", "unknown_outcome"),
    ("100/1609010", "unknown", "unknown_outcome"),
    ("100/2061006", "refuse", "link_refused"),
    ("100/1349125", "refuse", "content_refused"),
    ("100/2069019", "refuse", "photo_refused"),
]
VIDEO = [  # 2.4, under any of three codes
    *((number, "later", "platform_failing") for number in (1363019, 1363021, 1363030, 1363033)),
    *((number, "later", "media_processing_failed") for number in (1363037, 1363041, 1363045)),
    *(
        (number, "refuse", "video_refused")
        for number in (1363020, 1363022, 1363023, 1363024, 1363025, 1363026, 1363031, 1363032)
    ),
    *((number, "reconnect", "permission_missing") for number in (1363005, 1363042)),
]
INSTAGRAM = [  # 3.4, asked for at media_publish
    ("-1/2207001", "unknown", "unknown_outcome"),
    ("-1/2207032", "unknown", "unknown_outcome"),
    ("-1/2207053", "later", "media_processing_failed"),
    ("-2/2207003", "later", "media_unreachable"),
    ("-2/2207020", "later", "media_processing_failed"),
    ("1/2207057", "refuse", "video_refused"),
    ("4/2207051", "unknown", "unknown_outcome"),
    ("9/2207042", "later", "daily_limit"),
    ("24/2207006", "refuse", "refused"),
    ("24/2207008", "later", "container_missing"),
    ("25/2207050", "reconnect", "account_restricted"),
    ("100/2207023", "refuse", "content_refused"),
    ("100/2207028", "refuse", "content_refused"),
    ("100/2207035", "refuse", "content_refused"),
    ("100/2207036", "refuse", "content_refused"),
    ("100/2207037", "refuse", "content_refused"),
    ("100/2207040", "refuse", "content_refused"),
    ("352/2207026", "refuse", "video_refused"),
    ("9004/2207052", "later", "media_unreachable"),
    ("9007/2207027", "later", "still_processing"),
    ("36000/2207004", "refuse", "photo_refused"),
    ("36001/2207005", "refuse", "photo_refused"),
    ("36003/2207009", "refuse", "photo_refused"),
    ("36004/2207010", "refuse", "text_refused_length"),
    ("100/2207077", "later", "media_processing_failed"),
    ("100/2207082", "later", "media_processing_failed"),
    ("100/2207081", "refuse", "content_refused"),
]


def connected(kind, rehearsal, **extra):
    platform = kind.platform
    rehearsal.store.add_account(platform, "1001", "विभाग", "EAAB_token", extra)
    account = Account("1001", "विभाग", "EAAB_token")
    return kind(Http(f"{rehearsal.url}/{platform}", platform), account)


def ends(connector, content, journal, end, problem):
    with pytest.raises(ConnectorError) as caught:
        connector.publish(content, journal)
    error = caught.value
    assert isinstance(error, ENDS[end]), error
    assert end == "reconnect" or not isinstance(error, ConnectionRefused)
    assert error.code == problem
    assert error.code in PROBLEMS
    return error


@pytest.mark.parametrize(("detail", "end", "problem"), [*COMMON, *FACEBOOK])
def test_error_of_facebook_comes_to_its_end(rehearsal, journal, detail, end, problem):
    connector = connected(Facebook, rehearsal)
    add_fault(rehearsal.store, "facebook", "code", detail=detail)
    ends(connector, Content("शिविर https://up.gov.in/a"), journal, end, problem)
    assert rehearsal.store.posts("facebook") == []


@pytest.mark.parametrize("code", [1, 100, 6000])
@pytest.mark.parametrize(("subcode", "end", "problem"), VIDEO)
def test_error_of_a_video_comes_to_its_end(rehearsal, journal, video, code, subcode, end, problem):
    connector = connected(Facebook, rehearsal)
    detail = f"{code}/{subcode}"
    add_fault(rehearsal.store, "facebook", "code", where="upload", detail=detail)
    content = Content("वीडियो", attachments=(video,))
    ends(connector, content, journal, end, problem)
    assert "arm" not in journal.events


@pytest.mark.parametrize(("detail", "end", "problem"), [*COMMON, *INSTAGRAM])
def test_error_of_instagram_comes_to_its_end(rehearsal, journal, photo, detail, end, problem):
    connector = connected(Instagram, rehearsal)
    add_fault(rehearsal.store, "instagram", "code", detail=detail)
    ends(connector, Content("पौधे", attachments=(photo,)), journal, end, problem)
    assert rehearsal.store.posts("instagram") == []


def test_unclear_answer_to_a_harmless_call_is_just_repeated(rehearsal, journal, photo):
    connector = connected(Instagram, rehearsal)
    add_fault(rehearsal.store, "instagram", "code", where="upload", detail="-1/2207032")
    content = Content("पौधे", attachments=(photo,))
    ends(connector, content, journal, "later", "platform_failing")
    connector.publish(content, journal)


def test_waiting_is_as_long_as_the_platform_says(rehearsal, journal):
    connector = connected(Facebook, rehearsal, allowance="1")
    error = ends(connector, Content("क"), journal, "later", "rate_limited")
    assert error.retry_after == 60


# --- the proof that we are the app --------------------------------------------------------------


def test_proof_is_the_sheet_s_own_vector(rehearsal, settings):
    settings.PLATFORM_APPS = {"facebook": {"id": "1", "secret": SECRET}}
    connector = Facebook(
        Http("http://127.0.0.1:9", "facebook"), Account("1", "", "EAAB_example_page_token")
    )
    proof = connector._proof()["appsecret_proof"]
    assert proof == "a7dcd7a703ebd8c2c16ece0e3bdb47de71045833c310cb41a7f8a6e429cb971b"


def test_every_call_carries_the_proof(rehearsal, journal, photo, exchanges):
    for kind in (Facebook, Instagram):
        connected(kind, rehearsal, app_secret=SECRET).publish(
            Content("क", attachments=(photo,)), journal
        )
    proof = hmac.new(SECRET.encode(), b"EAAB_token", hashlib.sha256).hexdigest()
    assert len(exchanges) > 5
    assert {one.request.query["appsecret_proof"] for one in exchanges} == {proof}


def test_wrong_proof_is_refused(rehearsal, journal, settings):
    settings.PLATFORM_APPS = {"facebook": {"id": "1", "secret": "another"}}
    connector = connected(Facebook, rehearsal, app_secret=SECRET)
    with pytest.raises(Refused):
        connector.publish(Content("क"), journal)


def test_another_version_in_the_answer_is_logged(journal, teller, caplog):
    headers = {"facebook-api-version": "v22.0"}
    teller.reply = lambda *request: (200, headers, b'{"id": "1001_1"}')
    connector = Facebook(Http(teller.url, "facebook"), Account("1001", "", "token"))
    with caplog.at_level(logging.WARNING):
        connector.publish(Content("क"), journal)
    assert "v22.0" in caplog.text


# --- the stand-in's manners ---------------------------------------------------------------------


@pytest.fixture
def ask(rehearsal):
    rehearsal.store.add_account("facebook", "1001", "विभाग", "t", {"allowance": "4"})

    def call(path, **params):
        address = f"{rehearsal.url}/facebook{path}"
        return requests.get(address, params={"access_token": "t", **params}, timeout=10)

    return call


def test_stand_in_names_version_and_usage(ask):
    usage = []
    for _ in range(4):
        answer = ask("/v26.0/1001/published_posts")
        usage.append(json.loads(answer.headers["X-App-Usage"])["call_count"])
    assert answer.headers["facebook-api-version"] == "v26.0"
    assert usage == sorted(set(usage))
    assert answer.json()["error"]["code"] == 32
    assert answer.json()["error"]["fbtrace_id"]


@pytest.mark.parametrize("path", ["/26/1001/feed", "/v26/1001/feed", "/1001/feed"])
def test_stand_in_refuses_an_unknown_form_of_version(ask, path):
    assert ask(path).json()["error"]["code"] == 2500


def test_stand_in_refuses_an_unknown_field(ask, rehearsal, journal):
    connected(Facebook, rehearsal).publish(Content("क"), journal)
    rehearsal.store.add_account("facebook", "1001", "विभाग", "t", {})
    error = ask("/v26.0/1001/published_posts", fields="id,colour").json()["error"]
    assert error["code"] == 100
    assert "colour" in error["message"]


# --- callbacks ----------------------------------------------------------------------------------


def told(kind, name):
    body = (PAYLOADS / kind.platform / f"{name}.json").read_bytes()
    return list(kind.told(body))


def test_comment_on_a_page_is_told():
    (item,) = told(Facebook, "comment")
    assert item.key == "feed:1001:comment:5550001_88:add:1795420797"
    assert (item.kind, item.account) == ("comment", "1001")
    assert item.said["message"] == "पानी की आपूर्ति कब होगी?"
    assert int(item.at.timestamp()) == 1795420797


def test_whatever_a_page_tells_has_a_kind_and_a_key_of_its_own():
    items = told(Facebook, "mixed")
    kinds = [item.kind for item in items]
    assert kinds == [
        *("other", "other", "post", "mention", "comment", "comment", "other", "message", "other")
    ]
    assert len({item.key for item in items}) == len(items)
    assert items[7].key == "message:m_1"
    assert int(items[7].at.timestamp()) == 1795420801
    assert [item.key for item in told(Facebook, "mixed")] == [item.key for item in items]


def test_comment_on_instagram_is_told_in_both_shapes():
    (item,) = told(Instagram, "comment")
    assert (item.key, item.kind, item.account) == ("comments:1790001", "comment", "17840001")
    flat, *others = told(Instagram, "mixed")
    assert (flat.key, flat.kind) == ("comments:1790001", "comment")
    assert [other.kind for other in others] == ["mention", "mention", "other", "message"]
    assert [other.key for other in others[:2]] == [
        "mention:17840001:1790002",
        "mention:17840001:1780007",
    ]


@pytest.mark.parametrize("kind", [Facebook, Instagram])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"entry": {"a": 1}}',
        b'{"object": "page", "entry": [{"changes": [{"field": 7, "value": [1]}], "time": {}}]}',
        b'{"object": "instagram", "entry": [{"id": [], "messaging": [{"message": 3}]}]}',
        (
            b'{"object": "page", "entry": [{"changes": [{"field": "feed", "value": {"item": {}, '
            b'"comment_id": "<b>", "created_time": 1e400}}], "messaging": "x"}]}'
        ),
    ],
)
def test_no_callback_breaks_it(kind, body):
    assert all(item.kind == "other" and item.key for item in kind.told(body))


def test_signature_is_the_sheet_s_own_vector():
    body = (
        rb'{"object":"page","entry":[{"id":"1001","time":1795420800,"changes":[{"field":"feed",'
        rb'"value":{"item":"comment","verb":"add",'
        rb'"message":"\u0928\u092e\u0938\u094d\u0924\u0947"}}]}]}'
    )
    assert len(body) == 177
    said = "sha256=cc8aaa2173a44dc73b6f957f1e3871503c72ccdfdb065098707c399a4c86e5ac"
    assert Facebook.is_genuine(body, {"x-hub-signature-256": said}, secret=SECRET)
    assert not Facebook.is_genuine(body + b" ", {"x-hub-signature-256": said}, secret=SECRET)


@pytest.mark.parametrize("kind", [Facebook, Instagram])
@pytest.mark.parametrize(
    ("remark", "expected"),
    [("comment", "comment"), ("mention", "mention"), ("message", "message")],
)
def test_what_the_stand_in_sends_is_understood(rehearsal, kind, remark, expected):
    connected(kind, rehearsal)
    stage = rehearsal.stages[kind.platform]
    address = f"{rehearsal.url}/_control/remarks"
    given = {"platform": kind.platform, "account": "1001", "kind": remark, "post": "5"}
    assert requests.post(address, json=given | {"text": "प्रश्न"}, timeout=10).status_code == 201
    assert requests.post(address, json=given, timeout=10).status_code == 400
    (kept,) = rehearsal.store.remarks(kind.platform, "1001", remark)
    event = replace(kept, text="प्रश्न")
    (item,) = kind.told(json.dumps(stage.event_about(event)).encode())
    assert (item.kind, item.account) == (expected, "1001")
