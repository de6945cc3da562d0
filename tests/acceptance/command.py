"""The command line, run to its end."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from dialogue.entrypoints.cli.main import main

from ..support.forked import PROGRAM, run_process
from ..support.server_process import DEADLINE_S, environment


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    output: str
    errors: str

    @property
    def complaint(self) -> str:
        """The one line on standard error with which it refused."""
        assert self.code == 1, self
        assert self.output == "", self
        assert self.errors.startswith("error: "), self
        assert self.errors.count("\n") == 1, self
        assert self.errors.endswith("\n"), self
        return self.errors.strip()


def dialogue(folder: Path, *arguments: str, **settings: str) -> Ended:
    """Run `dialogue …` in `folder`."""
    ended = run_process([*PROGRAM, *arguments], folder, environment(settings), DEADLINE_S)
    return Ended(ended.returncode, ended.stdout, ended.stderr)


class Here:
    """Runs `dialogue …` in this process, for what ends before anything is served."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._patch = patch
        self._capture = capture

    def run(self, *arguments: str, **settings: str) -> Ended:
        """Run the command to its end."""
        root = logging.getLogger()
        with self._patch.context() as patch:
            patch.setattr("sys.argv", ["dialogue", *arguments])
            patch.setattr("sys.path", [*sys.path])
            patch.setattr(root, "handlers", root.handlers)
            patch.setattr(root, "level", root.level)
            for name, value in settings.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main()
        output, errors = self._capture.readouterr()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, output, errors)
