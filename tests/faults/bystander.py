"""Somebody who must not notice anything."""

from __future__ import annotations

from secrets import token_urlsafe
from typing import Any

from ..support.raw_client import RawClient
from ..support.wire_client import Message


class Bystander:
    """Somebody in a room that holds nobody else, who goes on publishing a secret there and reading it."""

    def __init__(self, client: RawClient) -> None:
        self.secret = token_urlsafe(24)
        self.room = f"vault-{token_urlsafe(12)}"
        self._client = client
        self._asked = 0
        self._frames: list[Message] = []
        self._ask("connect", auth={"userId": f"bystander-{token_urlsafe(12)}"})
        self._ask("createRoom", room={"id": self.room, "name": "Vault", "maxSize": 1})
        self._ask("join", roomId=self.room)

    def go_on(self) -> None:
        """Publish and read, and see that nothing came but what is due."""
        self._frames.clear()
        triggered = self._ask("trigger", roomId=self.room, event="note", data={"secret": self.secret})
        page = self._ask("getHistory", roomId=self.room, limit=1)
        self._ask("ping")
        assert [(event["seq"], event["data"]) for event in page["events"]] == [
            (triggered["seq"], {"secret": self.secret})
        ]
        events = [frame for frame in self._frames if frame["type"] == "events"]
        assert [(frame["roomId"], frame["events"]) for frame in events] == [(self.room, page["events"])]
        own_size = {"type": "roomSize", "roomId": self.room, "size": 1, "users": 1}
        others = {frame["type"] for frame in self._frames if "id" not in frame and frame != own_size} - {"events"}
        assert others <= {"roomCreated", "roomDeleted"}, self._frames  # those are told to everyone

    def _ask(self, kind: str, **fields: Any) -> Message:
        self._asked += 1
        self._client.ask(kind, id=self._asked, **fields)
        while (frame := self._client.message()).get("id") != self._asked:
            assert "id" not in frame, frame
            self._frames.append(frame)
        assert frame["type"] != "error", frame
        return frame
