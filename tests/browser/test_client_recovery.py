"""`client.js` on its way back into a room, against a server that is played word by word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.browser.conftest import ClientPage

pytestmark = pytest.mark.browser


def test_a_recovery_of_nothing_moves_the_cursor_to_the_position(client_page: ClientPage) -> None:
    """Others' names took the seqs between: the next rejoin does not ask for them once more, and no history is given."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { notes } = await script.joinedClient({ seq: 3, history: [3] });
          script.lose();
          await script.welcome(2);
          const first = await script.joined({ seq: 9, recovered: true });
          script.lose();
          await script.welcome(3);
          const second = await script.joined({ seq: 9, recovered: true });
          script.live(10);
          return [first.since.seq, second.since.seq, notes];
        }"""
    )
    assert outcome == [3, 9, ["history 3", "recovered true", "recovered true", 10]]


def test_recovered_in_another_epoch_is_not_believed(client_page: ClientPage) -> None:
    """Seqs of two lives do not continue one another: the client starts over, with what came as the history."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { room, notes } = await script.joinedClient({ seq: 3, history: [3] });
          script.lose();
          await script.welcome(2);
          await script.joined({ seq: 5, history: [5, 4], epoch: "two", recovered: true });
          return [notes, room.position];
        }"""
    )
    assert outcome == [["history 3", "recovered false", "history 5,4"], {"epoch": "two", "seq": 5}]


def test_without_recovery_in_the_same_epoch_the_room_is_given_anew(client_page: ClientPage) -> None:
    """Too much was missed, or trimmed: false, then the ordinary sync, then what is newer than it."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { notes } = await script.joinedClient({ seq: 3, history: [3, 2] });
          script.lose();
          await script.welcome(2);
          script.live(5000, 5001);
          await script.joined({ seq: 5000, history: [5000, 4999], hasMore: true, recovered: false });
          return notes;
        }"""
    )
    assert outcome == ["history 3,2", "recovered false", "history 5000,4999", 5001]


def test_what_is_passing_is_asked_again_with_the_same_cursor(client_page: ClientPage) -> None:
    """A rejoin that is refused for a moment loses nothing of what comes live meanwhile."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { notes } = await script.joinedClient({ seq: 3, history: [3] });
          script.lose();
          await script.welcome(2);
          script.put({ seq: 5 });
          script.live(6);
          const refused = await script.request("join");
          script.answer(refused, "error", { code: "RATE_LIMITED", message: "later", retryAfterMs: 1 });
          const again = await script.joined({ seq: 6, history: [6, 5, 4], recovered: true });
          return [again.since.seq, notes];
        }"""
    )
    assert outcome == [3, ["history 3", "recovered true", 4, 5, 6]]


def test_a_join_by_the_server_does_not_move_the_cursor_of_a_joined_room(client_page: ClientPage) -> None:
    """Events up to the new position may still be on their way."""
    notes = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { notes } = await script.joinedClient({ seq: 3, history: [3] });
          script.put({ seq: 6 });
          script.live(4, 5, 6);
          return notes;
        }"""
    )
    assert notes == ["history 3", 4, 5, 6]


def test_a_room_whose_epoch_changes_under_a_member_is_given_anew(client_page: ClientPage) -> None:
    """The server's `joined` has another epoch: the client asks for the room with its old position, and starts over."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { room, notes } = await script.joinedClient({ seq: 9, history: [9] });
          script.put({ seq: 2, epoch: "two" });
          script.live(3);
          const request = await script.joined({ seq: 2, history: [2, 1], epoch: "two", recovered: false });
          script.live(4);
          return [request.since, notes, room.position];
        }"""
    )
    notes = ["history 9", "recovered false", "history 2,1", 3, 4]
    assert outcome == [{"epoch": "one", "seq": 9}, notes, {"epoch": "two", "seq": 4}]


def test_an_answer_to_a_join_that_comes_too_late_is_not_lost(client_page: ClientPage) -> None:
    """Its history holds events that come in no other way: it is given to `onHistory` all the same."""
    outcome = client_page.run(
        """async ({ Script, standingStill }) => {
          const time = standingStill((ms) => ms === 77_777);
          const script = new Script();
          const { client, notes } = await script.joinedClient({ seq: 3, history: [3] }, { requestTimeoutMs: 77_777 });
          const joining = client.join("r").catch(({ code }) => code);
          await script.request("join");
          time.pass();
          const code = await joining;
          await script.joined({ seq: 5, history: [5, 4, 3] });
          script.live(5, 6);
          return [code, notes];
        }"""
    )
    assert outcome == ["TIMEOUT", ["history 3", "history 5,4", 6]]


