"""The checks of sessions find faults: a mend is switched off, and the tests that hold it have to fail."""

from __future__ import annotations

import pytest

from dialogue.application.feed.hub import Hub
from dialogue.application.sessions.session import Session

from .test_hub import test_nobody_enters_a_room_without_a_connection as hub_lets_nobody_in
from .test_serve_session import test_a_client_that_is_gone_cannot_be_put_into_a_room as nobody_is_put_in

pytestmark = pytest.mark.anyio


async def test_it_is_found_that_a_late_join_leaves_a_ghost_member(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a session that has ended is not known to have ended, so code that kept its client puts it into rooms."""
    disconnect = Hub.disconnect

    def forgetful(self: Hub, session: Session) -> None:
        disconnect(self, session)
        session.has_ended = False

    monkeypatch.setattr(Hub, "disconnect", forgetful)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        await hub_lets_nobody_in()
    with pytest.RaisesGroup(pytest.fail.Exception, flatten_subgroups=True):
        await nobody_is_put_in()
