"""Whichever authenticator is in force gives user ids that can be kept, or is told what is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from dependency_injector import providers

from dialogue import ConfigurationError, RoomConfig, create_dialogue, define_event
from dialogue.adapters.auth.checked_authenticator import CheckedAuthenticator
from dialogue.application.ports.authenticator import LATEST_S, Identity
from dialogue.application.sessions.identities import ends_at_ms
from dialogue.domain.errors import Unauthenticated

pytestmark = pytest.mark.anyio

NOW_S = 1_800_000_000


class Giving:
    """Takes everybody for `user_id`."""

    trusts_clients = False

    def __init__(self, user_id: Any) -> None:
        self._user_id = user_id

    async def authenticate(self, claims: object, client_id: str | None) -> Any:
        if self._user_id is Unauthenticated:
            raise Unauthenticated("nobody")
        return self._user_id


class Standing:
    """A clock that stands."""

    def now_ms(self) -> int:
        return NOW_S * 1_000


def checked(given: Any) -> CheckedAuthenticator:
    return CheckedAuthenticator(Giving(given), Standing())


class Synchronous:
    """Not async, as a beginner may write it."""

    trusts_clients = False

    def authenticate(self, claims: object, client_id: str | None) -> str:
        return "ada"


async def test_an_id_that_can_be_kept_passes_as_it_is() -> None:
    ada = Identity(user_id="ada", claims={"role": "editor"}, expires_at_s=NOW_S + 0.5)
    assert await checked(ada).authenticate({}, None) is ada
    with pytest.raises(Unauthenticated):
        await checked(Unauthenticated).authenticate({}, None)


async def test_an_application_s_own_may_give_a_user_id_alone() -> None:
    assert await checked("ada").authenticate({}, None) == Identity(user_id="ada")


@pytest.mark.parametrize("user_id", ["", "x" * 256, "a\nb", " ada", None, 5, b"ada"], ids=repr)
async def test_an_id_that_could_not_be_kept_is_a_fault_that_names_the_authenticator(user_id: Any) -> None:
    for given in (user_id, Identity(user_id=user_id)):
        with pytest.raises(ValueError, match=r"The authenticator .*Giving.* gave .* for a user id, which must"):
            await checked(given).authenticate({}, None)


@pytest.mark.parametrize("ends_at_s", [float("nan"), "tomorrow", True, datetime(2030, 1, 1, tzinfo=UTC)], ids=repr)
async def test_an_end_that_is_no_number_is_a_fault_too(ends_at_s: Any) -> None:
    with pytest.raises(ValueError, match="for expires_at_s, which must be a number"):
        await checked(Identity(user_id="ada", expires_at_s=ends_at_s)).authenticate({}, None)


@pytest.mark.parametrize("ends_at_s", [float("inf"), 1.7e308, 10**400], ids=["infinity", "float", "integer"])
async def test_an_end_that_no_client_could_be_told_is_the_latest_that_one_can(ends_at_s: float) -> None:
    found = await checked(Identity(user_id="ada", expires_at_s=ends_at_s)).authenticate({}, None)
    assert ends_at_ms(found) == LATEST_S * 1_000 <= 2**53


@pytest.mark.parametrize("ends_at_s", [NOW_S, 0, -1.5, float("-inf"), -(10**400)], ids=lambda value: f"{value!r:.9}")
async def test_who_has_ended_is_nobody_by_any_way_in(ends_at_s: float) -> None:
    with pytest.raises(Unauthenticated, match="run out"):
        await checked(Identity(user_id="ada", expires_at_s=ends_at_s)).authenticate({}, None)


@pytest.mark.parametrize(
    ("given", "said"),
    [(Synchronous(), "authenticate must be async"), (object(), "has no 'authenticate'")],
    ids=["sync", "nothing"],
)
async def test_what_is_no_authenticator_is_told_at_the_start(given: Any, said: str) -> None:
    dialogue = create_dialogue(
        database="memory://", rooms={"r": RoomConfig(name="R", events=[define_event("message")])}
    )
    dialogue.container.authenticator.override(providers.Object(given))
    with pytest.raises(ConfigurationError, match=said):
        async with dialogue.lifespan():
            pass
