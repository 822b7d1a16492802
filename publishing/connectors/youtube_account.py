"""Linking a YouTube channel by Google's consent page (Y1)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings

from departments.credentials import Secrets

from .consent import Candidate, ConsentPage, Health, callback_address
from .errors import ConnectionRefused, ConnectorError
from .http import Answer, identifier_at, number_at, rows_at, text_at
from .oauth import moment_in, tokens_of
from .youtube_answers import fail

SCOPE = "https://www.googleapis.com/auth/"
TOKENS, REVOCATION = (f"https://oauth2.googleapis.com/{place}" for place in ("token", "revoke"))
HUB = "https://pubsubhubbub.appspot.com/subscribe"
TOPIC = "https://www.youtube.com/feeds/videos.xml?channel_id="
LEASE_SECONDS = 5 * 86_400  # five days is what Google's page shows, ten the most (Y7)


class YouTubeConsent(ConsentPage):
    page_url = "https://accounts.google.com"
    hosts = frozenset({"oauth2.googleapis.com", "pubsubhubbub.appspot.com"})
    listening_ends = True
    needs: ClassVar = {
        "YOUTUBE_APP_ID": ("PLATFORM_APPS", "youtube", "id"),
        "YOUTUBE_APP_SECRET": ("PLATFORM_APPS", "youtube", "secret"),
        "YOUTUBE_CALLBACK_SECRET": ("CALLBACK_SECRETS", "youtube"),
    }
    needed: ClassVar = {
        f"{SCOPE}youtube.force-ssl": "lacks_reading",
        f"{SCOPE}youtube.upload": "lacks_publishing",
    }
    wished: ClassVar = {f"{SCOPE}yt-analytics.readonly": "without_numbers"}

    def address(self, *, state: str, return_to: str, challenge: str) -> str:
        return self.page_with(
            "o/oauth2/v2/auth",
            state=state,
            return_to=return_to,
            scope=" ".join([*self.needed, *self.wished]),
            code_challenge=challenge,
            code_challenge_method="S256",
            access_type="offline",
            prompt="consent",  # or no refresh token is given the second time
            include_granted_scopes="true",
        )

    def candidates(self, *, code: str, return_to: str, verifier: str) -> list[Candidate]:
        answer = self._asked(
            TOKENS,
            grant_type="authorization_code",
            code=code,
            redirect_uri=return_to,
            code_verifier=verifier,
        )
        tokens = tokens_of(answer)
        lacking = self.lacking(tokens.scopes)
        if not tokens.refresh:
            lacking = (*lacking, "lacks_lasting_access")
        extra = {"scope": " ".join(sorted(tokens.scopes))}
        grant_until = moment_in(number_at(answer.data(), "refresh_token_expires_in"))
        if grant_until:
            extra["grant_until"] = grant_until.isoformat()
        secrets = Secrets(tokens.access, extra, tokens.refresh, tokens.until)
        if "lacks_reading" in lacking:  # the channel itself cannot be read
            return [Candidate("", "", secrets, lacking=lacking)]
        facts = {"without": self.without(tokens.scopes)}
        return [
            Candidate(
                identifier_at(channel, "id"),
                text_at(channel, "snippet", "title"),
                _with_uploads(secrets, channel),
                self.http.address_of(
                    f"https://www.youtube.com/channel/{identifier_at(channel, 'id')}"
                ),
                lacking,
                facts,
            )
            for channel in self._channels(tokens.access)
            if identifier_at(channel, "id")
        ]

    def renew(self, secrets: Secrets) -> Secrets:
        """The refresh token stays the same unless another one comes back."""
        if not secrets.refresh:
            raise ConnectionRefused("reconnect")
        tokens = tokens_of(
            self._asked(TOKENS, grant_type="refresh_token", refresh_token=secrets.refresh)
        )
        return replace(
            secrets,
            token=tokens.access,
            refresh=tokens.refresh or secrets.refresh,
            token_until=tokens.until,
        )

    def health(self, external_id: str, secrets: Secrets) -> Health:
        channels = self._channels(secrets.token)
        own = next((row for row in channels if identifier_at(row, "id") == external_id), None)
        if own is None:
            raise ConnectionRefused("account_not_found")
        granted = secrets.extra.get("scope", "").split()
        facts = {
            "name": text_at(own, "snippet", "title"),
            "long_uploads": text_at(own, "status", "longUploadsStatus"),
            "without": self.without(granted) if granted else [],
        }
        until = secrets.extra.get("grant_until", "")
        return Health(
            datetime.fromisoformat(until) if until else None,
            facts,
            self.lacking(granted) if granted else (),
        )

    def listen(self, external_id: str, secrets: Secrets) -> None:
        """By WebSub (Y7); without a secret of ours, news could be anybody's."""
        if settings.CALLBACK_SECRETS.get("youtube"):
            self._subscription("subscribe", external_id)

    def revoke(self, external_id: str, secrets: Secrets, *, entirely: bool) -> None:
        with suppress(ConnectorError):  # a subscription that stays ends by itself
            self._subscription("unsubscribe", external_id)
        answer = self._asked(REVOCATION, token=secrets.refresh or secrets.token)
        if answer.status >= 300 and text_at(answer.data(), "error") != "invalid_token":
            tokens_of(answer)

    def _subscription(self, mode: str, channel: str) -> None:
        """The hub then asks our callback address whether that is so."""
        secret = settings.CALLBACK_SECRETS.get("youtube", "")
        answer = self.http.ask(
            "POST",
            self.http.address_of(HUB),
            secrets=(secret,),
            data={
                "hub.mode": mode,
                "hub.topic": f"{TOPIC}{channel}",
                "hub.callback": callback_address("youtube"),
                "hub.verify": "async",
                "hub.lease_seconds": str(LEASE_SECONDS),
                "hub.secret": secret,
            },
        )
        if answer.status not in (202, 204):
            raise answer.unclear()

    def _channels(self, token: str) -> list[dict[str, Any]]:
        """An empty list: the person has no channel, or chose none."""
        parts = "id,snippet,contentDetails,status"
        answer = self.http.call(
            "GET", "youtube/v3/channels", token=token, params={"part": parts, "mine": "true"}
        )
        if answer.status != 200:
            fail(answer)
        if not answer.data():
            raise answer.unclear("unreadable_answer")
        return rows_at(answer.data(), "items")

    def _asked(self, address: str, **particulars: str) -> Answer:
        return self.http.ask(
            "POST",
            self.http.address_of(address),
            secrets=(self.app.secret, *particulars.values()),
            data={"client_id": self.app.id, "client_secret": self.app.secret, **particulars},
        )


def _with_uploads(secrets: Secrets, channel: dict[str, Any]) -> Secrets:
    uploads = identifier_at(channel, "contentDetails", "relatedPlaylists", "uploads")
    return replace(secrets, extra={**secrets.extra, "uploads": uploads}) if uploads else secrets
