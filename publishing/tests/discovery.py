"""Google's discovery documents: do our calls and our stand-in's answers fit them?

    description = Discovery.load("youtube.v3.json")
    assert description.misfits(exchange) == []

Its schemas are JSON Schema with `$ref` by bare name. They are read strictly here: a property that
is not described is a misfit, and so is one that only the platform may set, if we send it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator

from publishing.rehearsal.stage import Request
from publishing.rehearsal.youtube_uploads import parts_of

from .specifications import Exchange, read

# What the document leaves out: the session's own parameter, and part for a session that is asked.
SESSION = "upload_id"
FORMATS = {
    "uint64": r"^\d{1,20}$",
    "int64": r"^-?\d{1,19}$",
    "date-time": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
}


class Discovery:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self._definitions = {
            direction: {
                name: _schema(schema, direction) for name, schema in document["schemas"].items()
            }
            for direction in ("sent", "answered")
        }

    @classmethod
    def load(cls, name: str) -> Discovery:
        return cls(read(name))

    def misfits(self, exchange: Exchange) -> list[str]:
        """What does not fit, in words; empty if all does."""
        method = self.method(exchange.request)
        if method is None:
            return [f"{exchange}: not described"]
        found = [
            *self._query_misfits(method, exchange.request),
            *self._body_misfits(method, exchange.request),
            *self._answer_misfits(method, exchange),
        ]
        return [f"{exchange}: {misfit}" for misfit in found]

    def method(self, request: Request) -> Mapping[str, Any] | None:
        verb = "POST" if SESSION in request.query else request.method
        for method in _methods(self.document):
            paths = {method["path"], *_upload_paths(method)}
            if method["httpMethod"] == verb and request.path.lstrip("/") in paths:
                return method
        return None

    def _query_misfits(self, method: Mapping[str, Any], request: Request) -> Iterator[str]:
        described = {**self.document["parameters"], **method.get("parameters", {}), SESSION: {}}
        for name, value in request.query.items():
            if name not in described:
                yield f"query {name}: not described"
            elif not _is_value(described[name], value):
                yield f"query {name}: {value!r} does not fit"
        for name, parameter in described.items():
            missing = parameter.get("required") and name not in request.query
            if missing and SESSION not in request.query:
                yield f"query {name}: missing"

    def _body_misfits(self, method: Mapping[str, Any], request: Request) -> Iterator[str]:
        if SESSION in request.query or request.query.get("uploadType") == "media":
            return
        described = method.get("request", {}).get("$ref")
        body = _resource(request)
        if described is None or body is None:
            if request.body or described:
                yield "body: not described, or not readable"
            return
        yield from self._schema_misfits("sent", described, body, "body")
        for place in _required(self.document["schemas"], described, method["id"], body):
            yield f"body {place}: missing"

    def _answer_misfits(self, method: Mapping[str, Any], exchange: Exchange) -> Iterator[str]:
        answer, described = exchange.answer, method.get("response", {}).get("$ref")
        if answer.status >= 300:
            yield from _error_misfits(answer.status, answer.body)
        elif answer.body and described:
            body = json.loads(answer.body)
            yield from self._schema_misfits("answered", described, body, "answer")
        elif answer.body:
            yield "answer: not described"

    def _schema_misfits(self, direction: str, name: str, value: Any, where: str) -> Iterator[str]:
        schema = {"$ref": f"#/$defs/{name}", "$defs": self._definitions[direction]}
        for error in Draft202012Validator(schema).iter_errors(value):
            yield f"{where} {error.json_path}: {error.message[:300]}"


def _methods(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from resource.get("methods", {}).values()
    for inner in resource.get("resources", {}).values():
        yield from _methods(inner)


def _upload_paths(method: Mapping[str, Any]) -> Iterable[str]:
    protocols = method.get("mediaUpload", {}).get("protocols", {}).values()
    return [protocol["path"].lstrip("/") for protocol in protocols]


def _schema(described: Any, direction: str) -> Any:
    """As JSON Schema. `direction` is sent or answered."""
    if isinstance(described, list):
        return [_schema(one, direction) for one in described]
    if not isinstance(described, dict):
        return described
    if "$ref" in described:
        return {"$ref": f"#/$defs/{described['$ref']}"}
    kept = {key: described[key] for key in ("type", "enum") if key in described}
    if kept.get("type") == "any":
        return {}
    if pattern := FORMATS.get(described.get("format", "")):
        kept["pattern"] = pattern
    if "items" in described:
        kept["items"] = _schema(described["items"], direction)
    if "properties" in described:
        named = described["properties"].items()
        kept["properties"] = {
            name: _schema(one, direction)
            for name, one in named
            if direction == "answered" or not one.get("readOnly")
        }
        kept["additionalProperties"] = False
    if "additionalProperties" in described:
        kept["additionalProperties"] = _schema(described["additionalProperties"], direction)
    return kept


def _is_value(parameter: Mapping[str, Any], value: str) -> bool:
    kind = parameter.get("type")
    values = value.split(",") if parameter.get("repeated") else [value]
    if kind == "integer":
        whole = re.fullmatch(r"-?\d+", value)
        low, high = int(parameter.get("minimum", 0)), int(parameter.get("maximum", 10**9))
        return bool(whole) and low <= int(value) <= high
    if kind == "boolean":
        return value in ("true", "false")
    return "enum" not in parameter or set(values) <= set(parameter["enum"])


def _resource(request: Request) -> Any:
    """What was sent as JSON, alone or before a file."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind == "multipart/related":
        parts = parts_of(request)
        return parts[0] if parts else None
    return request.json() if kind == "application/json" else None


def _required(
    schemas: Mapping[str, Any], name: str, method: str, value: Any, place: str = "$"
) -> Iterator[str]:
    """Properties that the document annotates as required by this method."""
    for key, one in schemas[name].get("properties", {}).items():
        there = value.get(key) if isinstance(value, dict) else None
        if there is None and method in one.get("annotations", {}).get("required", ()):
            yield f"{place}.{key}"
        elif there is not None and "$ref" in one:
            yield from _required(schemas, one["$ref"], method, there, f"{place}.{key}")


def _error_misfits(status: int, body: bytes) -> Iterator[str]:
    """The document does not describe errors; the sheet does (Y4). A 308 says nothing."""
    if status == 308:
        if body:
            yield "answer 308: has a body"
        return
    error = json.loads(body)["error"]
    if error["code"] != status or not error["message"]:
        yield f"answer {status}: {error}"
    if not (error.get("status") or error["errors"][0]["reason"]):
        yield f"answer {status}: no reason"
