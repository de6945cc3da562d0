"""Redactions and read marks in `client.js`, against a server that is played word by word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Route

    from tests.browser.conftest import ClientPage

pytestmark = pytest.mark.browser


def test_redactions_reach_their_handlers_whatever_is_subscribed(client_page: ClientPage) -> None:
    """Live and recovered, in the room's order among the other events, each once, and the cursor counts them."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { room, notes } = await script.joinedClient({ seq: 3, history: [3] });
          room.on("dialogue.redacted", ({ seq }) => notes.push(`on ${seq}`));
          room.onAny(({ event, seq }) => notes.push(`any ${seq}`));
          const note = (seq, { seq: at, data }) => notes.push(`redacted ${seq} at ${at} by ${data.by}`);
          const stop = room.onRedacted(note);
          script.say({ type: "events", roomId: "r", events: [script.event(4), script.redaction(5, 2)] });
          script.lose();
          await script.welcome(2);
          const rejoin = await script.joined({ seq: 7, history: [], recovered: true });
          script.lose();
          await script.welcome(3);
          await script.joined({ seq: 9, history: [9, script.redaction(8, 4)], recovered: true });
          stop();
          script.say({ type: "events", roomId: "r", events: [script.redaction(10, 1), script.redaction(10, 1)] });
          return [rejoin.since.seq, notes, room.position.seq];
        }"""
    )
    notes = [
        *("history 3", 4, "any 4", "on 5", "redacted 2 at 5 by ada", "any 5", "recovered true"),
        *("recovered true", "on 8", "redacted 4 at 8 by ada", "any 8", 9, "any 9", "on 10", "any 10"),
    ]
    assert outcome == [5, notes, 10]


def test_a_redaction_without_data_harms_nobody(client_page: ClientPage) -> None:
    """It may have been erased itself: `onRedacted` has no seq to give, and the handlers of the event get it."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { client, room, notes } = await script.joinedClient({ seq: 0 });
          client.onError(({ code }) => notes.push(code));
          room.onRedacted((seq) => notes.push(`redacted ${seq}`));
          room.on("dialogue.redacted", ({ data }) => notes.push(data));
          const erased = { ...script.redaction(1, 1), data: null, redacted: true };
          script.say({ type: "events", roomId: "r", events: [erased] });
          script.live(2);
          return notes;
        }"""
    )
    assert outcome == ["history ", None, 2]


REDACT = """async ({ Script }, { url, auth, roomId, userId, seq }) => {
  const script = new Script();
  const client = script.client({ url: new URL(url, location.origin).href, auth });
  const connecting = client.connect();
  await script.welcome(1, { userId });
  await connecting;
  const joining = client.join(roomId);
  await script.joined({ seq: 3 });
  const room = await joining;
  const tell = ({ name, code, message, details }) => [name, code, message, details ?? null];
  return room.redact(seq).then(() => "done", tell);
}"""
REQUEST = {"url": "/ws", "auth": {"userId": "ada"}, "roomId": "r", "userId": "ada", "seq": 2}


@pytest.mark.parametrize(
    ("changes", "path", "header", "value"),
    [
        ({}, "/rooms/r/events/2", "x-user-id", "ada"),
        ({"auth": {"token": "secret"}}, "/rooms/r/events/2", "authorization", "Bearer secret"),
        ({"url": "/app/ws?x=1", "roomId": "a/b ?"}, "/app/rooms/a%2Fb%20%3F/events/2", "x-user-id", "ada"),
        ({"userId": "Ада"}, "/rooms/r/events/2?userId=%D0%90%D0%B4%D0%B0", "x-user-id", None),
    ],
)
def test_a_redaction_is_asked_for_over_http(
    client_page: ClientPage, changes: dict[str, Any], path: str, header: str, value: str | None
) -> None:
    """Beside the WebSocket's address, with the token or the user that the server knows."""
    asked: list[tuple[str, str, str | None]] = []

    def answer(route: Route) -> None:
        request = route.request
        asked.append((request.method, request.url, request.header_value(header)))
        route.fulfill(status=204)

    client_page.page.route("**/events/*", answer)
    assert client_page.run(REDACT, REQUEST | changes) == "done"
    origin = client_page.run("() => location.origin")
    assert asked == [("DELETE", origin + path, value)]


