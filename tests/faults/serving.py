"""Servers of this folder's applications."""

from __future__ import annotations

import os
from pathlib import Path

from ..support.server_process import DIALOGUE, ServerProcess
from .kept import Kept

HERE = Path(__file__).parent
DATABASE = "chat.db"
URL = "DIALOGUE_DATABASE"


def server_of(folder: Path, app: str, settings: dict[str, str]) -> ServerProcess:
    """A server of `apps/{app}.py`, not started yet; over `chat.db` of `folder` where no other database is named."""
    path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    command = [*DIALOGUE, f"apps.{app}:dialogue", "--port", "{port}"]
    return ServerProcess(folder, command, {"PYTHONPATH": path, URL: f"sqlite:///{DATABASE}", **settings})


def database_of(server: ServerProcess) -> Path:
    """The SQLite file in which a server keeps everything."""
    return server.folder / DATABASE


def kept_by(server: ServerProcess) -> Kept:
    """What is kept in a server's database."""
    url = server.settings[URL]
    return Kept(database_of(server) if url.startswith("sqlite:") else url)
