"""The command line of the benchmarks."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from . import (
    bare_driver,
    echo,
    fan_out,
    joining,
    machine,
    many_rooms,
    memory,
    nodes,
    one_client,
    paging,
    publishing,
    report,
)
from .compare import Comparison, compare
from .figures import Figure
from .setting import Setting

BENCHMARKS: Mapping[str, Callable[[Setting], Awaitable[list[Figure]]]] = {
    "machine": machine.measure,
    "fan-out": fan_out.measure,
    "many-rooms": many_rooms.measure,
    "publish": publishing.measure,
    "echo": echo.measure,
    "page": paging.measure,
    "page-postgresql": paging.measure_on_postgresql,
    "join": joining.measure,
    "memory": memory.measure,
    "bare-driver": bare_driver.measure,
    "nodes": nodes.measure,
    "one-client": one_client.measure,
}
COMPARABLE = ["fan-out", "many-rooms", "publish"]
console = Console(width=150 if not sys.stdout.isatty() else None)

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[BENCHMARK]...", help=f"Which (default: all): {', '.join(BENCHMARKS)}.")
]
Quick = Annotated[bool, typer.Option("--quick", help="A tenth of everything: to see that it runs.")]
Url = Annotated[
    str | None,
    typer.Option(metavar="URL", help="The server's database; default: a new SQLite file for each, synchronous FULL."),
]
Subscribers = Annotated[list[int] | None, typer.Option(help="Fan out to so many; may be given again.")]
Depth = Annotated[int, typer.Option(min=2_000, help="How many events the deep room has.")]
Connections = Annotated[int, typer.Option(min=1, help="How many connections the memory is shared among.")]
Folder = Annotated[
    Path | None, typer.Option(exists=True, file_okay=False, help="Where the databases go (default: the temporary one).")
]
Keep = Annotated[Path | None, typer.Option(file_okay=False, help="A folder that keeps the deep room for the next run.")]
Json = Annotated[Path | None, typer.Option("--json", dir_okay=False, help="Also write the figures to this file.")]
Before = Annotated[str, typer.Option(metavar="COMMAND", help='Goes before the server\'s command line, as in "nice".')]

Against = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="Another checkout: its server and ours are measured in turn."),
]
Rounds = Annotated[int, typer.Option(min=1, help="How often, with --against; the medians are compared.")]
Plain = Annotated[bool, typer.Option("--plain", help="Under uvicorn's own protocols, as any ASGI application.")]


def run(
    names: Names = None,
    quick: Quick = False,
    database: Url = None,
    subscribers: Subscribers = None,
    depth: Depth = 1_000_000,
    connections: Connections = 2_000,
    folder: Folder = None,
    keep: Keep = None,
    json: Json = None,
    before: Before = "",
    against: Against = None,
    rounds: Rounds = 3,
    plain: Plain = False,
) -> None:
    """Measure Dialogue: a real server process, real WebSockets on loopback, a real SQLite file that is fsynced.

    Compare ratios, or figures of one run: the machine and what else it does differ from run to run.
    """
    unknown = sorted(set(names or ()) - BENCHMARKS.keys())
    if unknown:
        raise typer.BadParameter(f"there is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    setting = Setting(
        quick=quick,
        database=database,
        folder=folder.resolve() if folder else None,
        keep=keep.resolve() if keep else None,
        subscribers=tuple(subscribers or (100, 1_000)),
        depth=depth,
        connections=connections,
        command=tuple(shlex.split(before)),
        is_plain=plain,
    )
    if against is not None:
        report.show_comparison(uvloop.run(_compare(names or COMPARABLE, setting, against.resolve(), rounds)), console)
        return
    results = uvloop.run(_measure(names or list(BENCHMARKS), setting))
    report.show(results, console)
    if json is not None:
        report.save(results, json)


async def _measure(names: Sequence[str], setting: Setting) -> dict[str, list[Figure]]:
    results: dict[str, list[Figure]] = {}
    for name in names:
        with console.status(f"measuring: {name}"):
            results[name] = await BENCHMARKS[name](setting)
    return results


async def _compare(names: Sequence[str], setting: Setting, against: Path, rounds: int) -> dict[str, list[Comparison]]:
    results: dict[str, list[Comparison]] = {}
    for name in names:
        with console.status(f"comparing: {name}"):
            results[name] = await compare(BENCHMARKS[name], setting, against, rounds)
    return results


def main() -> None:
    """Run the command line."""
    typer.run(run)
