"""Problem documents after RFC 9457: how HTTP says what is wrong."""

from __future__ import annotations

from http import HTTPStatus

from .frames import encodable, json_bytes

PROBLEM_JSON = "application/problem+json"


def problem_document(status: int, code: str, message: str, details: object = None) -> bytes:
    """The body of a refusal; `code` is the wire's, and `details` what a program can act on."""
    document: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": message,
        "code": code,
    }
    return json_bytes(encodable(document if details is None else {**document, "details": details}))
