"""A program that nobody here wrote talks to the rehearsal: tweepy, changed in its address only."""

from __future__ import annotations

import queue
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import tweepy
from django.test import Client
from requests.adapters import HTTPAdapter

from publishing.callbacks import answer_to_handshake, take_apart
from publishing.models import CallbackItem

from .remarks import say

TOKEN = "secret-token-0123456789"
API = "https://api.twitter.com"
# Retired by X in 2025 (X1.1): its place is taken by the upload of the same API.
UPLOAD = "https://upload.twitter.com/1.1/media/upload.json"


class Readdressed(HTTPAdapter):
    """tweepy has its addresses in its code, so they are exchanged on the way out."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        super().__init__()

    def send(self, request, **options):
        address = request.url.replace(UPLOAD, f"{self.base_url}/2/media/upload")
        request.url = address.replace(API, self.base_url)
        return super().send(request, **options)


@pytest.fixture
def address(rehearsal):
    rehearsal.store.add_account("x", "1001", "सूचना विभाग", TOKEN, {"username": "up_info"})
    return f"{rehearsal.url}/x"


@pytest.fixture
def client(address):
    made = tweepy.Client(bearer_token=TOKEN)
    made.session.mount("https://", Readdressed(address))
    yield made
    made.session.close()


@pytest.fixture
def uploads(address):
    made = tweepy.API(tweepy.OAuth2BearerHandler(TOKEN))
    made.session.mount("https://", Readdressed(address))
    yield made
    made.session.close()


def test_posts_a_thread_and_deletes_it(client, rehearsal):
    first = client.create_tweet(text="शिविर 25 नवम्बर को है।", user_auth=False)
    second = client.create_tweet(
        text="स्थान: कलेक्ट्रेट", in_reply_to_tweet_id=first.data["id"], user_auth=False
    )
    assert [post.text for post in rehearsal.store.posts("x")] == [
        "स्थान: कलेक्ट्रेट",
        "शिविर 25 नवम्बर को है।",
    ]
    for answer in (second, first):
        assert client.delete_tweet(answer.data["id"], user_auth=False).data == {"deleted": True}
    assert rehearsal.store.posts("x") == []


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_uploads_a_photo_and_posts_it(client, uploads, photo, rehearsal):
    media = uploads.media_upload(str(photo.file), media_category="tweet_image")
    uploaded = media.data["id"]
    answer = client.create_tweet(text="चित्र", media_ids=[uploaded], user_auth=False)
    post = rehearsal.store.post("x", answer.data["id"])
    assert rehearsal.store.content("x", post.file) == photo.file.read_bytes()


def test_reads_mentions_page_by_page(client, rehearsal):
    written = [say(rehearsal, f"@up_info समस्या {n}") for n in range(12)]
    pages = tweepy.Paginator(
        client.get_users_mentions,
        "1001",
        tweet_fields=["author_id", "created_at", "conversation_id"],
        max_results=5,
    )
    found = list(pages.flatten())
    assert [str(tweet.id) for tweet in found] == written[::-1]
    assert found[0].text == "@up_info समस्या 11"
    assert found[0].created_at.tzinfo is not None


def test_reads_a_conversation_and_its_authors(client, rehearsal):
    root = client.create_tweet(text="प्रश्न पूछें", user_auth=False).data["id"]
    say(rehearsal, "कब?", post=root)
    answer = client.search_recent_tweets(
        f"conversation_id:{root}", expansions=["author_id"], tweet_fields=["referenced_tweets"]
    )
    assert answer.data[0].referenced_tweets[0]["id"] == int(root)
    assert str(answer.includes["users"][0].id) in ("1001", "2002")


def test_refusals_are_understood(client):
    client.create_tweet(text="एक ही पाठ", user_auth=False)
    with pytest.raises(tweepy.Forbidden) as caught:
        client.create_tweet(text="एक ही पाठ", user_auth=False)
    assert "duplicate content" in caught.value.response.json()["detail"]
    with pytest.raises(tweepy.BadRequest, match="too long"):
        client.create_tweet(text="क" * 281, user_auth=False)
    client.bearer_token = "wrong"
    with pytest.raises(tweepy.Unauthorized):
        client.create_tweet(text="पाठ", user_auth=False)


def test_full_window_is_understood(client, rehearsal, monkeypatch):
    monkeypatch.setattr(rehearsal.stages["x"], "posts_per_handle", 1)
    client.create_tweet(text="एक", user_auth=False)
    with pytest.raises(tweepy.TooManyRequests) as caught:
        client.create_tweet(text="दो", user_auth=False)
    assert int(caught.value.response.headers["x-rate-limit-reset"]) > 0


@pytest.mark.parametrize(("secret", "status"), [("consumer-secret", 200), ("another", 400)])
def test_callback_address_is_taken_if_it_answers_the_challenge(
    address, rehearsal, teller, settings, monkeypatch, secret, status
):
    settings.CALLBACK_SECRETS = {"x": "consumer-secret"}
    monkeypatch.setattr(rehearsal.callbacks, "secrets", {"x": secret})

    def portal(method, path, headers, body):
        answer = answer_to_handshake("x", dict(parse_qsl(urlsplit(path).query)))
        return 200, {"Content-Type": "application/json"}, answer.encode()

    teller.reply = portal
    answer = requests.post(
        f"{address}/2/webhooks",
        json={"url": f"{teller.url}/callbacks/x/"},
        headers={"Authorization": "Bearer app-token"},
        timeout=10,
    )
    assert answer.status_code == status


@pytest.mark.django_db
def test_mention_reaches_the_portal_signed(address, rehearsal, teller, settings, monkeypatch):
    settings.CALLBACK_SECRETS = {"x": "consumer-secret"}
    monkeypatch.setattr(rehearsal.callbacks, "secrets", {"x": "consumer-secret"})
    monkeypatch.setattr(rehearsal.callbacks, "address", teller.url)
    came = queue.Queue()

    def portal(method, path, headers, body):
        came.put((path, body, headers["x-twitter-webhooks-signature"]))
        return 200, {}, b"ok"

    teller.reply = portal
    told = {"platform": "x", "account": "1001", "kind": "mention", "text": "@up_info नमस्ते"}
    mention = requests.post(f"{rehearsal.url}/_control/remarks", json=told, timeout=10).json()["id"]
    path, body, signature = came.get(timeout=10)
    for said, status in (("sha256=forged", 403), (signature, 200)):
        answer = Client().post(
            path,
            body,
            content_type="application/json",
            headers={"x-twitter-webhooks-signature": said},
        )
        assert answer.status_code == status
    take_apart()
    item = CallbackItem.objects.get()
    assert (item.kind, item.account, item.said["payload"]["id"]) == ("mention", "1001", mention)
