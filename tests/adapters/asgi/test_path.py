"""The path, split before it is decoded."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.adapters.asgi.path import NotThere, Path, unescape


def of(raw: str | None, path: str | None = None, root_path: str = "") -> Path:
    """The path of a request for `raw`; `path` is what the host makes of it."""
    decoded = unquote(raw or "") if path is None else path
    return Path.of({"path": decoded, "root_path": root_path, "raw_path": None if raw is None else raw.encode()})


@pytest.mark.parametrize(
    ("sent", "segments"),
    [
        ("/", ()),
        ("/rooms", ("rooms",)),
        ("/rooms/", ("rooms",)),
        ("/rooms/a/events", ("rooms", "a", "events")),
        ("/rooms/drivers%2F65", ("rooms", "drivers/65")),
        ("/rooms/drivers%2f65/events/7", ("rooms", "drivers/65", "events", "7")),
        ("/rooms/%2Fa%2F/events", ("rooms", "/a/", "events")),
        ("/rooms/%2F", ("rooms", "/")),
        ("/rooms/a%252Fb", ("rooms", "a%2Fb")),
        ("/rooms/100%25", ("rooms", "100%")),
        ("/rooms/%C3%A4%2F%C3%B6", ("rooms", "ä/ö")),
        ("/rooms/a+b", ("rooms", "a+b")),
    ],
)
def test_it_is_split_at_each_slash_that_was_sent_as_one(sent: str, segments: tuple[str, ...]) -> None:
    assert of(sent).segments == segments


@pytest.mark.parametrize("room_id", ["a", "a/b", "/", "//", "a/", "/events", "%2F", "%", "ä/ö €", "events/1", "?#"])
def test_it_is_the_same_below_any_mount(room_id: str) -> None:
    """Hosts tell of a mount in three ways: in both paths, in the raw one alone, with slashes of their own liking."""
    inner = f"/rooms/{quote(room_id, safe='')}/events"
    wanted = ("rooms", room_id, "events")
    assert of(inner).segments == wanted
    assert of("/li%76e" + inner, root_path="/live").segments == wanted  # Starlette
    assert of("/live" + inner, root_path="/api/live").segments == wanted  # FastAPI, told of a prefix
    decoded = unquote(inner).replace("///", "/").replace("//", "/")
    assert of("/live" + inner, path=decoded + "/").segments == wanted  # Litestar


def test_it_is_rooms_of_the_mount_s_own_name_too() -> None:
    assert of("/rooms/rooms/rooms", root_path="/rooms").segments == ("rooms", "rooms")
    assert of("/rooms/rooms/events", path="/rooms/events/").segments == ("rooms", "events")


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=1))
def test_what_a_router_gets_is_split_where_it_was_sent_so(segments: list[str]) -> None:
    sent = "/" + "/".join(quote(segment, safe="") for segment in segments)
    assert [unescape(segment) for segment in of(sent).escaped.split("/")[1:]] == segments


def test_the_place_itself_without_its_slash_is_known() -> None:
    assert of("/live", path="/").without_slash == b"/live"
    for sent, path in (("/live/", "/"), ("/", "/"), ("/live/rooms", "/rooms/")):
        assert of(sent, path=path).without_slash is None


@pytest.mark.parametrize("sent", ["/rooms//events", "//rooms//a", "/rooms/a//", "/rooms/%FF", "/rooms/%C3"])
def test_an_empty_segment_and_what_is_not_utf_8_are_nothing(sent: str) -> None:
    """Where a router would take `/rooms//events` for the room `events`."""
    with pytest.raises(NotThere):
        of(sent)


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        (None, "/rooms/drivers/65"),
        (None, "/rooms/drivers/65/events"),
        (None, "/rooms/a/events/1/2"),
        ("/x/drivers%2F65", "/rooms/drivers/65"),
        ("/x/a%2Fevents", "/rooms/a/events"),
        ("/live%2Frooms/a%2Fb", "/rooms/a/b"),
    ],
)
def test_where_the_path_is_not_known_as_it_was_sent_ids_with_a_slash_are_nothing(sent: str | None, path: str) -> None:
    with pytest.raises(NotThere, match=r"raw_path.*rewrites"):
        of(sent, path=path)


@pytest.mark.parametrize(
    "path",
    [
        *("/rooms", "/rooms/a", "/rooms/a/events", "/rooms/a/events/1", "/rooms/a/stream", "/rooms/a/definitions"),
        "/x/y/z",
    ],
)
def test_all_others_are_found_there_too(path: str) -> None:
    for sent in (None, "/elsewhere"):
        assert of(sent, path=path).segments == tuple(path.split("/")[1:])


def test_a_path_that_is_longer_than_any_of_ours_is_not_looked_at() -> None:
    """Each of its bytes would be decoded on the loop."""
    longest = f"/rooms/{quote('🎈' * 255, safe='')}/events/9007199254740992"
    assert of(longest).segments[1] == "🎈" * 255
    for sent in ("/a" * 300_000, "/" * 300_000, "/rooms/" + "%41" * 20_000):
        with pytest.raises(NotThere, match="no path has more than"):
            of(sent)
    with pytest.raises(NotThere, match="no path has more than"):
        of(None, path="/a" * 300_000)
