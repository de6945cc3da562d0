"""A real nginx in front of nodes, with a configuration of the docs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from .free_port import free_port
from .patience import wait_until
from .server_process import ServerProcess

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
DOCS = Path(__file__).parents[2] / "docs" / "how-to"
ONE_NODE = "    server node:3000 max_fails=1 fail_timeout=5s;"


@contextmanager
def nginx(nodes: Sequence[ServerProcess], folder: Path, configuration: str) -> Iterator[str]:
    """Its address, host and port. Skips where it is not installed."""
    if NGINX is None:
        pytest.skip("nginx is not installed")
    port = free_port()
    upstream = "\n".join(ONE_NODE.replace("node:3000", node.address) for node in nodes)
    configured = (DOCS / configuration).read_text().replace(ONE_NODE, upstream)
    assert upstream in configured
    (folder / "site.conf").write_text(configured.replace("listen 80;", f"listen 127.0.0.1:{port};"))
    own = folder / "nginx.conf"
    paths = "".join(
        f"    {name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    own.write_text(
        f"daemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\n    access_log off;\n{paths}    include {folder}/site.conf;\n}}\n"
    )
    with subprocess.Popen([str(NGINX), "-c", str(own), "-p", str(folder)]) as process:
        try:
            wait_until(lambda: _answers(port), 20, "nginx does not answer")
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/live", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
