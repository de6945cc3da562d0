"""Seqs that are drawn before anybody knows where the head will be: a negative one counts back from behind it."""

from __future__ import annotations

from dataclasses import replace

from dialogue.domain.page import After, Around, Before, Offsets, PageRequest


def placed(seq: int, head: int) -> int:
    """The seq that is meant when `head` is the newest: -1 is the one behind it, -2 the head itself."""
    return seq if seq >= 0 else max(0, head + 2 + seq)


def placed_request(request: PageRequest, head: int) -> PageRequest:
    """The request that is meant when `head` is the newest."""
    match request.form:
        case Before() | After() | Around() as form:
            return replace(request, form=replace(form, seq=placed(form.seq, head)))
        case Offsets(anchor=int(anchor)) as form:
            return replace(request, form=replace(form, anchor=placed(anchor, head)))
        case _:
            return request
