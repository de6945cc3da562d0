"""The ban on loops, files and sockets works; without it the other tests here would prove nothing about purity."""

from __future__ import annotations

import asyncio
import io
import os
import pathlib
import socket
import sqlite3
from collections.abc import Callable

import anyio
import pytest

LOOPS: dict[str, Callable[[], object]] = {
    "asyncio.new_event_loop": lambda: asyncio.new_event_loop(),
    "asyncio.SelectorEventLoop": lambda: asyncio.SelectorEventLoop(),
    "asyncio.Runner": lambda: asyncio.Runner().get_loop(),
    "anyio.run": lambda: anyio.run(anyio.lowlevel.checkpoint),
}
FILES: dict[str, Callable[[], object]] = {
    "open": lambda: open(os.devnull),  # noqa: SIM115
    "io.open": lambda: io.open(os.devnull),  # noqa: SIM115, UP020
    "io.FileIO": lambda: io.FileIO(os.devnull),
    "os.open": lambda: os.open(os.devnull, os.O_RDONLY),
    "pathlib": lambda: pathlib.Path(os.devnull).read_bytes(),
    "sqlite3": lambda: sqlite3.connect(":memory:"),
}
SOCKETS: dict[str, Callable[[], object]] = {
    "socket.socket": lambda: socket.socket(),
    "socket.socketpair": lambda: socket.socketpair(),
    "socket.create_connection": lambda: socket.create_connection(("127.0.0.1", 9)),
}


@pytest.mark.parametrize("way", LOOPS)
def test_a_test_of_the_domain_gets_no_event_loop(way: str, io_forbidden: type[BaseException]) -> None:
    with pytest.raises(io_forbidden):
        LOOPS[way]()


@pytest.mark.parametrize("way", FILES)
def test_a_test_of_the_domain_gets_no_file(way: str, io_forbidden: type[BaseException]) -> None:
    with pytest.raises(io_forbidden):
        FILES[way]()


@pytest.mark.parametrize("way", SOCKETS)
def test_a_test_of_the_domain_gets_no_socket(way: str, io_forbidden: type[BaseException]) -> None:
    with pytest.raises(io_forbidden):
        SOCKETS[way]()


def test_the_ban_is_not_hidden_by_code_that_catches_every_exception(io_forbidden: type[BaseException]) -> None:
    assert not issubclass(io_forbidden, Exception)
