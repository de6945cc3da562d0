"""Certificates of a test's own, made with openssl."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from .child_folder import Identity

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


class Certificates:
    """A certificate for `localhost` and 127.0.0.1 with its `key`, and the one that vouches for it (`authority`)."""

    def __init__(self, folder: Path) -> None:
        self.authority = folder / "authority.pem"
        self.certificate = folder / "server.pem"
        self.key = folder / "server.key"
        of_authority = folder / "authority.key"
        self._make(of_authority, self.authority, "/CN=tests", "basicConstraints=critical,CA:TRUE")
        vouched = ["-CA", str(self.authority), "-CAkey", str(of_authority)]
        self._make(self.key, self.certificate, "/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1", *vouched)
        self.key.chmod(0o600)
        Identity.without_root().own(folder)

    def _make(self, key: Path, certificate: Path, subject: str, extension: str, *options: str) -> None:
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        to = ["-keyout", str(key), "-out", str(certificate), "-days", "30"]
        command = ["openssl", "req", "-x509", *curve, *to, "-subj", subject, "-addext", extension, *options]
        subprocess.run(command, check=True, capture_output=True)
