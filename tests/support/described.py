"""Frames against `/asyncapi.json`: what any test sees of the wire has to be as the document says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema_rs import Draft7Validator

from dialogue.adapters.wire.asyncapi import SCHEMAS, asyncapi_document, payload_name


@cache
def _document() -> dict[str, Any]:
    return asyncapi_document("of the tests")


@cache
def sent_types() -> frozenset[str]:
    """The types of all messages that the server sends."""
    operations = _document()["operations"].values()
    named = [message for each in operations for message in each.get("reply", each)["messages"]]
    return frozenset(message["$ref"].rpartition("/")[2] for message in named)


@cache
def _validator(schema: str) -> Draft7Validator:
    reference = {"$ref": f"{SCHEMAS}{schema}", "components": _document()["components"]}
    return Draft7Validator(json.dumps(reference))


def _flaw(schema: str, value: object) -> str | None:
    if schema not in _document()["components"]["schemas"]:
        return f"/asyncapi.json has no schema {schema!r}"
    found = next(_validator(schema).iter_errors(value), None)
    return None if found is None else f"not as {schema!r} in /asyncapi.json: {found.message} at {found.instance_path}"


def ensure_sent_as_described(frame: Mapping[str, Any]) -> None:
    """Fail where the server has sent what the document does not say."""
    assert frame["type"] in sent_types(), f"/asyncapi.json knows no message of the type {frame['type']!r}"
    flaw = _flaw(payload_name(frame["type"]), frame)
    assert flaw is None, f"{flaw}\n{frame}"


def ensure_taken_as_described(request: Mapping[str, Any]) -> None:
    """Fail where the server has taken what the document does not say."""
    flaw = _flaw(payload_name(request["type"]), request)
    assert flaw is None, f"{flaw}\n{request}"


def ensure_event_as_described(event: Mapping[str, Any]) -> None:
    """Fail where an event on a stream is not as those of the WebSocket."""
    flaw = _flaw("Event", event)
    assert flaw is None, f"{flaw}\n{event}"
