"""``/api/v1/openapi.json``: an OpenAPI 3.1 document of the calls, in the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from pydantic.json_schema import models_json_schema

from portal.openapi import answers
from portal.openapi.calls import CALLS, PARAMETERS, Call
from portal.openapi.finding import site

REF = "#/components/schemas/{model}"


def document() -> dict[str, Any]:
    models: list[type[answers.Answer]] = [*{call.answer: None for call in CALLS}, answers.Problem]
    _refs, schemas = models_json_schema([(model, "validation") for model in models], ref_template=REF)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": _("Open data of the permit portal"),
            "version": "1",
            "description": _("The public register of permits, and the services. No key is needed; GET only, from any site."),
        },
        "servers": [{"url": site("")}],
        "paths": {call.path: {"get": _operation(call)} for call in CALLS},
        "components": {"schemas": schemas["$defs"]},
    }  # fmt: skip


def _operation(call: Call) -> dict[str, Any]:
    refused = {"404": _("Not found")} if call.in_path else {}
    refused |= {"400": _("A parameter is not right"), "429": _("Too many requests")}
    return {
        "operationId": call.name.removeprefix("api_"),
        "summary": str(call.summary),
        "parameters": [*map(_in_path, call.in_path), *_in_query(call)],
        "responses": {
            "200": {
                "description": str(call.summary),
                "headers": {"ETag": {"schema": {"type": "string"}}},
                "content": {"application/json": {"schema": _ref(call.answer)}},
            },
            "304": {"description": _("Nothing has changed since the answer with this ETag")},
            **{status: _problem(status, words) for status, words in sorted(refused.items())},
        },
    }


def _in_path(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": str(PARAMETERS[name]),
        "schema": {"type": "string"},
    }


def _in_query(call: Call) -> list[dict[str, Any]]:
    properties = call.query.model_json_schema().get("properties", {})
    return [
        {"name": name, "in": "query", "description": str(PARAMETERS[name]), "schema": _of_a_parameter(schema)}
        for name, schema in properties.items()
    ]


def _of_a_parameter(schema: dict[str, Any]) -> dict[str, Any]:
    """What is left out is left out: in an address there is no null."""
    plain = {key: value for key, value in schema.items() if key not in ("title", "anyOf") and value is not None}
    kinds = [each for each in schema.get("anyOf", []) if each.get("type") != "null"]
    return plain | (kinds[0] if kinds else {})


def _problem(status: str, words: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": words, "content": {"application/problem+json": {"schema": _ref(answers.Problem)}}
    }  # fmt: skip
    if status == "429":
        found["headers"] = {"Retry-After": {"description": _("Seconds to wait"), "schema": {"type": "integer"}}}
    return found


def _ref(model: type[answers.Answer]) -> dict[str, str]:
    return {"$ref": REF.format(model=model.__name__)}
