"""Giving hooks to an application one by one, as decorators."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from dependency_injector import providers

from ..application.access.action import Authorize, BeforeJoin
from ..application.hooks.hooks import (
    AfterEach,
    Authenticate,
    BeforeEach,
    OnCleanup,
    OnClient,
    OnClientInRoom,
    OnConnect,
    OnLoad,
    OnRoomCreated,
    OnRoomDeleted,
    OnTriggered,
    ensure_hook,
)
from ..domain.errors import ConfigurationError
from .running_app import RunningApp

_Hook = TypeVar("_Hook")
_Authenticate = TypeVar("_Authenticate", bound=Authenticate)
_Authorize = TypeVar("_Authorize", bound=Authorize)
_OnConnect = TypeVar("_OnConnect", bound=OnConnect)
_OnClient = TypeVar("_OnClient", bound=OnClient)
_OnClientInRoom = TypeVar("_OnClientInRoom", bound=OnClientInRoom)
_BeforeJoin = TypeVar("_BeforeJoin", bound=BeforeJoin)
_BeforeEach = TypeVar("_BeforeEach", bound=BeforeEach)
_AfterEach = TypeVar("_AfterEach", bound=AfterEach)
_OnTriggered = TypeVar("_OnTriggered", bound=OnTriggered)
_OnCleanup = TypeVar("_OnCleanup", bound=OnCleanup)
_OnLoad = TypeVar("_OnLoad", bound=OnLoad)
_OnRoomCreated = TypeVar("_OnRoomCreated", bound=OnRoomCreated)
_OnRoomDeleted = TypeVar("_OnRoomDeleted", bound=OnRoomDeleted)


class AppHooks(RunningApp):
    """Each of these takes the hook of its name, before the start, and gives the function back as it is.

    When it is called, and with what, says `Hooks`. Raises ConfigurationError for a function that cannot be called like
    that, where there is such a hook already, and after the start.
    """

    def authenticate(self, hook: _Authenticate) -> _Authenticate:
        """Take `authenticate(auth, client_id)`, which says who is asking."""
        return self._take("authenticate", hook)

    def authorize(self, hook: _Authorize) -> _Authorize:
        """Take `authorize(user, action, room_id)`, which says whether the user may do that in the room."""
        return self._take("authorize", hook)

    def on_connect(self, hook: _OnConnect) -> _OnConnect:
        """Take `on_connect(user, client_id)`: it is known who a client is."""
        return self._take("on_connect", hook)

    def on_connected(self, hook: _OnClient) -> _OnClient:
        """Take `on_connected(client)`: a client was told that it is connected."""
        return self._take("on_connected", hook)

    def on_disconnected(self, hook: _OnClient) -> _OnClient:
        """Take `on_disconnected(client)`: a client is gone."""
        return self._take("on_disconnected", hook)

    def before_join(self, hook: _BeforeJoin) -> _BeforeJoin:
        """Take `before_join(user, room_id)`, which may keep a user out of a room."""
        return self._take("before_join", hook)

    def on_joined(self, hook: _OnClientInRoom) -> _OnClientInRoom:
        """Take `on_joined(client, room_id)`: a client is in a room."""
        return self._take("on_joined", hook)

    def on_left(self, hook: _OnClientInRoom) -> _OnClientInRoom:
        """Take `on_left(client, room_id)`: a client is in a room no more."""
        return self._take("on_left", hook)

    def before_each(self, hook: _BeforeEach) -> _BeforeEach:
        """Take `before_each(event)`, which may refuse or replace an event of a user's."""
        return self._take("before_each", hook)

    def after_each(self, hook: _AfterEach) -> _AfterEach:
        """Take `after_each(event, recipients)`: an event was sent to so many."""
        return self._take("after_each", hook)

    def on_triggered(self, hook: _OnTriggered) -> _OnTriggered:
        """Take `on_triggered(event)`: an event was kept."""
        return self._take("on_triggered", hook)

    def on_cleanup(self, hook: _OnCleanup) -> _OnCleanup:
        """Take `on_cleanup(room_id, event_name, events)`: events leave memory."""
        return self._take("on_cleanup", hook)

    def on_load(self, hook: _OnLoad) -> _OnLoad:
        """Take `on_load(room_id, event_name, start, end)`, which gives stored events back. It needs `on_cleanup`."""
        return self._take("on_load", hook)

    def on_room_created(self, hook: _OnRoomCreated) -> _OnRoomCreated:
        """Take `on_room_created(room)`: a room was made at run time."""
        return self._take("on_room_created", hook)

    def on_room_deleted(self, hook: _OnRoomDeleted) -> _OnRoomDeleted:
        """Take `on_room_deleted(room_id)`: a room made at run time is gone."""
        return self._take("on_room_deleted", hook)

    def _take(self, name: str, hook: _Hook) -> _Hook:
        self._ensure_not_started(f"{name}()")
        ensure_hook(name, hook)
        if getattr(self._config.hooks, name) is not None:
            raise ConfigurationError(f"{name}: the application has such a hook already")
        self._config = replace(self._config, hooks=self._config.hooks.with_(name, hook))
        self.container.config.override(providers.Object(self._config))
        return hook
