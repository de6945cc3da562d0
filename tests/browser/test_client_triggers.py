"""`trigger` of `client.js` against a server that is played word by word: keys, and what is sent again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.browser.conftest import ClientPage

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("has_uuids", [True, False])
def test_each_trigger_has_a_key_of_its_own(client_page: ClientPage, has_uuids: bool) -> None:
    """Also where `crypto.randomUUID` is missing; a caller's own key is used as it is, and null is none."""
    keys = client_page.run(
        """async ({ Script }, hasUuids) => {
          if (!hasUuids) Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
          const script = new Script();
          const { room } = await script.joinedClient({ seq: 0 });
          for (const key of [undefined, undefined, "mine", null]) room.trigger("message", {}, { key }).catch(() => {});
          return script.asked("trigger").map((request) => ("key" in request ? request.key : "none"));
        }""",
        has_uuids,
    )
    assert keys[2:] == ["mine", "none"]
    assert keys[0] != keys[1]
    assert all(re.fullmatch(r"[0-9a-f-]{32,36}", key) for key in keys[:2])


def test_an_event_without_history_goes_without_a_key_from_the_second_on(client_page: ClientPage) -> None:
    """The first is refused for its key and sent again at once; then the client knows the name, in this room."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { room } = await script.joinedClient({ seq: 0 });
          const first = room.trigger("typing", { on: true });
          script.refuseKey(await script.request("trigger"));
          const [refused, again] = script.asked("trigger");
          script.kept(again, undefined);
          const second = room.trigger("typing", { on: false });
          script.kept(await script.request("trigger"), undefined);
          room.trigger("message", {}).catch(() => {});
          const inShort = ({ event, data, key }) => [event, data.on ?? null, key !== undefined];
          const sent = script.asked("trigger").map(inShort);
          return [sent, (await first).event, "seq" in (await second)];
        }"""
    )
    sent = [["typing", True, True], ["typing", True, False], ["typing", False, False], ["message", None, True]]
    assert outcome == [sent, "typing", False]


def test_a_callers_own_key_is_never_dropped(client_page: ClientPage) -> None:
    """Where the server refuses it, the caller is told: who gives a key counts on it."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { room } = await script.joinedClient({ seq: 0 });
          const refused = room.trigger("typing", {}, { key: "mine" }).catch(({ code }) => code);
          script.refuseKey(await script.request("trigger"));
          return [await refused, script.asked("trigger").length];
        }"""
    )
    assert outcome == ["INVALID_REQUEST", 1]


def test_a_repeat_is_said_to_be_one(client_page: ClientPage) -> None:
    """`duplicate` is passed on, with the place of the event that was kept."""
    answer = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { room } = await script.joinedClient({ seq: 0 });
          const answer = room.trigger("message", {}, { key: "mine" });
          script.kept(await script.request("trigger"), 7, { duplicate: true });
          return answer;
        }"""
    )
    assert answer == {"roomId": "r", "event": "message", "timestamp": 1007, "seq": 7, "duplicate": True}


def test_what_was_not_answered_is_sent_again_in_order_behind_the_join(client_page: ClientPage) -> None:
    """With the same key and payload; what was triggered meanwhile comes behind it; each promise gets its answer."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { client, room } = await script.joinedClient({ seq: 0 });
          const data = { n: 1 };
          const [one, two, three] = [data, { n: 2 }, { n: 3 }].map((data) => room.trigger("message", data));
          data.n = "changed by the application";
          const first = script.asked("trigger");
          script.kept(first[1], 1);
          script.lose();
          const four = room.trigger("message", { n: 4 });
          await script.welcome(2);
          const five = room.trigger("message", { n: 5 });
          client.onRecovered(() => room.trigger("message", { n: 6 }).catch(() => {}));
          const early = script.asked("trigger").length;
          await script.joined({ seq: 2, history: [2, 1], recovered: true });
          const again = script.asked("trigger");
          script.kept(again[0], 2, { duplicate: true });
          again.slice(1).forEach((request, i) => script.kept(request, 3 + i));
          const answers = await Promise.all([one, two, three, four, five]);
          return {
            early,
            sent: again.map(({ data }) => data.n),
            sameKeys: again[0].key === first[0].key && again[1].key === first[2].key,
            answers: answers.map(({ seq, duplicate }) => [seq, duplicate ?? false]),
          };
        }"""
    )
    assert outcome == {
        "early": 0,
        "sent": [1, 3, 4, 5, 6],
        "sameKeys": True,
        "answers": [[2, True], [1, False], [3, False], [4, False], [5, False]],
    }


def test_a_batch_is_sent_again_as_a_whole_with_its_key(client_page: ClientPage) -> None:
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { room } = await script.joinedClient({ seq: 0 });
          const batch = room.triggerMany([{ event: "message", data: { n: 1 } }, { event: "note", data: 2 }]);
          const [first] = script.asked("triggerBatch");
          script.lose();
          await script.welcome(2);
          await script.joined({ seq: 2, history: [2, 1], recovered: true });
          const [again] = script.asked("triggerBatch");
          script.answer(again, "triggeredBatch", { roomId: "r", timestamp: 7, seqs: [1, 2], duplicate: true });
          return { answer: await batch, events: again.events, sameKey: again.key === first.key, key: typeof first.key };
        }"""
    )
    assert outcome == {
        "answer": {"roomId": "r", "timestamp": 7, "seqs": [1, 2], "duplicate": True},
        "events": [{"event": "message", "data": {"n": 1}}, {"event": "note", "data": 2}],
        "sameKey": True,
        "key": "string",
    }


