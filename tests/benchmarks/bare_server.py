"""What the machine can do when there is no server in the way: bytes in, the same bytes out, to one or to all."""

from __future__ import annotations

import asyncio
from typing import cast

import uvloop

TO_ALL = b"*"


class _Echo(asyncio.Protocol):
    def __init__(self, connected: set[asyncio.Transport]) -> None:
        self._connected = connected
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._connected.add(self._transport)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._connected.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        if data.startswith(TO_ALL):
            for transport in self._connected:
                transport.write(data)
        else:
            self._transport.write(data)


async def _serve() -> None:
    connected: set[asyncio.Transport] = set()
    server = await asyncio.get_running_loop().create_server(lambda: _Echo(connected), "127.0.0.1", 0, backlog=1024)
    host, port = server.sockets[0].getsockname()
    print(f"http://{host}:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
