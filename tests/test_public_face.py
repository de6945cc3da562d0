"""What `import dialogue` gives, and what it does not bring in."""

from __future__ import annotations

import subprocess
import sys

import pytest

import dialogue


def test_every_public_name_can_be_imported_and_stands_in_dir() -> None:
    assert dir(dialogue) == sorted(dialogue.__all__)
    for name in dialogue.__all__:
        assert getattr(dialogue, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = dialogue.nonsense


def test_importing_the_domain_brings_in_no_server_no_database_and_no_event_loop() -> None:
    code = (
        "import sys; import dialogue.domain.room, dialogue.domain.history_buffer, dialogue.domain.ports.room_store;"
        "print([name for name in ('litestar', 'sqlalchemy', 'uvicorn', 'anyio', 'asyncio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
