"""Ready-made rules: what a user's roles may do, and where."""

from __future__ import annotations

from typing import Any

import pytest

from dialogue.application.access.roles import roles
from dialogue.application.ports.authenticator import Identity
from dialogue.domain.errors import ConfigurationError

RULES = roles(
    {
        "*": ["join", "read"],
        "writer": ["publish"],
        "staff": {"staff-*": ["publish"], "hall": ["redact"]},
        "admin": ["administer"],
        "owner": {"own": ["administer"]},
    }
)


def user(*names: str) -> Identity:
    return Identity(user_id="ada", claims={"roles": list(names)})


def test_the_star_role_is_everybodys() -> None:
    assert RULES(Identity(user_id="ada"), "join", "hall")
    assert not RULES(Identity(user_id="ada"), "publish", "hall")


def test_a_role_may_do_its_actions_everywhere_or_in_rooms_of_these_names() -> None:
    assert RULES(user("writer"), "publish", "any/room")
    assert RULES(user("staff"), "publish", "staff-1")
    assert not RULES(user("staff"), "publish", "staff")
    assert not RULES(user("staff"), "publish", "my-staff-1")
    assert RULES(user("staff"), "redact", "hall")
    assert not RULES(user("staff"), "redact", "staff-1")


def test_who_administers_may_do_everything_there() -> None:
    for action in ("join", "read", "publish", "create", "delete", "redact", "administer"):
        assert RULES(user("admin"), action, "hall")
        assert RULES(user("owner"), action, "own")
    assert not RULES(user("owner"), "delete", "hall")


@pytest.mark.parametrize("claimed", [["writer"], ("writer",), "reader writer", "writer"])
def test_roles_are_a_list_or_words(claimed: object) -> None:
    assert RULES(Identity(user_id="ada", claims={"roles": claimed}), "publish", "hall")


@pytest.mark.parametrize("claimed", [None, 5, {"writer": True}, [["writer"], None, 5], "writers", True])
def test_claims_that_name_no_role_give_nothing(claimed: object) -> None:
    identity = Identity(user_id="ada", claims={"roles": claimed})
    assert not RULES(identity, "publish", "hall")
    assert RULES(identity, "read", "hall")


def test_roles_may_stand_in_another_claim() -> None:
    rules = roles({"chat:write": ["publish"]}, claim="scope")
    assert rules(Identity(user_id="ada", claims={"scope": "openid chat:write"}), "publish", "hall")
    assert not rules(Identity(user_id="ada", claims={"roles": "chat:write"}), "publish", "hall")


def test_only_the_star_stands_for_other_letters() -> None:
    rules = roles({"*": {"room[1]": ["join"], "a?": ["join"], "*/x": ["join"]}})
    assert rules(user(), "join", "room[1]")
    assert not rules(user(), "join", "room1")
    assert rules(user(), "join", "a?")
    assert not rules(user(), "join", "ab")
    assert rules(user(), "join", "a/b/x")
    assert not rules(user(), "join", "a/b/x\n")


def test_an_id_that_was_made_up_for_it_holds_nobody_up() -> None:
    rules = roles({"*": {"*a*a*a*a*a*a*a*a*b": ["join"]}})
    assert not rules(user(), "join", "a" * 255)


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        (["admin"], "mapping of roles"),
        ({"admin": "join"}, "'admin' must have a list of actions, not 'join'"),
        ({"admin": ["fly"]}, "'fly' is no action; there are join, read"),
        ({"admin": {5: ["join"]}}, "a room must be a text, not 5"),
        ({"": ["join"]}, "a role must be a text"),
        ({"admin": None}, "must have a list of actions"),
        ({"admin": [["join"]]}, r"\['join'\] is no action"),
    ],
)
def test_a_mistake_is_named(rules: Any, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        roles(rules)
