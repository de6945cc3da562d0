"""The command line."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, NoReturn

import anyio
import typer
from rich.console import Console
from rich.markup import escape

from ...domain.errors import DialogueError
from ..dialogue_app import DialogueApp
from ..in_force import storage_in_force
from ..logs import configure_logs
from ..server import serve as run_server
from ..server import serve_as_worker
from ..settings.environment import ENV_PREFIX
from ..version import __version__
from ..worker import Worker
from ..workers import Workers
from .credentials import api_key, token
from .doctor import repair
from .listening import listening, place_of
from .load_app import load_app
from .migrate import migrate_database
from .options import with_settings

app = typer.Typer(
    name="dialogue",
    help="Dialogue: a realtime event server whose history does not end.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
console = Console(stderr=True)

_EPILOG = f"Settings in the environment ({ENV_PREFIX}…) and in a file .env hold too: see `dialogue serve --help`."

Target = Annotated[
    str | None,
    typer.Argument(
        metavar="[MODULE:NAME]", help="Your application, as in chat:dialogue. Without one: the bundled chat."
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="sqlite:///FILE or postgresql://… (default: sqlite:///dialogue.db)."),
]


def serve(target: Target, overrides: dict[str, Any]) -> None:
    """Run an application until Ctrl-C or SIGTERM.

    An option goes before the environment, this before a file .env, and this before what the application says itself.
    """
    worker = Worker.found()
    dialogue = load_app(target)
    settings = dialogue.configure(**overrides)
    configure_logs(settings.log_level, settings.log_format)
    if settings.workers > 1:
        dialogue.ensure_serves(settings.workers)
        if "bus" not in settings.model_fields_set:
            # What no database keeps (who is typing, how far a user has read elsewhere) has to reach all workers too.
            overrides = {**overrides, "bus": "postgres"}
            dialogue.configure(**overrides)
    if worker is not None:
        dialogue.configure(**overrides | {"node_id": worker.node_id})
        with worker.listening() as listener:
            _run(serve_as_worker, dialogue, listener, worker.linked())
        return
    with listening(settings) as listener:
        started = partial(_say_where, dialogue, listener)
        if settings.workers == 1:
            _run(run_server, dialogue, listener, started)
        else:
            anyio.run(Workers(listener, settings.workers, settings.node_id, settings.drain_timeout_s).run, started)


def _run(function: Callable[..., Awaitable[None]], *arguments: object) -> None:
    anyio.run(function, *arguments, backend_options={"use_uvloop": sys.platform != "win32"})


app.command()(with_settings(serve))


@app.command(epilog=_EPILOG)
def migrate(target: Target = None, database: DatabaseUrl = None) -> None:
    """Bring the database to this version's tables; `serve` does so by itself at its start."""
    settings = load_app(target).configure(database=database)
    configure_logs(settings.log_level, settings.log_format)
    anyio.run(migrate_database, settings, console)


@app.command(epilog=_EPILOG)
def doctor(
    target: Target = None,
    database: DatabaseUrl = None,
    new_epochs: Annotated[
        bool, typer.Option("--new-epochs", help="Give every room a new epoch: a step of every restore from a backup.")
    ] = False,
    mend_times: Annotated[
        bool,
        typer.Option("--mend-times", help="Give events whose time lies in the future the time at which they came."),
    ] = False,
) -> None:
    """Mend a database that no server uses at this moment."""
    if not new_epochs and not mend_times:
        raise typer.BadParameter("say what to do: --new-epochs, --mend-times")
    settings = load_app(target).configure(database=database)
    configure_logs(settings.log_level, settings.log_format)
    anyio.run(partial(repair, settings, console, epochs=new_epochs, times=mend_times))


app.command(epilog=_EPILOG)(token)
app.command()(api_key)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dialogue {__version__}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Tell the version.")] = False,
) -> None:
    """Options of all commands."""


def main() -> None:
    """Run the command line; a mistake of the user's is told in one line, and ends with 1."""
    try:
        app()
    except DialogueError as error:
        _fail(error.message)
    except KeyboardInterrupt:
        sys.exit(130)


def _say_where(dialogue: DialogueApp, listener: socket.socket) -> None:
    place = escape(place_of(listener, dialogue.settings.root_path))
    console.print(f"[bold]Dialogue {__version__}[/bold] at [link]{place}[/link] (Ctrl-C stops it)")
    workers = dialogue.settings.workers
    process = f"process {os.getpid()}" if workers == 1 else f"{workers} workers of process {os.getpid()}"
    storage = f"{storage_in_force(dialogue.container)}, {process}"
    console.print(storage, style="dim", highlight=False, markup=False)


def _fail(message: str) -> NoReturn:
    line = escape(" ".join(message.splitlines()))  # it may quote what the user wrote, brackets and all
    console.print(f"[bold red]error:[/bold red] {line}", highlight=False, soft_wrap=True)
    sys.exit(1)
