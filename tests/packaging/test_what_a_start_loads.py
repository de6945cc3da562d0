"""What a server does not use it does not load: each start, and each worker, would take the longer and hold the more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

START = """
import sys
import dialogue.entrypoints.cli
from dialogue.entrypoints.chat import create_chat
create_chat().asgi
print(*{name.partition(".")[0] for name in sys.modules})
"""
NOT_USED = {"aiohttp", "asyncpg", "cryptography", "engineio", "jwt", "redis", "socketio"}
"""What comes with tokens, with PostgreSQL, with several nodes, and with the first client of Socket.IO."""


def test_a_server_on_sqlite_without_tokens_loads_no_library_of_another_kind(tmp_path: Path) -> None:
    """The chat as it starts in `dialogue serve`, with its app made."""
    done = subprocess.run([sys.executable, "-c", START], cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"dialogue", "litestar", "sqlmodel"} <= loaded
    assert not loaded & NOT_USED
