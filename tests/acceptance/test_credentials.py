"""Tokens and API keys: what a start refuses, and what the commands make."""

from __future__ import annotations

import jwt
import pytest

from ..adapters.auth.signing import private_key, private_pem, public_pem
from .command import Here

SECRET = "a secret of tests alone, of 32 bytes or more"
BY_SECRET = ("--auth", "jwt", "--jwt-key", SECRET)
AT_ADDRESS = ("--auth", "jwt", "--jwt-jwks")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--auth", "jwt"], "--auth jwt needs one of --jwt-key, --jwt-key-file and --jwt-jwks"),
        ([*BY_SECRET, "--jwt-jwks", "https://a.example/keys"], "given are --jwt-key and --jwt-jwks"),
        (["--auth", "jwt", "--jwt-key", "short-secret"], "a secret must have 32 bytes at least, not 12"),
        (["--auth", "jwt", "--jwt-key", "key.pem"], "give it by --jwt-key-file"),
        (["--auth", "jwt", "--jwt-key-file", "none.pem"], "none.pem cannot be read"),
        (["--auth", "jwt", "--jwt-key-file", "key.pem"], "it is a private key"),
        ([*BY_SECRET, "--jwt-algorithms", "none"], "jwt_algorithms: 'none' is none of HS256"),
        ([*BY_SECRET, "--jwt-algorithms", "RS256"], "RS256 does not fit the key, which is for HS256"),
        ([*BY_SECRET, "--jwt-algorithms", "HS512"], "HS512 does not fit the key"),
        (
            ["--auth", "jwt", "--jwt-key-file", "public.pem", "--jwt-algorithms", "RS256,HS256"],
            "HS256 does not fit the key",
        ),
        ([*AT_ADDRESS, "https://a.example/keys", "--jwt-algorithms", "HS256"], "HS256 needs a secret"),
        ([*AT_ADDRESS, "ftp://a.example/keys"], "jwt_jwks: must be an address"),
        ([*AT_ADDRESS, "https://me:secret@a.example/keys"], "jwt_jwks: must hold no password"),
        (["--jwt-key", SECRET], "--jwt-key holds with --auth jwt alone, and here is --auth trusting"),
        (["--auth", "proxy", "--jwt-audience", "a"], "--jwt-audience holds with --auth jwt alone"),
        (["--auth", "api-keys"], "--auth api-keys needs --api-keys FILE"),
        (["--auth", "proxy", "--api-keys", "keys"], "--api-keys holds with --auth api-keys, or jwt"),
        (["--auth", "api-keys", "--api-keys", "none"], "--api-keys: none cannot be read"),
        (["--auth", "api-keys", "--api-keys", "public.pem"], "line 1: "),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_what_cannot_work_is_refused_at_the_start_without_a_secret(here: Here, arguments: list[str], said: str) -> None:
    here.folder.joinpath("key.pem").write_text(private_pem(private_key("RS256")), encoding="utf-8")
    here.folder.joinpath("public.pem").write_text(public_pem(private_key("RS256")), encoding="utf-8")
    complaint = here.run("serve", "--port", "0", "--database", "memory://", *arguments).complaint
    assert said in complaint
    assert not any(secret in complaint for secret in (SECRET, "short-secret", "me:secret"))


def test_several_workers_are_refused_in_one_line_too(here: Here) -> None:
    arguments = ("--workers", "2", "--database", "postgresql://me@127.0.0.1:1/x", "--auth", "jwt", "--jwt-key", "short")
    assert "32 bytes at least" in here.run("serve", "--port", "0", *arguments).complaint


def test_a_key_in_the_environment_is_in_no_help(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALOGUE_JWT_KEY", SECRET)
    for command in ("serve", "token", "api-key"):
        assert SECRET not in here.run(command, "--help").output


def test_a_token_stands_alone_and_has_what_the_settings_ask_for(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALOGUE_JWT_AUDIENCE", "chat,other")
    monkeypatch.setenv("DIALOGUE_JWT_ISSUER", "me")
    made = here.run("token", "ada", "--jwt-key", SECRET, "--expires", "12h", "--claim", 'roles=["x"]', "--claim", "a=b")
    assert made.code == 0
    assert made.output.count("\n") == 1
    payload = jwt.decode(made.output.strip(), SECRET, algorithms=["HS256"], audience="chat", issuer="me")
    assert (payload["sub"], payload["roles"], payload["a"]) == ("ada", ["x"], "b")
    assert payload["exp"] - payload["iat"] == 12 * 3_600


def test_a_token_is_signed_with_a_private_key_too(here: Here) -> None:
    key = private_key("ES384")
    here.folder.joinpath("key.pem").write_text(private_pem(key), encoding="utf-8")
    made = here.run("token", "ada", "--jwt-key-file", "key.pem")
    assert jwt.decode(made.output.strip(), key.public_key(), algorithms=["ES384"])["sub"] == "ada"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ada"], "needs one of --jwt-key"),
        (["ada", "--jwt-key", "short"], "32 bytes at least"),
        (["ada", "--jwt-key-file", "public.pem"], "a public key cannot sign"),
        (["ada", "--jwt-key", SECRET, "--algorithm", "RS256"], "RS256 does not fit"),
        (["ada", "--jwt-key", SECRET, "--algorithm", "none"], "none does not fit"),
        (["ada", "--jwt-key", SECRET, "--expires", "soon"], "--expires must be seconds"),
        (["ada", "--jwt-key", SECRET, "--expires", "0"], "--expires must be seconds"),
        (["ada", "--jwt-key", SECRET, "--claim", "roles"], "--claim must be NAME=VALUE"),
        ([" ada", "--jwt-key", SECRET], "the user id must not begin"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_a_token_that_cannot_be_made_is_told_in_one_line(here: Here, arguments: list[str], said: str) -> None:
    here.folder.joinpath("public.pem").write_text(public_pem(private_key("RS256")), encoding="utf-8")
    assert said in here.run("token", *arguments).complaint


def test_an_api_key_is_printed_once_and_its_line_appended(here: Here) -> None:
    first = here.run("api-key", "billing", "--user", "shop", "--role", "a", "--role", "b", "--api-keys", "keys")
    second = here.run("api-key", "other", "--api-keys", "keys")
    lines = here.folder.joinpath("keys").read_text(encoding="utf-8").splitlines()
    assert [line.split()[0] for line in lines] == ["billing", "other"]
    assert lines[0].endswith(" user=shop roles=a,b")
    for made in (first, second):
        assert made.output.startswith("dlg_")
        assert made.output.strip() not in "".join(lines)
    assert "another key named other" in here.run("api-key", "other", "--api-keys", "keys").complaint
    assert "hold no space" in here.run("api-key", "third", "--role", "a b").complaint
    assert len(here.folder.joinpath("keys").read_text(encoding="utf-8").splitlines()) == 2
