"""Runs Python in children that need not import Dialogue again: `forked.py` starts this, and gives it orders.

Each order is one message of JSON (`words` behind `python`, `folder`, `environment`) with three files: the child's
standard output, its standard error, and a pipe that is told the child's id and, once it has ended, its exit code. When
nobody can give orders any more, the children are ended.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import select
import signal
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from typing import Any

NUMBER = struct.Struct("!i")
PRELOADED = (
    "dialogue.entrypoints.cli.main",
    "anyio._backends._asyncio",
    "litestar._kwargs",
    # What a server loads only where it is asked for:
    "socketio.packet",
    "dialogue.entrypoints.authenticators",
    "dialogue.adapters.sqlmodel.postgresql.storage",
    "dialogue.adapters.bus.postgresql",
    "dialogue.adapters.bus.redis",
    "dialogue.adapters.limits.shared_limiter",
)
MOST = 1 << 18


def take_orders(orders: socket.socket) -> dict[str, Any] | None:
    """Fork for each order; what a child gets back is its own, and the server itself gets None in the end."""
    children: dict[int, int] = {}
    woken, waking = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waking)
    while True:
        readable, _, _ = select.select([orders.fileno(), woken], [], [])
        if woken in readable:
            os.read(woken, 4_096)
        _tell_ends(children)
        if orders.fileno() not in readable:
            continue
        message, files, _, _ = socket.recv_fds(orders, MOST, 3)
        if not message:
            for pid in children:
                os.kill(pid, signal.SIGKILL)
            return None
        output, errors, ended = files
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.dup2(output, 1)
            os.dup2(errors, 2)
            orders.close()
            for number in {*files, *children.values(), woken, waking}:
                os.close(number)
            order: dict[str, Any] = json.loads(message)
            return order
        children[pid] = ended
        os.write(ended, NUMBER.pack(pid))
        os.close(output)
        os.close(errors)


def _tell_ends(children: dict[int, int]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        ended = children.pop(pid)
        with suppress(BrokenPipeError):  # nobody waits for it
            os.write(ended, NUMBER.pack(os.waitstatus_to_exitcode(status)))
        os.close(ended)


def become(order: dict[str, Any]) -> None:
    """Be `python -m MODULE …` or `python FILE …` from its first line on."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    words = order["words"]
    is_module = words[0] == "-m"
    sys.argv = words[1:] if is_module else words
    first = order["folder"] if is_module else os.path.dirname(words[0])
    sys.path[:0] = [first, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    if is_module:
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(words[0], run_name="__main__")


def main() -> None:
    """Import once, then fork for each order."""
    del sys.path[0]  # this folder's: its modules are not to be found as `valkey` and the like
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in PRELOADED:
        __import__(name)
    assert threading.active_count() == 1, "who forks has no other threads"
    gc.collect()
    gc.freeze()
    order = take_orders(socket.socket(fileno=int(sys.argv[1])))
    if order is not None:
        become(order)


if __name__ == "__main__":
    main()
