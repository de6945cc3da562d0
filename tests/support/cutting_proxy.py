"""A TCP proxy that stands between a client and a server, and cuts them off from one another as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto


class Fate(Enum):
    """What becomes of what a client has sent."""

    PASSED = auto()
    """The server gets it."""
    LOST = auto()
    """The server never gets it, and both are cut off."""
    UNANSWERED = auto()
    """The server gets it, and goes on with its side of the connection; the client is cut off and hears no more."""


class CuttingProxy:
    """Connections through `port` reach the server, until something is done to them."""

    def __init__(self, port: int, server_port: int) -> None:
        self.port = port
        self.is_silent = False
        """Whether everything that is sent disappears, in both directions, without anybody being told."""
        self.refuses = False
        """Whether new connections are closed at once."""
        self.decide: Callable[[bytes], Fate] = lambda _sent: Fate.PASSED
        """Asked of everything that a client sends."""
        self.server_port = server_port
        self._links: set[_Link] = set()
        self._came = asyncio.Event()
        self._idle = asyncio.Event()

    def cut(self) -> None:
        """Cut everybody off, at once."""
        for link in [*self._links]:
            link.cut()

    async def reconnected(self) -> None:
        """Wait until somebody connects who has not been there before."""
        self._came.clear()
        await self._came.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        self._came.set()
        if self.refuses:
            writer.transport.abort()
            return
        link = _Link(self, reader, writer)
        self._links.add(link)
        try:
            await link.run(self.server_port)
        finally:
            self._links.discard(link)
            if not self._links:
                self._idle.set()

    async def end(self) -> None:
        """Cut everybody off, and wait until nothing of it is left."""
        while self._links:
            self._idle.clear()
            self.cut()
            await self._idle.wait()


class _Link:
    def __init__(self, proxy: CuttingProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._from_client = reader
        self._to_client = writer
        self._to_server: asyncio.StreamWriter | None = None

    def cut(self) -> None:
        self._to_client.transport.abort()
        if self._to_server is not None:
            self._to_server.transport.abort()

    async def run(self, port: int) -> None:
        with suppress(OSError):
            from_server, self._to_server = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(self._requests(self._to_server), self._answers(from_server))
        self.cut()

    async def _requests(self, to_server: asyncio.StreamWriter) -> None:
        while sent := await self._from_client.read(1 << 16):
            if self._proxy.is_silent:
                continue
            fate = self._proxy.decide(sent)
            if fate is Fate.LOST:
                self.cut()
                return
            to_server.write(sent)
            if fate is Fate.UNANSWERED:
                self._to_client.transport.abort()
                return  # the server's side stays open: it is still read below
        to_server.write_eof()

    async def _answers(self, from_server: asyncio.StreamReader) -> None:
        while said := await from_server.read(1 << 16):
            if not self._proxy.is_silent and not self._to_client.is_closing():
                self._to_client.write(said)
        if not self._to_client.is_closing():
            self._to_client.close()


@asynccontextmanager
async def cutting_proxy(server_port: int) -> AsyncIterator[CuttingProxy]:
    """A proxy in front of the server at that port of this machine, for as long as the context lasts."""
    proxy: CuttingProxy
    server = await asyncio.start_server(lambda *ends: proxy.serve(*ends), "127.0.0.1", 0)
    proxy = CuttingProxy(server.sockets[0].getsockname()[1], server_port)
    async with server:
        try:
            yield proxy
        finally:
            server.close()
            proxy.refuses = True
            await proxy.end()
