"""`client.js` against a server that is played word by word: what it says, and in which order it hands events over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.browser.conftest import ClientPage

pytestmark = pytest.mark.browser


def test_the_subprotocol_is_offered_and_a_url_gets_its_path(client_page: ClientPage) -> None:
    """A URL without a path gets `/ws`, http becomes ws, and `dialogue.v1` is offered."""
    addresses = client_page.run(
        """async ({ Script, until }) => {
          const found = [];
          for (const url of ["ws://host:3000", "http://host", "https://host/", "wss://host/app/ws?x=1"]) {
            const script = new Script();
            script.client({ url }).connect().catch(() => {});
            await until(() => script.socket);
            found.push([script.socket.url, ...script.socket.protocols]);
          }
          return found;
        }"""
    )
    assert addresses == [
        ["ws://host:3000/ws", "dialogue.v1"],
        ["ws://host/ws", "dialogue.v1"],
        ["wss://host/ws", "dialogue.v1"],
        ["wss://host/app/ws?x=1", "dialogue.v1"],
    ]


def test_the_auth_function_is_called_at_each_connect(client_page: ClientPage) -> None:
    """A token that ran out (4401) is replaced, because the function is asked anew."""
    tokens = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          let calls = 0;
          const client = script.client({ auth: async () => ({ token: `t${++calls}` }) });
          const connecting = client.connect();
          const first = await script.welcome(1);
          await connecting;
          script.lose(4401, "the token ran out");
          const second = await script.welcome(2);
          return [first.auth.token, second.auth.token, client.state];
        }"""
    )
    assert tokens == ["t1", "t2", "connected"]


def test_a_token_function_is_called_at_each_connect_and_before_the_token_runs_out(client_page: ClientPage) -> None:
    """The connection goes on, and calls over HTTP have the new token."""
    outcome = client_page.run(
        """async ({ Script, settle }) => {
          const script = new Script();
          let calls = 0;
          const client = script.client({ auth: { app: "x", token: async () => `t${++calls}` } });
          const connecting = client.connect();
          const connect = await script.welcome(1, { expiresAt: Date.now() + 300 });
          await connecting;
          const first = await script.request("refresh");
          script.answer(first, "refreshed", { expiresAt: Date.now() + 300 });
          const second = await script.request("refresh");
          script.answer(second, "refreshed", {});
          const headers = [];
          globalThis.fetch = async (url, options) => {
            headers.push(options.headers.Authorization);
            return new Response(JSON.stringify({ events: [] }));
          };
          await settle();
          await client.getDefinitions("r");
          return [connect.auth, first.auth, second.auth, headers, script.sockets.length, client.state];
        }"""
    )
    told = [{"app": "x", "token": f"t{number}"} for number in (1, 2, 3)]
    assert outcome == [*told, ["Bearer t3"], 1, "connected"]


def test_a_refresh_that_fails_is_tried_again_and_its_end_is_a_reconnect(client_page: ClientPage) -> None:
    """What is refused, and what the function throws, goes to `onError`."""
    outcome = client_page.run(
        """async ({ Script, until, standingStill }) => {
          const time = standingStill((ms) => ms > 10_000);
          const script = new Script();
          const errors = [];
          let calls = 0;
          const token = () => {
            if (++calls === 2) throw new Error("no network");
            return `t${calls}`;
          };
          const client = script.client({ auth: { token } });
          client.onError(({ code }) => errors.push(code));
          const connecting = client.connect();
          await script.welcome(1, { expiresAt: Date.now() + 600_000 });
          await connecting;
          time.pass();
          await until(() => errors.length === 1);
          time.pass();
          const refused = await script.request("refresh");
          script.answer(refused, "error", { code: "UNAUTHENTICATED", message: "another user's" });
          await until(() => errors.length === 2);
          script.lose(4401, "the token has run out");
          const again = await script.welcome(2);
          await until(() => client.state === "connected");
          return [errors, refused.auth.token, again.auth.token];
        }"""
    )
    assert outcome == [["AUTH_FAILED", "UNAUTHENTICATED"], "t3", "t4"]


