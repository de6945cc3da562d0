"""How tokens and API keys are checked."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from ...adapters.auth.algorithms import ALGORITHMS
from .types import Names


def _are_algorithms(names: list[str]) -> list[str]:
    for name in names:
        if name not in ALGORITHMS:
            raise ValueError(f"{name!r} is none of {', '.join(ALGORITHMS)}")
    return names


def _is_address(address: str) -> str:
    if not address:
        return address
    try:
        place = urlsplit(address)
        is_one = place.scheme in ("https", "http") and bool(place.hostname) and place.port != 0
    except ValueError:
        is_one = False
    else:
        if place.username is not None or place.password is not None:
            raise ValueError("must hold no password: keys that tokens are verified with are public")
    if not is_one or not address.isascii() or not address.isprintable() or " " in address:
        raise ValueError("must be an address, as in https://login.example.org/.well-known/jwks.json")
    return address


Algorithms = Annotated[Names, AfterValidator(_are_algorithms)]


class TokenSettings(BaseModel):
    """How tokens and API keys are checked."""

    jwt_key: SecretStr = Field(
        SecretStr(""),
        description="With `auth` jwt: the public key as PEM, or the secret, of 32 bytes or more. Better in the "
        "environment, since a command line can be read by others.",
    )
    jwt_key_file: str = Field(
        "",
        description="With `auth` jwt: a file with that key, or several: secrets in lines, PEM, a JSON Web Key Set.",
    )
    jwt_jwks: Annotated[str, AfterValidator(_is_address)] = Field(
        "", description="With `auth` jwt: the address of the JSON Web Key Set of whoever signs the tokens."
    )
    jwt_algorithms: Algorithms = Field(
        default_factory=list,
        description="The algorithms that a token may be signed with. Empty: for each key the usual one of its kind "
        "(HS256, RS256, ES256 and so on by its curve, EdDSA).",
    )
    jwt_audience: Names = Field(
        default_factory=list, description="Names of this server, of which a token must have one as `aud`."
    )
    jwt_issuer: str = Field("", description="Whose tokens are taken: what they have as `iss`. Empty: anybody's.")
    jwt_user_claim: str = Field("sub", min_length=1, description="The claim of a token that holds the user id.")
    jwt_leeway_s: float = Field(
        10.0, ge=0, le=600, description="By how much the clock of whoever signs may differ from ours, in seconds."
    )
    api_keys: str = Field(
        "", description="A file of API keys, as `dialogue api-key` makes them: with `auth` api-keys, or beside jwt."
    )

    def flaw_of_tokens(self, auth: str) -> str | None:
        """What does not go together, or None."""
        sources = [name for name in ("jwt_key", "jwt_key_file", "jwt_jwks") if _is_given(getattr(self, name))]
        if auth == "jwt" and len(sources) != 1:
            given = f"; given are {' and '.join(map(_option, sources))}" if sources else ""
            return f"--auth jwt needs one of --jwt-key, --jwt-key-file and --jwt-jwks{given}"
        if auth == "api-keys" and not self.api_keys:
            return "--auth api-keys needs --api-keys FILE: `dialogue api-key NAME` makes the first key"
        if auth != "jwt":
            unused = [name for name in TokenSettings.model_fields if name.startswith("jwt_") and self._is_set(name)]
            if unused:
                return f"{_option(unused[0])} holds with --auth jwt alone, and here is --auth {auth}"
        if auth not in ("jwt", "api-keys") and self.api_keys:
            return f"--api-keys holds with --auth api-keys, or jwt, and here is --auth {auth}"
        return None

    def _is_set(self, name: str) -> bool:
        return name in self.model_fields_set and _is_given(getattr(self, name))


def _is_given(value: Any) -> bool:
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _option(name: str) -> str:
    return "--" + name.removesuffix("_s").replace("_", "-")
