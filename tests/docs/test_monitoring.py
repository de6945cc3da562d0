"""The dashboard and the alerts name figures that there are, and the page lists all."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ..support.server_process import ServerProcess
from .examples import ROOT

HOW_TO = ROOT / "docs" / "how-to"
GIVEN_BY_PROMETHEUS = {"up"}
_FIGURE = re.compile(r"\b(?:dialogue|process|python_gc)_[a-z_]+\b|\bup\b")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The names of all samples that a server gives, with their labels."""
    server = ServerProcess.of_rooms(tmp_path_factory.mktemp("watched"))
    try:
        text = httpx.get(f"{server.start().http}/metrics", trust_env=False).text
    finally:
        server.kill()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def expressions() -> list[str]:
    dashboard: Any = json.loads((HOW_TO / "monitoring" / "grafana.json").read_text(encoding="utf-8"))
    alerts = (HOW_TO / "monitoring" / "alerts.yml").read_text(encoding="utf-8")
    return [
        *(target["expr"] for panel in dashboard["panels"] for target in panel["targets"]),
        *(variable["query"]["query"] for variable in dashboard["templating"]["list"] if "refId" in str(variable)),
        *re.findall(r"^\s+expr: (.+)$", alerts, re.MULTILINE),
    ]


def test_every_expression_names_figures_that_there_are(samples: dict[str, set[str]]) -> None:
    assert len(expressions()) > 30
    for expression in expressions():
        named = set(_FIGURE.findall(expression))
        assert named, expression
        assert named <= samples.keys() | GIVEN_BY_PROMETHEUS, expression


def test_every_expression_groups_by_labels_that_there_are(samples: dict[str, set[str]]) -> None:
    for expression in expressions():
        labels = {"instance", "job"}.union(*(samples.get(name, set()) for name in _FIGURE.findall(expression)))
        for grouped in re.findall(r"by \(([a-z, ]+)\)", expression):
            assert {label.strip() for label in grouped.split(",")} <= labels, expression


def test_every_alert_says_what_to_do() -> None:
    alerts = (HOW_TO / "monitoring" / "alerts.yml").read_text(encoding="utf-8")
    rules = alerts.split("- alert:")[1:]
    assert len(rules) > 8
    for rule in rules:
        for part in ("expr:", "for:", "severity:", "summary:", "action:"):
            assert part in rule, rule


def test_the_page_lists_every_figure_and_no_other(samples: dict[str, set[str]]) -> None:
    page = (HOW_TO / "monitor.md").read_text(encoding="utf-8")
    listed = {name for cell in re.findall(r"`(dialogue_[a-z_]+)", page) for name in [cell]}
    bare = {re.sub(r"_(bucket|sum|count)$", "", name) for name in samples if name.startswith("dialogue_")}
    assert listed == bare
