"""The commands that make a token or an API key."""

from __future__ import annotations

import json
import re
from pathlib import Path
from time import time
from typing import Annotated, Any

import typer
from rich.console import Console

from ...adapters.auth.api_key_file import line_of, new_api_key, read_api_keys
from ...domain.errors import ConfigurationError
from ...domain.names import MAX_USER_ID, flaw_of_name
from ..settings.settings import Settings, load_settings

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

console = Console(stderr=True)


def token(
    user: Annotated[str, typer.Argument(metavar="USER", help="The user id that the token is for.")],
    jwt_key: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The secret, or the private key as PEM (default: the setting).")
    ] = None,
    jwt_key_file: Annotated[str | None, typer.Option(metavar="FILE", help="A file with that key.")] = None,
    algorithm: Annotated[
        str | None, typer.Option(metavar="NAME", help="How it is signed (default: the usual one of the key's kind).")
    ] = None,
    expires: Annotated[
        str, typer.Option(metavar="TIME", help="For how long it holds: seconds, or as in 30m, 12h, 7d.")
    ] = "1h",
    claim: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="One more claim, JSON or a text; may stand several times."),
    ] = None,
) -> None:
    """Make a token for development, and print it alone.

    Audience, issuer and the user's claim are those of the settings, so that a server with the same settings takes it.
    """
    given = {"jwt_key": jwt_key, "jwt_key_file": jwt_key_file}
    if jwt_key is not None or jwt_key_file is not None:
        given = {name: value or "" for name, value in given.items()}
    settings = load_settings({}, {"auth": "jwt", "jwt_jwks": "", **given})
    flaw = flaw_of_name(user, MAX_USER_ID)
    if flaw is not None:
        raise ConfigurationError(f"the user id {flaw}")
    payload = _payload(settings, user, _seconds(expires)) | dict(map(_claim, claim or ()))
    from ...adapters.auth.sign_token import sign_token  # with its cryptography, which the other commands do not need

    try:
        signed = sign_token(_key(settings), payload, algorithm or next(iter(settings.jwt_algorithms), None))
    except ValueError as error:
        raise ConfigurationError(f"--jwt-key: {error}") from error
    typer.echo(signed)


def api_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is called in the file.")],
    user: Annotated[
        str | None, typer.Option(metavar="ID", help="The user id that it speaks as (default: NAME).")
    ] = None,
    role: Annotated[
        list[str] | None, typer.Option(metavar="ROLE", help="A role of that user; may stand several times.")
    ] = None,
    api_keys: Annotated[
        str | None, typer.Option(metavar="FILE", help="Append its line to this file, which a server reads by itself.")
    ] = None,
) -> None:
    """Make an API key for a backend, and print it alone: it is not kept anywhere. Its line is for the file of keys."""
    key = new_api_key()
    try:
        line = line_of(key, name, user, tuple(role or ()))
        if api_keys is not None:
            _append(Path(api_keys), line)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    except OSError as error:
        raise ConfigurationError(f"{api_keys} cannot be written: {error.strerror or error}") from error
    if api_keys is None:
        console.print(
            "The line for the file of keys (--api-keys), which holds no secret:", style="dim", highlight=False
        )
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    typer.echo(key)


def _payload(settings: Settings, user: str, seconds: float) -> dict[str, Any]:
    now = int(time())
    payload: dict[str, Any] = {settings.jwt_user_claim: user, "iat": now, "exp": now + int(seconds)}
    if settings.jwt_audience:
        payload["aud"] = settings.jwt_audience[0]
    if settings.jwt_issuer:
        payload["iss"] = settings.jwt_issuer
    return payload


def _key(settings: Settings) -> str:
    if not settings.jwt_key_file:
        return settings.jwt_key.get_secret_value()
    try:
        return Path(settings.jwt_key_file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{settings.jwt_key_file} cannot be read: {error}") from error


def _seconds(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,9})([smhd]?)", text)
    if found is None or int(found[1]) == 0:
        raise ConfigurationError(f"--expires must be seconds, or as in 30m, 12h, 7d, not {text!r}")
    return int(found[1]) * _UNITS[found[2] or "s"]


def _claim(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ConfigurationError(f"--claim must be NAME=VALUE, not {text!r}")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _append(path: Path, line: str) -> None:
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    after = before + ("" if not before or before.endswith("\n") else "\n") + line + "\n"
    read_api_keys(after)
    with path.open("a", encoding="utf-8") as file:
        file.write(after[len(before) :])
