"""Keys that stand at an address, as an identity provider publishes them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from time import monotonic

from anyio import move_on_after

from ...application.ports.run_sync import Running, RunSync
from ...domain.errors import Unavailable
from .get_bounded import get_bounded
from .read_keys import read_jwks
from .verification_key import UnfitKey, VerificationKeys

FRESH_S = 300.0
"""After so long the keys are asked for again: so long a key that was taken back may still be believed."""
STALE_S = 6 * 3_600.0
"""So long keys are used while nobody gives newer ones."""
BURST = 3
EVERY_S = 10.0
"""So many requests may follow one another, and then one in each `EVERY_S`, whatever tokens people send."""
TIMEOUT_S = 5.0
MAX_BYTES = 1 << 20

logger = logging.getLogger("dialogue.auth")


class JwksAddress:
    """`FindKeys` at an address, with a cache.

    Whoever has a token whose key is known never waits: the keys are fetched in a thread, and what it finds is seen at
    the next token. A name that is not known makes it ask at once, but only at a bounded rate.
    """

    def __init__(
        self, fetch: Callable[[], bytes], run_sync: RunSync, about: str, now: Callable[[], float] = monotonic
    ) -> None:
        """`fetch` blocks, and gives the document; `run_sync` is of this one alone; `about` names it in the log."""
        self._fetch = fetch
        self._run_sync = run_sync
        self._about = about
        self._now = now
        self._keys: VerificationKeys | None = None
        self._keys_of = 0.0
        self._running: Running[VerificationKeys] | None = None
        self._allowed: float = BURST
        self._counted_at = now()

    @classmethod
    def of_url(cls, url: str, run_sync: RunSync) -> JwksAddress:
        """The keys at that https or http address."""
        return cls(partial(get_bounded, url, timeout_s=TIMEOUT_S, max_bytes=MAX_BYTES), run_sync, url)

    async def __call__(self, kid: str | None) -> VerificationKeys:
        """See `FindKeys`."""
        if self._running is not None and self._running.has_ended:
            await self._settle(self._running)
        if self._is_usable and self._knows(kid):
            if self._now() - self._keys_of >= FRESH_S:
                await self._begin()
        else:
            await self._begin()
            if self._running is not None:
                with move_on_after(TIMEOUT_S):
                    await self._settle(self._running)
        if self._keys is None or not self._is_usable:
            raise Unavailable("The keys that tokens are signed with cannot be had now")
        return self._keys

    @property
    def _is_usable(self) -> bool:
        return self._keys is not None and self._now() - self._keys_of < STALE_S

    def _knows(self, kid: str | None) -> bool:
        assert self._keys is not None
        return kid is None or any(key.kid in (None, kid) for key in self._keys.keys)

    async def _begin(self) -> None:
        now = self._now()
        self._allowed = min(BURST, self._allowed + (now - self._counted_at) / EVERY_S)
        self._counted_at = now
        if self._running is None and self._allowed >= 1:
            self._allowed -= 1
            self._running = await self._run_sync.start(self._fetch_keys)

    def _fetch_keys(self) -> VerificationKeys:
        return read_jwks(self._fetch(), self._tell_unfit)

    def _tell_unfit(self, error: UnfitKey) -> None:
        logger.warning("%s: %s; it is passed over", self._about, error)

    async def _settle(self, running: Running[VerificationKeys]) -> None:
        """Take in what was fetched, once it is there. Several may wait; the first one takes it in."""
        try:
            keys = await running.result()
        except Exception as error:
            if self._running is running:
                self._running = None
                logger.error("the keys at %s cannot be had: %s", self._about, error)
            return
        if self._running is running:
            self._running = None
            if self._keys is None or {key.kid for key in keys.keys} != {key.kid for key in self._keys.keys}:
                logger.info("%s gave %d keys", self._about, len(keys.keys))
            self._keys, self._keys_of = keys, self._now()
