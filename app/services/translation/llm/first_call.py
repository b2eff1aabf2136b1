"""Letting the first call go alone, so that a wrong key costs one call and not one a batch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.domain.errors import TranslationError


class FirstCall:
    """A gate that opens for all once one call has succeeded.

    Until then one call is under way at a time. What the provider refuses for good is refused
    to all who wait; after any other failure the next of them tries. A refusal later on
    closes the gate again.
    """

    def __init__(self) -> None:
        self._open = False
        self._trial: asyncio.Future[None] | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn; the block is the call, up to the first sign of success.

        Raises:
            TranslationError: the call that one waited for was refused for good.
        """
        trial = await self._wait()
        refusal: TranslationError | None = None
        try:
            yield
            self._open |= trial is not None
        except TranslationError as error:
            self._open = False
            refusal = error
            raise
        finally:
            if trial is not None:
                self._trial = None
                _settle(trial, refusal)

    async def _wait(self) -> asyncio.Future[None] | None:
        while not self._open:
            if self._trial is None:
                self._trial = asyncio.get_running_loop().create_future()
                return self._trial
            await asyncio.shield(self._trial)
        return None


def _settle(trial: asyncio.Future[None], refusal: TranslationError | None) -> None:
    if refusal is None:
        trial.set_result(None)
        return
    trial.set_exception(refusal)
    trial.exception()  # nobody may be waiting, which is no reason to log it as forgotten
