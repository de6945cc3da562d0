"""The calls over HTTP, made by schemathesis from the server's own description: right ones, and wrong ones."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, checks
from schemathesis.specs.openapi.schemas import OpenApiSchema

from ..support.server_process import ServerProcess
from .bystander import Bystander

CALLS = [
    *("listRooms", "getRoom", "listDefinitions", "getHistory", "publishEvent", "redactEvent"),
    *("removeMember", "disconnectUser"),
]
WITHOUT_FIELDS = {"live", "ready", "getMetrics"}
ENDLESS = {"streamEvents"}
"""What is not asked here: its answer does not end."""

NOT_SAID_IN_OPENAPI = [checks.positive_data_acceptance]
"""Which forms of a page may stand together, what a user id is, and which events a room has: so what the description
allows may yet be refused."""

TOO_LONG, MAX_TARGET = 414, 8_000
"""What is not said there either: before a call is looked at, its whole address may be too long."""


@pytest.fixture(scope="module")
def api(server: ServerProcess) -> OpenApiSchema:
    """The calls as the server describes them."""
    return schemathesis.openapi.from_url(f"{server.http}/schema/openapi.json")


@st.composite
def reaching_something(draw: st.DrawFn, cases: st.SearchStrategy[Case[Any]]) -> Case[Any]:
    """Right calls, most of them by somebody, of a room that is there, and of an event that it has."""
    case = draw(cases)
    if draw(st.integers(0, 3)):
        case.headers["X-User-Id"] = draw(st.sampled_from(["ada", "bob"]))
    if "room_id" in case.path_parameters and draw(st.integers(0, 3)):
        case.path_parameters["room_id"] = draw(st.sampled_from(["hall", "quiet", "signals"]))
    if "seq" in case.path_parameters and draw(st.booleans()):
        case.path_parameters["seq"] = draw(st.integers(0, 20))
    if isinstance(case.body, dict) and draw(st.integers(0, 3)):
        case.body["event"] = draw(st.sampled_from(["note", "typing", "message"]))
    return case


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_answered_as_its_description_says(
    server: ServerProcess, bystander: Bystander, api: OpenApiSchema, name: str, mode: GenerationMode
) -> None:
    cases = api.find_operation_by_id(name).as_strategy(generation_mode=mode)
    if mode is GenerationMode.POSITIVE:
        cases = reaching_something(cases)

    @settings(max_examples=120, suppress_health_check=list(HealthCheck))
    @given(cases)
    def call(case: Case[Any]) -> None:
        response = case.call()
        if response.status_code == TOO_LONG:
            assert len(str(response.request.url)) > MAX_TARGET
            return
        case.validate_response(response, excluded_checks=NOT_SAID_IN_OPENAPI)
        assert bystander.secret not in response.text
        assert server.faults == []

    call()
    bystander.go_on()


@pytest.mark.parametrize("name", sorted(WITHOUT_FIELDS))
def test_a_call_without_fields_is_answered_as_its_description_says(api: OpenApiSchema, name: str) -> None:
    api.find_operation_by_id(name).Case().call_and_validate()


def test_no_call_is_forgotten(api: OpenApiSchema) -> None:
    described = {
        operation["operationId"] for operations in api.raw_schema["paths"].values() for operation in operations.values()
    }
    assert described == set(CALLS) | WITHOUT_FIELDS | ENDLESS
