"""What the command line says, and what it refuses in one line."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from dialogue.entrypoints.cli.options import option_name
from dialogue.entrypoints.settings.settings import Settings
from dialogue.entrypoints.version import __version__

from ..support.server_process import ServerProcess
from .command import Here, dialogue

JUNK = "this is a text, " * 100


def test_help_lists_the_commands_and_of_serve_every_option_and_setting(tmp_path: Path) -> None:
    commands = dialogue(tmp_path, "--help")
    assert commands.code == 0
    assert "serve" in commands.output
    assert "migrate" in commands.output
    serve = dialogue(tmp_path, "serve", "--help")
    assert serve.code == 0
    for name, field in Settings.model_fields.items():
        assert f"DIALOGUE_{name.upper()}" in serve.output
        assert f"{option_name(name)} " in serve.output
        assert str(field.description).split()[0] in serve.output


def test_version_tells_the_version(tmp_path: Path) -> None:
    ended = dialogue(tmp_path, "--version")
    assert (ended.code, ended.output) == (0, f"dialogue {__version__}\n")


BAD_ARGUMENTS = {
    "a URL that is none": (["--database", "nonsense"], "'nonsense'"),
    "another database": (["--database", "mysql://host/x"], "'mysql://host/x'"),
    "a PostgreSQL that is not there": (
        ["--database", "postgresql://me:secret@127.0.0.1:1/x"],
        "postgresql://me@127.0.0.1:1/x cannot be used: connection refused",
    ),
    "a URL without a file": (["--database", "sqlite://"], "names no file"),
    "a folder that is not there": (["--database", "sqlite:///no/where/x.db"], "no/where/x.db cannot be used"),
    "a folder": (["--database", "sqlite:///folder"], "folder cannot be used"),
    "brackets in a name": (["--database", "sqlite:///[/b]/x.db"], "[/b]/x.db cannot be used"),
    "a port that is none": (["--port", "70000"], "port: "),
    "a host that is none": (["--host", "nowhere.invalid"], "cannot listen on nowhere.invalid"),
    "a bound that is none": (["--max-frame", "1"], "max_frame: "),
    "a time that is none": (["--request-timeout", "soon"], "request_timeout_s: "),
    "an origin that is none": (["--allowed-origins", "chat.example"], "'chat.example' must be an origin"),
    "a host with a port": (["--allowed-hosts", "chat.example:80"], "'chat.example:80' must be a name without"),
    "an unknown module": (["nomodule:dialogue"], "no module 'nomodule'"),
    "an unknown module in a package": (["os.nomodule:dialogue"], "no module 'os.nomodule'"),
    "an unknown attribute": (["os:nothing"], "has no 'nothing'"),
    "no attribute": (["os"], "MODULE:NAME"),
    "something else than an app": (["os:path"], "not what create_dialogue returns"),
}


@pytest.mark.parametrize(("arguments", "said"), BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS.keys())
def test_a_mistake_is_told_in_one_line_and_ends_with_1(here: Here, arguments: list[str], said: str) -> None:
    (here.folder / "folder").mkdir()
    (here.folder / "junk.db").write_text(JUNK)
    assert said in here.run("serve", "--port", "0", *arguments).complaint
    assert (here.folder / "junk.db").read_text() == JUNK


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "junk.db").write_text(JUNK)
    refused = dialogue(tmp_path, "serve", "--port", "0", "--database", "sqlite:///junk.db")
    assert "it is not a SQLite database" in refused.complaint
    assert (tmp_path / "junk.db").read_text() == JUNK


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"port {port} of 127.0.0.1 is in use" in dialogue(tmp_path, "serve", "--port", str(port)).complaint
    assert list(tmp_path.iterdir()) == []


def test_a_second_server_on_the_same_file_is_refused_and_the_first_goes_on(server: ServerProcess) -> None:
    for command in (["serve", "--port", "0"], ["migrate"]):
        refused = dialogue(server.folder, *command, "--database", "sqlite:///chat.db")
        assert "chat.db is in use by another Dialogue server" in refused.complaint


def test_migrate_makes_the_tables_and_may_be_repeated(tmp_path: Path) -> None:
    for _ in range(2):
        ended = dialogue(tmp_path, "migrate", "--database", "sqlite:///new.db")
        assert ended.code == 0, ended
        assert "up to date" in ended.errors
    assert (tmp_path / "new.db").stat().st_size > 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"DIALOGUE_PORT": "x"}, "port: "),
        ({"DIALOGUE_HEARTBEAT_S": "0"}, "heartbeat_s: "),
        ({"DIALOGUE_SYNCHRONOUS": "MAYBE"}, "synchronous: "),
        ({"DIALOGUE_MAX_FRAME": "2000000"}, "max_out_frame must be at least"),
        ({"DIALOGUE_PORTT": "1"}, "There is no setting DIALOGUE_PORTT; is DIALOGUE_PORT meant?"),
        ({"dialogue_portt": "1"}, "There is no setting DIALOGUE_PORTT"),
        ({"DIALOGUE_X": ""}, "There is no setting DIALOGUE_X;"),
        ({"DIALOGUE_ALLOWED_ORIGINS": '["https://x.example'}, "allowed_origins: is no JSON list"),
        ({"DIALOGUE_ALLOWED_ORIGINS": "x.example"}, "allowed_origins: 'x.example' must be an origin"),
        ({"DIALOGUE_ALLOWED_ORIGINS": "[1]"}, "allowed_origins.0: "),
        ({"DIALOGUE_PORT": "tcp://10.0.0.1:3000"}, "port: must be a number, not 'tcp://10.0.0.1:3000'. Kubernetes"),
        ({"DIALOGUE_PORT": "tcp://10.0.0.1:3000"}, "enableServiceLinks: false"),
        ({"DIALOGUE_WEB_SERVICE_HOST": "10.0.0.1"}, "enableServiceLinks: false"),
    ],
)
def test_a_setting_that_is_wrong_is_named(here: Here, settings: dict[str, str], said: str) -> None:
    assert said in here.run("serve", "--port", "0", **settings).complaint
