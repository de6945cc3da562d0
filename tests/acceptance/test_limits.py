"""Limits on a real server, over each way in: what is refused, with which code, and when to come again."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from dialogue import History, RoomConfig, create_dialogue, define_event

from ..support.event_source import streaming
from ..support.server_process import ServerProcess
from ..support.wire_client import connected, opened
from .command import Here

NewServer = Callable[..., ServerProcess]
EVENT = {"event": "note", "data": 1}
OF_PROXY = {"proxy_headers": "true"}


def ada(server: ServerProcess, address: str | None = None, user: str = "ada") -> httpx.AsyncClient:
    """A client over HTTP, behind the proxy that this machine is."""
    headers = {"X-User-Id": user} | ({} if address is None else {"X-Forwarded-For": address})
    return httpx.AsyncClient(base_url=server.http, headers=headers, trust_env=False)


def ensure_refused(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMITED")
    wait_ms = answer.json()["details"]["retryAfterMs"]
    assert wait_ms / 1000 <= int(answer.headers["Retry-After"]) <= wait_ms / 1000 + 1
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_events_pages_and_joins_of_a_user_count_together_over_all_ways_in(new_server: NewServer) -> None:
    server = new_server(limit_events="3/hour", limit_history="2/hour", limit_joins="2/hour")
    async with connected(server.ws, "ada") as client, ada(server) as http:
        await client.join("hall")
        await client.trigger("hall", "note", 1)
        assert (await http.post("/rooms/hall/events", json=EVENT)).status_code == 201
        assert (await http.delete("/rooms/hall/events/1")).status_code == 204
        ensure_refused(await http.post("/rooms/hall/events", json=EVENT))
        refused = await client.refused("trigger", roomId="hall", event="note", data=1)
        assert refused["code"] == "RATE_LIMITED"
        assert 0 < refused["details"]["retryAfterMs"] <= 3_600_000
        batch = await client.refused("triggerBatch", roomId="hall", events=[EVENT])
        assert batch["code"] == "RATE_LIMITED"

        await client.page("hall")
        assert (await http.get("/rooms/hall/events")).status_code == 200
        ensure_refused(await http.get("/rooms/hall/events"))
        assert (await client.refused("getHistory", roomId="hall"))["code"] == "RATE_LIMITED"

        async with streaming(server.http, "hall", "ada") as stream:
            await stream.opening()
        ensure_refused(await http.get("/rooms/hall/stream"))
        assert (await client.refused("join", roomId="quiet"))["code"] == "RATE_LIMITED"

        async with connected(server.ws, "bob") as bob:  # another user is another matter
            await bob.join("hall")
            await bob.trigger("hall", "note", 1)


async def test_over_http_what_an_event_for_a_crowd_costs_is_owed_afterwards() -> None:
    """A refusal before would tell strangers how many are in a room that they may not know of."""
    note = define_event("note", history=History(limit=5))
    dialogue = create_dialogue(
        database="memory://",
        rooms={"hall": RoomConfig(name="Hall", events=[note])},
        settings={"limit_traffic": "2/hour"},
    )
    headers = {"X-User-Id": "ada"}
    async with (
        dialogue.lifespan(),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(dialogue.asgi), base_url="http://127.0.0.1", headers=headers
        ) as http,
    ):
        dialogue.container.client_limits()._members_of = lambda _: 132
        assert (await http.post("/rooms/hall/events", json=EVENT)).status_code == 201
        ensure_refused(await http.post("/rooms/hall/events", json=EVENT))


async def test_a_body_that_is_refused_unread_counts_no_more_than_the_largest_that_is_read(
    new_server: NewServer,
) -> None:
    """It was counted whole: one upload by mistake, and its user could do nothing for minutes."""
    server = new_server(limit_traffic="65/hour", max_frame=65_536)
    async with ada(server) as http:
        large = {"Content-Type": "application/json"}
        assert (await http.post("/rooms/hall/events", content=b" " * 10_000_000, headers=large)).status_code == 413
        assert (await http.post("/rooms/hall/events", json=EVENT)).status_code == 201


async def test_an_address_may_do_so_many_times_as_much_and_only_a_trusted_proxy_names_one(
    new_server: NewServer,
) -> None:
    server = new_server(limit_events="2/hour", limit_address_factor=1.5, **OF_PROXY)
    async with ada(server, "203.0.113.9") as one, ada(server, "203.0.113.9", "bob") as other:
        for http in (one, one, other):
            assert (await http.post("/rooms/hall/events", json=EVENT)).status_code == 201
        ensure_refused(await other.post("/rooms/hall/events", json=EVENT))
    async with ada(server, "203.0.113.10", "bob") as elsewhere:
        assert (await elsewhere.post("/rooms/hall/events", json=EVENT)).status_code == 201


async def test_floods_of_calls_are_stopped_at_the_door_whoever_they_claim_to_be(new_server: NewServer) -> None:
    """Also such that name nobody, and nothing that is there."""
    server = new_server(limit_requests="50/hour", limit_address_factor=1, **OF_PROXY)
    async with ada(server, "203.0.113.9") as http:
        paths = ["/nowhere", "/rooms/hall/events?limit=x", "/", "/client.js", "/health/live"]
        answers = [(await http.get(path)).status_code for path in paths * 3]
        assert answers[:10].count(429) == 0
        assert answers[10:] == [429] * 5
        preflight = {"Origin": "http://localhost:1", "Access-Control-Request-Method": "GET"}
        refused = await http.options("/rooms", headers=preflight)
        ensure_refused(refused)
        assert refused.headers["Access-Control-Allow-Origin"] == "http://localhost:1"  # so that a page can read it
    async with ada(server, "203.0.113.10") as http:
        assert (await http.get("/health/live")).status_code == 200


async def test_new_connections_of_an_address_are_refused_before_they_are_accepted(new_server: NewServer) -> None:
    server = new_server(limit_connections="2/hour", limit_address_factor=1, **OF_PROXY)
    headers = {"X-Forwarded-For": "203.0.113.9"}
    for _ in range(2):
        async with connect(server.ws, additional_headers=headers):
            pass
    with pytest.raises(InvalidStatus) as refusal:
        await connect(server.ws, additional_headers=headers)
    assert refusal.value.response.status_code == 429
    assert int(refusal.value.response.headers["Retry-After"]) > 0
    async with ada(server, "203.0.113.9") as http:
        ensure_refused(await http.get("/rooms/hall/stream"))  # which opens one, too
        assert (await http.head("/rooms/hall/stream")).status_code == 200  # which does not


async def test_streams_of_an_address_are_new_connections(new_server: NewServer) -> None:
    server = new_server(limit_connections="2/hour", limit_address_factor=1, **OF_PROXY)
    async with httpx.AsyncClient(
        base_url=server.http, headers={"X-Forwarded-For": "203.0.113.11"}, trust_env=False
    ) as http:
        for user in ("bob", "cora"):
            async with http.stream("GET", f"/rooms/hall/stream?userId={user}") as stream:
                assert stream.status_code == 200
        ensure_refused(await http.get("/rooms/hall/stream?userId=dan"))


async def test_and_those_of_a_user_once_it_is_known(new_server: NewServer) -> None:
    server = new_server(limit_connections="2/hour")
    for _ in range(2):
        async with connected(server.ws, "ada"):
            pass
    async with opened(server.ws) as client:
        assert (await client.refused("connect", auth={"userId": "ada"}))["code"] == "RATE_LIMITED"
        assert await client.closed() == (4429, "too many requests")
    async with ada(server) as http:
        ensure_refused(await http.get("/rooms/hall/stream"))


async def test_an_address_has_so_many_connections_open_streams_included(new_server: NewServer) -> None:
    server = new_server(max_connections_per_address=2, **OF_PROXY)
    headers = {"X-Forwarded-For": "2001:db8:1:2::7"}
    same_network = {"X-Forwarded-For": "2001:db8:1:2:ffff::8"}
    async with connect(server.ws, additional_headers=headers):
        async with (
            httpx.AsyncClient(base_url=server.http, headers=same_network, trust_env=False) as http,
            http.stream("GET", "/rooms/hall/stream?userId=ada") as stream,
        ):
            assert stream.status_code == 200
            with pytest.raises(InvalidStatus) as refusal:
                await connect(server.ws, additional_headers=headers)
            assert refusal.value.response.status_code == 429
            ensure_refused(await http.get("/rooms/hall/stream?userId=bob"))
            assert (await http.get("/rooms?userId=ada")).status_code == 200  # calls are no connections
        while True:  # the stream's end is noticed a moment later
            try:
                async with connect(server.ws, additional_headers=headers):
                    break
            except InvalidStatus:
                continue


async def test_a_user_has_so_many_sessions(new_server: NewServer) -> None:
    server = new_server(max_sessions_per_user=1)
    async with connected(server.ws, "ada"), ada(server) as http:
        async with opened(server.ws) as client:
            assert (await client.refused("connect", auth={"userId": "ada"}))["code"] == "RATE_LIMITED"
            assert (await client.closed())[0] == 4429
        ensure_refused(await http.get("/rooms/hall/stream"))


async def test_a_flood_of_joins_and_rooms_is_bounded(new_server: NewServer) -> None:
    server = new_server(limit_rooms="2/hour", max_rooms_per_session=2)
    async with connected(server.ws, "ada") as client:
        for number in range(2):
            await client.ask("createRoom", room={"id": f"room-{number}", "name": "R"})
        assert (await client.refused("createRoom", room={"id": "room-2", "name": "R"}))["code"] == "RATE_LIMITED"
        assert (await client.refused("deleteRoom", roomId="room-0"))["code"] == "RATE_LIMITED"
        for number in range(2):
            await client.join(f"room-{number}")
        refused = await client.refused("join", roomId="hall")
        assert (refused["code"], "2 rooms" in refused["message"]) == ("JOIN_DENIED", True)


async def test_who_goes_on_after_warnings_is_closed_with_4429(new_server: NewServer) -> None:
    server = new_server(limit_history="1/hour", limit_warnings="5/minute")
    async with connected(server.ws, "ada") as client:
        await client.join("hall")
        for _ in range(7):
            await client.send("getHistory", roomId="hall")
        assert (await client.closed())[0] == 4429
        assert sum(frame.get("code") == "RATE_LIMITED" for frame in client.frames) == 6


async def test_where_clients_are_believed_nothing_is_limited_unless_it_is_said(new_server: NewServer) -> None:
    trusting, knowing = new_server(), new_server(auth="proxy")
    for server, limited in ((trusting, False), (knowing, True)):
        async with opened(server.ws, additional_headers={"X-User-Id": "ada"}) as client:
            await client.ask("connect", auth={"userId": "ada"})
            await client.join("hall")
            codes: set[str | None] = set()
            for _ in range(10 if limited else 1):  # a machine that is busy may take so long that so many are due
                if "RATE_LIMITED" not in codes:
                    sent = [await client.send("trigger", roomId="hall", event="typing", data=1) for _ in range(120)]
                    codes |= {answer.get("code") for answer in await client.answers(sent)}
            assert ("RATE_LIMITED" in codes) is limited


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--limit-events", "many"], "limit_events: 'many' must be a limit, as in 50/second"),
        (["--limit-events", "0/second"], "limit_events: '0/second' must be a limit"),
        (["--limit-joins", "5/fortnight"], "limit_joins: '5/fortnight' must be a limit"),
        (["--limit-history", "-1/second"], "limit_history: "),
        (["--limit-history", ""], "limit_history: "),
        (["--limit-events", "5/second, nonsense"], "limit_events: "),
        (["--limit-address-factor", "0"], "limit_address_factor: "),
        (["--limit-store", "memcached://x"], "limit_store: "),
        (["--rate-limits", "maybe"], "rate_limits: "),
        (["--max-sessions-per-user", "0"], "max_sessions_per_user: "),
    ],
)
def test_a_mistake_is_told_in_one_line(here: Here, arguments: list[str], said: str) -> None:
    assert said in here.run("serve", "--port", "0", *arguments).complaint
