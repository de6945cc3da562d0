"""These tests find faults: each is planted once, and the test that holds it has to fail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from dialogue.adapters.memory.history_archive import MemoryHistoryArchive
from dialogue.adapters.memory.presence import MemoryPresence
from dialogue.application.feed.apply_events import ApplyEvents
from dialogue.application.feed.submission import Passing
from dialogue.application.nodes import keep_lease
from dialogue.application.nodes.catch_up import CatchUp
from dialogue.application.nodes.follow_moves import FollowMoves
from dialogue.application.nodes.hear_nodes import HearNodes
from dialogue.application.nodes.poll_moves import PollMoves
from dialogue.application.nodes.seats import Seats
from dialogue.application.reading.confirm_read import ConfirmRead
from dialogue.application.rooms.refresh_history import RefreshHistory
from dialogue.application.rooms.room_registry import RoomRegistry
from dialogue.domain.errors import RoomNotFound

from . import cluster, test_capacities, test_one_sequence, test_passing, test_poll, test_rooms_elsewhere

pytestmark = pytest.mark.anyio

Plant = Callable[[pytest.MonkeyPatch], None]


async def nothing(*_: object) -> None:
    """Do nothing."""


def only_notices_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CatchUp, "follow", lambda *_: None)


def heads_are_compared_across_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FollowMoves, "_settle", nothing)


def a_lost_tail_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    append = MemoryHistoryArchive.append

    async def forgetful(self: Any, groups: Any, applied: Any, now_ms: int) -> Any:
        return await append(self, groups, applied if groups else {}, now_ms)

    monkeypatch.setattr(MemoryHistoryArchive, "append", forgetful)


def every_notice_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HearNodes, "_is_next", lambda *_: True)


def what_passes_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    pass_on = ApplyEvents.pass_on

    def hasty(self: ApplyEvents, room_id: str, passing: Passing) -> None:
        passing.reached = 0
        pass_on(self, room_id, passing)

    monkeypatch.setattr(ApplyEvents, "pass_on", hasty)


def an_opening_is_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RoomRegistry, "note_move", lambda *_: None)


def nobody_asks_for_rooms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PollMoves, "learn", nothing)


def reads_are_not_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ConfirmRead, "__call__", nothing)


def nothing_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def quick(_: object, room_id: str, history: Any) -> None:
        history.stamp += 1

    monkeypatch.setattr(RefreshHistory, "__call__", quick)


def what_failed_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CatchUp, "retry", lambda *_: None)


def places_are_counted_here_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryPresence, "claim", nothing)


def an_older_word_overwrites_a_newer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Seats, "taken", lambda self, room_id: self._hub.local_crowd(room_id).size)


def a_lease_is_counted_on_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep_lease, "MARGIN", 3.0)


def who_is_given_up_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Seats, "_end", lambda _: None)


async def a_node_cut_off() -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        await test_capacities.test_a_node_that_cannot_renew_gives_up_before_the_others_give_it_up(monkeypatch)


async def any_rough_bus() -> None:
    for seed in range(6):
        await test_passing.test_a_rough_bus_may_lose_them_and_never_repeats_or_reorders_them("rough", seed)


rooms = test_rooms_elsewhere
PLANTED: dict[str, tuple[Plant, Callable[[], Awaitable[None]]]] = {
    "a lost notice is a lost event": (
        only_notices_count,
        test_one_sequence.test_what_was_written_past_all_nodes_is_found,
    ),
    "a life goes on that is over": (
        heads_are_compared_across_epochs,
        lambda: rooms.test_members_come_back_to_a_room_that_begins_a_new_life(rooms.begin_anew),
    ),
    "seqs are given twice": (
        a_lost_tail_is_not_told,
        lambda: rooms.test_members_come_back_to_a_room_that_begins_a_new_life(rooms.restore),
    ),
    "an event without history comes twice": (every_notice_counts, any_rough_bus),
    "an event without history overtakes": (
        what_passes_does_not_wait,
        test_passing.test_they_do_not_overtake_their_own_senders_events,
    ),
    "a room is opened as it was": (
        an_opening_is_the_last_word,
        rooms.test_what_happens_elsewhere_while_a_room_is_opened_is_not_missed,
    ),
    "a room that was made is not found": (
        nobody_asks_for_rooms,
        rooms.test_a_room_made_just_now_elsewhere_is_there_for_who_asks,
    ),
    "what is gone is recovered": (
        reads_are_not_confirmed,
        rooms.test_what_another_node_has_trimmed_is_not_recovered,
    ),
    "a page has a hole": (
        reads_are_not_confirmed,
        rooms.test_a_page_across_what_another_node_has_trimmed_is_refused,
    ),
    "every node has its own maximum": (
        places_are_counted_here_alone,
        test_capacities.test_a_room_holds_no_more_than_its_maximum_over_all_nodes,
    ),
    "who is on the way in has no place": (
        an_older_word_overwrites_a_newer,
        test_capacities.test_a_room_holds_no_more_than_its_maximum_over_all_nodes,
    ),
    "a lease ends late": (
        a_lease_is_counted_on_to_the_last,
        a_node_cut_off,
    ),
    "who lost the lease stays": (
        who_is_given_up_stays,
        test_capacities.test_a_node_that_finds_its_lease_over_ends_who_is_in_bounded_rooms_and_begins_anew,
    ),
    "memory keeps what is gone": (nothing_is_read_again, rooms.test_memory_lets_go_of_what_another_node_has_trimmed),
    "memory names who was erased": (
        nothing_is_read_again,
        rooms.test_a_sender_who_is_erased_elsewhere_is_forgotten_here,
    ),
}


@pytest.mark.parametrize("fault", PLANTED)
async def test_a_planted_fault_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, test = PLANTED[fault]
    monkeypatch.setattr(cluster, "PATIENCE_S", 1.0)
    plant(monkeypatch)
    with pytest.raises((AssertionError, TimeoutError, RoomNotFound, BaseExceptionGroup)):
        await test()


async def test_a_room_that_failed_once_needs_its_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted apart: the test takes the monkeypatch itself."""
    monkeypatch.setattr(cluster, "PATIENCE_S", 1.0)
    what_failed_is_forgotten(monkeypatch)
    with pytest.raises(TimeoutError):
        await test_poll.test_a_room_that_could_not_be_read_is_read_at_a_later_poll(monkeypatch)
