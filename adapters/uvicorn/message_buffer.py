"""The message that a client is sending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsproto.events import BytesMessage, TextMessage

if TYPE_CHECKING:
    from uvicorn._types import WebSocketReceiveEvent


class MessageBuffer:
    """Puts the parts of one message together, up to `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._texts: list[str] = []
        self._bytes = bytearray()
        self._size = 0
        self._is_text = False

    def extend(self, part: TextMessage | BytesMessage) -> bool:
        """Take the next part; False where the message is too large, and then nothing of it is kept."""
        if isinstance(part, TextMessage):
            self._is_text = True
            self._texts.append(part.data)
            self._size += len(part.data) if part.data.isascii() else len(part.data.encode())
        else:
            self._is_text = False
            self._bytes += part.data
            self._size += len(part.data)
        if self._size <= self._max_bytes:
            return True
        self._clear()
        return False

    def take(self) -> WebSocketReceiveEvent:
        """The whole message as ASGI has it; the next one begins."""
        message: WebSocketReceiveEvent
        if self._is_text:
            message = {"type": "websocket.receive", "text": "".join(self._texts)}
        else:
            message = {"type": "websocket.receive", "bytes": bytes(self._bytes)}
        self._clear()
        return message

    def _clear(self) -> None:
        self._texts.clear()
        self._bytes.clear()
        self._size = 0
