"""Runner of media operations: a folder for each, removed whatever becomes of it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from app.services.files.result_file import FileLink, NewFile
from app.services.operations.operation import (
    MediaOperation,
    OperationInput,
    OperationResult,
)
from app.services.operations.operation_context import (
    OperationContext,
    OperationProgress,
    OperationServices,
)
from app.system.thread_groups import DISK
from app.system.workdir import WorkDir


class OperationRunner:
    """Runs media operations.

    Args:
        services: that operations use.
        workdir: where their files lie meanwhile.
    """

    def __init__(self, services: OperationServices, workdir: WorkDir) -> None:
        self.services = services
        self._workdir = workdir

    @asynccontextmanager
    async def running(
        self,
        operation: MediaOperation,
        checked: OperationInput,
        tell: Callable[[OperationProgress], None],
        deliver: Callable[[NewFile], Awaitable[FileLink]],
    ) -> AsyncIterator[OperationResult]:
        """Run an operation; the files of its result are there until the block is left.

        Args:
            operation: row of the table.
            checked: its input.
            tell: takes its progress.
            deliver: stores a file and returns a link to it.

        Raises:
            CuestreamError: it failed.
        """
        folder = self._workdir.new_folder()
        try:
            context = OperationContext(self.services, folder, tell, deliver)
            yield await operation.run(checked, context)
        finally:
            await DISK.run(shutil.rmtree, folder, True)
