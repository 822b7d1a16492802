"""Linking what belongs to a person or a business at Meta (1.3, 1.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings

from departments.credentials import Secrets

from .consent import Candidate, Consent, ConsentPage, Health
from .errors import ConnectionRefused, Refused
from .graph import GraphAnswers, proof_of
from .http import dig, identifier_at, needed, number_at, path, rows_at, text_at
from .oauth import moment_in

PAGES_AT_MOST = 20  # of a list, a hundred rows each
# What a person may do on a Page, in the names of both kinds of Pages (2.1).
WRITING = frozenset(
    {"CREATE_CONTENT", "MANAGE", "PROFILE_PLUS_CREATE_CONTENT", "PROFILE_PLUS_FULL_CONTROL"}
)


@dataclass(frozen=True)
class Token:
    """What Meta's debugger says of a token."""

    ends_at: datetime | None
    scopes: frozenset[str]
    targets: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by scope: none, all


class MetaConsent(GraphAnswers, Consent):
    def graph(self, method: str, *parts: str, token: str, **params: Any) -> dict[str, Any]:
        answer = self.http.call(
            method,
            path(settings.GRAPH_API_VERSION, *parts),
            token=token,
            params={**params, **proof_of(token, self.app.secret)},
        )
        return self.understood(answer)

    def looked_at(self, token: str) -> Token:
        """ConnectionRefused: the token opens nothing, or was made for another app."""
        app_token = f"{self.app.id}|{self.app.secret}"
        answer = self.http.ask(
            "GET",
            path(settings.GRAPH_API_VERSION, "debug_token"),
            secrets=(token, app_token, self.app.secret),
            params={"input_token": token, "access_token": app_token},
        )
        said = self.understood(answer).get("data")
        if dig(said, "is_valid") is not True:
            kind, code = self.meaning(190, number_at(said, "error", "subcode"), 400)
            raise kind(code, detail=answer.detail)
        if identifier_at(said, "app_id") not in ("", self.app.id):
            raise ConnectionRefused("token_of_another_app", detail=answer.detail)
        ends = [number_at(said, key) for key in ("expires_at", "data_access_expires_at")]
        scopes = dig(said, "scopes")
        return Token(
            min((_moment(end) for end in ends if end > 0), default=None),
            frozenset(map(str, scopes if isinstance(scopes, list) else [])),
            dict(_targets(said)),
        )


def _moment(stamp: int) -> datetime:
    return datetime.fromtimestamp(min(stamp, 32_503_680_000), UTC)


def _targets(said: Any) -> Iterator[tuple[str, frozenset[str]]]:
    for row in rows_at(said, "granular_scopes"):
        ids = row.get("target_ids")
        yield text_at(row, "scope"), frozenset(map(str, ids if isinstance(ids, list) else []))


