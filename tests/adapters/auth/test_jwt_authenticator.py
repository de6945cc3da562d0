"""Who is asking, where a token says it: what is taken, and what never is."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from time import time
from typing import Any

import jwt
import pytest

from dialogue.adapters.auth.algorithms import ALGORITHMS, CURVES, RSA, SECRETS
from dialogue.adapters.auth.fixed_keys import FixedKeys
from dialogue.adapters.auth.jwt_authenticator import MAX_TOKEN, JwtAuthenticator, TokenRules
from dialogue.adapters.auth.read_keys import read_keys
from dialogue.adapters.auth.sign_token import sign_token
from dialogue.adapters.auth.verification_key import MAX_TRIED, UnfitKey
from dialogue.application.ports.authenticator import LATEST_S, Identity
from dialogue.domain.errors import Unauthenticated

from .signing import SECRET, jwk, key_set, private_key, private_pem, public_pem, token

pytestmark = pytest.mark.anyio


def authenticator(keys: str = SECRET, **rules: Any) -> JwtAuthenticator:
    """One that knows these keys."""
    found = read_keys(keys)
    return JwtAuthenticator(FixedKeys(lambda: found), TokenRules(**rules))


async def refused(by: JwtAuthenticator, given: object) -> str:
    """What a token is refused with."""
    with pytest.raises(Unauthenticated) as error:
        await by.authenticate({"token": given, "userId": "mallory"}, "c1")
    return error.value.message


def forged(header: dict[str, object], payload: dict[str, object], sign: Callable[[bytes], bytes] = bytes) -> str:
    """A token put together by hand."""
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in (header, payload)]
    signed = b".".join(parts)
    return (signed + b"." + base64.urlsafe_b64encode(sign(signed)).rstrip(b"=")).decode()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_every_algorithm_is_verified_with_a_key_of_its_kind_and_a_foreign_key_is_refused(algorithm: str) -> None:
    if algorithm in SECRETS:
        signing, other, known = SECRET, SECRET[::-1], SECRET
    else:
        signing, other = private_key(algorithm), private_key(algorithm, 1)
        known = public_pem(signing)
    by = authenticator(known, algorithms=[algorithm])
    identity = await by.authenticate({"token": token(signing, algorithm, role="editor")}, None)
    assert (identity.user_id, identity.claims["role"]) == ("ada", "editor")
    assert await refused(by, token(other, algorithm)) == "The token is not signed with a key that is known here"


async def test_it_lasts_until_the_token_runs_out_and_the_leeway() -> None:
    ends_at = time() + 60
    identity = await authenticator(leeway_s=5).authenticate({"token": token(exp=ends_at)}, None)
    assert identity == Identity(user_id="ada", claims=identity.claims, expires_at_s=ends_at + 5)


@pytest.mark.parametrize("exp", [2**63, 1e300, 10**400], ids=["64 bits", "float", "integer"])
async def test_a_token_that_hardly_ever_runs_out_is_taken(exp: float) -> None:
    identity = await authenticator(leeway_s=5).authenticate({"token": token(exp=exp)}, None)
    assert identity.expires_at_s == LATEST_S + 5


@pytest.mark.parametrize("name", ["none", "None", "nOnE", "", "HS1", "RS256"])
async def test_a_token_that_says_it_needs_no_signature_is_refused(name: str) -> None:
    payload: dict[str, object] = {"sub": "ada", "exp": time() + 300}
    for unsigned in (forged({"alg": name}, payload), forged({"alg": name}, payload, lambda _: b"")):
        assert "not allowed" in await refused(authenticator(), unsigned)


@pytest.mark.parametrize("kind", ["RS256", "ES256", "EdDSA"])
async def test_a_public_key_is_never_taken_for_the_secret_of_hs256(kind: str) -> None:
    pem = public_pem(private_key(kind))
    for secret in (pem, pem.strip(), pem.strip() + "\n"):
        confused = forged(
            {"alg": "HS256"},
            {"sub": "ada", "exp": time() + 300},
            lambda signed, secret=secret: hmac.digest(secret.encode(), signed, hashlib.sha256),  # type: ignore[misc]
        )
        assert "not allowed" in await refused(authenticator(pem), confused)
        with pytest.raises(UnfitKey, match="HS256 does not fit the key"):
            read_keys(pem).ensure_fit(["HS256"])
        # Where an application names it all the same, no key fits it.
        assert "not signed with a key" in await refused(authenticator(pem, algorithms=["HS256"]), confused)


async def test_only_the_algorithms_that_are_listed_are_taken() -> None:
    key = private_key("RS256")
    assert "not allowed" in await refused(authenticator(public_pem(key)), token(key, "PS256"))
    both = authenticator(public_pem(key), algorithms=["RS256", "PS256"])
    assert (await both.authenticate({"token": token(key, "PS256")}, None)).user_id == "ada"
    assert "not allowed" in await refused(both, token(key, "RS512"))


async def test_a_key_in_the_token_itself_is_no_key() -> None:
    mine = private_key("RS256", 1)
    given = jwt.encode({"sub": "ada", "exp": time() + 300}, mine, algorithm="RS256", headers={"jwk": jwk(mine)})
    assert "not signed with a key" in await refused(authenticator(public_pem(private_key("RS256"))), given)


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": 1}, "has run out"),
        ({"exp": None}, "has no claim 'exp'"),
        ({"exp": "soon"}, "not valid"),
        ({"exp": str(2**40)}, "'exp' must be a number"),
        ({"exp": True}, "run out"),
        ({"exp": float("inf")}, "not valid"),
        ({"nbf": 2**40}, "not valid yet"),
        ({"iat": 2**40}, "not valid yet"),
        ({"sub": None}, "has no claim 'sub'"),
        ({"sub": ""}, "'sub' must"),
        ({"sub": "x" * 256}, "'sub' must"),
        ({"sub": "a\nb"}, "'sub' must"),
        ({"aud": "elsewhere"}, "another audience"),
    ],
    ids=str,
)
async def test_a_token_whose_claims_are_not_as_they_must_be_is_refused_with_why(
    claims: dict[str, Any], reason: str
) -> None:
    assert reason in await refused(authenticator(), token(**claims))


@pytest.mark.parametrize("value", [7, ["ada"], {"id": "ada"}, True], ids=str)
async def test_a_user_id_that_is_no_text_is_refused(value: object) -> None:
    assert "'uid' must be a text" in await refused(authenticator(user_claim="uid"), token(uid=value))


async def test_another_claim_can_hold_the_user_id() -> None:
    by = authenticator(user_claim="https://example.org/user")
    claims: dict[str, Any] = {"sub": None, "https://example.org/user": "bob"}
    identity = await by.authenticate({"token": token(**claims)}, None)
    assert identity.user_id == "bob"
    assert "has no claim" in await refused(by, token())


async def test_audience_and_issuer_must_fit_where_they_are_set() -> None:
    by = authenticator(audience=["chat", "chat-2"], issuer="https://login.example")
    fit: dict[str, Any] = {"aud": ["other", "chat-2"], "iss": "https://login.example"}
    assert (await by.authenticate({"token": token(**fit)}, None)).user_id == "ada"
    for wrong, reason in (
        ({"aud": "other"}, "another audience"),
        ({"aud": None}, "no claim 'aud'"),
        ({"aud": 5}, "audience"),
        ({"iss": "https://login.example/"}, "another issuer"),
        ({"iss": None}, "no claim 'iss'"),
    ):
        assert reason in await refused(by, token(**fit | wrong))


@pytest.mark.parametrize(
    "given",
    [None, "", 7, ["a"], "a", "a.b", "a.b.c", "....", "\ud800.a.b", "ä.ö.ü", "e30.e30.", "bnVsbA.e30.", "W10.e30."],
    ids=repr,
)
async def test_what_is_no_token_is_refused(given: object) -> None:
    assert "token" in await refused(authenticator(), given)


async def test_a_token_that_is_huge_or_deep_is_refused_before_it_costs_anything() -> None:
    assert str(MAX_TOKEN) in await refused(authenticator(), "a" * (MAX_TOKEN + 1))
    deep = base64.urlsafe_b64encode(b"[" * 12_000).decode()
    assert "no JSON Web Token" in await refused(authenticator(), f"{deep}.e30.")
    signed = f"eyJhbGciOiJIUzI1NiJ9.{deep[:-4]}"
    signature = base64.urlsafe_b64encode(hmac.digest(SECRET.encode(), signed.encode(), hashlib.sha256)).rstrip(b"=")
    assert "not valid" in await refused(authenticator(), f"{signed}.{signature.decode()}")


async def test_the_key_that_a_token_names_is_the_one_that_counts() -> None:
    first, second = private_key("ES256"), private_key("ES256", 1)
    by = authenticator(key_set(jwk(first, "a"), jwk(second, "b")))
    assert (await by.authenticate({"token": token(second, "ES256", "b")}, None)).user_id == "ada"
    assert (await by.authenticate({"token": token(second, "ES256")}, None)).user_id == "ada"  # each is tried
    assert "not signed with a key" in await refused(by, token(second, "ES256", "a"))
    assert "not signed with a key" in await refused(by, token(second, "ES256", "c"))


async def test_a_token_that_names_no_key_is_tried_with_a_few_alone() -> None:
    keys = [private_key("ES256", number) for number in range(MAX_TRIED + 1)]
    by = authenticator(key_set(*[jwk(key, str(number)) for number, key in enumerate(keys)]))
    assert (await by.authenticate({"token": token(keys[-2], "ES256")}, None)).user_id == "ada"
    assert "not signed with a key" in await refused(by, token(keys[-1], "ES256"))
    assert (await by.authenticate({"token": token(keys[-1], "ES256", str(MAX_TRIED))}, None)).user_id == "ada"


def test_a_file_may_hold_several_keys_of_several_kinds() -> None:
    keys = read_keys(public_pem(private_key("RS256")) + "\nthe next one:\n" + public_pem(private_key("EdDSA")))
    assert list(keys.first_choice()) == ["RS256", "EdDSA"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (lambda: "", "nothing in it"),
        (lambda: "short", "32 bytes at least, not 5"),
        (lambda: f"{SECRET}\nshort", "32 bytes at least, not 5"),
        (lambda: f"{SECRET}\n" * 5, "4 at most are tried"),
        (lambda: private_pem(private_key("RS256")), "private key"),
        (lambda: "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----", "cannot be read"),
        (lambda: "-----BEGIN PUBLIC KEY-----\nMIIB", "no end"),
        (lambda: "{", "no JSON"),
        (lambda: "{}", "cannot be read"),
        (lambda: '{"keys": 5}', "no key set"),
        (lambda: '{"keys": []}', "no key in it"),
        (lambda: key_set({"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQ"}), "is a secret"),
        (lambda: key_set(jwk(private_key("RS256"), d="AQAB")), "private one"),
        (lambda: key_set(jwk(private_key("RS256"), "k", alg="ES256")), "does not fit its kind"),
        (lambda: key_set(jwk(private_key("RS256"), "k", alg="HS256")), "does not fit its kind"),
        (lambda: key_set(jwk(private_key("RS256"), use="enc")), "no key in it"),
        (lambda: key_set(*[jwk(private_key("ES256"))] * 65), "64 at most"),
    ],
)
def test_what_is_no_key_or_must_not_be_one_is_refused_without_showing_it(text: Callable[[], str], reason: str) -> None:
    given = text()
    with pytest.raises(UnfitKey, match=reason) as error:
        read_keys(given)
    assert not any(line in str(error.value) for line in given.splitlines() if len(line) > 30)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_a_pem_may_stand_in_one_line(algorithm: str) -> None:
    key = private_key(algorithm)
    known, signing = (pem(key).strip().replace("\n", "\\n") for pem in (public_pem, private_pem))
    signed = sign_token(signing, {"sub": "ada", "exp": time() + 60})
    assert (await authenticator(known).authenticate({"token": signed}, None)).user_id == "ada"


async def test_of_secrets_there_may_be_one_in_a_line_and_the_first_signs() -> None:
    """So that nobody has to log in again when a secret is exchanged."""
    old, new = "the old secret, with more than 32 bytes", "the new secret, with more than 32 bytes"
    both = authenticator(f"{new}\n\n  {old}\n")
    claims = {"sub": "ada", "exp": time() + 60}
    for secret in (old, new, f"{new}\n{old}"):
        assert (await both.authenticate({"token": sign_token(secret, claims)}, None)).user_id == "ada"
    for secret in (f"{new}\n\n  {old}", "another one, with more than 32 bytes"):
        signed = jwt.encode(claims, secret, "HS256")
        with pytest.raises(Unauthenticated):
            await both.authenticate({"token": signed}, None)
    only_new = authenticator(new)
    assert (await only_new.authenticate({"token": sign_token(f"{new}\n{old}", claims)}, None)).user_id == "ada"


def test_a_key_does_not_show_itself() -> None:
    assert SECRET not in repr(read_keys(SECRET))


def test_each_curve_and_kind_has_its_own_algorithms() -> None:
    for algorithm in (*RSA, *CURVES.values(), "EdDSA"):
        keys = read_keys(public_pem(private_key(algorithm)))
        assert algorithm in keys.keys[0].algorithms
        assert not set(SECRETS) & set(keys.keys[0].algorithms)
