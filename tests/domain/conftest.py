"""The domain is tested without a loop, a file or a socket: whatever asks for one in these tests is refused."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from typing import NoReturn

import pytest

_FORBIDDEN = {
    "open": "a file",
    "socket.__new__": "a socket",
    "sqlite3.connect": "a database",
    "subprocess.Popen": "a process",
}
# The tools' own: a module imported late, a source line quoted in a failure's report; what hypothesis has worked out.
_CODE = (".py", ".pyc", ".so", ".pth")
_HYPOTHESIS = f"{os.sep}.hypothesis{os.sep}"


class IoForbidden(BaseException):
    """A test of the domain asked for a loop, a file or a socket. No `except Exception` hides it."""


class _Ban:
    """Refuses while it is on. Audit hooks see every way to a file or a socket, also one in C, and stay for good."""

    def __init__(self) -> None:
        self.is_on = False
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.is_on or event not in _FORBIDDEN:
            return
        if event == "open" and _is_of_the_tools(arguments[0]):
            return
        raise IoForbidden(f"The domain's tests run without {_FORBIDDEN[event]}: {arguments!r}")


def _is_of_the_tools(file: object) -> bool:
    if isinstance(file, int):  # wraps what is already open
        return True
    path = str(file)
    return path.endswith(_CODE) or _HYPOTHESIS in path


def _refuse_loop(*arguments: object, **_: object) -> NoReturn:
    if arguments and isinstance(arguments[0], asyncio.BaseEventLoop):
        vars(arguments[0])["_closed"] = True  # half made: else it complains when it is collected
    raise IoForbidden("The domain's tests run without an event loop")


def _refuse_socket(*_: object, **__: object) -> NoReturn:
    raise IoForbidden("The domain's tests run without a socket")


_BAN = _Ban()


@pytest.fixture(autouse=True)
def _no_io(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No loop, no file, no socket while a test of the domain runs."""
    monkeypatch.setattr(asyncio.BaseEventLoop, "__init__", _refuse_loop)
    monkeypatch.setattr(asyncio.events, "new_event_loop", _refuse_loop)
    monkeypatch.setattr(asyncio, "new_event_loop", _refuse_loop)
    monkeypatch.setattr(socket, "socketpair", _refuse_socket)  # the hook would refuse, and leave two open
    _BAN.is_on = True
    try:
        yield
    finally:
        _BAN.is_on = False


@pytest.fixture
def io_forbidden() -> type[BaseException]:
    """What is raised where a test of the domain asks for a loop, a file or a socket."""
    return IoForbidden
