"""That the servers which the tests start are real, and can be stopped, killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

import psycopg
import pytest
import redis

from ..support.forked import PROGRAM, run_process, start_process
from ..support.postgresql import PostgresqlServer, postgresql
from ..support.valkey import valkey


def test_postgresql_keeps_what_was_committed_when_it_is_killed() -> None:
    """Also where the tests run as root, as whom it refuses to run."""
    with postgresql(durable=True) as server:
        server.make_database("shop")
        with psycopg.connect(server.url("shop")) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        server.kill()
        server.start()
        with psycopg.connect(server.url("shop")) as connection:
            assert connection.execute("SELECT n FROM kept").fetchall() == [(7,)]


def test_each_test_has_databases_of_its_own(postgresql_server: PostgresqlServer) -> None:
    """A database can be a copy of another one, and is gone afterwards."""
    with postgresql_server.database() as first, psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        connection.commit()
        name = connection.info.dbname
        connection.close()
        with postgresql_server.database(template=name) as second, psycopg.connect(second) as copy:
            assert copy.execute("SELECT n FROM kept").fetchall() == [(7,)]
    with psycopg.connect(postgresql_server.url()) as connection:
        assert connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchall() == []


def test_valkey_can_be_restarted() -> None:
    """On its port, with what it held forgotten."""
    with valkey() as server, redis.Redis(port=server.port) as client:
        client.set("a", "b")
        server.restart()
        assert client.get("a") is None


SAY_ALL = """
import json, os, signal, sys
from pathlib import Path
print(json.dumps([sys.argv, sys.path, os.getcwd(), dict(os.environ), __name__, __file__, Path("x").exists()]))
print([signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)])
print(sorted(os.listdir("/proc/self/fd"))[3:], file=sys.stderr)
sys.exit(7)
"""


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell lets what it runs in the background ignore SIGINT, and so would all that is started from there."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_forked_process_is_as_one_that_was_started(tmp_path: Path) -> None:
    """It has its own arguments, folder, environment, paths and signals, no file of others, and its exit code."""
    script = tmp_path / "script.py"
    script.write_text(SAY_ALL)
    command = [sys.executable, str(script), "one", "--two=3"]
    environment = {**os.environ, "PYTHONPATH": "/some/where", "OWN": "ü"}
    forked = run_process(command, tmp_path, environment, 60)
    started = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert (forked.returncode, forked.stdout, forked.stderr) == (7, started.stdout, started.stderr)


def test_a_forked_process_can_be_waited_for_and_killed(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import time\nprint('up', flush=True)\ntime.sleep(1_000)")
    with TemporaryFile("w+") as output:
        process = start_process([sys.executable, str(script)], tmp_path, os.environ, output, output)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        os.kill(process.pid, 0)
        process.kill()
        assert process.wait(60) == -signal.SIGKILL
        assert process.wait() == -signal.SIGKILL
        process.kill()
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)


def test_a_forked_dialogue_is_the_command(tmp_path: Path) -> None:
    command = [*PROGRAM, "--help"]
    forked = run_process(command, tmp_path, os.environ, 60)
    started = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False)
    assert (forked.returncode, forked.stdout, forked.stderr) == (0, started.stdout, started.stderr)
