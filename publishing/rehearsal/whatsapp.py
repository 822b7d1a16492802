"""WhatsApp groups as the connector knows them, with the status callbacks that follow a message."""

from __future__ import annotations

import secrets
import time
from typing import Any

from .graph import ID, GraphStage, V, graph_error, image_kind
from .stage import Request, Response, Route, as_json
from .store import File, Post

TEXT_LIMIT, CAPTION_LIMIT, OPAQUE_LIMIT = 4_096, 1_024, 512
PHOTO_LIMIT = 5_000_000


class WhatsAppStage(GraphStage):
    platform = "whatsapp"
    limit_code = 130_429

    @property
    def routes(self) -> list[Route]:
        return [
            ("POST", V + ID + "/media", "upload", self.media),
            ("POST", V + ID + "/messages", "publish", self.messages),
        ]

    def media(self, request: Request, number: str) -> Response:
        if request.account is None or request.account.id != number:
            return self.wrong_account()
        body = request.files.get("file", b"")
        kind = image_kind(body)
        if request.fields.get("messaging_product") != "whatsapp":
            return _missing("messaging_product")
        if kind is None or kind[0] not in ("image/jpeg", "image/png") or len(body) > PHOTO_LIMIT:
            return graph_error(131053, "Media upload error", details="Unsupported file")
        media = str(self.store.new_id())
        self.store.put_piece("whatsapp", media, 0, body)
        self.store.put_file(File("whatsapp", media, number, kind[0], time.time(), {}))
        return as_json({"id": media})

    def messages(self, request: Request, number: str) -> Response:
        account = request.account
        if account is None or account.id != number:
            return self.wrong_account()
        message = request.json()
        refusal = self._refusal(message, account.extra.get("group", ""), number)
        if refusal:
            return refusal
        photo = message.get("image", {}).get("id", "")
        text = message["image"].get("caption", "") if photo else message["text"]["body"]
        wamid = f"wamid.{secrets.token_hex(16).upper()}"
        now = time.time()
        opaque = message.get("biz_opaque_callback_data", "")
        self.store.add_post(
            Post(
                "whatsapp",
                wamid,
                number,
                text,
                "",
                photo,
                now,
                now + request.late,
                {"opaque": opaque},
            )
        )
        group = message["to"]
        self._announce(wamid, number, group, opaque, request.late)
        return as_json(
            {
                "messaging_product": "whatsapp",
                "contacts": [{"input": group, "wa_id": group}],
                "messages": [{"id": wamid, "group_id": group}],
            }
        )

    def _refusal(self, message: dict[str, Any], group: str, number: str) -> Response | None:
        if message.get("messaging_product") != "whatsapp":
            return _missing("messaging_product")
        if message.get("recipient_type") != "group" or not group or message.get("to") != group:
            return graph_error(131041, "Unknown group", details="The group does not exist")
        if len(str(message.get("biz_opaque_callback_data", ""))) > OPAQUE_LIMIT:
            return _missing("biz_opaque_callback_data")
        if message.get("type") == "text":
            body = message.get("text", {}).get("body", "")
            return None if 0 < len(body) <= TEXT_LIMIT else _missing("text['body']")
        image = message.get("image", {})
        file = self.store.file("whatsapp", str(image.get("id", "")))
        fits = file and file.account == number and len(image.get("caption", "")) <= CAPTION_LIMIT
        return None if message.get("type") == "image" and fits else _missing("image")

    def _announce(self, wamid: str, number: str, group: str, opaque: str, late: float) -> None:
        for status in ("sent", "delivered", "read"):
            found = {
                "id": wamid,
                "status": status,
                "timestamp": str(int(time.time())),
                "recipient_type": "group",
                "recipient_id": group,
                "biz_opaque_callback_data": opaque,
            }
            value = {
                "messaging_product": "whatsapp",
                "metadata": {"display_phone_number": "915220000000", "phone_number_id": number},
                "statuses": [found],
            }
            change = {"field": "messages", "value": value}
            entry = [{"id": f"WABA{number}", "changes": [change]}]
            self.callbacks.send(
                "whatsapp", {"object": "whatsapp_business_account", "entry": entry}, late
            )


def _missing(name: str) -> Response:
    return graph_error(131009, "Parameter value is not valid", details=name)
