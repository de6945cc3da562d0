"""The table, and the same as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .compare import Comparison
from .figures import Figure

CAPTION = "CPU µs: the server's processor time for one of them. "

Results = Mapping[str, Sequence[Figure]]


def show(results: Results, console: Console) -> None:
    """Print what was measured."""
    table = Table(title="Dialogue, measured", caption=CAPTION + machine(), caption_justify="left", title_style="bold")
    table.add_column("benchmark", style="bold", no_wrap=True)
    table.add_column("what")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    table.add_column("CPU µs", justify="right", no_wrap=True)
    table.add_column("ratio", justify="right", no_wrap=True)
    table.add_column("remark", style="dim")
    for benchmark, figures in results.items():
        table.add_section()
        for index, figure in enumerate(figures):
            ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
            cpu = "" if figure.cpu_s is None else _number(figure.cpu_s * 1e6)
            name = "" if index else benchmark
            table.add_row(name, figure.what, _number(figure.value), figure.unit, cpu, ratio, figure.remark)
    console.print(table)


def show_comparison(results: Mapping[str, Sequence[Comparison]], console: Console) -> None:
    """Print what two checkouts gave in one run."""
    table = Table(title="Before and now", caption=CAPTION + machine(), caption_justify="left", title_style="bold")
    table.add_column("benchmark", style="bold", no_wrap=True)
    table.add_column("what")
    for column in ("before", "now", "unit", "now/before", "CPU µs before", "CPU µs now"):
        table.add_column(column, justify="right", no_wrap=True)
    for benchmark, comparisons in results.items():
        table.add_section()
        for index, each in enumerate(comparisons):
            cpu = ["" if spent is None else _number(spent * 1e6) for spent in (each.cpu_before_s, each.cpu_now_s)]
            ratio = f"{each.now / each.before:.2f}"
            values = [_number(each.before), _number(each.now), each.unit, ratio, *cpu]
            table.add_row("" if index else benchmark, each.what, *values)
    console.print(table)


def save(results: Results, path: Path) -> None:
    """Write the same to a file."""
    figures = {benchmark: [asdict(figure) for figure in found] for benchmark, found in results.items()}
    path.write_text(json.dumps({"machine": machine(), "figures": figures}, indent=2, ensure_ascii=False) + "\n")


def machine() -> str:
    """What this ran on."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} CPUs, load {load}"


def _number(value: float) -> str:
    if value == 0:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
