"""Certificates of a test's own, made with openssl."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
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
        # From Python 3.13 on certificates are checked as RFC 5280 has it: an authority says what its key is for.
        may_sign = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")
        self._make(of_authority, self.authority, "/CN=tests", may_sign)
        vouched = ["-CA", str(self.authority), "-CAkey", str(of_authority)]
        names = ("basicConstraints=critical,CA:FALSE", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        self._make(self.key, self.certificate, "/CN=localhost", names, *vouched)
        self.key.chmod(0o600)
        Identity.without_root().own(folder)

    def _make(self, key: Path, certificate: Path, subject: str, extensions: Sequence[str], *options: str) -> None:
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        to = ["-keyout", str(key), "-out", str(certificate), "-days", "30"]
        told = [word for extension in extensions for word in ("-addext", extension)]
        command = ["openssl", "req", "-x509", *curve, *to, "-subj", subject, *told, *options]
        subprocess.run(command, check=True, capture_output=True)
