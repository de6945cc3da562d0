"""Who is in a room: asked for, and told as it changes."""

from __future__ import annotations

from ..support.wire_client import Message, WireClient
from .conftest import Connect


async def members(client: WireClient, room: str) -> dict[str, int]:
    answer = await client.ask("listMembers", roomId=room)
    assert (answer["type"], answer["roomId"]) == ("members", room)
    return {member["userId"]: member["sessions"] for member in answer["members"]}


def told(frames: list[Message], room: str) -> list[tuple[str, str]]:
    kinds = ("memberJoined", "memberLeft")
    return [(each["type"], each["userId"]) for each in frames if each["type"] in kinds and each["roomId"] == room]


async def test_members_are_users_with_their_sessions(connect: Connect, room: str) -> None:
    one, other, bob = await connect("ada"), await connect("ada"), await connect("bob")
    for client in (one, other, bob):
        await client.join(room)
    assert await members(one, room) == {"ada": 2, "bob": 1}
    await other.ask("leave", roomId=room)
    assert await members(bob, room) == {"ada": 1, "bob": 1}


async def test_members_are_told_of_a_users_first_session_and_of_its_last(connect: Connect, room: str) -> None:
    ada, bob, again, eve = [await connect(user) for user in ("ada", "bob", "bob", "eve")]
    await ada.join(room)
    await bob.join(room)
    assert await ada.pushed("memberJoined") == {"type": "memberJoined", "roomId": room, "userId": "bob"}
    await again.join(room)
    await bob.ask("leave", roomId=room)
    await eve.join(room)
    assert (await ada.pushed("memberJoined"))["userId"] == "eve"
    await again.socket.close()
    for client in (ada, eve):
        assert await client.pushed("memberLeft") == {"type": "memberLeft", "roomId": room, "userId": "bob"}
    await ada.settle()
    await eve.settle()
    assert told(ada.frames, room) == [("memberJoined", "bob"), ("memberJoined", "eve"), ("memberLeft", "bob")]
    assert told(eve.frames, room) == [("memberLeft", "bob")]


async def test_a_stranger_is_not_told(ada: WireClient, bob: WireClient, room: str) -> None:
    await ada.join(room)
    assert (await bob.refused("listMembers", roomId=room))["code"] == "NOT_JOINED"
    assert (await bob.refused("listMembers", roomId="nowhere"))["code"] == "NOT_JOINED"


async def test_a_room_without_presence_tells_nobody(ada: WireClient, bob: WireClient) -> None:
    for client in (ada, bob):
        await client.join("quiet")
    assert (await ada.refused("listMembers", roomId="quiet"))["code"] == "FORBIDDEN"
    await bob.ask("leave", roomId="quiet")
    await ada.settle()
    assert told(ada.frames, "quiet") == []