def test_a_snapshot_leaves_out_all_that_was_handed_over(client_page: ClientPage) -> None:
    """Also where an earlier snapshot reached less far back than the live events before it."""
    notes = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { client, notes } = await script.joinedClient({ seq: 0 });
          script.live(1, 2, 3, 4);
          for (const history of [[4, 3], [4, 3, 2, 1]]) {
            const joining = client.join("r");
            await script.joined({ seq: 4, history });
            await joining;
          }
          return notes;
        }"""
    )
    assert notes == ["history ", 1, 2, 3, 4, "history ", "history "]


def test_rooms_come_back_after_disconnect_and_connect(client_page: ClientPage) -> None:
    """As after a connection that was lost: what was missed comes to the handlers that were there, each once."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { client, room, notes } = await script.joinedClient({ seq: 3, history: [3] });
          client.disconnect();
          const between = [client.state, room.isJoined, client.room("r") === room];
          const refused = await room.trigger("message", {}).catch(({ code, details }) => [code, details.wasSent]);
          const connecting = client.connect();
          await script.welcome(2);
          await connecting;
          const { since } = await script.joined({ seq: 5, history: [5, 4], recovered: true });
          script.live(6);
          const triggering = room.trigger("message", {});
          script.kept(await script.request("trigger"), 7);
          return { between, refused, since, notes, isJoined: room.isJoined, kept: (await triggering).seq };
        }"""
    )
    assert outcome == {
        "between": ["closed", False, True],
        "refused": ["DISCONNECTED", False],
        "since": {"epoch": "one", "seq": 3},
        "notes": ["history 3", "recovered true", 4, 5, 6],
        "isJoined": True,
        "kept": 7,
    }


def test_a_room_that_is_gone_meanwhile_says_that_it_has_ended(client_page: ClientPage) -> None:
    """`disconnect()`, the room is deleted, `connect()`: `onLeft` tells why, and the room object says it is left."""
    outcome = client_page.run(
        """async ({ Script, settle }) => {
          const script = new Script();
          const { client, room } = await script.joinedClient({ seq: 3 });
          const left = [];
          client.onLeft((roomId, reason) => left.push(roomId, reason));
          client.onError(() => {});
          client.disconnect();
          client.connect();
          await script.welcome(2);
          const join = await script.request("join");
          script.answer(join, "error", { code: "ROOM_NOT_FOUND", message: "no such room" });
          await settle();
          const refused = await room.trigger("message", {}).catch(({ code }) => code);
          return [left, room.isJoined, refused, client.rooms.length];
        }"""
    )
    assert outcome == [["r", "ROOM_NOT_FOUND"], False, "NOT_JOINED", 0]


def test_time_is_measured_by_a_clock_that_cannot_be_set(client_page: ClientPage) -> None:
    """The computer's clock is put forward and back by days: a connection that is heard is neither asked nor cut."""
    outcome = client_page.run(
        """async ({ Script, standingStill }) => {
          const { now } = Date;
          const time = standingStill((ms) => ms === 600_000);
          const script = new Script();
          const client = script.client();
          const connecting = client.connect();
          await script.welcome(1, { heartbeat: 600 });
          await connecting;
          for (const days of [1, -1, 1]) {
            script.say({ type: "roomCreated", room: {} }); // something was heard just now
            Date.now = () => now() + days * 86_400_000;
            time.pass();
          }
          return [script.asked("ping").length, client.state];
        }"""
    )
    assert outcome == [0, "connected"]


def test_the_number_of_people_follows_live(client_page: ClientPage) -> None:
    """`roomSize` goes to the handlers, with the users where the server tells them."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { client } = await script.joinedClient({ seq: 3 });
          const told = [];
          client.onRoomSize((roomId, size) => told.push([roomId, size]));
          script.say({ type: "roomSize", roomId: "r", size: 4, users: 2 });
          script.say({ type: "roomSize", roomId: "r", size: 900 });
          return told;
        }"""
    )
    assert outcome == [["r", {"size": 4, "users": 2}], ["r", {"size": 900}]]