def test_a_token_that_is_no_function_ends_the_client_with_it(client_page: ClientPage) -> None:
    """There is nothing new to try, and nothing is asked for before."""
    outcome = client_page.run(
        """async ({ Script, until }) => {
          const script = new Script();
          const errors = [];
          const client = script.client({ auth: { token: "t1" } });
          client.onError(({ code }) => errors.push(code));
          const connecting = client.connect();
          await script.welcome(1, { expiresAt: Date.now() + 50 });
          await connecting;
          script.lose(4401, "the token has run out");
          await until(() => client.state === "closed");
          return [errors, script.socket.sent.map(({ type }) => type), script.sockets.length];
        }"""
    )
    assert outcome == [["UNAUTHENTICATED"], ["connect"], 1]


def test_a_refused_user_is_told_and_not_tried_again(client_page: ClientPage) -> None:
    """`connect()` is rejected with UNAUTHENTICATED; with an auth object there is nothing new to try."""
    outcome = client_page.run(
        """async ({ Script, until, settle }) => {
          const script = new Script();
          const client = script.client({ auth: { userId: "x" } });
          const connecting = client.connect().catch((error) => error);
          await until(() => script.socket);
          script.socket.onopen({});
          const request = await script.request("connect");
          script.answer(request, "error", { code: "UNAUTHENTICATED", message: "who?" });
          const error = await connecting;
          await settle();
          return [error.name, error.code, error.message, client.state, script.sockets.length];
        }"""
    )
    assert outcome == ["DialogueError", "UNAUTHENTICATED", "who?", "closed", 1]


def test_a_final_close_is_not_followed_by_an_attempt(client_page: ClientPage) -> None:
    """A removal by an administrator would only happen again."""
    outcome = client_page.run(
        """async ({ Script, settle }) => {
          const script = new Script();
          const { client } = await script.joinedClient({ seq: 0 });
          const said = [];
          client.onDisconnect(({ code, willReconnect }) => said.push(code, willReconnect));
          client.onError((error) => said.push(error.code));
          script.lose(4403, "go away");
          await settle();
          return [client.state, ...said, script.sockets.length];
        }"""
    )
    assert outcome == ["closed", 4403, False, "CLOSED", 1]


def test_attempts_back_off_with_full_jitter_up_to_the_maximum(client_page: ClientPage) -> None:
    """The time to the next attempt is random below a ceiling that doubles from the minimum to the maximum."""
    delays = client_page.run(
        """async ({ Script, until }) => {
          const { setTimeout } = globalThis;
          const { random } = Math;
          const delays = [];
          const script = new Script();
          const client = script.client({ reconnect: { minDelayMs: 100, maxDelayMs: 1000 }, requestTimeoutMs: 77777 });
          Math.random = () => 0.5;
          globalThis.setTimeout = (callback, ms) => {
            if (ms === 77777 || ms < 2) return setTimeout(callback, ms);
            delays.push(ms);
            return setTimeout(callback, 0);
          };
          try {
            client.connect().catch(() => {});
            for (let n = 1; n <= 7; n += 1) {
              await until(() => script.sockets.length === n);
              script.lose(1006);
            }
            client.disconnect();
            return delays;
          } finally {
            Object.assign(globalThis, { setTimeout });
            Math.random = random;
          }
        }"""
    )
    assert delays == [50, 100, 200, 400, 500, 500, 500]


