"""Tokens in addresses, which belong into no log."""

from __future__ import annotations

import re
from typing import Any

_TOKEN = re.compile(rb"(?<![^&])(token=)[^&]+")


def hide_token(scope: Any) -> Any:
    """`scope` with the query as it came, for us alone: in the one that the server keeps, a token's value is hidden.

    Servers write their access log from that one, with the query, when the answer begins.
    """
    query = scope.get("query_string") or b""
    if b"token=" not in query:
        return scope
    ours = {**scope}
    scope["query_string"] = _TOKEN.sub(rb"\1...", query)
    return ours