PROBLEM = '{"type": "about:blank", "title": "Forbidden", "status": 403, "detail": "not yours", "code": "FORBIDDEN"}'


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 403, "body": PROBLEM}, ["FORBIDDEN", "not yours", None]),
        (
            {"status": 429, "body": '{"code": "RATE_LIMITED", "detail": "slowly"}', "headers": {"Retry-After": "2"}},
            ["RATE_LIMITED", "slowly", {"retryAfterMs": 2000}],
        ),
        ({"status": 502, "body": "<html>"}, ["UNKNOWN", "The server answered with 502", None]),
    ],
)
def test_a_refused_redaction_says_why(client_page: ClientPage, answer: dict[str, Any], error: list[Any]) -> None:
    """A problem document becomes a DialogueError with its code; what is no problem document is told by its status."""
    client_page.page.route("**/events/*", lambda route: route.fulfill(**answer))
    assert client_page.run(REDACT, REQUEST) == ["DialogueError", *error]


def test_a_redaction_that_does_not_get_through_is_told(client_page: ClientPage) -> None:
    """DISCONNECTED where the network fails; and what is no seq is never asked for."""
    client_page.page.route("**/events/*", lambda route: route.abort())
    assert client_page.run(REDACT, REQUEST)[1] == "DISCONNECTED"
    assert client_page.run(REDACT, REQUEST | {"seq": "2/../9"})[1] == "INVALID_REQUEST"


def test_a_room_is_marked_as_read(client_page: ClientPage) -> None:
    """Up to the cursor, or to the seq that is given; the promise tells what is left unread."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { client, room } = await script.joinedClient({ seq: 3 });
          const said = [];
          client.onMarked((roomId, mark) => said.push([roomId, mark]));
          script.live(4);
          const marks = [room.markRead(), room.markRead(2)];
          const asked = script.asked("markRead");
          asked.forEach((request, i) => {
            script.answer(request, "marked", { roomId: "r", seq: request.seq, unread: i * 2 });
          });
          const answers = await Promise.all(marks);
          script.say({ type: "marked", roomId: "elsewhere", seq: 8, unread: 1 });
          return [asked.map(({ roomId, seq }) => [roomId, seq]), answers, said];
        }"""
    )
    asked = [["r", 4], ["r", 2]]
    answers = [{"seq": 4, "unread": 0}, {"seq": 2, "unread": 2}]
    assert outcome == [asked, answers, [["elsewhere", {"seq": 8, "unread": 1}]]]


def test_the_list_of_rooms_has_what_is_unread(client_page: ClientPage) -> None:
    """As the server says it."""
    rooms = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { client } = await script.joinedClient({ seq: 3 });
          const listing = client.listRooms();
          const rooms = [{ id: "r", name: "Room", size: 1, unread: 12 }, { id: "s", name: "Other", size: 0 }];
          script.answer(await script.request("listRooms"), "rooms", { rooms });
          return (await listing).rooms.map(({ unread }) => unread ?? null);
        }"""
    )
    assert rooms == [12, None]


def test_redactions_are_known_over_many_connections(client_page: ClientPage) -> None:
    """They reach the client whatever it is subscribed to, so a rejoin is no break in what it has had."""
    notes = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { client, room } = await script.joinedClient({ seq: 0 });
          room.onRedacted(() => {});
          const redactions = [];
          for (let seq = 1; seq <= 70; seq += 1) {
            redactions.unshift(script.redaction(seq, 1));
            script.say({ type: "events", roomId: "r", events: redactions.slice(0, 1) });
            script.lose();
            await script.welcome(seq + 1);
            await script.joined({ seq, recovered: true });
          }
          const unseen = [];
          client.onHistory((_, events) => unseen.push(...events.map(({ seq }) => seq)));
          const joining = client.join("r");
          await script.joined({ seq: 70, history: redactions });
          await joining;
          return unseen;
        }"""
    )
    assert notes == []
