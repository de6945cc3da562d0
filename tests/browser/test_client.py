"""`client.js` against the real server, used as the ancestor's document uses it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.browser.conftest import ClientPage
    from tests.browser.people import ChatServer

pytestmark = pytest.mark.browser

SHOW_ROOM = """async ({ createDialogueClient }, roomId) => {
  const app = (globalThis.app = { shown: [], histories: 0, live: 0 });
  const client = (app.client = createDialogueClient({ url: location.origin, auth: { userId: "user-123" } }));
  client.onHistory((id, events) => {
    if (id !== roomId) return;
    app.histories += 1;
    app.shown.push(...events);
  });
  await client.connect();
  const room = (app.room = await client.join(roomId));
  room.on("message", (event) => {
    app.live += 1;
    app.shown.unshift(event);
  });
  app.loadMore = async () => {
    const count = app.shown.length;
    const older = await room.getHistory("message", count, count + 20);
    app.shown.push(...older);
    return older.length;
  };
  return [app.histories, app.shown.length];
}"""

SEQS = "() => app.shown.map(({ seq }) => seq)"


def numbered(count: int) -> list[str]:
    return [f"event {number}" for number in range(1, count + 1)]


def test_a_user_that_can_be_none_is_told_and_not_tried_again(client_page: ClientPage) -> None:
    """The same would be refused each time, and `connect()` would wait for ever."""
    outcome = client_page.run(
        """async ({ createDialogueClient }) => {
          const client = createDialogueClient({ url: location.origin, auth: { userId: " ada" } });
          const { code } = await client.connect().catch((error) => error);
          return [code, client.state];
        }"""
    )
    assert outcome == ["INVALID_REQUEST", "closed"]


def test_history_comes_once_and_pages_lead_to_the_first_event(
    client_page: ClientPage, shared_server: ChatServer
) -> None:
    """`onHistory` is called once for the join; paging by start and end shows each event once, down to the first."""
    with shared_server.user("grace", "paging", create=True) as grace:
        seqs = grace.say(*numbered(130), room="paging")
        assert client_page.run(SHOW_ROOM, "paging") == [1, 50]
        loaded = client_page.run(
            """async () => {
              const counts = [];
              do counts.push(await app.loadMore()); while (counts.at(-1));
              return counts;
            }"""
        )
        assert loaded == [20, 20, 20, 20, 0]
        assert client_page.run(SEQS) == seqs[::-1]


def test_pages_do_not_shift_while_events_arrive(client_page: ClientPage, shared_server: ChatServer) -> None:
    """Each event is shown once, also where new ones come between the count and the page that it asks for."""
    with shared_server.user("grace", "busy", create=True) as grace:
        seqs = grace.say(*numbered(300), room="busy")
        client_page.run(SHOW_ROOM, "busy")
        is_read = threading.Event()

        def keep_talking() -> None:
            while not is_read.wait(0.001):
                seqs.extend(grace.say("one more", room="busy"))

        talker = threading.Thread(target=keep_talking)
        talker.start()
        try:
            client_page.run("async ({ until }) => { await until(() => app.live > 3); while (await app.loadMore()); }")
        finally:
            is_read.set()
            talker.join()
        client_page.run("async ({ until }, newest) => until(() => app.shown[0].seq === newest)", seqs[-1])
        assert client_page.run(SEQS) == seqs[::-1]


def test_what_arrives_before_the_applications_own_join_is_shown_once(
    client_page: ClientPage, shared_server: ChatServer
) -> None:
    """The server joined the client first: events until the application joins are in its history, and not twice."""
    already = shared_server.say("before the connection")
    client_page.run(
        """async ({ createDialogueClient, until }) => {
          const app = (globalThis.app = { seen: [], histories: 0 });
          app.client = createDialogueClient({ url: location.origin, auth: { userId: "user-123" } });
          app.client.onHistory((id, events) => {
            app.histories += 1;
            app.seen.push(...events.map(({ seq }) => seq));
          });
          const joined = new Promise((resolve) => app.client.onJoined(resolve));
          await app.client.connect();
          await joined;
        }"""
    )
    unheard = shared_server.say("nobody listens yet")
    client_page.run(
        """async ({ until }, newest) => {
          const room = app.client.room("general");
          await until(() => room.position.seq === newest);
          room.on("message", ({ seq }) => app.seen.push(seq));
        }""",
        unheard[-1],
    )
    heard = shared_server.say("somebody listens")
    client_page.run("async ({ until }, seq) => until(() => app.seen.includes(seq))", heard[-1])
    assert client_page.run("() => app.histories") == 0
    client_page.run("async () => { await app.client.join('general'); }")
    later = shared_server.say("after the join")
    client_page.run("async ({ until }, seq) => until(() => app.seen.includes(seq))", later[-1])
    assert client_page.run("() => app.histories") == 1
    assert sorted(client_page.run("() => app.seen")) == [*already, *unheard, *heard, *later]


def test_a_trigger_is_answered_with_its_place(client_page: ClientPage, shared_server: ChatServer) -> None:
    """`trigger` gives room, event, timestamp and seq; the sender receives the event as everyone does."""
    with shared_server.user("grace", "triggers", create=True):
        client_page.run(SHOW_ROOM, "triggers")
        outcome = client_page.run(
            """async ({ until }) => {
              const data = { text: "hi", username: "ada" };
              const answer = await app.room.trigger("message", data, { meta: { tag: 7 } });
              const event = await until(() => app.shown[0]);
              const [same] = await app.room.getHistory("message", 0, 1);
              return { answer, event, same, now: Date.now() };
            }"""
        )
    answer, event = outcome["answer"], outcome["event"]
    assert answer == {"roomId": "triggers", "event": "message", "timestamp": event["timestamp"], "seq": 1}
    assert event["data"] == {"text": "hi", "username": "ada"}
    assert event["from"] == "user-123"
    assert event["meta"] == {"tag": 7}
    assert abs(outcome["now"] - event["timestamp"]) < 60_000
    assert outcome["same"] == event


def test_a_refused_trigger_says_what_is_wrong(client_page: ClientPage, shared_server: ChatServer) -> None:
    """The promise is rejected with a DialogueError: its code, and the path of what is wrong in its details."""
    with shared_server.user("grace", "refusals", create=True):
        client_page.run(SHOW_ROOM, "refusals")
        outcome = client_page.run(
            """async ({ DialogueError }) => {
              const error = await app.room.trigger("message", { text: "", username: "ada" }).catch((error) => error);
              const unknown = await app.client.join("nowhere").catch((error) => error);
              return [error instanceof DialogueError, error.code, error.details[0].path, unknown.code];
            }"""
        )
    assert outcome == [True, "INVALID_EVENT", "data.text", "ROOM_NOT_FOUND"]


def test_every_form_of_page_is_answered(client_page: ClientPage, shared_server: ChatServer) -> None:
    """`getPage` takes the forms of the protocol, and tells whether there is more."""
    with shared_server.user("grace", "forms", create=True) as grace:
        grace.say(*numbered(10), room="forms")
        client_page.run(SHOW_ROOM, "forms")
        pages = client_page.run(
            """async () => {
              const forms = [
                { limit: 3 }, { before: 4, limit: 3 }, { after: 0, limit: 3 }, { around: 5, limit: 3 },
                { event: "message", start: 1, end: 4 }, { event: "message", start: 0, end: 2, anchor: 5 },
              ];
              const pages = [];
              for (const form of forms) {
                const { events, hasMore } = await app.room.getPage(form);
                pages.push([events.map(({ seq }) => seq), hasMore]);
              }
              return pages;
            }"""
        )
    assert pages == [
        [[10, 9, 8], True],
        [[3, 2, 1], False],
        [[3, 2, 1], True],
        [[6, 5, 4], True],
        [[9, 8, 7], True],
        [[5, 4], True],
    ]


def test_rooms_are_made_listed_and_deleted(client_page: ClientPage, shared_server: ChatServer) -> None:
    """A room that a client makes is told to the others, is in the list, and is gone for its members when deleted."""
    with shared_server.user("grace"):
        outcome = client_page.run(
            """async ({ createDialogueClient, until }) => {
              const said = [];
              const clientOf = (userId) => createDialogueClient({ url: location.origin, auth: { userId } });
              const [ada, bob] = [clientOf("ada"), clientOf("bob")];
              await Promise.all([ada.connect(), bob.connect()]);
              bob.onRoomCreated(({ id }) => said.push(`created ${id}`));
              bob.onLeft((id) => said.push(`left ${id}`));
              bob.onRoomDeleted((id) => said.push(`deleted ${id}`));
              const made = await ada.createRoom({ id: "made", name: "Made here", events: ["message"] });
              await until(() => said.length === 1);
              await bob.join("made");
              const { rooms } = await bob.listRooms();
              const found = rooms.find(({ id }) => id === "made");
              const refusal = await bob.deleteRoom("general").catch(({ code }) => code);
              await ada.deleteRoom("made");
              await until(() => said.includes("deleted made"));
              return { made, found, refusal, said };
            }"""
        )
    assert outcome["made"]["name"] == "Made here"
    assert outcome["made"]["createdById"] == "ada"
    assert outcome["found"]["size"] == 1
    assert outcome["refusal"] == "FORBIDDEN"
    assert outcome["said"] == ["created made", "left made", "deleted made"]


def test_a_room_is_read_without_being_joined(client_page: ClientPage, shared_server: ChatServer) -> None:
    """`client.getPage` takes the same forms, also for a room whose id needs escaping, and the client stays outside."""
    with shared_server.user("grace", "read me", create=True) as grace:
        grace.say(*numbered(5), room="read me")
        outcome = client_page.run(
            """async ({ createDialogueClient }) => {
              const client = createDialogueClient({ url: location.origin, auth: { userId: "ä" } });
              await client.connect();
              const page = await client.getPage("read me", { after: 1, limit: 3 });
              const nowhere = await client.getPage("nowhere").catch(({ code }) => code);
              return [page.events.map(({ seq }) => seq), page.hasMore, nowhere, client.room("read me") === undefined];
            }"""
        )
    assert outcome == [[4, 3, 2], True, "ROOM_NOT_FOUND", True]
