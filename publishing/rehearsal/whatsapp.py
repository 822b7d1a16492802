"""WhatsApp's Cloud API: messages to people and groups, templates, media (sheet, parts 4 and 5)."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

from .callbacks import Callbacks
from .graph import ID, GraphStage, V, graph_error, image_kind
from .stage import Request, Response, Route, as_json
from .store import Account, File, Post, Remark, Store
from .whatsapp_groups import Groups, in_full, shown
from .whatsapp_people import People, business_of, envelope, named, said_event
from .whatsapp_templates import REVIEW_SECONDS, Templates, header_file, text_of

TEXT_LIMIT, CAPTION_LIMIT, OPAQUE_LIMIT = 4_096, 1_024, 512
LARGEST = {"image/jpeg": 5_000_000, "image/png": 5_000_000, "video/mp4": 16_000_000}
URL_SECONDS = 300
PAGE = 25
STATUSES = ("sent", "delivered", "read")


class WhatsAppStage(GraphStage):
    """An account's `extra` switches: group, business, tier, throughput, marketing_cap, groups
    ("no": not eligible), hide_numbers. Numbers that provoke errors: whatsapp_people.provoked.
    """

    platform = "whatsapp"
    limit_code = 130_429
    usage_type = "whatsapp"

    def __init__(self, store: Store, base_url: str, callbacks: Callbacks) -> None:
        super().__init__(store, base_url, callbacks)
        self.people, self.templates, self.groups = People(store), Templates(store), Groups(store)

    @property
    def routes(self) -> list[Route]:
        return [
            ("POST", V + ID + "/media", "upload", self.upload),
            ("POST", V + ID + "/messages", "publish", self.messages),
            ("GET", V + ID + "/message_templates", "read", self.template_list),
            ("POST", V + ID + "/message_templates", "publish", self.template_add),
            ("POST", V + ID + "/groups", "publish", self.group_add),
            ("GET", V + ID + "/groups", "read", self.group_list),
            ("GET", V + ID + "/invite_link", "read", self.invite_link),
            ("GET", "/download" + ID, "read", self.download),
            ("GET", V + ID, "read", self.node),
            ("DELETE", V + ID, "publish", self.delete),
        ]

    # --- media ------------------------------------------------------------------------------------

    def upload(self, request: Request, number: str) -> Response:
        if request.account is None or request.account.id != number:
            return self.wrong_account()
        body = request.files.get("file", b"")
        if request.fields.get("messaging_product") != "whatsapp":
            return _wrong("messaging_product")
        mime = _kind(body)
        if len(body) > LARGEST.get(mime, 0):
            return graph_error(131053, "Media upload error", details="Unsupported file")
        media = str(self.store.new_id())
        self.store.put_piece("whatsapp", media, 0, body)
        self.store.put_file(File("whatsapp", media, number, mime, time.time(), {}))
        return as_json({"id": media})

    def node(self, request: Request, node: str) -> Response:
        file = self._own(request, node)
        if file is None:
            return self.wrong_account()
        if file.mime == "group":
            return as_json(in_full(file))
        body = self.store.content("whatsapp", node)
        until = int(time.time()) + URL_SECONDS
        return as_json(
            {
                "messaging_product": "whatsapp",
                "url": f"{self.base_url}/download/{node}?until={until}",
                "mime_type": file.mime,
                "sha256": hashlib.sha256(body).hexdigest(),
                "file_size": str(len(body)),
                "id": node,
            }
        )

    def download(self, request: Request, node: str) -> Response:
        """Five minutes, and only with the token."""
        file, until = self._own(request, node), request.query.get("until", "")
        if file is None or not until.isdecimal() or int(until) < time.time():
            return Response(404)
        return Response(200, self.store.content("whatsapp", node), {"Content-Type": file.mime})

    def delete(self, request: Request, node: str) -> Response:
        file = self._own(request, node)
        if file is None:
            return self.wrong_account()
        self.store.remove_file("whatsapp", node)
        return as_json({"success": True})

    def _own(self, request: Request, node: str) -> File | None:
        file = self.store.file("whatsapp", node)
        own = file and request.account and file.account == request.account.id
        return file if own else None

    # --- messages ---------------------------------------------------------------------------------

    def messages(self, request: Request, number: str) -> Response:
        account = request.account
        if account is None or account.id != number:
            return self.wrong_account()
        message = request.json()
        with self.store.exclusive():
            refusal = self._refusal(message, account)
            return refusal or self._accepted(message, account, request.late)

    def _refusal(self, message: Mapping[str, Any], account: Account) -> Response | None:
        if message.get("messaging_product") != "whatsapp":
            return _wrong("messaging_product")
        if len(str(message.get("biz_opaque_callback_data", ""))) > OPAQUE_LIMIT:
            return _wrong("biz_opaque_callback_data")
        to = message.get("to")
        if not isinstance(to, str) or not to:
            return graph_error(131008, "Required parameter is missing", details="to")
        misfit = self._shape(message, account)
        if misfit or message.get("recipient_type") == "group":
            return misfit or self.groups.refusal(account, to)
        digits = to.removeprefix("+")
        if not re.fullmatch(r"[1-9]\d{7,14}", digits):
            return _wrong("to")
        return self.people.refusal(account, digits)

    def _shape(self, message: Mapping[str, Any], account: Account) -> Response | None:
        """Each type by its own rules (4.2.1, 4.2.2)."""
        kind = message.get("type")
        part = message.get(str(kind))
        if kind not in ("text", "image", "video", "template"):
            return graph_error(131051, "Unsupported message type", details=str(kind))
        if not isinstance(part, dict):
            return graph_error(131008, "Required parameter is missing", details=str(kind))
        if kind == "text":
            body = part.get("body")
            fits = isinstance(body, str) and 0 < len(body) <= TEXT_LIMIT
            return None if fits else _wrong("text['body']")
        if kind == "template":
            refusal = self.templates.refusal(business_of(account), part)
            header, media = header_file(part)
            return refusal or (self._file_misfit(header, media, account) if header else None)
        if len(str(part.get("caption", ""))) > CAPTION_LIMIT:
            return _wrong("caption")
        return self._file_misfit(str(kind), str(part.get("id", "")), account)

    def _file_misfit(self, kind: str, media: str, account: Account) -> Response | None:
        file = self.store.file("whatsapp", media)
        fits = file and file.account == account.id and file.mime.startswith(kind)
        return None if fits else _wrong(kind)

    def _category(self, message: Mapping[str, Any], account: Account) -> str:
        if message.get("type") != "template":
            return ""
        found = self.templates.find(business_of(account), message["template"])
        return str(found["category"]) if found else ""

    def _accepted(self, message: Mapping[str, Any], account: Account, late: float) -> Response:
        wamid = f"wamid.{secrets.token_hex(16).upper()}"
        to, is_group = message["to"], message.get("recipient_type") == "group"
        person = "" if is_group else to.removeprefix("+")
        category = self._category(message, account)
        opaque = str(message.get("biz_opaque_callback_data", ""))
        text, file = self._content(message, account)
        now = time.time()
        extra = {"opaque": opaque, "to": person, "category": category}
        self.store.add_post(
            Post("whatsapp", wamid, account.id, text, "", file, now, now + late, extra)
        )
        code = self.people.failure(account, person, category) if person else 0
        whom = named(account, person, "recipient_id", "recipient_user_id") if person else {
            "recipient_type": "group", "recipient_id": to,
        }  # fmt: skip
        for status in _statuses(wamid, opaque, code):
            event = envelope(account, "messages", {"statuses": [{**status, **whom}]})
            self.callbacks.send("whatsapp", event, late)
        contact = {"wa_id": to} if is_group else named(account, person, "wa_id", "user_id")
        sent = {"id": wamid}
        if message["type"] == "template":
            sent["message_status"] = "accepted"
        if is_group:
            sent["group_id"] = to
        return as_json(
            {
                "messaging_product": "whatsapp",
                "contacts": [{"input": to, **contact}],
                "messages": [sent],
            }
        )

    def _content(self, message: Mapping[str, Any], account: Account) -> tuple[str, str]:
        """What people see of it: its words and its file."""
        kind = message["type"]
        part = message[kind]
        if kind == "text":
            return part["body"], ""
        if kind != "template":
            return part.get("caption", ""), part["id"]
        template = self.templates.find(business_of(account), part)
        return (text_of(template, part) if template else "", header_file(part)[1])

    def event_about(self, remark: Remark) -> Mapping[str, Any] | None:
        account = self.store.account("whatsapp", remark.account)
        return said_event(account, remark) if account else None

    # --- templates --------------------------------------------------------------------------------

    def template_list(self, request: Request, business: str) -> Response:
        if request.account is None or business_of(request.account) != business:
            return self.wrong_account()
        name, status = request.query.get("name", ""), request.query.get("status", "")
        rows = [
            row
            for row in self.templates.of(business)
            if name in ("", row["name"]) and status in ("", row["status"])
        ]
        fields = [*filter(None, request.query.get("fields", "").split(",")), "id"]
        shown_rows = [
            {key: row[key] for key in row if key in fields or len(fields) == 1} for row in rows
        ]
        return self._paged(request, shown_rows, "data")

    def template_add(self, request: Request, business: str) -> Response:
        account, given = request.account, request.json()
        if account is None or business_of(account) != business:
            return self.wrong_account()
        problem = self.templates.problem(given)
        if problem:
            return problem
        made = self.templates.add(
            business, given["name"], given["language"], given["category"], given["components"]
        )
        value = {
            "event": "APPROVED",
            "message_template_id": int(made["id"]),
            "message_template_name": made["name"],
            "message_template_language": made["language"],
            "reason": "NONE",
            "message_template_category": made["category"],
        }
        event = envelope(account, "message_template_status_update", value)
        self.callbacks.send("whatsapp", event, REVIEW_SECONDS)
        return as_json({key: made[key] for key in ("id", "status", "category")})

    # --- groups -----------------------------------------------------------------------------------

    def group_add(self, request: Request, number: str) -> Response:
        account, given = request.account, request.json()
        if account is None or account.id != number:
            return self.wrong_account()
        if given.get("messaging_product") != "whatsapp":
            return _wrong("messaging_product")
        problem = self.groups.problem(account, given)
        if problem:
            return problem
        asked, made = str(self.store.new_id()), self.groups.create(number, given)
        group = {
            "timestamp": int(made.at),
            "group_id": made.id,
            "type": "group_create",
            "request_id": asked,
            "subject": made.extra["subject"],
            "invite_link": made.extra["link"],
            "join_approval_mode": made.extra["mode"],
        }
        event = envelope(account, "group_lifecycle_update", {"groups": [group]})
        self.callbacks.send("whatsapp", event, request.late)
        return as_json({"messaging_product": "whatsapp", "request_id": asked})

    def group_list(self, request: Request, number: str) -> Response:
        if request.account is None or request.account.id != number:
            return self.wrong_account()
        return self._paged(request, [shown(file) for file in self.groups.of(number)], "groups")

    def invite_link(self, request: Request, group: str) -> Response:
        file = self._own(request, group)
        if file is None or file.mime != "group":
            return graph_error(131041, "Unknown group")
        return as_json({"messaging_product": "whatsapp", "invite_link": file.extra["link"]})

    def _paged(self, request: Request, rows: list[dict[str, Any]], name: str) -> Response:
        limit, after = request.query.get("limit", ""), request.query.get("after", "0")
        size = min(max(1, int(limit)), 1024) if limit.isdecimal() else PAGE
        if not after.isdecimal():
            return graph_error(131059, "Cursor is not valid")
        start = int(after)
        page, rest = rows[start : start + size], rows[start + size :]
        paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(start + size)}}
        if rest:
            paging["next"] = f"{self.base_url}{request.path}?after={start + size}"
        data = page if name == "data" else {name: page}
        return as_json({"data": data, "paging": paging})


def _statuses(wamid: str, opaque: str, code: int) -> list[dict[str, Any]]:
    """What becomes of a message, in order; `code`: it is accepted, and fails afterwards."""
    common = {
        "id": wamid,
        "timestamp": str(int(time.time())),
        "biz_opaque_callback_data": opaque,
    }
    if not code:
        return [{**common, "status": status} for status in STATUSES]
    error = {
        "code": code,
        "title": "Message undeliverable",
        "message": "Message undeliverable",
        "error_data": {"details": "Provoked"},
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
    }
    return [{**common, "status": "failed", "errors": [error]}]


def _kind(body: bytes) -> str:
    image = image_kind(body)
    return image[0] if image else "video/mp4" if body[4:8] == b"ftyp" else ""


def _wrong(name: str) -> Response:
    return graph_error(131009, "Parameter value is not valid", details=name)
