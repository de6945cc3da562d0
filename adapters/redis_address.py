"""The address of a Redis or Valkey, which whatever of ours meets there has with one parameter more."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

CHANNEL = "dialogue"


def without_channel(url: str) -> tuple[str, str]:
    """The address as the driver takes it, and its parameter `channel`: "dialogue" where it has none.

    Raises ValueError where no host and port can be read from it; that says why, and quotes nothing of a password.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:  # which may quote a part of the password
        raise ValueError("in a password @ is written as %40, / as %2F, and so on") from error
    query = parse_qs(parts.query, keep_blank_values=True)
    channel = query.pop("channel", [CHANNEL])[-1]
    return urlunsplit(parts._replace(query=urlencode(query, doseq=True))), channel
