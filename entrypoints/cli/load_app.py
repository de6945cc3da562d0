"""Finding the application that `MODULE:NAME` names."""

from __future__ import annotations

import sys
from importlib import import_module

from ...domain.errors import ConfigurationError
from ..chat import create_chat
from ..dialogue_app import DialogueApp


def load_app(target: str | None) -> DialogueApp:
    """The application `MODULE:NAME`, looked for from the current folder on; the bundled chat for None.

    Raises ConfigurationError, in one line, where there is none. What the module itself raises passes through.
    """
    if target is None:
        return create_chat()
    module_name, _, name = target.partition(":")
    if not module_name or not name:
        raise ConfigurationError(f"{target!r} must be MODULE:NAME, as in chat:dialogue")
    sys.path.insert(0, "")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise ConfigurationError(f"There is no module {module_name!r} in this folder or on the path") from error
    app = getattr(module, name, None)
    if app is None:
        raise ConfigurationError(f"The module {module_name!r} has no {name!r}")
    if callable(app) and not isinstance(app, DialogueApp):
        app = app()
    if not isinstance(app, DialogueApp):
        raise ConfigurationError(f"{target!r} is a {type(app).__name__}, not what create_dialogue returns")
    return app
