"""Our calls to X and its stand-in's answers, against the description that X publishes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from departments.credentials import Secrets
from publishing.connectors import consent_for
from publishing.connectors.base import Account, CaptionFile, Content, Published, Sent
from publishing.connectors.errors import ConnectorError
from publishing.connectors.http import Http
from publishing.connectors.x import X
from publishing.rehearsal.faults import add_fault
from publishing.rehearsal.x_webhooks import EVENTS

from .remarks import foreign_post, say
from .specifications import OpenApi

TOKEN = "secret-token-0123456789"
# Where X departs from its own document 2.166.
# X's pages name events that its files lack: both `oauth.revoke`, the older replies and quotes (X7).
EVENT = "properties/event_type/enum"
CORRECTIONS_166 = {
    f"/components/schemas/ActivitySubscriptionCreateRequest/{EVENT}": sorted(EVENTS),
    # These demand a property that they do not have, and that no answer of X ever had.
    "/components/schemas/MediaUploadResponse/required": [],
    "/components/schemas/MediaUploadAppendResponse/required": [],
    "/components/schemas/ProcessingInfo/required": [],
    # Without the wrapper here, with it in 2.167 (X7); either is understood.
    "/components/schemas/WebhookConfigCreateResponse/required": [],
}
# And from 2.167: its problems have a type of their own each; X sends about:blank and others too.
SUBTITLES = "/components/schemas/CreateMediaSubtitlesResponseData"
CORRECTIONS_167 = {
    "/components/schemas/Problem": {
        "type": "object",
        "required": ["type", "title"],
        "properties": {name: {"type": "string"} for name in ("type", "title", "detail")},
    },
    # An object here, an array in 2.166 and in the older clients (X2.2); we do not read it.
    f"{SUBTITLES}/properties/associated_subtitles/type": "array",
    f"/components/schemas/CreateActivitySubscriptionRequest/{EVENT}": sorted(EVENTS),
    # An array here, an object in 2.166; we do not read it.
    "/components/schemas/DeleteActivitySubscriptionsByIdsResponse/properties/data": {},
}


@pytest.fixture
def connector(rehearsal):
    extra = {"username": "up_info"}
    rehearsal.store.add_account("x", "1001", "सूचना विभाग", TOKEN, extra)
    return X(Http(f"{rehearsal.url}/x", "x"), Account("1001", "सूचना विभाग", TOKEN))


@pytest.fixture(
    params=[
        pytest.param(("tweet", "x-openapi-2.166.json", CORRECTIONS_166), id="2.166"),
        pytest.param(("post", "x-openapi-2.167.json", CORRECTIONS_167), id="2.167"),
    ]
)
def description(request, settings):
    """Each style of names with the document that has it."""
    settings.X_FIELD_STYLE, name, corrections = request.param
    return OpenApi.load(name, corrections=corrections)


def fits(description, exchanges):
    """Every call since the last time, and at least one."""
    assert exchanges
    assert [misfit for one in exchanges for misfit in description.misfits(one)] == []
    exchanges.clear()


def test_posts_of_every_kind(
    description, exchanges, connector, journal, make_photo, video, tmp_path
):
    (tmp_path / "captions.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.000\nनमस्ते\n")
    captions = CaptionFile(tmp_path / "captions.vtt", "hi", "0" * 64)
    clip = replace(video, captions=(captions,))
    thread = "पहला भाग, up.gov.in\n---\nदूसरा भाग"
    for content in (
        Content("केवल पाठ"),
        Content("चार चित्र", attachments=tuple(make_photo() for _ in range(4))),
        Content("वीडियो", attachments=(clip,)),
        Content(thread),
    ):
        journal.values.clear()
        connector.publish(content, journal)
    paths = {exchange.request.path.rpartition("/")[2] for exchange in exchanges}
    assert {"tweets", "initialize", "append", "finalize", "metadata", "subtitles"} <= paths
    fits(description, exchanges)


def test_removing_and_reposting(description, exchanges, connector, journal, rehearsal):
    receipt = connector.publish(Content("हटाने के लिए"), journal)
    connector.remove(Published(receipt.platform_id), journal)
    other = foreign_post(rehearsal)
    repost = connector.repost(Published(other), journal)
    connector.remove(Published(repost.platform_id), journal)
    assert [one.request.method for one in exchanges] == ["POST", "DELETE", "POST", "DELETE"]
    fits(description, exchanges)


def test_reading(description, exchanges, connector, journal, rehearsal, photo):
    content = Content("देखें up.gov.in", attachments=(photo,))
    post = Published(connector.publish(content, journal).platform_id)
    say(rehearsal, "@up_info कब?", post=post.platform_id)
    say(rehearsal, "नमस्ते", author="2002000000000000", kind="message")
    assert connector.read_comments(post).items
    assert connector.read_mentions().items
    conversation = connector.read_conversations().items[0].conversation_id
    assert connector.read_conversation(conversation).items
    assert connector.read_metrics(post)
    fits(description, exchanges)


def test_reading_where_nothing_is(description, exchanges, connector):
    assert connector.read_mentions().items == ()
    assert connector.read_conversations().items == ()
    fits(description, exchanges)


def test_being_told(description, exchanges, connector, settings, rehearsal):
    """Subscribing an account, looking whether it is, and taking it back with the app's token."""
    settings.PLATFORM_URLS = {"x": f"{rehearsal.url}/x"}
    consent, secrets = consent_for("x"), Secrets(TOKEN, {"scope": "dm.read"})
    consent.listen("1001", secrets)
    assert set(consent._subscribed("1001", TOKEN)) >= {"post.reply.create", "oauth.revoke"}
    consent._unsubscribe("1001", TOKEN)
    assert consent._subscribed("1001", TOKEN) == {}
    methods = [one.request.method for one in exchanges]
    assert methods == ["GET", *["POST"] * 5, "GET", "GET", "DELETE", "GET"]
    fits(description, exchanges)


