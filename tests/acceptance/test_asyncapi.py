"""`GET /asyncapi.json`: AsyncAPI 3 of the WebSocket, made from the models that decode and encode it."""

from __future__ import annotations

import json
import subprocess
from typing import Any, get_args

import httpx
import pytest

from dialogue.adapters.wire import messages
from dialogue.adapters.wire.asyncapi import asyncapi_document, payload_name, tag_of
from dialogue.adapters.wire.request_reader import REQUESTS
from dialogue.application.sessions import requests

from ..support.described import ensure_sent_as_described, ensure_taken_as_described, sent_types
from ..support.node import node_command
from ..support.server_process import ServerProcess

PARSER_S = 120


@pytest.fixture(scope="module")
def document(server: ServerProcess) -> Any:
    answer = httpx.get(f"{server.http}/asyncapi.json", trust_env=False)
    assert answer.headers["content-type"].startswith("application/vnd.aai.asyncapi+json")
    again = httpx.get(
        f"{server.http}/asyncapi.json", headers={"If-None-Match": answer.headers["etag"]}, trust_env=False
    )
    assert again.status_code == 304
    return answer.json()


def judged(document: Any) -> Any:
    """What the parser says."""
    done = subprocess.run(
        node_command("asyncapi.mjs"),
        input=json.dumps(document),
        capture_output=True,
        text=True,
        timeout=PARSER_S,
        check=True,
    )
    return json.loads(done.stdout)


def test_the_real_parser_accepts_it(document: Any) -> None:
    said = judged(document)
    assert said["accepted"], said["found"]
    assert [each for each in said["found"] if each["severity"] < 2] == []  # no errors, and no warnings
    assert {name for name, action in said["operations"] if action == "receive"} == REQUESTS.keys()


def test_the_real_parser_refuses_one_that_is_wrong(document: Any) -> None:
    wrong = {**document, "operations": {"join": {"action": "take"}}}
    assert not judged(wrong)["accepted"]


def test_every_request_that_can_be_read_is_in_it(document: Any) -> None:
    asked = {kind for kind in get_args(requests.SessionRequest) if kind is not requests.Unfit}
    made = {kind.make.__annotations__["return"] for kind in REQUESTS.values()}
    assert {kind.__name__ for kind in asked} == made
    for name in REQUESTS:
        schema = document["components"]["schemas"][payload_name(name)]
        assert schema["properties"]["type"] == {"const": name}
        assert len(schema["description"]) > 5


def test_every_message_that_can_be_encoded_is_in_it(document: Any) -> None:
    kinds = [
        kind
        for kind in vars(messages).values()
        if isinstance(kind, type) and kind is not messages.Message and issubclass(kind, messages.Message)
    ]
    assert len(kinds) > 12
    for kind in kinds:
        assert tag_of(kind) in sent_types()
        schema = document["components"]["schemas"][payload_name(tag_of(kind))]
        assert len(schema["description"]) > 10


def test_it_is_the_one_that_the_tests_hold_frames_to(document: Any) -> None:
    assert document == asyncapi_document(document["info"]["version"])


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "left"},
        {"type": "left", "roomId": 7},
        {"type": "unheardOf"},
        {"type": "pong", "id": 1.5},
        {"type": "events", "roomId": "hall", "events": []},
        {"type": "events", "roomId": "hall", "events": [{"event": "message"}]},
    ],
)
def test_a_frame_that_is_not_as_it_says_fails_a_test(frame: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match=r"asyncapi\.json"):
        ensure_sent_as_described(frame)


def test_a_request_that_is_not_as_it_says_fails_a_test() -> None:
    ensure_taken_as_described({"type": "leave", "roomId": "hall"})
    with pytest.raises(AssertionError, match=r"asyncapi\.json"):
        ensure_taken_as_described({"type": "leave"})
