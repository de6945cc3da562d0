"""What several tests of the docs share: a browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

SYSTEM_CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, or Playwright's own."""
    system = next((path for path in SYSTEM_CHROMIUM if Path(path).exists()), None)
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=system, args=["--no-sandbox"])
        except Error:
            if os.environ.get("CI"):
                raise
            pytest.skip("no browser: `apt install chromium`, or `.venv/bin/playwright install chromium`")
        yield started
        started.close()
