"""What the three Graph API stages share (platform sheet, part 1)."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any, ClassVar

from PIL import Image, UnidentifiedImageError

from .callbacks import Callbacks
from .stage import Handler, Request, Response, Stage, as_json, clock_text
from .store import Post, Remark, Store

V = r"/v\d{1,2}\.\d"
ID = r"/([\w.:=-]+)"


def graph_error(
    code: int,
    message: str,
    *,
    status: int = 400,
    subcode: int = 0,
    transient: bool = False,
    details: str = "",
    data: Mapping[str, Any] | None = None,
    **headers: str,
) -> Response:
    error: dict[str, Any] = {
        "message": f"(#{code}) {message}",
        "type": "OAuthException",
        "code": code,
        "is_transient": transient,
        "fbtrace_id": f"A{secrets.token_urlsafe(15)}",
    }
    if subcode:
        error["error_subcode"] = subcode
    if details:
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    if data:
        error["error_data"] = data
    return as_json({"error": error}, status, **headers)


class GraphStage(Stage):
    """An account's `allowance` limits its calls; its `app_secret` makes the proof a duty (1.4)."""

    limit_code = 32
    usage_type = "pages"

    def __init__(self, store: Store, base_url: str, callbacks: Callbacks) -> None:
        super().__init__(store, base_url, callbacks)
        self._calls: dict[str, int] = {}

    def _enter(self, request: Request, handler: Handler, arguments: tuple[str, ...]) -> Response:
        account = self.store.account_by_token(self.platform, request.token)
        request.account = account
        if account is None:
            return self._headed(request, self.bad_token(), 0)
        secret = account.extra.get("app_secret", "")
        if secret and not _is_proven(request, secret):
            error = graph_error(100, "Invalid appsecret_proof provided in the API argument")
            return self._headed(request, error, 0)
        used = self._used_up(account.id, account.extra.get("allowance", ""))
        if used >= 100:
            return self._headed(request, self.rate_limited(), used)
        return self._headed(request, handler(request, *arguments), used)

    def _used_up(self, account: str, allowance: str) -> int:
        """Per cent of what the account may call, this call included (1.7)."""
        with self.store.exclusive():
            calls = self._calls[account] = self._calls.get(account, 0) + 1
        return calls * 100 // int(allowance) if allowance.isdecimal() and int(allowance) else 1

    def _headed(self, request: Request, answer: Response, used: int) -> Response:
        version = re.match(r"/(?:ig-api-upload/)?(v\d+\.\d)/", request.path)
        usage = {"call_count": used, "total_time": used, "total_cputime": used}
        account = request.account.id if request.account else "0"
        waits = {"type": self.usage_type, "estimated_time_to_regain_access": int(used >= 100)}
        headers = {
            "facebook-api-version": version.group(1) if version else "",
            "x-fb-trace-id": secrets.token_urlsafe(9),
            "X-App-Usage": json.dumps(usage),
            "X-Business-Use-Case-Usage": json.dumps({account: [usage | waits]}),
        }
        return Response(answer.status, answer.body, {**headers, **answer.headers})

    def not_found(self) -> Response:
        return graph_error(2500, "Unknown path components", status=400)

    def bad_token(self) -> Response:
        return graph_error(190, "Error validating access token: Session has expired", subcode=463)

    def rate_limited(self) -> Response:
        usage = '{"1001":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":1}]}'
        return graph_error(
            self.limit_code, "Request limit reached", X_Business_Use_Case_Usage=usage
        )

    def failing(self) -> Response:
        return graph_error(2, "Service temporarily unavailable", status=500, transient=True)

    def error_for(self, detail: str) -> Response:
        """`detail` is a code, or code/subcode (1.6, 2.4, 3.4, 4.4)."""
        if not re.fullmatch(r"-?\d{1,9}(/\d{1,9})?", detail):
            return super().error_for(detail)
        code, _, subcode = detail.partition("/")
        number = int(code)
        status = 500 if number in (1, 2) else 403 if number == 10 or 200 <= number <= 299 else 400
        return graph_error(number, "Provoked", status=status, subcode=int(subcode or 0))

    def wrong_account(self) -> Response:
        return graph_error(
            100,
            "Unsupported request. Object with this ID does not exist or cannot be loaded",
            subcode=33,
        )


