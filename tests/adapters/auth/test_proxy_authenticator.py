"""Who is asking, where a proxy says it."""

from __future__ import annotations

import pytest

from dialogue.adapters.auth.proxy_authenticator import ProxyAuthenticator
from dialogue.application.ports.authenticator import PROXY_USER, SEEN, Identity, claims_of
from dialogue.domain.errors import InvalidRequest, Unauthenticated


def scope(**seen: object) -> dict[str, object]:
    """A connection of which the server has seen this much."""
    return {"state": {SEEN: seen}} if seen else {}


async def test_the_user_is_the_one_that_the_proxy_names_whatever_the_client_says() -> None:
    claims = claims_of(scope(**{PROXY_USER: "alice"}), {"userId": "mallory", PROXY_USER: "mallory"})
    assert await ProxyAuthenticator().authenticate(claims, "c1") == Identity(user_id="alice")


async def test_without_the_proxy_s_word_nobody_is_known() -> None:
    for said in ({"userId": "mallory"}, {PROXY_USER: "mallory"}, {}):
        with pytest.raises(Unauthenticated):
            await ProxyAuthenticator().authenticate(claims_of(scope(), said), "c1")


async def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="must not begin or end with a space"):
        await ProxyAuthenticator().authenticate(claims_of(scope(**{PROXY_USER: " alice"}), {}), None)
