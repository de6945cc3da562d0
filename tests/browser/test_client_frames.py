"""`client.js` and frames that are larger than the server takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .between import Planted

if TYPE_CHECKING:
    from tests.browser.conftest import ClientPage
    from tests.browser.people import ChatServer

pytestmark = pytest.mark.browser

JOINED_WITH_MAX_FRAME = """
  const joinedTo = async (script, maxFrame) => {
    const client = script.client();
    const connecting = client.connect();
    await script.welcome(1, { maxFrame });
    await connecting;
    const joining = client.join("r");
    await script.joined({ seq: 0 });
    return { client, room: await joining };
  };
"""


def test_what_is_too_large_is_refused_before_it_is_sent(client_page: ClientPage) -> None:
    """With its size and the server's in bytes; what just fits is sent, and nothing else is touched."""
    outcome = client_page.run(
        f"""async ({{ Script }}) => {{
          {JOINED_WITH_MAX_FRAME}
          const script = new Script();
          const {{ client, room }} = await joinedTo(script, 1_000);
          const bytes = (message) => new TextEncoder().encode(JSON.stringify(message)).length;
          const inFlight = room.trigger("message", {{}}, {{ key: "k" }});
          const around = bytes(script.asked("trigger")[0]) - 2;
          const fits = "ü".repeat((1_000 - around - 3) / 2);
          room.trigger("message", fits, {{ key: "k" }}).catch(() => {{}});
          const {{ code, details, message }} = await room.trigger("message", `${{fits}}üü`, {{ key: "k" }})
            .catch((e) => e);
          script.kept(await script.request("trigger"), 1);
          return {{
            code, details, message, state: client.state, kept: (await inFlight).seq,
            sent: script.asked("trigger").map((message) => bytes(message)),
          }};
        }}"""
    )
    assert outcome["code"] == "FRAME_TOO_LARGE"
    assert outcome["details"]["maxFrame"] == 1_000
    assert 1_000 < outcome["details"]["size"] <= 1_003
    assert outcome["details"]["wasSent"] is False
    assert "1000" in outcome["message"]
    assert outcome["state"] == "connected"
    assert outcome["kept"] == 1
    assert len(outcome["sent"]) == 2
    assert 998 <= outcome["sent"][1] <= 1_000


def test_a_close_for_a_frame_too_large_fails_that_request_alone(client_page: ClientPage) -> None:
    """The largest that was not answered; the client comes back into its rooms, and sends the others again."""
    outcome = client_page.run(
        """async ({ Script }) => {
          const script = new Script();
          const { client, room, notes } = await script.joinedClient({ seq: 3 });
          const said = [];
          client.onDisconnect(({ code, willReconnect }) => said.push(code, willReconnect));
          const before = room.trigger("message", { n: 1 });
          const text = "x".repeat(70_000);
          const large = room.trigger("message", { text }).catch(({ code, details }) => [code, details]);
          const behind = room.trigger("message", { n: 2 });
          script.lose(1009, "too large");
          await script.welcome(2);
          await script.joined({ seq: 4, history: [4], recovered: true });
          const again = script.asked("trigger").map(({ data }) => data.n);
          script.kept(await script.request("trigger"), 4, { duplicate: true });
          script.kept(await script.request("trigger"), 5);
          const seqs = [(await before).seq, (await behind).seq];
          return { large: await large, again, seqs, said, notes, joined: room.isJoined };
        }"""
    )
    code, details = outcome["large"]
    assert (code, details["wasSent"]) == ("FRAME_TOO_LARGE", False)
    assert details["size"] > 70_000
    assert outcome["again"] == [1, 2]
    assert outcome["seqs"] == [4, 5]
    assert outcome["said"] == [1009, True]
    assert outcome["notes"] == ["history ", "recovered true", 4]
    assert outcome["joined"] is True


def test_a_client_that_fails_nobody_for_it_is_found(client_page: ClientPage) -> None:
    """The check above fails where the mend is switched off: the large one is sent again, to the next connection."""
    planted = Planted("client/link.js", "if (code === FRAME_TOO_LARGE) connection.refuseLargest();", "")
    planted.plant(client_page.page)
    client_page.prepare_anew()
    outcome = client_page.run(
        """async ({ Script, settle }) => {
          const script = new Script();
          const { room } = await script.joinedClient({ seq: 3 });
          let failed = false;
          room.trigger("message", { text: "x".repeat(70_000) }).catch(() => (failed = true));
          script.lose(1009, "too large");
          await script.welcome(2);
          await script.joined({ seq: 3, recovered: true });
          await settle();
          return [failed, script.asked("trigger").length];
        }"""
    )
    assert outcome == [False, 1]


def test_a_trigger_that_the_server_would_not_read_harms_nothing_else(
    client_page: ClientPage, shared_server: ChatServer
) -> None:
    """Against the real server: 70,000 characters fail, the events before and behind are kept, all rooms stay."""
    with shared_server.user("grace", "large", create=True):
        outcome = client_page.run(
            """async ({ createDialogueClient, until }) => {
              const reconnect = { minDelayMs: 1 };
              const client = createDialogueClient({ url: location.origin, auth: { userId: "ada" }, reconnect });
              await client.connect();
              const rooms = [await client.join("large"), await client.join("general")];
              const say = (text) => rooms[0].trigger("message", { text, username: "ada" }).catch((error) => error);
              const said = [say("before"), say("x".repeat(70_000)), say("behind")];
              const [before, large, behind] = await Promise.all(said);
              await until(() => rooms.every(({ isJoined }) => isJoined));
              return [before.seq, large.code, behind.seq, client.state];
            }"""
        )
    assert outcome == [1, "FRAME_TOO_LARGE", 2, "connected"]
