"""A real pgbouncer of the tests' own, which lends each transaction another of a few connections."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from .child_folder import Identity, open_folder
from .free_port import free_port
from .patience import wait_until
from .postgresql import USER, PostgresqlServer

CONNECTIONS = 3
START_S = 60.0
SETTINGS = """
[databases]
* = host=127.0.0.1 port={server_port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 500
server_tls_sslmode = disable
"""


def pgbouncer_binary() -> str | None:
    """Where the program is; None where it is not installed."""
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")


needs_pgbouncer = pytest.mark.skipif(pgbouncer_binary() is None, reason="pgbouncer is not installed")


@contextmanager
def pgbouncer(server: PostgresqlServer) -> Iterator[int]:
    """The port of one that stands before `server`, pooling transactions."""
    program, identity, port = pgbouncer_binary(), Identity.without_root(), free_port()
    assert program is not None
    with open_folder("pgbouncer") as folder:
        said = SETTINGS.format(server_port=server.port, user=USER, port=port, connections=CONNECTIONS)
        (folder / "settings").write_text(said)
        identity.own(folder)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [program, "-q", str(folder / "settings")],
                stdout=log,
                stderr=log,
                cwd=folder,
                **identity.options,  # type: ignore[call-overload]
            )
        try:
            wait_until(lambda: _answers(process, port), START_S, "pgbouncer does not start")
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(START_S)


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    assert process.poll() is None, "pgbouncer ended"
    try:
        psycopg.connect(f"postgresql://{USER}@127.0.0.1:{port}/postgres", connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