class PostStage(GraphStage):
    """What Facebook and Instagram share: reading what people said, and the numbers of a post."""

    metrics: ClassVar[Mapping[str, Any]]  # those that are alive, and what they tell
    tells: ClassVar[str]  # the object of its callbacks

    def post_of(self, request: Request, post_id: str) -> Post | None:
        post = self.store.post(self.platform, post_id)
        own = request.account and post and post.account == request.account.id
        return post if post and own and not post.extra.get("removed") else None

    def delete(self, request: Request, post_id: str) -> Response:
        post = self.post_of(request, post_id)
        if post is None:
            return self.wrong_account()
        self.store.change_post(post, removed=True)
        return as_json({"success": True})

    # --- answers, and order (2.6, 3.6) ------------------------------------------------------------

    def remark_of(self, request: Request, remark_id: str) -> Remark | None:
        remark = self.store.remark(self.platform, remark_id)
        own = request.account and remark and remark.account == request.account.id
        return remark if remark and own and remark.state != "removed" else None

    def answer(self, request: Request, node: str) -> Response:
        """Under a comment or a mention; an answer to an answer lands in the same thread."""
        remark, account = self.remark_of(request, node), request.account
        if remark is None or account is None:
            return self.wrong_account()
        text = str(request.fields.get("message", ""))
        if not text.strip():
            return graph_error(100, "Invalid parameter: message")
        is_comment = remark.kind == "comment"
        own = Remark(
            self.platform,
            self.answer_id(remark),
            account.id,
            "comment",
            remark.post if is_comment else remark.id,
            (remark.parent or remark.id) if is_comment else "",
            account.id,
            account.name,
            text,
            time.time(),
        )
        self.store.add_remark(own)
        if event := self.event_about(own):
            self.callbacks.send(self.platform, event)
        return as_json({"id": own.id})

    def answer_id(self, remark: Remark) -> str:
        return str(self.store.new_id())

    def answer_privately(self, request: Request, page: str) -> Response:
        """Within a day of what the person wrote (2.6)."""
        account, asked = request.account, request.json()
        if account is None or account.id != page:
            return self.wrong_account()
        person = str(dict(asked.get("recipient") or {}).get("id", ""))
        text = str(dict(asked.get("message") or {}).get("text", ""))
        theirs = [one for one in self._messages(page) if one.author == person]
        if not theirs:
            return graph_error(100, "No matching user found", subcode=2018001)
        if time.time() - max(one.at for one in theirs) > 24 * 3600:
            return graph_error(10, "Message is sent outside of allowed window", subcode=2018278)
        if not text or len(text) > 2000:
            return graph_error(100, "Length of param message[text] must be at most 2000")
        own = Remark(
            self.platform, str(self.store.new_id()), page, "message", person, "", page,
            account.name, text, time.time(),
        )  # fmt: skip
        self.store.add_remark(own)
        self.callbacks.send(self.platform, self.message_event(own))
        return as_json({"recipient_id": person, "message_id": f"m_{own.id}"})

    def hide(self, request: Request, remark: Remark, value: str) -> Response:
        self.store.change_remark(remark, state="hidden" if value == "true" else "")
        return as_json({"success": True})

    def take_away(self, remark: Remark) -> Response:
        self.store.change_remark(remark, state="removed")
        return as_json({"success": True})

    def insights(self, request: Request, post_id: str) -> Response:
        if self.post_of(request, post_id) is None:
            return self.wrong_account()
        names = list(filter(None, request.query.get("metric", "").split(",")))
        if not names:
            return graph_error(3001, "No metric was specified", subcode=1504028)
        if any(name not in self.metrics for name in names):
            return graph_error(100, "The value must be a valid insights metric")
        rows = [
            {
                "name": name,
                "period": "lifetime",
                "values": [{"value": self.metrics[name]}],
                "id": f"{post_id}/insights/{name}/lifetime",
            }
            for name in names
        ]
        return as_json({"data": rows})

    def conversations(self, request: Request, account: str) -> Response:
        if request.account is None or request.account.id != account:
            return self.wrong_account()
        latest = {_person(remark): remark for remark in self._messages(account)}
        if only := request.query.get("user_id", ""):
            latest = {person: one for person, one in latest.items() if person == only}
        rows = [
            {
                "id": f"t_{_person(remark)}",
                "updated_time": clock_text(remark.at),
                "snippet": remark.text,
                "messages": {"data": [_shown_message(remark)]},
            }
            for remark in sorted(latest.values(), key=lambda one: -one.at)
        ]
        return self.paged(request, rows)

    def conversation(self, request: Request, author: str) -> Response:
        own = request.account.id if request.account else ""
        found = [_shown_message(one) for one in self._messages(own) if _person(one) == author]
        return self.paged(request, found[::-1]) if found else self.wrong_account()

    def _messages(self, account: str) -> list[Remark]:
        return self.store.remarks(self.platform, account, "message")

    def paged(self, request: Request, rows: Sequence[Mapping[str, Any]]) -> Response:
        """By cursor; an unknown field is refused (1.8)."""
        wanted = field_names(request.query.get("fields", ""))
        if rows and (refusal := unknown_field(wanted, rows[0])):
            return refusal
        limit = request.query.get("limit", "25")
        size = min(int(limit), 100) if limit.isdecimal() and int(limit) else 25
        after = request.query.get("after", "")
        start = next((n + 1 for n, row in enumerate(rows) if row["id"] == after), 0)
        found = rows[start : start + size]
        paging: dict[str, Any] = {}
        if found:
            paging["cursors"] = {"before": found[0]["id"], "after": found[-1]["id"]}
        if start + size < len(rows):
            paging["next"] = f"{self.base_url}{request.path}?after={found[-1]['id']}"
        shown = [picked(row, wanted) for row in found]
        return as_json({"data": shown, "paging": paging})

    def one(self, request: Request, row: Mapping[str, Any]) -> Response:
        wanted = field_names(request.query.get("fields", ""))
        return unknown_field(wanted, row) or as_json(picked(row, wanted))

    def event(self, account: str, part: Mapping[str, Any]) -> dict[str, Any]:
        return {"object": self.tells, "entry": [{"id": account, **part}]}

    def message_event(self, remark: Remark) -> dict[str, Any]:
        at = int(remark.at * 1000)  # milliseconds here, seconds elsewhere (2.7)
        message = {
            "sender": {"id": remark.author},
            "recipient": {"id": _other_end(remark)},
            "timestamp": at,
            "message": {"mid": f"m_{remark.id}", "text": remark.text, **_echo(remark)},
        }
        return self.event(remark.account, {"time": at, "messaging": [message]})


