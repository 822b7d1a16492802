"""The descriptions that platforms publish of themselves: do our calls and our stand-ins fit them?

    description = OpenApi.load("x-openapi-2.166.json", corrections={...})
    assert description.misfits(exchange) == []

`exchange` is what the fixture `exchanges` recorded at the rehearsal's end.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml
from openapi_schema_validator import OAS30Validator, OAS31Validator
from referencing import Registry, Specification

from publishing.rehearsal.stage import Request, Response

FOLDER = Path(os.environ.get("PLATFORM_SPECIFICATIONS", "/work/shared/platforms/specs"))
METHODS = ("get", "post", "put", "delete", "patch")
BASE = "urn:description"


@cache
def read(name: str) -> Any:
    """A published file. A missing one is a failure: a suite without it would prove nothing."""
    file = FOLDER / name
    text = file.read_text("utf-8")
    return json.loads(text) if file.suffix == ".json" else yaml.load(text, yaml.CSafeLoader)


@dataclass(frozen=True)
class Exchange:
    """One call and its answer, below the platform's base address."""

    request: Request
    answer: Response

    def __str__(self) -> str:
        return f"{self.request.method} {self.request.path} {self.answer.status}"


class OpenApi:
    """Speaks of parts of the document by JSON pointer, so that `$ref` means what it says."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        resource = Specification.OPAQUE.create_resource(document)
        self._registry: Registry[Any] = Registry().with_resource(BASE, resource)
        is_30 = document["openapi"].startswith("3.0")
        self._validator = OAS30Validator if is_30 else OAS31Validator
        # A path without variables goes before one that also fits it.
        self._paths = sorted(
            ((_pattern(template), template) for template in document["paths"]),
            key=lambda pair: (pair[1].count("{"), -len(pair[1])),
        )

    @classmethod
    def load(cls, name: str, *, corrections: Mapping[str, Any] | None = None) -> OpenApi:
        """`corrections` by pointer: where the platform departs from its own document.

        None takes away what is there.
        """
        document = deepcopy(read(name)) if corrections else read(name)
        for pointer, value in (corrections or {}).items():
            above, _, key = pointer.rpartition("/")
            if value is None:
                del _at(document, above)[_unescaped(key)]
            else:
                _at(document, above)[_unescaped(key)] = value
        return cls(document)

    def misfits(self, exchange: Exchange) -> list[str]:
        """What does not fit, in words; empty if all does."""
        operation = self._operation(exchange.request)
        if operation is None:
            return [f"{exchange}: not described"]
        found = [
            *self._query_misfits(operation, exchange.request),
            *self._body_misfits(operation, exchange.request),
            *self._answer_misfits(operation, exchange.answer),
        ]
        return [f"{exchange}: {misfit}" for misfit in found]

    def _operation(self, request: Request) -> str | None:
        """The pointer to what describes this call."""
        for pattern, template in self._paths:
            if pattern.fullmatch(request.path):
                pointer = f"/paths/{_escaped(template)}/{request.method.lower()}"
                if request.method.lower() in _at(self.document, f"/paths/{_escaped(template)}"):
                    return pointer
        return None

    def _query_misfits(self, operation: str, request: Request) -> Iterator[str]:
        described = dict(self._parameters(operation))
        for name, value in request.query.items():
            if name not in described:
                yield f"query {name}: not described"
                continue
            schema = self._followed(f"{described[name]}/schema")
            read_value = _read_as(_at(self.document, schema), value)
            yield from self._schema_misfits(schema, read_value, f"query {name}")
        for name, pointer in described.items():
            if _at(self.document, pointer).get("required") and name not in request.query:
                yield f"query {name}: missing"

    def _parameters(self, operation: str) -> Iterator[tuple[str, str]]:
        """Name and pointer of each query parameter, those of the whole path included."""
        for place in (operation.rpartition("/")[0], operation):
            for index, _ in enumerate(_at(self.document, place).get("parameters", ())):
                pointer = self._followed(f"{place}/parameters/{index}")
                parameter = _at(self.document, pointer)
                if parameter["in"] == "query":
                    yield parameter["name"], pointer

    def _body_misfits(self, operation: str, request: Request) -> Iterator[str]:
        described = _at(self.document, operation).get("requestBody")
        if described is None:
            if request.body:
                yield "body: not described"
            return
        pointer = self._followed(f"{operation}/requestBody")
        kind = request.headers.get("content-type", "").partition(";")[0]
        if not kind and not _at(self.document, pointer).get("required"):
            return
        if kind not in _at(self.document, f"{pointer}/content"):
            yield f"body: {kind or 'no type'} not described"
            return
        schema = self._followed(f"{pointer}/content/{_escaped(kind)}/schema")
        body: Any = request.fields
        if not kind.endswith("json"):  # a form has only texts and files
            described = _at(self.document, schema).get("properties", {})
            body = {name: _read_as(described.get(name, {}), body[name]) for name in body}
            body |= dict.fromkeys(request.files, "(bytes)")
        yield from self._schema_misfits(schema, body, "body")

    def _answer_misfits(self, operation: str, answer: Response) -> Iterator[str]:
        responses = _at(self.document, f"{operation}/responses")
        names = (str(answer.status), f"{answer.status // 100}XX", "default")
        name = next((name for name in names if name in responses), None)
        if name is None:
            yield f"answer {answer.status}: not described"
            return
        pointer = self._followed(f"{operation}/responses/{name}")
        kinds = _at(self.document, pointer).get("content", {})
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        if kind not in kinds:
            if kinds or answer.body:
                yield f"answer {answer.status}: {kind or 'no type'} not described"
            return
        schema = f"{pointer}/content/{_escaped(kind)}/schema"
        yield from self._schema_misfits(schema, json.loads(answer.body), f"answer {answer.status}")

    def _schema_misfits(self, pointer: str, value: Any, where: str) -> Iterator[str]:
        validator = self._validator({"$ref": f"{BASE}#{pointer}"}, registry=self._registry)
        for error in validator.iter_errors(value):
            yield f"{where} {error.json_path}: {error.message[:300]}"

    def _followed(self, pointer: str) -> str:
        """Where the `$ref` at `pointer` leads, or the pointer itself."""
        found = _at(self.document, pointer)
        return self._followed(found["$ref"].lstrip("#")) if "$ref" in found else pointer


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[^/]*?\\\}", "[^/]+", re.escape(template)))


def _escaped(key: str) -> str:
    """As one step of a JSON pointer in the fragment of an address."""
    return key.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


def _unescaped(key: str) -> str:
    return unquote(key).replace("~1", "/").replace("~0", "~")


def _at(document: Any, pointer: str) -> Any:
    found = document
    for key in pointer.split("/")[1:]:
        found = found[int(key)] if isinstance(found, list) else found[_unescaped(key)]
    return found


def _read_as(schema: Mapping[str, Any], value: str) -> Any:
    """The text of a query or a form as the type that its schema names."""
    kind = schema.get("type")
    if kind == "integer" and re.fullmatch(r"-?[0-9]+", value):
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value.split(",") if kind == "array" else value
