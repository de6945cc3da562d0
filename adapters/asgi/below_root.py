"""An application below a path of its own."""

from __future__ import annotations

from .asgi import App, Receive, Scope, Send


class BelowRoot:
    """Hands requests on to `app` as those of an application that is mounted at `root` (`/chat`).

    A proxy in front may hand the path on whole, or without `root`: what does not begin with it is taken as it is.
    """

    def __init__(self, app: App, root: str) -> None:
        self._app = app
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] in ("http", "websocket"):
            mount = (scope.get("root_path") or "") + self._root
            if scope["path"] == mount or scope["path"].startswith(mount + "/"):
                scope = {**scope, "root_path": mount}
        await self._app(scope, receive, send)