def field_names(fields: str) -> list[str]:
    """The outermost names in a,b{c,d},e.limit(1){f}."""
    while (flat := re.sub(r"\{[^{}]*\}", "", fields)) != fields:
        fields = flat
    return [name.partition(".")[0].strip() for name in fields.split(",") if name.strip()]


def unknown_field(wanted: Iterable[str], row: Mapping[str, Any]) -> Response | None:
    """Every row has all its fields, empty ones as None, so that a wrong name shows."""
    unknown = next((name for name in wanted if name not in row), None)
    if unknown is None:
        return None
    return graph_error(100, f"Tried accessing nonexisting field ({unknown}) on node type")


def picked(row: Mapping[str, Any], wanted: Iterable[str]) -> dict[str, Any]:
    names = {"id", *wanted} if wanted else set(row)
    return {name: value for name, value in row.items() if name in names and value is not None}


def _person(remark: Remark) -> str:
    """With whom a private exchange is."""
    return remark.post if remark.author == remark.account else remark.author


def _other_end(remark: Remark) -> str:
    return remark.post if remark.author == remark.account else remark.account


def _echo(remark: Remark) -> dict[str, bool]:
    return {"is_echo": True} if remark.author == remark.account else {}


def _shown_message(remark: Remark) -> dict[str, Any]:
    return {
        "id": f"m_{remark.id}",
        "message": remark.text,
        "from": {"id": remark.author, "name": remark.author_name},
        "to": {"data": [{"id": _other_end(remark)}]},
        "created_time": clock_text(remark.at),
    }


def _is_proven(request: Request, secret: str) -> bool:
    proof = hmac.new(secret.encode(), request.token.encode(), hashlib.sha256).hexdigest()
    given = request.query.get("appsecret_proof") or request.fields.get("appsecret_proof", "")
    return hmac.compare_digest(proof.encode(), str(given).encode())


def image_kind(body: bytes) -> tuple[str, int, int] | None:
    """MIME type, width and height, or None if it is no image."""
    try:
        with Image.open(BytesIO(body)) as image:
            return Image.MIME.get(image.format or "", ""), image.width, image.height
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return None
