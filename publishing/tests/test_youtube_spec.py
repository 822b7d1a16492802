"""Our calls to YouTube and its stand-in's answers, against the documents that Google publishes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from publishing.connectors.base import Account, CaptionFile, Content, Published, Sent
from publishing.connectors.errors import ConnectorError
from publishing.connectors.http import Http
from publishing.connectors.youtube import YouTube
from publishing.rehearsal.faults import add_fault
from publishing.rehearsal.stage import Request, Response
from publishing.rehearsal.store import Remark

from .discovery import Discovery
from .specifications import Exchange

TOKEN = "secret-token-0123456789"
CHANNEL = "UC0123456789abcdefghijkl"
PAYLOADS = Path(__file__).parent / "payloads" / "youtube"
VTT = "WEBVTT\n\n00:00.000 --> 00:01.000\nनमस्ते\n"


@pytest.fixture(scope="session")
def data():
    return Discovery.load("youtube.v3.json")


@pytest.fixture(scope="session")
def analytics():
    return Discovery.load("youtubeAnalytics.v2.json")


@pytest.fixture
def connector(rehearsal):
    rehearsal.store.add_account("youtube", CHANNEL, "सूचना विभाग", TOKEN, {})
    http = Http(f"{rehearsal.url}/youtube", "youtube")
    return YouTube(http, Account(CHANNEL, "सूचना विभाग", TOKEN))


@pytest.fixture
def content(video, make_photo, tmp_path):
    file = tmp_path / "hi.vtt"
    file.write_text(VTT, "utf-8")
    video = replace(video, captions=(CaptionFile(file, "hi", "0" * 64),))
    return Content("विवरण", "शीर्षक", ("टैग",), (video,), thumbnail=make_photo(1280, 720))


@pytest.fixture
def playlist(ask):
    return ask("POST", "playlists", {"part": "snippet"}, {"snippet": {"title": "योजनाएँ"}})["id"]


@pytest.fixture
def ask(rehearsal, connector):
    """A call that the connector does not make, but the stand-in answers."""

    def call(method, path, query, body=None):
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
        sent = json.dumps(body).encode() if body else b""
        request = Request(method, f"/youtube/youtube/v3/{path}", query, headers, sent)
        answer = rehearsal.answer(request)
        return json.loads(answer.body) if answer.body else {}

    return call


def fits(description, exchanges):
    """Every call since the last time, and at least one."""
    assert exchanges
    misfits = [misfit for exchange in exchanges for misfit in description.misfits(exchange)]
    exchanges.clear()
    return misfits == [] or pytest.fail("\n".join(misfits))


def say(rehearsal, post, number, parent=""):
    rehearsal.store.add_remark(
        Remark("youtube", number, CHANNEL, "comment", post, parent, "UC2", "नागरिक", "कब?", 1.8e9)
    )


def test_publishing_and_all_that_follows_fits(
    connector, content, playlist, journal, exchanges, data
):
    content = replace(content, options={"playlist": playlist})
    receipt = connector.publish(content, journal)
    assert fits(data, exchanges)
    assert connector.follow(receipt, content, journal).is_live
    assert len(exchanges) == 5
    assert fits(data, exchanges)
    sent = Sent(content, journal.reference, datetime.now(UTC), {})
    assert connector.find(sent).platform_id == receipt.platform_id
    assert fits(data, exchanges)


def test_correcting_and_removing_fits(connector, content, journal, exchanges, data):
    post = Published(connector.publish(content, journal).platform_id)
    connector.edit(post, replace(content, text="नया"), journal)
    connector.remove(post, journal)
    assert fits(data, exchanges)


def test_reading_back_fits(connector, content, journal, exchanges, rehearsal, data):
    post = connector.publish(content, journal).platform_id
    say(rehearsal, post, "Ug1")
    for number in range(7):
        say(rehearsal, post, f"Ug1.{number}", parent="Ug1")
    assert len(connector.read_comments(Published(post)).items) == 8
    connector.read_metrics(Published(post))
    assert fits(data, exchanges)


def test_analytics_fits(connector, content, journal, exchanges, settings, analytics):
    settings.METRICS = {"youtube": {"shares": "shares"}}
    post = connector.publish(content, journal).platform_id
    exchanges.clear()
    connector.read_metrics(Published(post))
    assert fits(analytics, exchanges[1:])


def test_what_others_may_ask_fits(ask, connector, content, journal, exchanges, data, playlist):
    post = connector.publish(content, journal).platform_id
    exchanges.clear()
    ask("GET", "channels", {"part": "id,snippet,contentDetails,statistics,status", "mine": "true"})
    ask("GET", "videos", {"part": "snippet,status,statistics,processingDetails", "id": post})
    ask("GET", "videos:batchGetStats", {"part": "statistics", "id": post})
    ask("GET", "playlists", {"part": "snippet", "mine": "true"})
    ask("GET", "playlistItems", {"part": "snippet,status", "playlistId": playlist})
    ask("GET", "captions", {"part": "snippet", "videoId": post})
    words = {"snippet": {"textOriginal": "धन्यवाद"}}
    thread = ask(
        "POST",
        "commentThreads",
        {"part": "snippet"},
        {"snippet": {"channelId": CHANNEL, "videoId": post, "topLevelComment": words}},
    )
    reply = {"snippet": {"parentId": thread["id"], "textOriginal": "और"}}
    ask("POST", "comments", {"part": "snippet"}, reply)
    rejected = {"id": thread["id"], "moderationStatus": "rejected"}
    ask("POST", "comments/setModerationStatus", rejected)
    assert all(exchange.answer.status in (200, 204) for exchange in exchanges)
    assert fits(data, exchanges)


@pytest.mark.parametrize("kind", ["rate_limited", "expired_token", "error_before", "code"])
def test_refusals_fit(connector, content, journal, exchanges, rehearsal, data, kind):
    detail = "403:PERMISSION_DENIED" if kind == "code" else ""
    add_fault(rehearsal.store, "youtube", kind, where="upload", detail=detail)
    with pytest.raises(ConnectorError):
        connector.publish(content, journal)
    assert fits(data, exchanges)


def test_recorded_answers_fit(data, analytics):
    """What the tests read as the platform's own words is what it describes."""
    query = {"part": "snippet,replies", "videoId": "abcdefghijk"}
    threads = Request("GET", "/youtube/v3/commentThreads", query, {}, b"")
    report = Request("GET", "/v2/reports", {}, {}, b"")
    for description, request, name in (
        (data, threads, "thread.json"),
        (analytics, report, "analytics.json"),
    ):
        body = (PAYLOADS / name).read_bytes()
        assert description.misfits(Exchange(request, Response(200, body))) == []


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "misfit"),
    [
        ("GET", "nowhere", {}, None, "not described"),
        ("GET", "videos", {}, None, "query part: missing"),
        ("GET", "videos", {"part": "id", "evil": "1"}, None, "query evil: not described"),
        ("GET", "videos", {"part": "id", "maxResults": "many"}, None, "maxResults"),
        ("GET", "commentThreads", {"part": "id", "order": "best"}, None, "query order"),
        ("PUT", "videos", {"part": "snippet"}, {"snippet": {"titel": "x"}}, "titel"),
        ("PUT", "videos", {"part": "snippet"}, {"snippet": {"title": "x"}}, "$.id: missing"),
        ("PUT", "videos", {"part": "status"}, {"status": {"privacyStatus": "friends"}}, "friends"),
    ],
)
def test_a_misfit_is_seen(data, method, path, query, body, misfit):
    headers = {"content-type": "application/json"}
    sent = json.dumps(body).encode() if body else b""
    request = Request(method, f"/youtube/v3/{path}", query, headers, sent)
    assert misfit in " ".join(data.misfits(Exchange(request, Response(200))))


def test_a_wrong_answer_is_seen(data):
    query = {"part": "statistics", "id": "abcdefghijk"}
    request = Request("GET", "/youtube/v3/videos", query, {}, b"")
    body = b'{"items": [{"id": "abcdefghijk", "statistics": {"viewCount": 7}}]}'
    (misfit,) = data.misfits(Exchange(request, Response(200, body)))
    assert "viewCount" in misfit
