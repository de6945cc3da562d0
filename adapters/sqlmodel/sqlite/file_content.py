"""What stands in the database's file and in its log, past SQLite."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from .file import MAGIC

LOG_MAGIC = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
"""How a write-ahead log begins (sqlite.org/fileformat2.html, 4.1)."""


@dataclass(frozen=True, slots=True)
class OurRow:
    """A row that this server wrote at its start, and that no other file has; `page()` asks SQLite where it is."""

    text: bytes
    page: Callable[[], int]


class FileContent:
    """Looks whether a database's file still holds the database that was opened.

    A file that is cut short, or has another one copied over it (`cp backup.db chat.db`), keeps its identity, and SQLite
    goes on by what the log and its caches hold. In the file itself only checkpoints change anything, and whoever makes
    one leaves our row there: so where the file has changed, that row is looked for.

    The files are opened once, and closed behind SQLite's own connections: a close drops the locks of the process.
    """

    def __init__(self, path: Path, log: Path, row: OurRow) -> None:
        self._row = row
        self._file = os.open(path, os.O_RDONLY)
        self._log = os.open(log, os.O_RDONLY)
        self._page = row.page()
        self._looking = Lock()
        self._seen = (0, 0)
        # The first checkpoint does not wait for readers: where one has held it up, the row is in the log alone.
        self._is_known = self._has_row()

    def close(self) -> None:
        """Let the files go."""
        os.close(self._file)
        os.close(self._log)

    def trouble(self) -> str | None:
        """What is wrong with the file or its log; None where nothing is."""
        return self._trouble_of_file() or self._trouble_of_log()

    def _trouble_of_file(self) -> str | None:
        found = os.fstat(self._file)
        seen = (found.st_mtime_ns, found.st_size)
        if seen == self._seen:
            return None
        with self._looking:
            if os.pread(self._file, len(MAGIC), 0) != MAGIC:
                return "is no SQLite database any more"
            if found.st_size < min(self._seen[1], self._size_by_header()):
                return "was cut short"
            if not self._has_row():
                if self._is_known:
                    return "holds another database than was opened"
            else:
                self._is_known = True
            self._seen = seen
        return None

    def _trouble_of_log(self) -> str | None:
        begun = os.pread(self._log, len(LOG_MAGIC[0]), 0)
        return None if not begun or begun in LOG_MAGIC else "has a write-ahead log that was cut short"

    def _has_row(self) -> bool:
        if self._row.text in self._content(self._page):
            return True
        try:
            self._page = self._row.page()  # a VACUUM of another program moves it
        except sqlite3.Error:
            return False
        return self._row.text in self._content(self._page)

    def _content(self, page: int) -> bytes:
        size = self._page_size()
        return os.pread(self._file, size, (page - 1) * size)

    def _size_by_header(self) -> int:
        return int.from_bytes(os.pread(self._file, 4, 28), "big") * self._page_size()

    def _page_size(self) -> int:
        size = int.from_bytes(os.pread(self._file, 2, 16), "big")
        return 1 << 16 if size == 1 else size
