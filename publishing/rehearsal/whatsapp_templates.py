"""The stand-in's store of message templates, with a review that takes its time (4.2.4)."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from .graph import graph_error
from .stage import Response
from .store import File, Store

PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_NO_VALUE = re.compile(r"[\n\t]| {4,}")
NAME = re.compile(r"[a-z0-9_]{1,512}")
BODY_LIMIT = 1_024
CATEGORIES = ("MARKETING", "UTILITY", "AUTHENTICATION")
REVIEW_SECONDS = 0.3


def _body(text: str) -> dict[str, Any]:
    return {"type": "BODY", "text": text}


# What a business account has from the beginning: name, category, status, components.
FIRST: tuple[tuple[str, str, str, list[dict[str, Any]]], ...] = (
    ("soochna_sandesh", "UTILITY", "APPROVED",
     [_body("नमस्ते, सूचना: {{title}}। {{text}} अधिक जानकारी: {{link}} सूचना विभाग, उत्तर प्रदेश।"),
      {"type": "FOOTER", "text": "रोकने के लिए STOP लिखें"}]),
    ("yojana_photo", "MARKETING", "APPROVED",
     [{"type": "HEADER", "format": "IMAGE"}, _body("नमस्ते, {{1}}। {{2}} धन्यवाद।"),
      {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "बंद करें"}]}]),
    ("ruka_sandesh", "UTILITY", "PAUSED", [_body("नमस्ते, {{title}} सूचना विभाग।")]),
    ("asvikrit_sandesh", "MARKETING", "REJECTED", [_body("प्रस्ताव: {{title}} आज ही।")]),
)  # fmt: skip


class Templates:
    def __init__(self, store: Store) -> None:
        self.store = store

    def of(self, business: str) -> list[dict[str, Any]]:
        with self.store.exclusive():
            found = self.store.files("whatsapp", business, "template")
            if not found:
                for name, category, status, components in FIRST:
                    self.add(business, name, "hi", category, components, status=status)
                found = self.store.files("whatsapp", business, "template")
        return [_shown(file) for file in found]

    def add(
        self,
        business: str,
        name: str,
        language: str,
        category: str,
        components: list[dict[str, Any]],
        *,
        status: str = "PENDING",
    ) -> dict[str, Any]:
        form = (
            "NAMED" if any(not place.isdecimal() for place in _places(components)) else "POSITIONAL"
        )
        template = {
            "name": name,
            "language": language,
            "category": category,
            "status": status,
            "parameter_format": form,
            "components": components,
        }
        file = File(
            "whatsapp", str(self.store.new_id()), business, "template", time.time(), template
        )
        self.store.put_file(file)
        return _shown(file)

    def change(self, business: str, name: str, status: str) -> None:
        """A switch: quality or policy pauses, disables or releases it."""
        self.of(business)
        for file in self.store.files("whatsapp", business, "template"):
            if file.extra["name"] == name:
                changed = {**file.extra, "status": status}
                self.store.put_file(
                    File("whatsapp", file.id, business, "template", file.at, changed)
                )

    def refusal(self, business: str, asked: Mapping[str, Any]) -> Response | None:
        """Why this template cannot be sent as it was filled (4.4)."""
        template = self.find(business, asked)
        if template is None:
            return graph_error(
                132001, "Template name does not exist in the translation", status=404
            )
        if template["status"] == "PAUSED":
            return graph_error(132015, "Template is paused")
        if template["status"] == "DISABLED":
            return graph_error(132016, "Template is disabled")
        if template["status"] != "APPROVED":
            return graph_error(132001, "Template is not approved", status=404)
        return _misfit(template, asked)

    def find(self, business: str, asked: Mapping[str, Any]) -> dict[str, Any] | None:
        language = asked.get("language")
        code = language.get("code") if isinstance(language, dict) else None
        for template in self.of(business):
            if (template["name"], template["language"]) == (asked.get("name"), code):
                return template
        return None

    def problem(self, given: Mapping[str, Any]) -> Response | None:
        """Why it cannot be made (4.2.4)."""
        body = _part(given.get("components"), "BODY").get("text", "")
        places = PLACE.findall(body)
        rules = (
            (not NAME.fullmatch(str(given.get("name", ""))), 100, "name"),
            (given.get("category") not in CATEGORIES, 100, "category"),
            (not given.get("language"), 100, "language"),
            (not body, 2388072, "body is missing"),
            (len(body) > BODY_LIMIT, 2388040, "body is too long"),
            (body.startswith("{{") or body.endswith("}}"), 2388299, "variable first or last"),
            (len(places) * 3 > len(body.split()), 2388293, "too many variables for the length"),
        )
        broken = next(((code, text) for is_broken, code, text in rules if is_broken), None)
        return graph_error(broken[0], broken[1], details=broken[1]) if broken else None


def text_of(template: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """As the person reads it."""
    text = str(_part(template["components"], "BODY").get("text", ""))
    places = list(dict.fromkeys(PLACE.findall(text)))
    values = {
        value.get("parameter_name", place): str(value.get("text", ""))
        for place, value in zip(places, _values(asked), strict=False)
    }
    return PLACE.sub(lambda place: values.get(place.group(1), ""), text)


def header_file(asked: Mapping[str, Any]) -> tuple[str, str]:
    """Kind and media id of the picture or video in the header."""
    for parameter in _part(asked.get("components"), "header").get("parameters", []):
        kind = parameter.get("type", "")
        return kind, str(parameter.get(kind, {}).get("id", ""))
    return "", ""


def _misfit(template: Mapping[str, Any], asked: Mapping[str, Any]) -> Response | None:
    places, values = _places(template["components"]), _values(asked)
    names = {value.get("parameter_name") for value in values}
    texts = [str(value.get("text", "")) for value in values]
    wanted = _part(template["components"], "HEADER").get("format", "").lower()
    is_named = template["parameter_format"] == "NAMED"
    rules = (
        (len(places) != len(values), 132000, f"body: {len(values)} parameters do not match"),
        (is_named and names != set(places), 132012, "parameter_name"),
        (wanted in ("image", "video") and header_file(asked)[0] != wanted, 132012, "header"),
        (any(_NO_VALUE.search(text) for text in texts), 132012, "new-line, tab or 4 spaces"),
        (not all(texts), 131008, "text"),
        (len(text_of(template, asked)) > BODY_LIMIT, 132005, "body"),
    )
    for broken, code, details in rules:
        if broken:
            return graph_error(code, "Template parameters do not fit", details=details)
    return None


def _values(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = _part(asked.get("components"), "body").get("parameters", [])
    return [value for value in found if isinstance(value, dict)]


def _part(components: Any, kind: str) -> dict[str, Any]:
    rows = components if isinstance(components, list) else []
    return next((row for row in rows if isinstance(row, dict) and row.get("type") == kind), {})


def _places(components: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(PLACE.findall(str(_part(components, "BODY").get("text", "")))))


def _shown(file: File) -> dict[str, Any]:
    """A review is over after a moment."""
    status = file.extra["status"]
    if status == "PENDING" and time.time() > file.at + REVIEW_SECONDS:
        status = "APPROVED"
    return {"id": file.id, **file.extra, "status": status}
