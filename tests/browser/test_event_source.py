"""The script of the how-to for server-sent events, where the browser's own reconnecting has ended."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Route

    from tests.browser.conftest import ClientPage
    from tests.browser.people import ChatServer

pytestmark = pytest.mark.browser

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "server-sent-events.md"
LISTEN = re.compile(r"^function listen.*?^}\n", re.MULTILINE | re.DOTALL)


def test_a_source_that_ended_after_a_502_is_made_again(client_page: ClientPage, shared_server: ChatServer) -> None:
    """Twice a proxy's error page: the browser gives up each time, the script does not, and events come."""
    answers: list[int] = []

    def proxy(route: Route) -> None:
        answers.append(502 if len(answers) < 2 else 200)
        if answers[-1] == 502:
            route.fulfill(status=502, content_type="text/html", body="Bad gateway")
        else:
            route.continue_()

    client_page.page.route("**/stream?**", proxy)
    found = LISTEN.search(PAGE.read_text(encoding="utf-8"))
    assert found is not None
    client_page.run(
        f"""async () => {{
          {found[0]}
          globalThis.heard = [];
          await new Promise((onStart) => {{
            const onEvent = (event) => heard.push(event.data.text);
            globalThis.stop = listen(`${{location.origin}}/rooms/general/stream?userId=ada`, {{ onStart, onEvent }});
          }});
        }}"""
    )
    shared_server.say("after all")
    client_page.run("async ({ until }) => { await until(() => heard.includes('after all')); stop(); }")
    assert answers == [502, 502, 200]
