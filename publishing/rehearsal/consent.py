"""The consent pages of the stand-in platforms, and what gives out and takes back their tokens."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.template import Context, Engine
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from .callbacks import Callbacks
from .graph import ID, V, graph_error
from .pages import HEADERS, NAMES
from .stage import Request, Response, Route, Stage, as_json
from .store import Account, Grant, Store

LOOPBACK = ("127.0.0.1", "localhost", "::1")
NEVER = 4_000_000_000.0
DAY = 86_400
GOOGLE = "https://www.googleapis.com/auth/"
# What a permission is for, in words; several are for the same.
PUBLISH, READ = _("Publish posts"), _("See the account and its posts")
COMMENTS, MESSAGES = _("See and answer comments"), _("See and answer messages")
NUMBERS, LASTING = _("See numbers"), _("Stay connected")
NEWS, BUSINESS = _("Send news to the portal"), _("See the business's accounts")
WORDS: Mapping[str, Any] = {
    "pages_show_list": READ,
    "pages_manage_posts": PUBLISH,
    "pages_read_engagement": READ,
    "pages_read_user_content": COMMENTS,
    "pages_manage_engagement": COMMENTS,
    "pages_manage_metadata": NEWS,
    "pages_messaging": MESSAGES,
    "read_insights": NUMBERS,
    "business_management": BUSINESS,
    "instagram_basic": READ,
    "instagram_content_publish": PUBLISH,
    "instagram_manage_comments": COMMENTS,
    "instagram_manage_messages": MESSAGES,
    "instagram_manage_insights": NUMBERS,
    "whatsapp_business_messaging": PUBLISH,
    "whatsapp_business_management": BUSINESS,
    "tweet.read": READ,
    "users.read": READ,
    "tweet.write": PUBLISH,
    "media.write": PUBLISH,
    "tweet.moderate.write": COMMENTS,
    "dm.read": MESSAGES,
    "dm.write": MESSAGES,
    "offline.access": LASTING,
    f"{GOOGLE}youtube.force-ssl": READ,
    f"{GOOGLE}youtube.upload": PUBLISH,
    f"{GOOGLE}yt-analytics.readonly": NUMBERS,
}
_engine = Engine(
    dirs=[str(Path(__file__).parent / "templates")], builtins=["django.templatetags.i18n"]
)


class ConsentDesk:
    """One platform's consent page and token endpoints; asks nobody for a bearer token first."""

    platform: ClassVar[str]
    page: ClassVar[str]  # pattern of the consent page's path
    code_seconds: ClassVar[int] = 600
    many: ClassVar[bool] = False  # may one consent open several accounts?
    separator: ClassVar[str] = " "  # between permissions
    takes_challenge: ClassVar[bool] = True  # PKCE

    app_secret = ""

    def __init__(self, store: Store, callbacks: Callbacks, base_url: str) -> None:
        self.store = store
        self.callbacks = callbacks
        self.base_url = base_url

    @property
    def routes(self) -> list[Route]:
        return [
            ("GET", self.page, "link", self.show),
            ("POST", self.page, "link", self.decide),
        ]

    def route(self, request: Request) -> tuple[str, Callable[[], Response]] | None:
        for method, pattern, operation, handler in self.routes:
            match = re.fullmatch(pattern, request.path)
            if match and method == request.method:
                return operation, partial(handler, request, *match.groups())
        return None

    # --- the page -----------------------------------------------------------------------------

    def show(self, request: Request) -> Response:
        asked = request.query
        refusal = self._wrong(asked)
        if refusal:
            return _page("rehearsal/consent.html", self.platform, {"refusal": refusal}, status=400)
        scopes = [name for name in asked["scope"].split(self.separator) if name]
        context = {
            "asked": dict(asked),
            "scopes": [(name, WORDS.get(name, name)) for name in scopes],
            "accounts": self._offered(),
            "many": self.many,
        }
        return _page("rehearsal/consent.html", self.platform, context, back=asked["redirect_uri"])

    def decide(self, request: Request) -> Response:
        asked = request.query
        if self._wrong(asked):
            return Response(400)
        given = parse_qs(request.body.decode("utf-8", "replace"))
        back, state = asked["redirect_uri"], asked.get("state", "")
        if given.get("decision") != ["allow"]:
            return _redirect(back, {"error": "access_denied", "state": state})
        code = secrets.token_urlsafe(32)
        scopes = [name for name in asked["scope"].split(self.separator) if name]
        granted = [name for name in scopes if name in given.get("scope", [])]
        extra = {
            "accounts": given.get("account", []),
            "asked": scopes,
            "client": asked["client_id"],
            "redirect": back,
            "challenge": asked.get("code_challenge", ""),
            "consent": secrets.token_hex(8),
            "offline": asked.get("access_type", ""),
        }
        until = time.time() + self.code_seconds
        self.store.add_grant(
            Grant(code, self.platform, "code", "", " ".join(granted), until, extra)
        )
        return _redirect(back, {"code": code, "state": state})

    def _wrong(self, asked: Mapping[str, str]) -> str:
        """What the platform would not show its page for."""
        needed = ("client_id", "redirect_uri", "scope", "state")
        missing = [name for name in needed if not asked.get(name)]
        if missing or asked.get("response_type") != "code":
            return ", ".join(missing) or "response_type"
        if urlsplit(asked["redirect_uri"]).hostname not in LOOPBACK:
            return "redirect_uri"  # the stand-in leads nowhere but to this machine
        if self.takes_challenge and asked.get("code_challenge_method") != "S256":
            return "code_challenge"
        return ""

    def _offered(self) -> list[Account]:
        """Those that wait to be linked first."""
        accounts = self.store.accounts(self.platform)
        return sorted(accounts, key=lambda one: (one.extra.get("waits") != "yes", one.id))

    # --- codes --------------------------------------------------------------------------------

    def redeemed(self, given: Mapping[str, str]) -> Grant | None:
        """The grant behind a code: used once, with the same address and verifier (X1.2)."""
        grant = self.store.use_grant(self.platform, given.get("code", ""), "code")
        if grant is None or grant.extra["redirect"] != given.get("redirect_uri"):
            return None
        verifier = given.get("code_verifier", "")
        fits = not self.takes_challenge or _challenge(verifier) == grant.extra["challenge"]
        return grant if fits else None

    def knows(self, client: str, secret: str) -> bool:
        """The app's own secret, as far as the stand-in was told it."""
        return bool(client and secret) and self.app_secret in ("", secret)

    def give(self, grant: Grant, kind: str, account: str, until: float) -> str:
        token = f"{kind}-{secrets.token_urlsafe(32)}"
        self.store.add_grant(
            Grant(token, self.platform, kind, account, grant.scopes, until, grant.extra)
        )
        return token


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _redirect(back: str, values: Mapping[str, str]) -> Response:
    return Response(303, b"", {"Location": f"{back}?{urlencode(values)}"})


