"""A file that is read again when it has changed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")

LOOK_EVERY_S = 1.0
MAX_SIZE = 4 * 1024 * 1024

logger = logging.getLogger("dialogue.auth")


class WatchedFile(Generic[T]):
    """What `read` makes of the text of a small file: looked at once a second at most, when it is asked for.

    A file that has become unreadable, or wrong, is told of in the log, and what it was before holds on.
    """

    def __init__(self, path: str, read: Callable[[str], T]) -> None:
        """Reads it at once. Raises ValueError with what is wrong."""
        self._path = Path(path)
        self._read = read
        self._seen = self._look()
        self._value = self._load()
        self._looked_at = monotonic()

    @property
    def value(self) -> T:
        """What the file says now."""
        if monotonic() - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = monotonic()
            self._refresh()
        return self._value

    def _refresh(self) -> None:
        try:
            seen = self._look()
            if seen == self._seen:
                return
            self._seen = seen
            self._value = self._load()
        except ValueError as error:
            logger.error("%s; what it said before holds on", error)
        else:
            logger.info("%s has changed and was read again", self._path)

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None  # reading it says why
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _load(self) -> T:
        try:
            with self._path.open("rb") as file:
                body = file.read(MAX_SIZE + 1)
        except OSError as error:
            raise ValueError(f"{self._path} cannot be read: {error.strerror or error}") from error
        if len(body) > MAX_SIZE:
            raise ValueError(f"{self._path} is larger than {MAX_SIZE:,} bytes")
        try:
            return self._read(body.decode("utf-8-sig"))  # some editors begin a file with a byte order mark
        except UnicodeDecodeError as error:
            raise ValueError(f"{self._path} is not UTF-8") from error
        except ValueError as error:
            raise ValueError(f"{self._path}: {error}") from error
