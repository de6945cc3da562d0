"""Who is asking, where an API key says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialogue.adapters.auth import watched_file
from dialogue.adapters.auth.api_key_authenticator import ApiKeyAuthenticator
from dialogue.adapters.auth.api_key_file import PREFIX, ApiKey, digest_of, line_of, new_api_key, read_api_keys
from dialogue.adapters.auth.trusting_authenticator import TrustingAuthenticator
from dialogue.adapters.auth.watched_file import WatchedFile
from dialogue.application.ports.authenticator import Identity
from dialogue.domain.errors import Unauthenticated

pytestmark = pytest.mark.anyio


async def test_each_key_speaks_as_its_user_with_its_roles() -> None:
    billing, shop = new_api_key(), new_api_key()
    text = "\n".join(["# keys", "", line_of(billing, "billing"), line_of(shop, "shop", "the-shop", ("a", "b"))])
    by = ApiKeyAuthenticator(lambda: read_api_keys(text))
    assert await by.authenticate({"token": billing, "userId": "mallory"}, "c1") == Identity(
        user_id="billing", claims={"apiKey": "billing", "roles": []}
    )
    assert await by.authenticate({"token": shop}, None) == Identity(
        user_id="the-shop", claims={"apiKey": "shop", "roles": ["a", "b"]}
    )


@pytest.mark.parametrize(
    "given", [None, "", 5, "dlg_wrong", "x" * 100_000, "dlg_\ud800"], ids=lambda each: repr(each)[:20]
)
async def test_what_is_no_key_is_refused(given: object) -> None:
    by = ApiKeyAuthenticator(lambda: read_api_keys(line_of(new_api_key(), "billing")))
    with pytest.raises(Unauthenticated):
        await by.authenticate({"token": given, "userId": "mallory"}, "c1")


async def test_what_is_no_key_is_another_s_to_judge_and_what_looks_like_one_is_not() -> None:
    by = ApiKeyAuthenticator(lambda: read_api_keys(line_of(new_api_key(), "billing")), TrustingAuthenticator())
    assert (await by.authenticate({"token": "a.b.c", "userId": "ada"}, None)).user_id == "ada"
    with pytest.raises(Unauthenticated):
        await by.authenticate({"token": PREFIX + "wrong", "userId": "ada"}, None)


def test_a_file_holds_no_key_and_no_key_is_like_another() -> None:
    key = new_api_key()
    assert key not in line_of(key, "billing")
    assert key.startswith(PREFIX)
    assert len({new_api_key() for _ in range(100)}) == 100
    assert read_api_keys(line_of(key, "a", "b", ("c",))) == [ApiKey("a", digest_of(key), "b", ("c",))]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("billing", "has no hash"),
        ("billing dlg_secret-of-somebody", "has no hash"),
        ("billing sha256:AB", "has no hash"),
        ("bill/ing sha256:" + "0" * 64, "a name is"),
        ("billing sha256:" + "0" * 64 + " admin", "only user=… and roles=…"),
        ("billing sha256:" + "0" * 64 + " user=a user=b", "once each"),
        ("billing sha256:" + "0" * 64 + " user=" + "x" * 256, "the user of billing must"),
        ("billing sha256:" + "1" * 64 + "\nbilling sha256:" + "0" * 64, "line 2: there is another key"),
    ],
)
def test_a_line_that_is_wrong_is_named_and_not_shown(line: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as error:
        read_api_keys(line)
    assert "secret" not in str(error.value)
    assert "0000" not in str(error.value)


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "#a"])
def test_a_line_is_not_written_that_could_not_be_read(name: str) -> None:
    with pytest.raises(ValueError, match="a name is"):
        line_of(new_api_key(), name)
    with pytest.raises(ValueError, match="no space"):
        line_of(new_api_key(), "a", roles=("x,y",))


async def test_a_file_that_changes_is_read_again_and_one_that_breaks_holds_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watched_file, "LOOK_EVERY_S", 0.0)
    path = tmp_path / "keys"
    old, new = new_api_key(), new_api_key()
    path.write_text(line_of(old, "old"), encoding="utf-8")
    file = WatchedFile(str(path), read_api_keys)
    by = ApiKeyAuthenticator(lambda: file.value)
    assert (await by.authenticate({"token": old}, None)).user_id == "old"

    path.write_text(line_of(old, "old") + "\n" + line_of(new, "new"), encoding="utf-8")
    assert (await by.authenticate({"token": new}, None)).user_id == "new"

    path.write_text("half a li", encoding="utf-8")
    assert (await by.authenticate({"token": new}, None)).user_id == "new"
    path.unlink()
    assert (await by.authenticate({"token": new}, None)).user_id == "new"
    assert "line 1" in caplog.text
    assert "cannot be read" in caplog.text

    path.write_text(line_of(new, "new"), encoding="utf-8-sig")  # as some editors do
    with pytest.raises(Unauthenticated):
        await by.authenticate({"token": old}, None)


def test_a_file_that_cannot_be_read_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        WatchedFile(str(tmp_path / "none"), read_api_keys)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="not UTF-8"):
        WatchedFile(str(tmp_path / "binary"), read_api_keys)
