"""The application that keeps its own storage, from end to end, as one that was moved over from the ancestor."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from .examples import ROOT, examples
from .running import dialogue, process

PAGE = ROOT / "docs" / "how-to" / "keep-your-own-storage.md"
SERVE = dialogue("serve", "chat:dialogue", "--port", "0")
ANSWER_S = 30.0
MESSAGES = 370


class Client:
    """The ancestor's client: it counts the messages that it has, and asks for the next twenty."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.messages: list[str] = []
        self.ask("connected", type="connect", auth={"userId": "user-123"})
        self.position: dict[str, Any] = {}

    def ask(self, kind: str, **request: object) -> dict[str, Any]:
        self._socket.send(json.dumps({**request, "id": 1}))
        while True:
            answer: dict[str, Any] = json.loads(self._socket.recv(ANSWER_S))
            if answer["type"] == "events":
                self.messages[:0] = [event["data"]["text"] for event in reversed(answer["events"])]
            elif answer.get("id") == 1:
                assert answer["type"] == kind, answer
                return answer

    def join(self) -> dict[str, Any]:
        joined = self.ask("joined", type="join", roomId="general")
        self.messages = [event["data"]["text"] for event in joined["history"]]
        return joined

    def say(self, text: str) -> None:
        said = {"text": text, "username": "Ada"}
        self.ask("triggered", type="trigger", roomId="general", event="message", data=said)

    def load_more(self) -> bool:
        count = len(self.messages)
        page = self.ask("history", type="getHistory", roomId="general", event="message", start=count, end=count + 20)
        older = [event["data"]["text"] for event in page["events"]]
        # An event that arrived meanwhile shifts what is counted from the newest, as in the ancestor.
        self.messages += [text for text in older if text not in self.messages]
        assert page["hasMore"] is (len(older) == 20 and older[-1] != "0")
        return bool(older)


def test_nothing_is_lost_over_a_restart_and_scrolling_reaches_the_first_message(tmp_path: Path) -> None:
    """Each message once and in order, while live ones arrive; after a stop the application's table holds them all."""
    for example in examples("python"):
        if example.page == PAGE and example.file:
            example.write_files(tmp_path)
    with process(SERVE, tmp_path) as served:
        assert "on_cleanup and on_load" in served.log
        with connect(f"ws://{served.address}/ws") as socket:
            client = Client(socket)
            client.join()
            for number in range(MESSAGES):
                client.say(str(number))
            assert client.ask("history", type="getHistory", roomId="general", limit=1)["events"][0]["seq"] == MESSAGES
    assert _kept(tmp_path) == [str(number) for number in range(MESSAGES)]
    with process(SERVE, tmp_path) as served, connect(f"ws://{served.address}/ws") as socket:
        client = Client(socket)
        joined = client.join()
        assert client.messages == [str(number) for number in range(MESSAGES - 1, MESSAGES - 51, -1)]
        assert {event.get("seq") for event in joined["history"]} == {None}
        total = MESSAGES
        while client.load_more():
            client.say(str(total))
            total += 1
        client.ask("pong", type="ping")
        assert client.messages == [str(number) for number in range(total - 1, -1, -1)]
        refused = client.ask("error", type="getHistory", roomId="general", before=1)
        assert (refused["code"], refused["details"][0]["path"]) == ("INVALID_REQUEST", "before")
    assert _kept(tmp_path) == [str(number) for number in range(total)]


def _kept(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "storage.db") as database:
        rows = database.execute("SELECT event_data FROM messages ORDER BY id").fetchall()
    database.close()
    return [json.loads(data)["text"] for (data,) in rows]
