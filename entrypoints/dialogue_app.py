"""What a developer writes: an application of rooms, events and hooks, and everything that runs it."""

from __future__ import annotations

from .app_calls import AppCalls
from .app_handlers import AppHandlers
from .app_hooks import AppHooks


class DialogueApp(AppHooks, AppHandlers, AppCalls):
    """An application: its configuration, its container, an ASGI app, and the calls for the developer's own code.

    Parts of `container` may be exchanged until the start. The application is itself an ASGI app, for any asyncio
    server; mounted into another app it needs that app to enter `lifespan`, which otherwise the server does.
    """
