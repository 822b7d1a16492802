"""Linking an account on X: code with PKCE, and refresh tokens that work once (X1.2 to X1.5)."""

from __future__ import annotations

from typing import Any, ClassVar

from departments.credentials import Secrets

from .consent import Candidate, ConsentPage, Health
from .errors import ConnectionRefused
from .http import Answer, dig, identifier_at, needed, text_at
from .oauth import Tokens, tokens_of
from .x_answers import understood

FACTS = ("verified_type", "subscription_type", "protected")


class XConsent(ConsentPage):
    page_url = "https://x.com"
    needs: ClassVar = {
        "X_APP_ID": ("PLATFORM_APPS", "x", "id"),
        "X_APP_SECRET": ("PLATFORM_APPS", "x", "secret"),
        "X_CALLBACK_SECRET": ("CALLBACK_SECRETS", "x"),
    }
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
        return Health(None, facts, self.lacking(granted) if granted else ())

    def revoke(self, external_id: str, secrets: Secrets, *, entirely: bool) -> None:
        token = secrets.refresh or secrets.token
        answer = self._asked("2/oauth2/revoke", token=token)
        if answer.status >= 300:
            tokens_of(answer)

    def _me(self, token: str) -> dict[str, Any]:
        fields = ",".join(("username", "name", *FACTS))
        answer = self.http.call("GET", "2/users/me", token=token, params={"user.fields": fields})
        found = dig(understood(answer), "data")
        return found if isinstance(found, dict) else {}

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
