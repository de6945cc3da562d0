"""The checks of the feed find faults: each mend is switched off once, and the test that holds it has to fail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from anyio.lowlevel import checkpoint

from dialogue.application.feed import hub
from dialogue.application.feed.apply_events import ApplyEvents
from dialogue.application.feed.room_feed import RoomFeed
from dialogue.application.publishing import erase_user
from dialogue.application.publishing.journal import Journal
from dialogue.application.rooms.room_history import RoomHistory
from dialogue.domain.errors import DialogueError, Unavailable
from dialogue.domain.event import Event
from dialogue.domain.position import Applied

from . import test_apply_events as feed
from . import test_erase_user as erasing

pytestmark = pytest.mark.anyio

Plant = Callable[[pytest.MonkeyPatch], None]


def nothing_is_looked_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    advance = RoomFeed.advance

    def hasty(self: RoomFeed, history: RoomHistory, rows: Sequence[Event] = (), through: int = 0) -> Any:
        for each in self.queue:
            each.was_looked_behind = True
        return advance(self, history, rows, through)

    monkeypatch.setattr(RoomFeed, "advance", hasty)


def members_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ApplyEvents, "_send_back", lambda *_: None)


def a_codec_harms_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_encoded", lambda codec, room_id, events: codec.events(room_id, events))


def whoever_asks_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look(*_: object) -> None:
        pass

    monkeypatch.setattr(ApplyEvents, "look", look)


def heads_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Applied, "goes_on_at", lambda *_: True)


def nothing_is_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    gather = ApplyEvents.gather

    def hasty(self: ApplyEvents, submission: Any, now_ms: int) -> None:
        gather(self, submission, now_ms)
        self._flush(submission.group.room_id)

    monkeypatch.setattr(ApplyEvents, "gather", hasty)


def passing_time_is_the_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RoomHistory, "pass_time", lambda _, now_ms: now_ms)


def answers_come_with_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    take = ApplyEvents.take

    def hasty(self: ApplyEvents, room_id: str, submissions: Any) -> None:
        for each in submissions:
            each.settle(each.outcome)
        take(self, room_id, submissions)

    monkeypatch.setattr(ApplyEvents, "take", hasty)


def the_commits_wait_for_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    commit = Journal._commit

    async def patient(self: Journal, batch: Any, wait_s: Any) -> Any:
        held = await commit(self, batch, wait_s)
        while self._apply._feeds:
            await checkpoint()
        return held

    monkeypatch.setattr(Journal, "_commit", patient)


def an_unknown_name_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    apply = RoomHistory.apply

    def strict(self: RoomHistory, events: Any) -> None:
        apply(self, [event for event in events if self.stream(event.name)])

    monkeypatch.setattr(RoomHistory, "apply", strict)


def every_failure_is_taken_for_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erase_user, "GONE", (DialogueError,))


PLANTED: dict[str, tuple[Plant, Callable[[], Awaitable[None]]]] = {
    "a hole is shown": (
        nothing_is_looked_behind,
        feed.test_a_split_batch_with_an_unknown_outcome_in_its_middle_leaves_no_hole_in_what_is_seen,
    ),
    "what had no answer is seen with the next event": (
        nothing_is_looked_behind,
        feed.test_what_was_kept_without_an_answer_is_seen_without_waiting_for_the_next,
    ),
    "members stay behind a gap": (
        members_stay,
        lambda: feed.test_where_a_gap_cannot_be_filled_the_rooms_members_come_back_and_all_others_go_on(Unavailable),
    ),
    "members stay in a life that is over": (
        members_stay,
        feed.test_a_history_that_went_back_is_a_new_life_to_which_everybody_comes_back,
    ),
    "a seq is given twice": (
        heads_are_not_compared,
        feed.test_a_history_that_went_back_is_a_new_life_to_which_everybody_comes_back,
    ),
    "one codec harms all": (
        a_codec_harms_all,
        feed.test_one_codec_that_fails_sends_back_those_alone_whom_it_serves,
    ),
    "a node that is behind refuses": (
        whoever_asks_is_not_looked_for,
        feed.test_a_request_that_names_more_than_was_applied_makes_the_node_look_first,
    ),
    "each event without history is a frame": (
        nothing_is_gathered,
        feed.test_events_without_history_of_one_turn_travel_in_one_frame,
    ),
    "time runs backwards": (
        passing_time_is_the_clocks,
        feed.test_time_never_runs_backwards_in_a_room_over_events_with_and_without_history,
    ),
    "an answer comes before its event": (
        answers_come_with_the_commit,
        feed.test_a_publisher_is_answered_in_the_step_in_which_the_event_becomes_visible,
    ),
    "a gap holds up every room": (the_commits_wait_for_gaps, feed.test_a_gap_is_filled_beside_the_commits),
    "a new name ends a room": (
        an_unknown_name_is_a_fault,
        feed.test_names_that_this_node_does_not_define_take_their_places_and_harm_nothing,
    ),
    "an erasure that failed says that it is done": (
        every_failure_is_taken_for_gone,
        lambda: erasing.test_an_unexplained_failure_is_raised_and_calling_again_finishes_it(False),
    ),
}


@pytest.mark.parametrize("kind", PLANTED)
async def test_it_is_found_that(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, check = PLANTED[kind]
    plant(monkeypatch)
    try:
        await check()
    except BaseExceptionGroup as group:  # what a `pytest.raises` says of a call that raised nothing is no Exception
        if not group.subgroup((pytest.fail.Exception, AssertionError)):
            raise
    except (AssertionError, DialogueError):
        pass
    else:
        pytest.fail(f"nobody noticed that {kind}")