def test_the_webhook_of_the_app(description, exchanges, rehearsal, settings, teller, monkeypatch):
    settings.PLATFORM_URLS = {"x": f"{rehearsal.url}/x"}
    settings.MEDIA_URL_BASE = teller.url
    secret = settings.CALLBACK_SECRETS["x"]
    monkeypatch.setattr(rehearsal.callbacks, "secrets", {"x": secret})

    def portal(method, path, headers, body):
        answer = X.handshake({"crc_token": path.partition("=")[2]}, secret=secret, verify="")
        return 200, {"Content-Type": "application/json"}, answer.encode()

    teller.reply = portal
    first = consent_for("x").register()
    assert consent_for("x").register() == first
    assert [one.request.method for one in exchanges] == ["GET", "POST", "GET"]
    fits(description, exchanges)


@pytest.mark.parametrize(
    "detail",
    [
        *("400:media", "401:unauthorized", "402:credits", "403:duplicate content", "403:reply"),
        *("404:not found", "409:conflict", "429:usage-capped", "429:day", "503:unavailable"),
    ],
)
def test_errors(description, exchanges, connector, journal, rehearsal, detail):
    add_fault(rehearsal.store, "x", "code", detail=detail)
    with pytest.raises(ConnectorError):
        connector.publish(Content("पाठ"), journal)
    fits(description, exchanges)


def test_finding(description, exchanges, connector, journal, rehearsal):
    connector.publish(Content("पाठ"), journal)
    sent = Sent(Content("पाठ"), journal.reference, datetime.now(UTC), journal.values)
    assert connector.find(sent)
    fits(description, exchanges)


def test_misfit_is_seen(description, exchanges, connector, journal, rehearsal):
    """The description would notice what it should."""
    connector.publish(Content("पाठ"), journal)
    connector._call("POST", "2/tweets", json={"text": "और", "reply_settings": "nobody"})
    good, bad = exchanges
    assert description.misfits(good) == []
    assert description.misfits(bad)
