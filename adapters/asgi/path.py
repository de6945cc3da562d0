"""The path as it was sent, split before it is decoded.

ASGI's `path` is decoded, so that a `/` in a room's id is lost in it. `raw_path` still has it, with whatever stands
before the place where the application is mounted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, unquote_to_bytes

from .asgi import Scope

ROOMS = "rooms"
EVENTS = "events"
STREAM = "stream"
DEFINITIONS = "definitions"
MEMBERS = "members"
USERS = "users"
MAX_PATH = 8_192
"""In bytes, as it was sent: a room's id has at most 3,060, and what is longer is decoded for nothing."""


class NotThere(Exception):
    """There is nothing at a path, for a reason worth telling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The decoded segments below the place where the application is mounted; `without_slash` is that place itself."""

    segments: tuple[str, ...]
    without_slash: bytes | None = None

    @classmethod
    def of(cls, scope: Scope) -> Path:
        """The path of a request. Raises NotThere."""
        decoded = _below(scope["path"], scope.get("root_path") or "")
        names = [name for name in decoded.split("/") if name]
        sent: bytes | None = scope.get("raw_path")
        raw = None if sent is None else sent.partition(b"?")[0]
        if len(raw or decoded) > MAX_PATH:
            raise NotThere(f"There is nothing here: no path has more than {MAX_PATH} bytes")
        parts = None if raw is None else _last_parts(raw, names)
        if raw is None or parts is None:
            if not _is_plain(names) or b"%2f" in (raw or b"").lower():
                raise NotThere(
                    "There is nothing here. The id of a room may hold '/' only where the path comes as it was sent: "
                    "this server does not hand it on (raw_path), or a proxy or an application in front rewrites it"
                )
            return cls(segments=tuple(names))
        if not parts and not raw.endswith(b"/"):
            return cls(segments=(), without_slash=raw)
        return cls(segments=tuple(map(_decoded, parts)))

    @property
    def escaped(self) -> str:
        """The path for a router that splits it at each `/`; `unescape` undoes what that needs."""
        return "/" + "/".join(segment.replace("%", "%25").replace("/", "%2F") for segment in self.segments)

    @property
    def is_health(self) -> bool:
        """Whether it asks for the server's health."""
        return self.segments[:1] == ("health",)

    @property
    def is_socketio(self) -> bool:
        """Whether it is that of Socket.IO, whose requests open, carry and end connections."""
        return self.segments == ("socket.io",)

    @property
    def is_stream(self) -> bool:
        """Whether it is a stream, which joins its room."""
        return len(self.segments) == 3 and self.segments[0] == ROOMS and self.segments[2] == STREAM


def unescape(segment: str) -> str:
    """The segment of `Path.escaped` as it was sent."""
    return segment.replace("%2F", "/").replace("%25", "%")


def _below(path: str, root: str) -> str:
    """`path` below the place of the application. A host that was told of a prefix adds it to `root` alone."""
    while root:
        if path == root or path.startswith(root.rstrip("/") + "/"):
            return path[len(root.rstrip("/")) :]
        cut = root.find("/", 1)
        root = root[cut:] if cut > 0 else ""
    return path


def _last_parts(raw: bytes, names: Sequence[str]) -> list[bytes] | None:
    """The last segments of `raw`, which decode to `names`; None where it is the path of something else.

    What is in front of them is the mount. A `/` that was escaped makes several names of one segment.
    """
    parts = raw.split(b"/")
    if parts[-1] == b"":
        parts.pop()  # the slash at the end
    found: list[str] = []
    first = len(parts)
    while len(found) < len(names) and first > 0:
        first -= 1
        found += reversed([name for name in unquote(parts[first].decode("latin-1")).split("/") if name])
    return parts[first:] if found[::-1] == list(names) else None


def _decoded(part: bytes) -> str:
    if not part:
        raise NotThere("There is nothing here: the path has an empty segment")
    try:
        return unquote_to_bytes(part).decode()
    except UnicodeDecodeError as error:
        raise NotThere("There is nothing here: the path is not UTF-8") from error


def _is_plain(names: Sequence[str]) -> bool:
    """Whether a path of which only the decoded form is known can be one of ours."""
    if names[:1] == [USERS]:
        return len(names) <= 3
    if names[:1] != [ROOMS] or len(names) <= 2:
        return True
    return names[2:] in ([STREAM], [DEFINITIONS]) or (names[2] in (EVENTS, MEMBERS) and len(names) <= 4)
