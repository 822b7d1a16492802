"""Message templates: reading those of an account, and filling one (4.2.2, 4.2.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .base import Content, Problem, ReadTemplate, TemplateText
from .http import dig, rows_at, text_at

BODY_LIMIT = 1_024
FIELDS = "name,language,status,category,parameter_format,components"
_PLACE = re.compile(r"\{\{\s*([^{}\s]{1,100})\s*\}\}")
_NO_VALUE = re.compile(r"[\n\t]| {4,}")


def read_template(row: Mapping[str, Any]) -> ReadTemplate:
    parts = {text_at(part, "type").upper(): part for part in rows_at(row, "components")}
    body = _PLACE.sub(r"{{\1}}", text_at(parts.get("BODY"), "text"))
    names = tuple(dict.fromkeys(_PLACE.findall(body)))
    return ReadTemplate(
        text_at(row, "name"),
        text_at(row, "language"),
        text_at(row, "category")[:20],
        text_at(row, "status")[:30],
        body,
        "other" if _asks_for_more(parts) else text_at(parts.get("HEADER"), "format").lower(),
        names,
        text_at(row, "parameter_format").upper() == "NAMED"
        or any(not name.isdecimal() for name in names),
    )


def _asks_for_more(parts: Mapping[str, Any]) -> bool:
    """A variable in the header or in a button, a code or a flow: a post has nothing for it."""
    if _PLACE.search(text_at(parts.get("HEADER"), "text")):
        return True
    buttons = rows_at(parts.get("BUTTONS"), "buttons")
    return any(
        _PLACE.search(text_at(button, "url"))
        or text_at(button, "type").upper() not in ("QUICK_REPLY", "URL", "PHONE_NUMBER")
        for button in buttons
    )


def template_problems(content: Content) -> list[Problem]:
    """Of a post that goes out by a template; what Meta checks of it, before it does."""
    template = content.template
    if template is None:
        return [Problem("template_unusable")]
    found = []
    if template.status != "APPROVED":
        found.append(Problem("template_unusable"))
    missing = [name for name, value in template.values if not value.strip()]
    if missing:
        found.append(Problem("template_value_missing", values={"names": ", ".join(missing)}))
    if any(_NO_VALUE.search(value) for _name, value in template.values):
        found.append(Problem("template_values"))
    length = len(template.text)
    if length > BODY_LIMIT:
        values = {"length": length, "limit": BODY_LIMIT, "over": length - BODY_LIMIT}
        found.append(Problem("text_too_long_characters", values=values))
    return [*found, *_header_problems(content, template)]


def _header_problems(content: Content, template: TemplateText) -> list[Problem]:
    files = content.attachments
    if not template.header:
        return [Problem("template_without_file", level="warning")] if files else []
    if template.header == "video":
        return [] if files and files[0].is_video else [Problem("video_missing")]
    return [] if files and not files[0].is_video else [Problem("photo_missing")]


def filled(template: TemplateText, media: str) -> dict[str, Any]:
    """The `template` object of a message; `media` is the id of the header's file."""
    return {
        "name": template.name,
        "language": {"code": template.language},
        "components": list(_components(template, media)),
    }


def _components(template: TemplateText, media: str) -> Iterator[dict[str, Any]]:
    if template.header and media:
        file = {"type": template.header, template.header: {"id": media}}
        yield {"type": "header", "parameters": [file]}
    if template.values:
        yield {
            "type": "body",
            "parameters": [_parameter(template, name, value) for name, value in template.values],
        }


def _parameter(template: TemplateText, name: str, value: str) -> dict[str, str]:
    named = {"parameter_name": name} if template.is_named else {}
    return {"type": "text", **named, "text": value}


def rows_and_cursor(answer: Mapping[str, Any], after: str) -> tuple[list[dict[str, Any]], str]:
    """A page of the list, and where the next one starts; `next` itself holds the token (1.8)."""
    cursor = text_at(answer, "paging", "cursors", "after")
    more = bool(dig(answer, "paging", "next")) and cursor != after
    return rows_at(answer, "data"), cursor if more else ""
