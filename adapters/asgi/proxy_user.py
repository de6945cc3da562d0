"""The user that a proxy in front has found out."""

from __future__ import annotations

from collections.abc import Mapping

from ...application.ports.authenticator import PROXY_USER
from .asgi import Scope
from .refusal import Refused
from .trusted_proxies import TrustedProxies


class ProxyUser:
    """Reads the header that a trusted proxy sets, and only from such a one.

    What `X-Forwarded-For` says plays no part in that.
    """

    def __init__(self, header: str, proxies: TrustedProxies) -> None:
        self._name = header
        self._header = header.lower().encode()
        self._proxies = proxies

    def __call__(self, scope: Scope) -> Mapping[str, object]:
        """The claim that the proxy makes, none where it makes none. Raises Refused where it cannot be read."""
        values = [value for name, value in scope["headers"] if name == self._header and value]
        if not values or not self._proxies.sent(scope):
            return {}
        if len(values) > 1:
            raise Refused.of_header(422, "INVALID_REQUEST", self._name, "must stand once")
        try:
            return {PROXY_USER: values[0].decode()}
        except UnicodeDecodeError as error:
            raise Refused.of_header(422, "INVALID_REQUEST", self._name, "must be UTF-8") from error


def nobody(_: Scope) -> Mapping[str, object]:
    """What is seen where there is no proxy that says who asks."""
    return {}