def _page(
    template: str,
    platform: str,
    context: Mapping[str, Any],
    *,
    back: str = "",
    status: int = 200,
) -> Response:
    """`back` is where its form leads in the end: the page's policy has to allow that."""
    with translation.override(settings.LANGUAGE_CODE):
        page = _engine.get_template(template).render(
            Context({"language": settings.LANGUAGE_CODE, "name": NAMES[platform], **context})
        )
    parts = urlsplit(back)
    origin = f" {parts.scheme}://{parts.netloc}" if back else ""
    policy = HEADERS["Content-Security-Policy"].replace(
        "form-action 'self'", f"form-action 'self'{origin}"
    )
    headers = {**HEADERS, "Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}
    return Response(status, page.encode(), headers)


# --- X ------------------------------------------------------------------------------------------


class XDesk(ConsentDesk):
    platform = "x"
    page = "/i/oauth2/authorize"
    code_seconds = 30
    access_seconds = 7200

    @property
    def routes(self) -> list[Route]:
        return [
            *super().routes,
            ("POST", "/2/oauth2/token", "link", self.token),
            ("POST", "/2/oauth2/revoke", "link", self.revoke),
        ]

    def token(self, request: Request) -> Response:
        given = request.fields
        if not self.knows(*_basic(request)):
            return _oauth_error("unauthorized_client", "Missing valid authorization header", 401)
        if given.get("grant_type") == "authorization_code":
            return self._pair(self.redeemed(given))
        if given.get("grant_type") == "refresh_token":
            # The token just used is dead, whoever used it (X1.4).
            token = given.get("refresh_token", "")
            return self._pair(self.store.use_grant("x", token, "refresh"))
        return _oauth_error("unsupported_grant_type", "")

    def _pair(self, grant: Grant | None) -> Response:
        if grant is None:
            return _oauth_error("invalid_request", "Value passed for the token was invalid.")
        account = grant.account or "".join(grant.extra["accounts"][:1])
        answer = {
            "token_type": "bearer",
            "expires_in": self.access_seconds,
            "access_token": self.give(grant, "access", account, time.time() + self.access_seconds),
            "scope": grant.scopes,
        }
        if "offline.access" in grant.scopes.split():
            answer["refresh_token"] = self.give(grant, "refresh", account, NEVER)
        return as_json(answer)

    def revoke(self, request: Request) -> Response:
        if not self.knows(*_basic(request)):
            return _oauth_error("unauthorized_client", "Missing valid authorization header", 401)
        grant = self.store.grant("x", str(request.fields.get("token", "")), "access", "refresh")
        if grant:
            self.store.revoke_grants("x", consent=grant.extra["consent"])
        return as_json({"revoked": True})


def _basic(request: Request) -> tuple[str, str]:
    scheme, _sep, word = request.headers.get("authorization", "").partition(" ")
    try:
        client, _sep, secret = base64.b64decode(word, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return (client, secret) if scheme.lower() == "basic" else ("", "")


def _oauth_error(error: str, description: str, status: int = 400) -> Response:
    return as_json({"error": error, "error_description": description}, status)


# --- YouTube ------------------------------------------------------------------------------------


class YouTubeDesk(ConsentDesk):
    platform = "youtube"
    page = "/o/oauth2/v2/auth"
    access_seconds = 3599

    @property
    def routes(self) -> list[Route]:
        return [
            *super().routes,
            ("POST", "/token", "link", self.token),
            ("POST", "/revoke", "link", self.revoke),
            ("GET", "/youtube/v3/channels", "read", self.channels),
        ]

    def route(self, request: Request) -> tuple[str, Callable[[], Response]] | None:
        """A list of channels is asked here only with a token of somebody who has none."""
        found = super().route(request)
        if found and request.path.startswith("/youtube/"):
            grant = self.store.grant("youtube", request.token, "access")
            return found if grant and not grant.account else None
        return found

    def channels(self, request: Request) -> Response:
        return as_json({"kind": "youtube#channelListResponse"})

    def token(self, request: Request) -> Response:
        given = request.fields
        if not self.knows(given.get("client_id", ""), given.get("client_secret", "")):
            return _oauth_error("invalid_client", "The OAuth client was not found.", 401)
        if given.get("grant_type") == "authorization_code":
            grant = self.redeemed(given)
            is_first = True
        else:
            grant = self.store.grant("youtube", given.get("refresh_token", ""), "refresh")
            is_first = False
        if grant is None:
            return _oauth_error("invalid_grant", "Token has been expired or revoked.")
        account = grant.account or "".join(grant.extra["accounts"][:1])
        until = time.time() + self.access_seconds
        answer = {
            "access_token": self.give(grant, "access", account, until),
            "expires_in": self.access_seconds,
            "scope": grant.scopes,
            "token_type": "Bearer",
        }
        if is_first and grant.extra["offline"] == "offline":
            answer["refresh_token"] = self.give(grant, "refresh", account, NEVER)
        return as_json(answer)

    def revoke(self, request: Request) -> Response:
        token = str(request.fields.get("token", ""))
        grant = self.store.grant("youtube", token, "access", "refresh")
        if grant is None:
            return _oauth_error("invalid_token", "Token expired or revoked")
        self.store.revoke_grants("youtube", consent=grant.extra["consent"])
        return as_json({})


# --- Meta ---------------------------------------------------------------------------------------


class MetaDesk(ConsentDesk):
    """Tokens of Meta's own: a person's, a Page's, and the debugger that looks at both (1.3)."""

    short_seconds = 2 * 3600
    long_seconds = 60 * DAY

    @property
    def routes(self) -> list[Route]:
        return [
            ("GET", V + "/debug_token", "link", self.debug),
            ("GET", V + ID + "/subscribed_apps", "link", self.subscribed),
            ("POST", V + ID + "/subscribed_apps", "link", self.subscribe),
            ("DELETE", V + ID + "/subscribed_apps", "link", self.unsubscribe),
        ]

    def __init__(self, store: Store, callbacks: Callbacks, base_url: str) -> None:
        super().__init__(store, callbacks, base_url)
        self._apps: dict[str, str] = {}  # by the system user's token: who asked about it

    def debug(self, request: Request) -> Response:
        client, _sep, secret = request.query.get("access_token", "").partition("|")
        if not self.knows(client, secret):
            return graph_error(190, "Invalid OAuth access token signature.")
        token = request.query.get("input_token", "")
        grant = self.store.grant(self.platform, token, "access", "person")
        account = self.store.account_by_token(self.platform, token)
        if grant is None and account is None:
            error = {"code": 190, "message": "The session was invalidated", "subcode": 460}
            return as_json({"data": {"is_valid": False, "scopes": [], "error": error}})
        self._apps[token] = client
        data = {
            "app_id": grant.extra["client"] if grant else client,
            "type": "PAGE" if grant else "SYSTEM_USER",
            "is_valid": True,
            "expires_at": 0,
            "data_access_expires_at": int(grant.extra["issued"]) + 90 * DAY if grant else 0,
            "scopes": grant.scopes.split() if grant else list(WORDS),
        }
        return as_json({"data": data})

    def subscribed(self, request: Request, node: str) -> Response:
        account = self._behind(request, node)
        if account is None:
            return self._nothing()
        app = account.extra.get("subscribed", "")
        return as_json({"data": [self._app(app)] if app else []})

    def subscribe(self, request: Request, node: str) -> Response:
        return self._subscription(request, node, "yes")

    def unsubscribe(self, request: Request, node: str) -> Response:
        return self._subscription(request, node, "")

    def _subscription(self, request: Request, node: str, wanted: str) -> Response:
        account = self._behind(request, node)
        if account is None:
            return self._nothing()
        grant = self.store.grant(self.platform, request.token, "access")
        app = grant.extra["client"] if grant else self._apps.get(request.token, "")
        extra = {**account.extra, "subscribed": app if wanted else ""}
        self.store.add_account(self.platform, account.id, account.name, account.token, extra)
        return as_json({"success": True})

    def _app(self, app: str) -> dict[str, Any]:
        return {"id": app}

    def _behind(self, request: Request, node: str) -> Account | None:
        """The account whose token this is, if the node is the account's own, or its Page's."""
        account = self.store.account_by_token(self.platform, request.token)
        own = account and (account.id, account.extra.get("page"), account.extra.get("business"))
        return account if own and node in own else None

    def _nothing(self) -> Response:
        return graph_error(100, "Object does not exist or cannot be loaded", subcode=33)


class PageDesk(MetaDesk):
    page = V + "/dialog/oauth"
    many = True
    separator = ","
    takes_challenge = False
    person = "9001"

    @property
    def routes(self) -> list[Route]:
        return [
            ("GET", self.page, "link", self.show),
            ("POST", self.page, "link", self.decide),
            *super().routes,
            ("GET", V + "/oauth/access_token", "link", self.token),
            ("GET", V + "/me", "link", self.me),
            ("GET", V + "/me/permissions", "link", self.permissions),
            ("DELETE", V + "/me/permissions", "link", self.withdraw),
            ("GET", V + "/me/accounts", "link", self.accounts),
            ("GET", V + ID, "read", self.node),
        ]

    def route(self, request: Request) -> tuple[str, Callable[[], Response]] | None:
        """A node is answered here only if it is a person's, an account's or a Page's."""
        found = super().route(request)
        if found and found[0] == "read" and self._named(request.path.rsplit("/", 1)[1]) is None:
            return None
        return found

    def token(self, request: Request) -> Response:
        given = request.query
        if not self.knows(given.get("client_id", ""), given.get("client_secret", "")):
            return graph_error(1, "Error validating client secret.", status=400)
        if given.get("grant_type") == "fb_exchange_token":
            token = given.get("fb_exchange_token", "")
            grant = self.store.grant(self.platform, token, "person")
            seconds = self.long_seconds
        else:
            grant, seconds = self.redeemed(given), self.short_seconds
        if grant is None:
            return graph_error(100, "This authorization code has been used.", subcode=36009)
        now = time.time()
        grant = Grant(**{**vars(grant), "extra": {**grant.extra, "issued": now}})
        token = self.give(grant, "person", "", now + seconds)
        return as_json({"access_token": token, "token_type": "bearer", "expires_in": seconds})

    def me(self, request: Request) -> Response:
        return as_json({"id": self.person}) if self._person(request) else self._invalid()

    def permissions(self, request: Request) -> Response:
        grant = self._person(request)
        if grant is None:
            return self._invalid()
        granted = grant.scopes.split()
        rows = [
            {"permission": name, "status": "granted" if name in granted else "declined"}
            for name in grant.extra["asked"]
        ]
        return as_json({"data": rows})

    def withdraw(self, request: Request) -> Response:
        if self._person(request) is None:
            return self._invalid()
        self.store.revoke_grants(self.platform)  # the app is gone from the person's settings
        return as_json({"success": True})

    def accounts(self, request: Request) -> Response:
        grant = self._person(request)
        if grant is None:
            return self._invalid()
        found = (self.store.account(self.platform, one) for one in grant.extra["accounts"])
        rows = [self._row(account, grant) for account in found if account]
        return as_json({"data": rows, "paging": {"cursors": {"after": "end"}}})

    def node(self, request: Request, node: str) -> Response:
        account = self._named(node)
        grant = self._person(request)
        own = self.store.account_by_token(self.platform, request.token)
        if account is None or not (grant or own == account):
            return self._nothing()
        if grant:
            return as_json(self._row(account, grant))
        return as_json({"id": account.id, "name": account.name, "username": account.name})

    def _row(self, account: Account, grant: Grant) -> dict[str, Any]:
        tasks = account.extra.get("tasks", "ANALYZE,MODERATE,CREATE_CONTENT,MANAGE")
        row: dict[str, Any] = {
            "id": account.extra.get("page", account.id),
            "name": account.name,
            "access_token": self.give(grant, "access", account.id, NEVER),
            "tasks": tasks.split(","),
        }
        if self.platform == "instagram":
            row["instagram_business_account"] = {"id": account.id, "username": account.name}
        return row

    def _named(self, node: str) -> Account | None:
        found = self.store.account(self.platform, node)
        accounts = self.store.accounts(self.platform)
        return found or next((one for one in accounts if one.extra.get("page") == node), None)

    def _person(self, request: Request) -> Grant | None:
        return self.store.grant(self.platform, request.token, "person")

    def _invalid(self) -> Response:
        return graph_error(190, "Error validating access token", subcode=467, status=401)


class FacebookDesk(PageDesk):
    platform = "facebook"


class InstagramDesk(PageDesk):
    platform = "instagram"


class WhatsAppDesk(MetaDesk):
    """No consent page: the business's administrator makes the token, and reads the ids (4.1)."""

    platform = "whatsapp"

    @property
    def routes(self) -> list[Route]:
        return [
            *super().routes,
            ("GET", "/business/?", "link", self.business),
            ("GET", V + ID + "/phone_numbers", "link", self.numbers),
            ("GET", V + ID, "read", self.number),
        ]

    def route(self, request: Request) -> tuple[str, Callable[[], Response]] | None:
        found = super().route(request)
        if found and found[0] == "read":
            node = request.path.rsplit("/", 1)[1]
            return found if self.store.account("whatsapp", node) else None
        return found

    def business(self, request: Request) -> Response:
        waiting = [one for one in self.store.accounts("whatsapp") if one.extra.get("waits")]
        return _page("rehearsal/business.html", "whatsapp", {"numbers": waiting})

    def numbers(self, request: Request, business: str) -> Response:
        own = self.store.account_by_token("whatsapp", request.token)
        if own is None:
            return graph_error(190, "Error validating access token", subcode=463, status=401)
        if own.extra.get("business") != business:
            return self._nothing()
        same = [
            one for one in self.store.accounts("whatsapp") if one.extra.get("business") == business
        ]
        return as_json({"data": [_shown_number(one) for one in same]})

    def number(self, request: Request, node: str) -> Response:
        own = self.store.account_by_token("whatsapp", request.token)
        if own is None:
            return graph_error(190, "Error validating access token", subcode=463, status=401)
        if own.id != node:
            return self._nothing()
        more = {
            "name_status": "APPROVED",
            "whatsapp_business_manager_messaging_limit": "TIER_2K",
            "throughput": {"level": "STANDARD"},
        }
        return as_json({**_shown_number(own), **more})

    def _app(self, app: str) -> dict[str, Any]:
        return {"whatsapp_business_api_data": {"id": app, "name": "Samvad Setu"}}


def _shown_number(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "verified_name": account.name,
        "display_phone_number": account.extra.get("phone", "+91 522 000 0000"),
        "quality_rating": "GREEN",
    }


def consent_desks(
    stages: Mapping[str, Stage], store: Store, callbacks: Callbacks
) -> dict[str, ConsentDesk]:
    """For those platforms that the stand-in plays and that have a way to be linked."""
    kinds: tuple[type[ConsentDesk], ...] = (
        FacebookDesk,
        InstagramDesk,
        XDesk,
        YouTubeDesk,
        WhatsAppDesk,
    )
    return {
        kind.platform: kind(store, callbacks, stages[kind.platform].base_url)
        for kind in kinds
        if kind.platform in stages
    }
