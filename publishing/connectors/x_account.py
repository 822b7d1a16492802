"""Linking an account on X: code with PKCE, and refresh tokens that work once (X1.2 to X1.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, ClassVar

from django.conf import settings

from departments.credentials import Secrets

from .consent import Candidate, ConsentPage, Health, callback_address
from .errors import ConnectionRefused, ConnectorError, Refused
from .http import Answer, dig, identifier_at, needed, rows_at, text_at
from .oauth import Tokens, tokens_of
from .x_answers import understood

FACTS = ("verified_type", "subscription_type", "protected")
WEBHOOKS, SUBSCRIPTIONS = "2/webhooks", "2/activity/subscriptions"
# What has to be told (X7), and what is asked for besides: X's pages name `oauth.revoke`, the
# description of its API does not.
NEWS = ("post.mention.create", "post.reply.create", "post.quote.create")
REVOKED, MESSAGE = "oauth.revoke", "dm.received"
PAGES_AT_MOST = 75  # of a thousand subscriptions each
DELETED_AT_ONCE = 100


class XConsent(ConsentPage):
    page_url = "https://x.com"
    needs: ClassVar = {
        "X_APP_ID": ("PLATFORM_APPS", "x", "id"),
        "X_APP_SECRET": ("PLATFORM_APPS", "x", "secret"),
        "X_CALLBACK_SECRET": ("CALLBACK_SECRETS", "x"),
        "X_WEBHOOK_ID": ("X_WEBHOOK_ID",),
    }
    needs_to_register: ClassVar = {"X_BEARER_TOKEN": ("X_BEARER_TOKEN",)}
    needed: ClassVar = {
        "tweet.read": "lacks_reading",
        "users.read": "lacks_reading",
        "tweet.write": "lacks_publishing",
        "media.write": "lacks_publishing",
        "offline.access": "lacks_lasting_access",
    }
    wished: ClassVar = {
        "tweet.moderate.write": "without_comments",
        "dm.read": "without_messages",
        "dm.write": "without_messages",
    }

    def address(self, *, state: str, return_to: str, challenge: str) -> str:
        return self.page_with(
            "i/oauth2/authorize",
            state=state,
            return_to=return_to,
            scope=" ".join([*self.needed, *self.wished]),
            code_challenge=challenge,
            code_challenge_method="S256",
        )

    def candidates(self, *, code: str, return_to: str, verifier: str) -> list[Candidate]:
        tokens = self._tokens(
            grant_type="authorization_code",
            code=code,
            redirect_uri=return_to,
            code_verifier=verifier,
        )
        me = self._me(tokens.access)
        lacking = self.lacking(tokens.scopes)
        if not tokens.refresh and "lacks_lasting_access" not in lacking:
            lacking = (*lacking, "lacks_lasting_access")
        name = text_at(me, "username")
        return [
            Candidate(
                needed(identifier_at(me, "id")),
                name,
                _secrets(tokens),
                self.http.address_of(f"https://x.com/{name}"),
                lacking,
                {"without": self.without(tokens.scopes)},
            )
        ]

    def renew(self, secrets: Secrets) -> Secrets:
        """The refresh token is dead once this is answered: what comes back must be kept (X1.4)."""
        if not secrets.refresh:
            raise ConnectionRefused("reconnect")
        tokens = self._tokens(grant_type="refresh_token", refresh_token=secrets.refresh)
        return _secrets(tokens, secrets)

    def health(self, external_id: str, secrets: Secrets) -> Health:
        me = self._me(secrets.token)
        if identifier_at(me, "id") != external_id:
            raise ConnectionRefused("account_not_found")
        granted = secrets.extra.get("scope", "").split()
        facts = {key: me[key] for key in FACTS if isinstance(me.get(key), str | bool)}
        facts |= {
            "name": text_at(me, "username"),
            "without": self.without(granted) if granted else [],
        }
        if settings.X_WEBHOOK_ID:
            facts["listens"] = set(NEWS) <= set(self._subscribed(external_id, secrets.token))
        return Health(None, facts, self.lacking(granted) if granted else ())

    def register(self) -> dict[str, str]:
        """The webhook, with the app's own token; X asks our address for a proof meanwhile (X7)."""
        address = callback_address("x")
        known = understood(self._of_app("GET", WEBHOOKS))
        same = (row for row in rows_at(known, "data") if text_at(row, "url") == address)
        number = next((identifier_at(row, "id") for row in same), "")
        if not number:
            made = understood(self._of_app("POST", WEBHOOKS, json={"url": address}))
            number = identifier_at(made, "data", "id") or identifier_at(made, "id")
        return {"X_WEBHOOK_ID": needed(number)}

    def listen(self, external_id: str, secrets: Secrets) -> None:
        """An event that X refuses does not stop the others."""
        if not settings.X_WEBHOOK_ID:
            return
        known = self._subscribed(external_id, secrets.token)
        reads_messages = "dm.read" in secrets.extra.get("scope", "").split()
        refused: Refused | None = None
        for event in (*NEWS, REVOKED, *((MESSAGE,) if reads_messages else ())):
            if event in known:
                continue
            try:
                self._subscribe(event, external_id, secrets.token)
            except Refused as refusal:
                refused = refusal if event in NEWS else refused
        if refused:
            raise refused

    def revoke(self, external_id: str, secrets: Secrets, *, entirely: bool) -> None:
        if settings.X_WEBHOOK_ID and settings.X_BEARER_TOKEN:
            with suppress(ConnectorError):  # without the permission nothing is told any more
                self._unsubscribe(external_id, secrets.token)
        token = secrets.refresh or secrets.token
        answer = self._asked("2/oauth2/revoke", token=token)
        if answer.status >= 300:
            tokens_of(answer)

    def _me(self, token: str) -> dict[str, Any]:
        fields = ",".join(("username", "name", *FACTS))
        answer = self.http.call("GET", "2/users/me", token=token, params={"user.fields": fields})
        found = dig(understood(answer), "data")
        return found if isinstance(found, dict) else {}

    def _subscribed(self, account: str, token: str) -> dict[str, str]:
        """By event: the number of the account's subscription to our webhook."""
        return {
            text_at(row, "event_type"): identifier_at(row, "subscription_id")
            for row in self._subscriptions(token)
            if identifier_at(row, "filter", "user_id") == account
            and identifier_at(row, "webhook_id") == settings.X_WEBHOOK_ID
        }

    def _subscriptions(self, token: str) -> Iterator[Mapping[str, Any]]:
        after: dict[str, str] = {}
        for _ in range(PAGES_AT_MOST):
            params = {"max_results": 1000, **after}
            data = understood(self.http.call("GET", SUBSCRIPTIONS, token=token, params=params))
            yield from rows_at(data, "data")
            following = text_at(data, "meta", "next_token")
            if not following:
                return
            after = {"pagination_token": following}

    def _subscribe(self, event: str, account: str, token: str) -> None:
        wanted = {
            "event_type": event,
            "filter": {"user_id": account},
            "webhook_id": settings.X_WEBHOOK_ID,
            "tag": f"handle-{account}",
        }
        understood(self.http.call("POST", SUBSCRIPTIONS, token=token, json=wanted))

    def _unsubscribe(self, account: str, token: str) -> None:
        numbers = list(filter(None, self._subscribed(account, token).values()))
        if numbers:
            params = {"ids": ",".join(numbers[:DELETED_AT_ONCE])}
            understood(self._of_app("DELETE", SUBSCRIPTIONS, params=params))

    def _of_app(self, method: str, place: str, **request: Any) -> Answer:
        return self.http.call(method, place, token=settings.X_BEARER_TOKEN, **request)

    def _tokens(self, **particulars: str) -> Tokens:
        return tokens_of(self._asked("2/oauth2/token", **particulars))

    def _asked(self, place: str, **particulars: str) -> Answer:
        return self.http.ask(
            "POST",
            place,
            secrets=(self.app.secret, *particulars.values()),
            data=particulars,
            auth=(self.app.id, self.app.secret),
        )


def _secrets(tokens: Tokens, before: Secrets | None = None) -> Secrets:
    extra = dict(before.extra) if before else {}
    if tokens.scopes:
        extra["scope"] = " ".join(sorted(tokens.scopes))
    refresh = tokens.refresh or (before.refresh if before else "")
    return Secrets(tokens.access, extra, refresh, tokens.until)