class MetaConsentPage(MetaConsent, ConsentPage):
    """The person's consent opens Pages, and what lies behind them, each with a token of its own.

    A Page's token has no end of its own if the person's was a long-lived one (1.3); the person's is
    kept to draw the Page's anew before it ends.
    """

    page_url = "https://www.facebook.com"
    uses_pkce = False  # the dialog knows none
    renew_before = timedelta(days=20)
    fields: ClassVar[str]  # of a Page, that are read to find the account

    def address(self, *, state: str, return_to: str, challenge: str) -> str:
        return self.page_with(
            f"{settings.GRAPH_API_VERSION}/dialog/oauth",
            state=state,
            return_to=return_to,
            scope=",".join([*self.needed, *self.wished]),
            auth_type="rerequest",  # asks again for what was declined before
        )

    def candidates(self, *, code: str, return_to: str, verifier: str) -> list[Candidate]:
        short, _ = self._exchanged(redirect_uri=return_to, code=code)
        user_token, until = self._long_lived(short)
        granted = self._granted(user_token)
        person = needed(identifier_at(self.graph("GET", "me", token=user_token), "id"))
        # Nothing is ever asked of a Page whose token was not given.
        pages = [page for page in self._pages(user_token) if text_at(page, "access_token")]
        found = (self.candidate_of(page) for page in pages)
        return [
            replace(
                one,
                secrets=replace(
                    one.secrets,
                    extra={**one.secrets.extra, "user_token": user_token},
                    token_until=until,
                ),
                lacking=(*self.lacking(granted), *one.lacking),
                facts={
                    **one.facts,
                    "without": self.without(granted),
                    "consent": f"meta:{person}",
                },
            )
            for one in found
            if one is not None
        ]

    def candidate_of(self, page: Mapping[str, Any]) -> Candidate | None:
        """None: there is no account of this platform behind the Page."""
        raise NotImplementedError

    def renew(self, secrets: Secrets) -> Secrets:
        try:
            user_token, until = self._long_lived(secrets.extra.get("user_token", ""))
            data = self.graph(
                "GET", secrets.extra.get("page", ""), token=user_token, fields="access_token"
            )
        except ConnectionRefused:
            # The person's token can no longer be exchanged; the Page's may live on without it.
            self.looked_at(secrets.token)
            return replace(secrets, token_until=None)
        return Secrets(
            needed(text_at(data, "access_token")),
            {**secrets.extra, "user_token": user_token},
            token_until=until,
        )

    def health(self, external_id: str, secrets: Secrets) -> Health:
        token = self.looked_at(secrets.token)
        about = self.about(external_id, secrets)
        facts = {**about, "without": self.without(token.scopes)}
        if secrets.extra.get("page"):
            facts["listens"] = self._listens(secrets)
        return Health(token.ends_at, facts, self.lacking(token.scopes))

    def about(self, external_id: str, secrets: Secrets) -> dict[str, Any]:
        raise NotImplementedError

    def revoke(self, external_id: str, secrets: Secrets, *, entirely: bool) -> None:
        if entirely:
            user_token = secrets.extra.get("user_token", "") or secrets.token
            self.graph("DELETE", "me", "permissions", token=user_token)
        else:
            page = secrets.extra.get("page", "")
            self.graph("DELETE", page, "subscribed_apps", token=secrets.token)

    def _exchanged(self, **particulars: str) -> tuple[str, datetime | None]:
        answer = self.http.ask(
            "GET",
            path(settings.GRAPH_API_VERSION, "oauth", "access_token"),
            secrets=(self.app.secret, *particulars.values()),
            params={"client_id": self.app.id, "client_secret": self.app.secret, **particulars},
        )
        try:
            data = self.understood(answer)
        except Refused as refusal:  # a code that is used or over, a token that is dead
            if isinstance(refusal, ConnectionRefused):
                raise
            raise ConnectionRefused("reconnect", detail=refusal.detail) from None
        return needed(text_at(data, "access_token")), moment_in(number_at(data, "expires_in"))

    def _long_lived(self, token: str) -> tuple[str, datetime | None]:
        return self._exchanged(grant_type="fb_exchange_token", fb_exchange_token=token)

    def _granted(self, token: str) -> frozenset[str]:
        rows = rows_at(self.graph("GET", "me", "permissions", token=token), "data")
        return frozenset(
            text_at(row, "permission") for row in rows if text_at(row, "status") == "granted"
        )

    def _pages(self, token: str) -> Iterator[dict[str, Any]]:
        after: dict[str, str] = {}
        for _ in range(PAGES_AT_MOST):
            data = self.graph(
                "GET", "me", "accounts", token=token, fields=self.fields, limit=100, **after
            )
            yield from rows_at(data, "data")
            cursor = text_at(data, "paging", "cursors", "after")
            if not cursor or not text_at(data, "paging", "next"):
                return
            after = {"after": cursor}

    def _listens(self, secrets: Secrets) -> bool:
        page = secrets.extra.get("page", "")
        rows = rows_at(self.graph("GET", page, "subscribed_apps", token=secrets.token), "data")
        return any(identifier_at(row, "id") == self.app.id for row in rows)

    def subscribe(self, secrets: Secrets, fields: str) -> None:
        page = secrets.extra.get("page", "")
        self.graph("POST", page, "subscribed_apps", token=secrets.token, subscribed_fields=fields)


def may_write(page: Mapping[str, Any]) -> bool:
    tasks = page.get("tasks")
    return bool(WRITING.intersection(map(str, tasks if isinstance(tasks, list) else [])))
