"""The page on testing is enough for a project of one's own: its files, its `pytest.ini`, its tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ..support.server_process import environment
from .examples import ROOT, examples

PAGE = ROOT / "docs" / "how-to" / "test-your-app.md"


def _pytest(folder: Path, *arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.stdout


def test_its_tests_pass_with_its_setting_and_async_ones_need_it(tmp_path: Path) -> None:
    shown = [found for found in examples("python") if found.page == PAGE]
    asynchronous = 0
    for example in shown:
        example.write_files(tmp_path)
        if "def test_" in example.code:
            (tmp_path / f"test_line_{example.line}.py").write_text(example.code, encoding="utf-8")
            asynchronous += example.code.count("async def test_")
    assert asynchronous >= 3
    told = _pytest(tmp_path)
    assert "passed" in told, told
    assert "failed" not in told, told
    (tmp_path / "pytest.ini").unlink()
    assert f"{asynchronous} failed" in _pytest(tmp_path, "-c", "/dev/null", f"--rootdir={tmp_path}")
