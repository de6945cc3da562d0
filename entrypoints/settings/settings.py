"""What is set per deployment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from ...adapters.sqlmodel.postgresql.url import is_postgresql
from ...domain.errors import ConfigurationError
from .bounds import BoundSettings
from .database import DatabaseSettings
from .doors import DoorSettings
from .environment import ENV_PREFIX, refuse_unknown
from .history import HistorySettings
from .hooks import HookSettings
from .limits import LimitSettings
from .server import ServerSettings
from .tokens import TokenSettings


class Settings(  # the last stands first in every list
    HookSettings,
    HistorySettings,
    LimitSettings,
    BoundSettings,
    TokenSettings,
    DoorSettings,
    DatabaseSettings,
    ServerSettings,
    BaseSettings,
):
    """All settings, their defaults, and what each bound protects.

    A value comes from the command line, or the environment (`DIALOGUE_PORT=…`), or a file `.env`, or the code that
    calls `create_dialogue`, or the default: the first that gives one.
    """

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_file=".env", extra="ignore", validate_default=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """As pydantic has it. Raises ConfigurationError where a setting is given that does not exist."""
        assert isinstance(init_settings, InitSettingsSource)
        _refuse_unknown(init_settings.init_kwargs)
        return init_settings, env_settings, dotenv_settings, file_secret_settings

    @model_validator(mode="after")
    def _bus_fits(self) -> Settings:
        if self.bus != "none" and not is_postgresql(self.database):
            raise ValueError("a bus is for nodes that share a database: give --database postgresql://…, or --bus none")
        return self

    @model_validator(mode="after")
    def _tokens_fit(self) -> Settings:
        flaw = self.flaw_of_tokens(self.auth)
        if flaw is not None:
            raise ValueError(flaw)
        return self


def load_settings(code: Mapping[str, Any], overrides: Mapping[str, Any]) -> Settings:
    """The settings in force: `overrides` (the command line) before the environment before `code`.

    Raises ConfigurationError, in one line, with each setting that is wrong or does not exist.
    """
    _refuse_unknown(code.keys() | overrides.keys())

    class Loaded(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            for source in (env_settings, dotenv_settings):
                assert isinstance(source, EnvSettingsSource)
                refuse_unknown(source.env_vars, Settings.model_fields)
            return init_settings, env_settings, dotenv_settings, InitSettingsSource(settings_cls, dict(code))

    try:
        return Loaded(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        problems = (f"{_name(each['loc'])}: {each['msg'].removeprefix('Value error, ')}" for each in found)
        raise ConfigurationError("; ".join(problems)) from error
    except SettingsError as error:
        raise ConfigurationError(str(error)) from error


def _refuse_unknown(names: Iterable[str]) -> None:
    unknown = sorted(set(names) - Settings.model_fields.keys())
    if unknown:
        raise ConfigurationError(f"There is no setting {unknown[0]!r}; there are: {', '.join(Settings.model_fields)}")


def _name(place: tuple[int | str, ...]) -> str:
    return ".".join(map(str, place)) or "settings"
