"""The JavaScript examples run in a browser, with the client that a real server gives them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Error

from .examples import Example, chains
from .running import dialogue, process

PAGE = "<!doctype html><title>An example</title><ul id=messages></ul><form id=form><input id=text></form>"
DONE = "\n;globalThis.exampleIsDone = true;"
PATIENCE_MS = 60_000

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("chain", chains("js"), ids=lambda chain: chain[0].where)
def test_a_javascript_example_runs(chain: tuple[Example, ...], browser: Browser, tmp_path: Path) -> None:
    """It runs to its end as a module of a page of the server, and nothing in it fails, then or later."""
    last = chain[-1]
    last.write_files(tmp_path)
    arguments = [target] if (target := last.marks.get("serves")) else []
    command = dialogue("serve", *arguments, "--port", "0", "--database", "memory://")
    with process(command, tmp_path) as served, browser.new_context() as context:
        page = context.new_page()
        failures: list[str] = []
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("console", lambda line: failures.append(line.text) if line.type == "error" else None)
        with site(files_of(chain, served.address), tmp_path / "site") as origin:
            page.goto(origin)
            try:
                page.wait_for_function("globalThis.exampleIsDone", timeout=PATIENCE_MS)
            except Error as error:
                failures.append(str(error))
        assert not failures, f"{last.where}: {failures}"


def files_of(chain: tuple[Example, ...], address: str) -> dict[str, str]:
    """What the folder of the page has: the example, the page's other files, and the server's own client."""
    last = chain[-1]
    script = last.file or "example.js"
    code = "\n".join(example.code for example in chain) + DONE
    files = {
        "index.html": PAGE + f'<script type="module" src="/{script}"></script>',
        "favicon.ico": "",
        "client.js": f'export * from "http://{address}/client.js";',
        **last.files,
        script: code,
    }
    return {name: re.sub(r"(127\.0\.0\.1|localhost):3000", address, content) for name, content in files.items()}


@contextmanager
def site(files: dict[str, str], folder: Path) -> Iterator[str]:
    """A plain web server for `files`; its origin."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""