def test_answers_find_their_requests_in_any_order(client_page: ClientPage) -> None:
    """Two requests in flight never take each other's answers; an error rejects its own with code and details."""
    outcome = client_page.run(
        """async ({ Script, DialogueError }) => {
          const script = new Script();
          const { room } = await script.joinedClient({ seq: 0 });
          const first = room.trigger("message", { n: 1 });
          const second = room.trigger("message", { n: 2 }, { meta: { tag: "x" } });
          const third = room.trigger("message", { n: 3 }).catch((error) => error);
          const sent = script.socket.sent.filter(({ type }) => type === "trigger");
          const details = [{ path: "data.n", message: "too large" }];
          script.answer(sent[2], "error", { code: "INVALID_EVENT", message: "no", details });
          script.answer(sent[1], "triggered", { roomId: "r", event: "message", timestamp: 2, seq: 2 });
          script.answer(sent[0], "triggered", { roomId: "r", event: "message", timestamp: 1, seq: 1 });
          const error = await third;
          return [
            await first, (await second).seq, sent[1].meta,
            error instanceof DialogueError, error.code, error.details[0].path,
          ];
        }"""
    )
    first = {"roomId": "r", "event": "message", "timestamp": 1, "seq": 1}
    assert outcome == [first, 2, {"tag": "x"}, True, "INVALID_EVENT", "data.n"]


def test_recovered_events_come_oldest_first_and_before_the_live_ones(client_page: ClientPage) -> None:
    """What was missed reaches the `on` handlers in the room's order, also where live events overtake the answer."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { client, room, notes } = await script.joinedClient({ seq: 3, history: [3, 2, 1] });
          script.live(4);
          script.lose();
          await script.welcome(2);
          script.put({ seq: 6 });
          script.live(7);
          const rejoin = await script.joined({ seq: 6, history: [6, 5], recovered: true });
          script.live(8);
          return [rejoin.since, notes, room === client.room("r"), room.position];
        }"""
    )
    notes = ["history 3,2,1", 4, "recovered true", 5, 6, 7, 8]
    assert outcome == [{"epoch": "one", "seq": 4}, notes, True, {"epoch": "one", "seq": 8}]


