"""Servers of this folder's applications."""

from __future__ import annotations

import os
from pathlib import Path

from ..support.server_process import DIALOGUE, ServerProcess

HERE = Path(__file__).parent
DATABASE = "chat.db"


def server_of(folder: Path, app: str, settings: dict[str, str]) -> ServerProcess:
    """A server of `apps/{app}.py` over the SQLite file `chat.db` of `folder`, not started yet."""
    path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    command = [*DIALOGUE, f"apps.{app}:dialogue", "--port", "{port}", "--database", f"sqlite:///{DATABASE}"]
    return ServerProcess(folder, command, {"PYTHONPATH": path, **settings})


def database_of(server: ServerProcess) -> Path:
    """The file in which a server keeps everything."""
    return server.folder / DATABASE
