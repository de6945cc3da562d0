"""`dialogue.v1` as AsyncAPI 3.0, made from the models that decode and encode it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_type_hints

import msgspec
from pydantic.json_schema import models_json_schema

from .messages import MAX_REQUEST_ID, PUSHED, Error, Message
from .request_reader import REQUESTS, Kind

Json = dict[str, Any]

DESCRIPTION = """Rooms of typed events whose history does not end.

Every message is one JSON object in one text frame, with a `type`. A request may carry an `id`, and its answer carries
the same one. The first request is `connect`. What is promised of order, and when connections are closed, stands in the
page on the wire protocol.
"""
SCHEMAS = "#/components/schemas/"
CHANNEL: Json = {"$ref": "#/channels/dialogue"}


def asyncapi_document(version: str) -> Json:
    """The document; `receive` is what the server takes, `send` what it says."""
    kinds: set[type[Message]] = {Error, *PUSHED, *(kind.answer for kind in REQUESTS.values())}
    sent = {tag_of(kind): kind for kind in sorted(kinds, key=tag_of)}
    names = [*REQUESTS, *sent]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Dialogue", "version": version, "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "channels": {
            "dialogue": {
                "address": "/ws",
                "description": "A WebSocket; the subprotocol is `dialogue.v1`.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            }
        },
        "operations": dict(_operations()),
        "components": {
            "messages": {name: _message(name, _summary(name, sent)) for name in names},
            "schemas": {**_request_schemas(), **_sent_schemas(sent.values())},
        },
    }


def tag_of(kind: type[Message]) -> str:
    """The type of a message as it stands on the wire."""
    return str(kind.__struct_config__.tag)


def payload_name(name: str) -> str:
    """Under which name the schema of a message of that type stands."""
    return f"{name[0].upper()}{name[1:]}"


def _operations() -> Iterable[tuple[str, Json]]:
    for name, kind in REQUESTS.items():
        answers = [tag_of(kind.answer), tag_of(Error)]
        yield (
            name,
            {
                "action": "receive",
                "summary": _about(kind),
                "channel": CHANNEL,
                "messages": [_of_channel(name)],
                "reply": {"channel": CHANNEL, "messages": [_of_channel(answer) for answer in answers]},
            },
        )
    for pushed in PUSHED:
        tag = tag_of(pushed)
        summary = _first_line(pushed.__doc__)
        yield f"push.{tag}", {"action": "send", "summary": summary, "channel": CHANNEL, "messages": [_of_channel(tag)]}


def _of_channel(name: str) -> Json:
    return {"$ref": f"#/channels/dialogue/messages/{name}"}


def _message(name: str, summary: str) -> Json:
    return {"name": name, "summary": summary, "payload": {"$ref": f"{SCHEMAS}{payload_name(name)}"}}


def _summary(name: str, sent: Mapping[str, type[Message]]) -> str:
    return _about(REQUESTS[name]) if name in REQUESTS else _first_line(sent[name].__doc__)


def _about(kind: Kind[Any]) -> str:
    return _first_line(get_type_hints(kind.make)["return"].__doc__)


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _request_schemas() -> Json:
    """Those of requests, with `type` and `id`, and of what they are made of."""
    models = {kind.fields for kind in REQUESTS.values()}
    wanted = [(model, "validation") for model in sorted(models, key=lambda model: model.__name__)]
    _, found = models_json_schema(wanted, by_alias=True, ref_template=f"{SCHEMAS}{{model}}")  # type: ignore[arg-type]
    definitions: Json = found["$defs"]
    schemas = {
        payload_name(name): _request(name, kind, definitions[kind.fields.__name__]) for name, kind in REQUESTS.items()
    }
    parts = {name: schema for name, schema in definitions.items() if name not in {model.__name__ for model in models}}
    return {**schemas, **parts}


def _request(name: str, kind: Kind[Any], fields: Json) -> Json:
    request_id = {
        "description": "Of the client's choosing; the answer carries the same.",
        "anyOf": [{"type": "string", "maxLength": MAX_REQUEST_ID}, {"type": "integer"}],
    }
    return {
        **fields,
        "title": payload_name(name),
        "description": _about(kind),
        "properties": {"type": {"const": name}, "id": request_id, **fields.get("properties", {})},
        "required": ["type", *fields.get("required", ())],
    }


def _sent_schemas(kinds: Iterable[type[Message]]) -> Json:
    _, schemas = msgspec.json.schema_components(kinds, ref_template=f"{SCHEMAS}{{name}}")
    return dict(schemas)