def test_what_has_no_key_is_not_sent_again(client_page: ClientPage) -> None:
    """In flight or called between two connections, it is rejected with DISCONNECTED."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { room } = await script.joinedClient({ seq: 0 });
          const tell = ({ code, details }) => [code, details.wasSent, "key" in details];
          const inFlight = room.trigger("message", {}, { key: null }).catch(tell);
          script.lose();
          const between = room.trigger("message", {}, { key: null }).catch(tell);
          await script.welcome(2);
          await script.joined({ seq: 0, recovered: true });
          return [await inFlight, await between, script.asked("trigger").length];
        }"""
    )
    assert outcome == [["DISCONNECTED", True, False], ["DISCONNECTED", False, False], 0]


@pytest.mark.parametrize("how", ["another user", "another epoch", "room gone"])
def test_where_the_key_would_be_new_nothing_is_sent_again(client_page: ClientPage, how: str) -> None:
    """A key belongs to a user in one life of a room: elsewhere the event could be kept twice, so the caller is told."""
    outcome = client_page.run(
        """async ({ Script, until }, how) => {
          const script = new Script();
          const { client, room } = await script.joinedClient({ seq: 0 });
          client.onError(() => {});
          const tell = ({ code, details }) => [code, details.wasSent, typeof details.key];
          const lost = room.trigger("message", {}).catch(tell);
          script.lose();
          await script.welcome(2, how === "another user" ? { userId: "bob" } : {});
          if (how === "room gone") {
            script.answer(await script.request("join"), "error", { code: "ROOM_NOT_FOUND", message: "gone" });
          } else {
            const isOther = how === "another epoch";
            await script.joined({ seq: 0, recovered: !isOther, epoch: isOther ? "two" : "one" });
          }
          return [await lost, script.asked("trigger").length];
        }""",
        how,
    )
    assert outcome == [["DISCONNECTED", True, "string"], 0]


def test_unavailable_is_final(client_page: ClientPage) -> None:
    """It was not kept and never will be: the caller is told, and nothing is sent again."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { room } = await script.joinedClient({ seq: 0 });
          const code = room.trigger("message", {}).catch(({ code }) => code);
          const request = await script.request("trigger");
          script.answer(request, "error", { code: "UNAVAILABLE", message: "not kept" });
          script.lose();
          await script.welcome(2);
          await script.joined({ seq: 0, recovered: true });
          return [await code, script.asked("trigger").length];
        }"""
    )
    assert outcome == ["UNAVAILABLE", 0]


def test_waiting_ends_with_the_time_out(client_page: ClientPage) -> None:
    """Counted from the call, over all connections; the error says whether it was sent, and with which key."""
    outcome = client_page.run(
        """async ({ Script, standingStill }) => {
          const time = standingStill((ms) => ms === 77_777);
          const script = new Script();
          const options = { requestTimeoutMs: 77_777, reconnect: { minDelayMs: 60_000, maxDelayMs: 60_000 } };
          const { client, room } = await script.joinedClient({ seq: 0 }, options);
          const tell = ({ code, details }) => [code, details.wasSent, details.key ?? null];
          const sent = room.trigger("message", {}, { key: "a" }).catch(tell);
          script.lose();
          const unsent = room.trigger("message", {}, { key: "b" }).catch(tell);
          time.pass();
          const outcome = [await sent, await unsent];
          client.disconnect();
          return outcome;
        }"""
    )
    assert outcome == [["TIMEOUT", True, "a"], ["TIMEOUT", False, None]]


def test_how_many_may_wait_is_bounded(client_page: ClientPage) -> None:
    """1,000 of a room wait; the next is refused at once and says that it was not sent; the others go out in order."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { room } = await script.joinedClient({ seq: 0 });
          script.lose();
          for (let n = 0; n < 1000; n += 1) room.trigger("message", { n }).catch(() => {});
          const refused = await room.trigger("message", {}).catch(({ code, details }) => [code, details.wasSent]);
          await script.welcome(2);
          await script.joined({ seq: 0, recovered: true });
          const sent = script.asked("trigger");
          return [refused, sent.length, sent.every(({ data }, i) => data.n === i)];
        }"""
    )
    assert outcome == [["QUEUE_FULL", False], 1000, True]


def test_what_waits_is_rejected_when_the_client_goes_for_good(client_page: ClientPage) -> None:
    """`disconnect()` and a final close leave no promise open."""
    codes = client_page.run(
        """async ({ Script }) => {
          const codes = [];
          for (const end of [({ client }) => client.disconnect(), ({ script }) => script.lose(4403, "out")]) {
            const script = new Script();
            const { client, room } = await script.joinedClient({ seq: 0 });
            client.onError(() => {});
            const inFlight = room.trigger("message", {}).catch(({ code }) => code);
            script.lose();
            const waiting = room.trigger("message", {}).catch(({ code }) => code);
            await script.welcome(2);
            end({ client, script });
            codes.push(await inFlight, await waiting, await room.trigger("message", {}).catch(({ code }) => code));
          }
          return codes;
        }"""
    )
    assert codes == ["DISCONNECTED", "DISCONNECTED", "DISCONNECTED", "CLOSED", "CLOSED", "DISCONNECTED"]


def test_what_is_no_json_is_refused_before_it_is_sent(client_page: ClientPage) -> None:
    """A circle is the caller's mistake and not a lost connection."""
    outcome = client_page.run(
        """async ({ Script, DialogueError }) => {
          const script = new Script();
          const { room } = await script.joinedClient({ seq: 0 });
          const circle = {};
          circle.circle = circle;
          const error = await room.trigger("message", circle).catch((error) => error);
          return [error instanceof DialogueError, error.code, script.asked("trigger").length];
        }"""
    )
    assert outcome == [True, "INVALID_REQUEST", 0]
