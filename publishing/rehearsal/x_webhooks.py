"""X's webhooks, and the subscriptions that say what is told of whom (X7)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from typing import Any

import requests

from .callbacks import Callbacks
from .stage import Request, Response, as_json, clock_text
from .store import File, Store
from .x_answers import invalid, problem
from .x_posts import ISO

READY = "1"  # a webhook that is registered from the beginning: the portal's local settings name it
EVENTS = frozenset(
    {"post.create", "post.delete", "post.mention.create", "post.reply.create"}
    | {"post.quote.create", "post.repost.create", "dm.received", "oauth.revoke", "follow.follow"}
)
FIELDS = frozenset({"event_type", "filter", "tag", "webhook_id"})
HOOK, SUBSCRIPTION = "webhook", "subscription"  # in the place of a file's type


def signature(secret: str, message: bytes) -> str:
    digest = hmac.new(secret.encode(), message, hashlib.sha256).digest()
    return f"sha256={base64.b64encode(digest).decode()}"


class Webhooks:
    def __init__(self, store: Store, callbacks: Callbacks) -> None:
        self.store = store
        self.callbacks = callbacks

    # --- the app's own ----------------------------------------------------------------------------

    def register(self, request: Request) -> Response:
        """Only an address that answers the challenge is taken."""
        address = str(request.json().get("url", ""))
        if any(hook.extra["url"] == address for hook in self._hooks()):
            return invalid("DuplicateUrlFailed")
        if not self._answers(address):
            return invalid("CrcValidationFailed")
        number, now = str(self.store.new_id()), time.time()
        hook = File("x", number, "", HOOK, now, {"url": address})
        self.store.put_file(hook)
        return as_json({"data": _shown_hook(hook)})

    def hooks(self, request: Request) -> Response:
        rows = [_shown_hook(hook) for hook in self._hooks()]
        return as_json({**({"data": rows} if rows else {}), "meta": {"result_count": len(rows)}})

    def _hooks(self) -> list[File]:
        return self.store.files("x", "", HOOK)

    def _answers(self, address: str) -> bool:
        token = secrets.token_hex(16)
        try:
            answer = requests.get(
                address, params={"crc_token": token}, timeout=10, allow_redirects=False
            )
            said = answer.json() if answer.status_code == 200 else {}
        except (requests.RequestException, ValueError):
            return False
        expected = signature(self.callbacks.secrets.get("x", ""), token.encode())
        return isinstance(said, dict) and said.get("response_token") == expected

    def delete(self, request: Request) -> Response:
        """With the app's own token only."""
        if request.account is not None:
            return problem(
                403,
                "Unsupported Authentication",
                "Authenticating with OAuth 2.0 User Context is forbidden for this endpoint.",
                "unsupported-authentication",
            )
        known = {kept.id for kept in self._all()}
        given = [number for number in request.query.get("ids", "").split(",") if number in known]
        for number in given:
            self.store.remove_file("x", number)
        left = {"meta": {"total_subscriptions": len(known) - len(given)}}
        return as_json({"data": {"deleted": bool(given)}, **left})

    # --- an account's -----------------------------------------------------------------------------

    def subscribe(self, request: Request) -> Response:
        body = request.json()
        refusal = self._refusal(request, body)
        if refusal:
            return refusal
        account, number = body["filter"]["user_id"], str(self.store.new_id())
        extra: dict[str, Any] = {key: body[key] for key in FIELDS & set(body) - {"filter"}}
        kept = File("x", number, account, SUBSCRIPTION, time.time(), extra)
        self.store.put_file(kept)
        total = {"total_subscriptions": len(self._all())}
        return as_json({"data": {"subscription": _shown(kept)}, "meta": total})

    def _refusal(self, request: Request, body: dict[str, Any]) -> Response | None:
        event, wanted = body.get("event_type"), body.get("filter")
        account = wanted.get("user_id") if isinstance(wanted, dict) else None
        if set(body) - FIELDS or event not in EVENTS or not account:
            return invalid("event_type, filter: are required and must be known")
        if request.account is None or request.account.id != account:
            return problem(403, "Forbidden", "You are not permitted to perform this action.")
        grant = self.store.grant("x", request.token, "access")
        if event == "dm.received" and grant and "dm.read" not in grant.scopes.split():
            return problem(403, "Forbidden", "You are not permitted to perform this action.")
        if body.get("webhook_id") not in {READY, *(hook.id for hook in self._hooks())}:
            return invalid("WebhookIdInvalid")
        if self.subscription(account, str(event)):
            return invalid("DuplicateSubscription")
        return None

    def subscriptions(self, request: Request) -> Response:
        """Page by page."""
        given, size = request.query.get("pagination_token", ""), request.query.get("max_results")
        own = self._all() if request.account is None else self._of(request.account.id)
        first = int(given, 8) if given else 0
        last = first + int(size or 1000)
        meta: dict[str, Any] = {"result_count": len(own[first:last])}
        if last < len(own):
            meta["next_token"] = f"{last:016o}"
        return as_json({"data": [_shown(kept) for kept in own[first:last]], "meta": meta})

    def subscription(self, account: str, event: str) -> File | None:
        return next((k for k in self._of(account) if k.extra["event_type"] == event), None)

    def event(
        self, account: str, kind: str, key: str, payload: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """None: the account did not subscribe. While nobody has, everything is told of all."""
        kept = self.subscription(account, kind)
        if kept is None and self._all():
            return None
        data = {
            "event_uuid": key,
            "event_type": kind,
            "filter": {"user_id": account},
            "tag": kept.extra.get("tag", "") if kept else f"handle-{account}",
            "payload": payload,
        }
        return {"data": data}

    def _of(self, account: str) -> list[File]:
        return self.store.files("x", account, SUBSCRIPTION)

    def _all(self) -> list[File]:
        return [kept for one in self.store.accounts("x") for kept in self._of(one.id)]


def _shown_hook(hook: File) -> dict[str, Any]:
    created = clock_text(hook.at, ISO)
    return {"id": hook.id, "url": hook.extra["url"], "valid": True, "created_at": created}


def _shown(kept: File) -> dict[str, Any]:
    at = clock_text(kept.at, ISO)
    about = {"subscription_id": kept.id, "filter": {"user_id": kept.account}}
    return {**kept.extra, **about, "created_at": at, "updated_at": at}
