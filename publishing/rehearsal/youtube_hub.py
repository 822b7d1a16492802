"""The hub that tells of a channel's videos (Y7): PubSubHubbub, with leases that end."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import requests

from .callbacks import TIMEOUT, Callbacks
from .stage import Request, Response, clock_text
from .store import File, Post, Store
from .youtube_answers import ISO

TOPIC = re.compile(
    r"https://www\.youtube\.com/(?:xml/)?feeds/videos\.xml\?channel_id=([\w-]{1,64})"
)
LONGEST_LEASE = 10 * 86_400
SECRET_BYTES = 200


class Hub:
    """Asks for no token: whoever answers the challenge at the callback address wanted it."""

    def __init__(
        self,
        store: Store,
        callbacks: Callbacks,
        signed: Callable[[str, bytes], Mapping[str, str]],
    ) -> None:
        self.store = store
        self.callbacks = callbacks
        self.signed = signed

    def subscribe(self, request: Request) -> Response:
        """Also the way out. 202: the address is asked first."""
        asked = {name: str(said) for name, said in request.fields.items()}
        known = asked.get("hub.mode") in ("subscribe", "unsubscribe")
        topic = TOPIC.fullmatch(asked.get("hub.topic", ""))
        callback = urlsplit(asked.get("hub.callback", ""))
        named = callback.scheme in ("http", "https") and callback.hostname
        short = len(asked.get("hub.secret", "").encode()) < SECRET_BYTES
        if not (known and topic and named and short):
            return Response(400, b"hub.mode, hub.topic and hub.callback are needed.")
        self.callbacks.later(partial(self._ask, asked, topic.group(1), callback.path))
        return Response(202)

    def tell(self, channel: str, news: bytes) -> None:
        kept = self.store.file("youtube", _name(channel))
        if kept and kept.extra["until"] > time.time():
            headers = self.signed(kept.extra["secret"], news)
            self.callbacks.later(partial(self.callbacks.told, kept.extra["place"], news, headers))

    def _ask(
        self, asked: Mapping[str, str], channel: str, place: str, session: requests.Session
    ) -> bool:
        lease = asked.get("hub.lease_seconds", "")
        seconds = min(int(lease), LONGEST_LEASE) if lease.isdecimal() else LONGEST_LEASE
        challenge = secrets.token_urlsafe(24)
        answer = session.get(
            f"{self.callbacks.address}{place}",
            params={
                "hub.mode": asked["hub.mode"],
                "hub.topic": asked["hub.topic"],
                "hub.challenge": challenge,
                "hub.lease_seconds": str(seconds),
            },
            timeout=TIMEOUT,
            allow_redirects=False,
        )
        if answer.status_code == 200 and answer.text == challenge:
            is_wanted = asked["hub.mode"] == "subscribe"
            self._keep(channel, place, asked.get("hub.secret", ""), seconds if is_wanted else 0)
        return answer.status_code < 500

    def _keep(self, channel: str, place: str, secret: str, seconds: int) -> None:
        until = time.time() + seconds
        extra = {"place": place, "secret": secret, "until": until}
        self.store.put_file(File("youtube", _name(channel), channel, "", time.time(), extra))


def _name(channel: str) -> str:
    return f"hub-{channel}"


# --- what it tells ------------------------------------------------------------------------------

_FEED = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015"'
    ' xmlns:at="http://purl.org/atompub/tombstones/1.0" xmlns="http://www.w3.org/2005/Atom">{}</feed>'
)


def feed(post: Post) -> bytes:
    entry = (
        f"<entry><id>yt:video:{post.id}</id><yt:videoId>{post.id}</yt:videoId>"
        f"<yt:channelId>{escape(post.account)}</yt:channelId><title>{escape(post.title)}</title>"
        f"<published>{clock_text(post.at, ISO)}</published>"
        f"<updated>{clock_text(time.time(), ISO)}</updated></entry>"
    )
    return _FEED.format(entry).encode()


def gone(post: Post) -> bytes:
    entry = (
        f'<at:deleted-entry ref="yt:video:{post.id}" when="{clock_text(time.time(), ISO)}">'
        f"<at:by><uri>https://www.youtube.com/channel/{escape(post.account)}</uri></at:by>"
        "</at:deleted-entry>"
    )
    return _FEED.format(entry).encode()
