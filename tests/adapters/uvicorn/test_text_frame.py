"""The frames that we make ourselves are the ones that wsproto makes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.frame_protocol import FrameProtocol

from dialogue.adapters.uvicorn.websocket_transport import text_frame


def made_by_wsproto(text: str) -> bytes:
    return bytes(FrameProtocol(client=False, extensions=[]).send_data(text, fin=True))


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20])
@pytest.mark.parametrize("character", ["x", "ß"])
def test_a_frame_of_every_length_form_is_wsprotos(size: int, character: str) -> None:
    text = character * (size // len(character.encode()))
    assert text_frame(text.encode()) == made_by_wsproto(text)


@given(st.text())
def test_a_frame_of_any_text_is_wsprotos(text: str) -> None:
    assert text_frame(text.encode()) == made_by_wsproto(text)
