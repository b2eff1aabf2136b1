"""Runner of media operations: a folder for each, removed whatever becomes of it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from app.services.files.result_file import FileLink, NewFile
from app.services.media.video_encoders import VideoEncoder
from app.services.operations.hls_option import with_playlists
from app.services.operations.operation import (
    MediaOperation,
    OperationInput,
    OperationResult,
    PackagedInput,
)
from app.services.operations.operation_context import (
    OperationContext,
    OperationProgress,
    OperationServices,
)
from app.system.fair_places import FairPlaces
from app.system.thread_groups import DISK
from app.system.workdir import WorkDir

_PLACES, _PLACES_OF_CALLER = 16, 8
_WAITING_MOST, _CALLER_SHARE = 1000, 250
"""Operations at a time, those of one caller, and those that wait: each may have a download of
MAX_DOWNLOAD_MB and its results on the disk, and a source may drip for long."""


class OperationRunner:
    """Runs media operations, so many at a time.

    Args:
        services: that operations use.
        workdir: where their files lie meanwhile.
    """

    def __init__(self, services: OperationServices, workdir: WorkDir) -> None:
        self.services = services
        self._workdir = workdir
        self._encoder_test: asyncio.Task[VideoEncoder] | None = None
        self._places = FairPlaces(
            _PLACES,
            _WAITING_MOST,
            _CALLER_SHARE,
            caller_places=_PLACES_OF_CALLER,
            refusal="Too many media operations wait",
        )

    def start(self) -> None:
        """Find out which encoder this machine has, so that no job waits for the test encode."""
        chosen = self.services.ffmpeg.encoders.chosen()
        self._encoder_test = asyncio.create_task(chosen, name="encoder-test")

    async def close(self) -> None:
        """End the test encode."""
        if self._encoder_test is not None:
            self._encoder_test.cancel()
            await asyncio.gather(self._encoder_test, return_exceptions=True)

    @asynccontextmanager
    async def running(
        self,
        operation: MediaOperation,
        checked: OperationInput,
        tell: Callable[[OperationProgress], None],
        deliver: Callable[[NewFile], Awaitable[FileLink]],
        *,
        caller: str = "",
        holder: str = "",
    ) -> AsyncIterator[OperationResult]:
        """Run an operation; the files of its result are there until the block is left.

        Args:
            operation: row of the table.
            checked: its input.
            tell: takes its progress.
            deliver: stores a file and returns a link to it.
            caller: who pays; see `OperationContext`.
            holder: who holds its places.

        Raises:
            OverloadedError: too many wait, or too many of this caller.
            CuestreamError: it failed.
        """
        async with self.place():
            folder = self._workdir.new_folder()
            try:
                context = OperationContext(
                    self.services, folder, tell, deliver, caller=caller, holder=holder
                )
                yield await _result(operation, checked, context)
            finally:
                await DISK.run(shutil.rmtree, folder, True)

    def place(self) -> AbstractAsyncContextManager[None]:
        """Hold a place, for work on media that is not in the table.

        Raises:
            OverloadedError: too many wait, or too many of this caller.
        """
        return self._places.place()


async def _result(
    operation: MediaOperation, checked: OperationInput, context: OperationContext
) -> OperationResult:
    """Return what an operation made, packaged for streaming too where that is asked for."""
    if isinstance(checked, PackagedInput) and checked.hls:
        return await with_playlists(partial(operation.run, checked), context)
    return await operation.run(checked, context)
