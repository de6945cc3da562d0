"""Folders and identities for servers that the tests start: some of them refuse to run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a server runs as; `options` are for `subprocess.Popen`."""

    options: dict[str, int | list[int]]

    @classmethod
    def without_root(cls) -> Identity:
        """Whoever runs the tests; where that is root, somebody who is not."""
        if os.getuid() != 0:
            return cls({})
        user = next(found for name in ("postgres", "nobody") if (found := _user(name)) is not None)
        return cls({"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []})

    def own(self, folder: Path) -> None:
        """Give `folder`, and all in it, to this identity."""
        if self.options:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, self.options["user"], self.options["group"], follow_symlinks=False)  # type: ignore[arg-type]


@contextmanager
def open_folder(name: str) -> Iterator[Path]:
    """A new folder that any identity can get into, removed in the end; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix=f"dialogue-{name}-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None