def test_an_event_that_was_delivered_is_dropped(client_page: ClientPage) -> None:
    """Repeats in live frames and in a recovery that reaches back too far are not handed over again."""
    notes = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { notes } = await script.joinedClient({ seq: 3, history: [3, 2, 1] });
          script.live(3, 4, 4, 5);
          script.live(5, 6);
          script.lose();
          await script.welcome(2);
          await script.joined({ seq: 7, history: [7, 6, 5, 4], recovered: true });
          return notes;
        }"""
    )
    assert notes == ["history 3,2,1", 4, 5, 6, "recovered true", 7]


def test_without_recovery_the_client_starts_over(client_page: ClientPage) -> None:
    """`onRecovered` says false first; then `onHistory` gives the room anew, and live events go on behind it."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { room, notes } = await script.joinedClient({ seq: 9, history: [9, 8] });
          script.lose();
          await script.welcome(2);
          script.live(2, 3);
          await script.joined({ seq: 2, history: [2, 1], epoch: "two", recovered: false });
          script.live(4);
          return [notes, room.position];
        }"""
    )
    notes = ["history 9,8", "recovered false", "history 2,1", 3, 4]
    assert outcome == [notes, {"epoch": "two", "seq": 4}]


def test_pages_do_not_move_the_cursor(client_page: ClientPage) -> None:
    """A page that is ahead of the live events does not make them repeats; offsets are counted from the cursor."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { room, notes } = await script.joinedClient({ seq: 3 });
          const paging = room.getHistory("message", 2, 4);
          const request = await script.request("getHistory");
          const events = [script.event(5), script.event(4)];
          script.answer(request, "history", { roomId: "r", epoch: "one", events, hasMore: true });
          const page = await paging;
          script.live(4, 5);
          return [request.start, request.end, request.anchor, page.map(({ seq }) => seq), notes];
        }"""
    )
    assert outcome == [2, 4, 3, [5, 4], ["history ", 4, 5]]


def test_history_comes_once_where_the_server_joined_first(client_page: ClientPage) -> None:
    """The server's own `joined` has no history; the application's join gives it, less what handlers have had."""
    outcome = client_page.run(
        """async ({ Script, settle }) => {
          const script = new Script();
          const client = script.client();
          const notes = [];
          client.onHistory((_, events) => notes.push(`history ${events.map((event) => event.seq)}`));
          const connecting = client.connect();
          await script.welcome();
          await connecting;
          script.put({ seq: 2 });
          script.live(3);
          const stop = client.room("r").on("message", (event) => notes.push(event.seq));
          script.live(4);
          const joining = client.join("r");
          await script.joined({ seq: 5, history: [5, 4, 3, 2, 1] });
          const room = await joining;
          script.live(5, 6);
          stop();
          await settle();
          return [notes, room === client.room("r")];
        }"""
    )
    assert outcome == [[4, "history 5,3,2,1", 6], True]


def test_joins_at_once_share_their_answer(client_page: ClientPage) -> None:
    """Two joins of one room at the same time are one request, one history and one room."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const client = script.client();
          let histories = 0;
          client.onHistory(() => (histories += 1));
          const connecting = client.connect();
          await script.welcome();
          await connecting;
          const both = Promise.all([client.join("r"), client.join("r")]);
          await script.joined({ seq: 1, history: [1] });
          const [first, second] = await both;
          return [first === second, histories, script.socket.sent.filter(({ type }) => type === "join").length];
        }"""
    )
    assert outcome == [True, 1, 1]


def test_a_lost_connection_rejects_requests_but_not_joins(client_page: ClientPage) -> None:
    """What is in flight is rejected with DISCONNECTED; a join is asked again on the next connection."""
    outcome = client_page.run(
        """async ({ Script, until }) => {
          const script = new Script();
          const { client, room } = await script.joinedClient({ seq: 0 });
          const page = room.getPage().catch((error) => error.code);
          const joining = client.join("other");
          await until(() => script.socket.sent.some(({ roomId }) => roomId === "other"));
          script.lose();
          const whileAway = await room.getPage().catch((error) => error.code);
          await script.welcome(2);
          await script.joined({ seq: 0, recovered: true });
          await script.joined({ seq: 0 });
          return [await page, whileAway, (await joining).id];
        }"""
    )
    assert outcome == ["DISCONNECTED", "DISCONNECTED", "other"]


def test_a_request_without_an_answer_times_out(client_page: ClientPage) -> None:
    """After `requestTimeoutMs` the promise is rejected with TIMEOUT."""
    code = client_page.run(
        """async ({ Script, standingStill }) => {
          const time = standingStill((ms) => ms === 77_777);
          const script = new Script();
          const { room } = await script.joinedClient({ seq: 0 }, { requestTimeoutMs: 77_777 });
          const triggering = room.trigger("message", {}).catch((error) => error.code);
          time.pass();
          return triggering;
        }"""
    )
    assert code == "TIMEOUT"


def test_disconnect_rejects_what_waits_and_stays_away(client_page: ClientPage) -> None:
    """`disconnect()` during the first attempt rejects `connect()`, and no attempt follows."""
    outcome = client_page.run(
        """async ({ Script, until, settle }) => {
          const script = new Script();
          const client = script.client();
          const connecting = client.connect().catch((error) => error.code);
          const joining = client.join("r").catch((error) => error.code);
          await until(() => script.socket);
          client.disconnect();
          await settle();
          return [await connecting, await joining, client.state, script.socket.isClosed, script.sockets.length];
        }"""
    )
    assert outcome == ["DISCONNECTED", "DISCONNECTED", "closed", True, 1]


def test_a_handler_that_throws_harms_nobody(client_page: ClientPage) -> None:
    """Its error goes to `onError`; the other handlers and the next events are served."""
    outcome = client_page.run(
        """async ({ Script, settle }) => {
          const script = new Script();
          const { client, room, notes } = await script.joinedClient({ seq: 0 });
          const errors = [];
          client.onError((error) => errors.push(error.code));
          room.onAny(() => { throw new Error("mine"); });
          room.onAny(async () => { throw new Error("mine too"); });
          room.onAny(({ seq }) => notes.push(`any ${seq}`));
          script.live(1, 2);
          await settle();
          return [notes, errors];
        }"""
    )
    assert outcome == [["history ", 1, "any 1", 2, "any 2"], ["HANDLER_FAILED"] * 4]


def test_unknown_messages_and_fields_are_ignored(client_page: ClientPage) -> None:
    """A newer server may say more; a frame that cannot be read is reported, and the next one is served."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { client, notes } = await script.joinedClient({ seq: 0 });
          const errors = [];
          client.onError((error) => errors.push(error.code));
          script.say({ type: "somethingNew", id: 999, roomId: "r" });
          script.say({ type: "error", code: "INVALID_REQUEST", message: "a frame that could not be read" });
          script.socket.onmessage({ data: "{" });
          script.live(1);
          return [notes, errors];
        }"""
    )
    assert outcome == [["history ", 1], ["INVALID_REQUEST", "INVALID_FRAME"]]


def test_a_rejoin_asks_for_the_subscriptions_that_were_chosen(client_page: ClientPage) -> None:
    """After `subscribe`, the client comes back with all that it received; by default the room's own default holds."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { room } = await script.joinedClient({ seq: 0 });
          script.lose();
          await script.welcome(2);
          const first = await script.joined({ seq: 0, recovered: true });
          const subscribing = room.subscribe("typing");
          const request = await script.request("subscribe");
          script.answer(request, "subscribed", { roomId: "r", events: ["message", "typing"] });
          await subscribing;
          script.lose();
          await script.welcome(3);
          const second = await script.joined({ seq: 0, recovered: true });
          return ["events" in first, request.events, second.events];
        }"""
    )
    assert outcome == [False, ["typing"], ["message", "typing"]]


def test_a_room_that_is_gone_when_the_client_is_back_is_left(client_page: ClientPage) -> None:
    """The refusal of a rejoin is told through `onLeft` and `onError`; the room asks for nothing any more."""
    outcome = client_page.run(
        """async ({ Script, until }) => {
          const script = new Script();
          const { client, room } = await script.joinedClient({ seq: 1 });
          const said = [];
          client.onLeft((roomId, reason) => said.push(roomId, reason));
          client.onError((error) => said.push(error.code));
          script.lose();
          await script.welcome(2);
          const request = await script.request("join");
          script.answer(request, "error", { code: "ROOM_NOT_FOUND", message: "no such room" });
          await until(() => said.length === 3);
          return [...said, room.isJoined, await room.trigger("message", {}).catch((error) => error.code)];
        }"""
    )
    assert outcome == ["r", "ROOM_NOT_FOUND", "ROOM_NOT_FOUND", False, "NOT_JOINED"]


def test_handlers_can_be_taken_away(client_page: ClientPage) -> None:
    """`on` gives the function that unsubscribes; after `leave` nothing is handed over."""
    notes = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { room } = await script.joinedClient({ seq: 0 });
          const notes = [];
          const stop = room.on("message", ({ seq }) => notes.push(seq));
          script.live(1);
          stop();
          script.live(2);
          room.on("message", ({ seq }) => notes.push(seq));
          const leaving = room.leave();
          script.answer(await script.request("leave"), "left", { roomId: "r" });
          await leaving;
          script.live(3);
          return notes;
        }"""
    )
    assert notes == [1]


def test_events_right_behind_the_answer_to_a_join_wait_for_the_handlers(client_page: ClientPage) -> None:
    """Where an implementation hands over several frames in one task, code that awaited the join still comes first."""
    notes = client_page.run(
        """async ({ Script, until }) => {
          const script = new Script();
          const client = script.client();
          const connecting = client.connect();
          await script.welcome();
          await connecting;
          const notes = [];
          const application = (async () => (await client.join("r")).on("message", ({ seq }) => notes.push(seq)))();
          await script.joined({ seq: 1 });
          script.live(2);
          script.live(3);
          await application;
          await until(() => notes.length === 2);
          return notes;
        }"""
    )
    assert notes == [2, 3]
