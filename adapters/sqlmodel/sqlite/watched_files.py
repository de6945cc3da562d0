"""Whether the database's files are still those that were opened."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from threading import Lock

from ....domain.errors import Unavailable
from .file_content import FileContent, OurRow

Identity = tuple[int, int]

logger = logging.getLogger("dialogue.database")


class WatchedFiles:
    """The file of a database and its write-ahead log, compared by name with what was there when they were opened.

    A file that was deleted or replaced goes on taking what is written to it, and all of that is lost when the server
    stops. So it is with one that others write into past SQLite; see `FileContent`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.wal = Path(f"{path}-wal")
        self._known: dict[Path, Identity | None] = {}
        self._content: FileContent | None = None
        self._told: str | None = None
        self._telling = Lock()

    def remember(self, row: OurRow) -> None:
        """Take the files that are there now for the right ones. The log must be there, held open by a connection."""
        self._known = {each: _identity(each) for each in (self._path, self.wal)}
        self._content = FileContent(self._path, self.wal, row)
        self._told = None

    def forget(self) -> None:
        """Look no more: SQLite has closed the files."""
        self._known = {}
        content, self._content = self._content, None
        if content is not None:
            content.close()

    def trouble(self) -> str | None:
        """What is wrong with the files; None where nothing is."""
        for path, known in self._known.items():
            found = _identity(path)
            if found != known:
                return f"{path} {'was deleted or moved away' if found is None else 'is another file than was opened'}"
        trouble = None if self._content is None else self._content.trouble()
        return None if trouble is None else f"{self._path} {trouble}"

    def ensure(self) -> None:
        """Raise Unavailable where the files are not those that were opened; a line in the log says so once."""
        trouble = self.trouble()
        if trouble != self._told:
            self._tell(trouble)
        if trouble is not None:
            raise Unavailable(f"The database cannot be reached: {trouble}")

    def wal_size(self) -> int:
        """How large the write-ahead log is, in bytes."""
        try:
            return self.wal.stat().st_size
        except OSError:
            return 0

    def _tell(self, trouble: str | None) -> None:
        with self._telling:
            if trouble == self._told:
                return
            self._told = trouble
        if trouble is None:
            logger.warning("%s is back, and events are kept again", self._path)
        else:
            logger.error("%s while the server runs: nothing can be kept until it is back", trouble)


def _identity(path: Path) -> Identity | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
