"""OpenAPI as a page for people: plain HTML, which needs no script and no other file, and so no internet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

Json = Mapping[str, Any]

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2.5rem } h3 { margin: 2rem 0 .25rem }
code, b { font-family: ui-monospace, monospace; font-size: .9em }
b { display: inline-block; min-width: 4.5em }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 }
td { border-top: 1px solid #8884; padding: .3rem .6rem .3rem 0; vertical-align: top }
td:first-child { width: 14rem }
"""


def schema_page(document: Json) -> str:
    """The page of an OpenAPI document."""
    info = document["info"]
    body = "\n".join([*_operations(document), *_schemas(document["components"]["schemas"])])
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(info['title'])}: HTTP</title><style>{STYLE}</style></head>\n<body>"
        f"<h1>{escape(info['title'])} {escape(info['version'])}: HTTP</h1>{_prose(info['description'])}"
        '<p>For programs: <a href="schema/openapi.json">openapi.json</a></p>\n'
        f"{body}\n</body></html>\n"
    )


def _operations(document: Json) -> Iterator[str]:
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'])}</h2>{_prose(tag.get('description', ''))}"
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if tag["name"] in operation.get("tags", ()):
                    yield _operation(path, method, operation)


def _operation(path: str, method: str, operation: Json) -> str:
    name = escape(operation["operationId"])
    head = f'<h3 id="{name}"><b>{method.upper()}</b> <code>{escape(path)}</code></h3>'
    return (
        f"{head}<p>{escape(operation['summary'])}.</p>{_prose(operation['description'])}"
        f"{_table(_parameters(operation))}{_table(_body(operation))}{_table(_answers(operation))}"
    )


def _parameters(operation: Json) -> Iterator[tuple[str, str]]:
    for each in operation.get("parameters", ()):
        needed = ", required" if each.get("required") else ""
        yield (
            f"<code>{escape(each['name'])}</code> <small>{escape(each['in'])}</small>",
            f"{_type(each['schema'])}{needed}: {_inline(each.get('description', ''))}",
        )


def _body(operation: Json) -> Iterator[tuple[str, str]]:
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield "body", f"<code>{escape(media_type)}</code>"
        yield from _fields(content["schema"])


def _answers(operation: Json) -> Iterator[tuple[str, str]]:
    for status, answer in operation["responses"].items():
        kinds = {_type(content["schema"]) for content in answer.get("content", {}).values() if "schema" in content}
        yield escape(status), f"{_inline(answer.get('description', ''))} {', '.join(sorted(kinds))}"


def _schemas(schemas: Mapping[str, Json]) -> Iterator[str]:
    yield "<h2>Documents</h2>"
    for name, schema in schemas.items():
        yield f'<h3 id="{escape(name)}"><code>{escape(name)}</code></h3>{_prose(schema.get("description", ""))}'
        yield _table(_fields(schema))


def _fields(schema: Json) -> Iterator[tuple[str, str]]:
    needed = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        optional = "" if name in needed else ", may be left out"
        yield f"<code>{escape(name)}</code>", f"{_type(field)}{optional}: {_inline(field.get('description', ''))}"


def _type(schema: Json) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    for several in ("oneOf", "anyOf"):
        if several in schema:
            return " or ".join(_type(each) for each in schema[several])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    kind = schema.get("type", "any JSON")
    return escape(" or ".join(kind) if isinstance(kind, list) else str(kind))


def _table(rows: Iterator[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><td>{name}</td><td>{said}</td></tr>" for name, said in rows)
    return f"<table>{cells}</table>" if cells else ""


def _prose(text: str) -> str:
    return "".join(f"<p>{_inline(part)}</p>" for part in text.strip().split("\n\n") if part)


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
