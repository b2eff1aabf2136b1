"""How a process that reads a job reaches the one that works on it."""

from __future__ import annotations

from typing import Protocol


class OwnerLink(Protocol):
    """Reports to the process that works on a job what this one's readers do."""

    def hold(self, job_id: str) -> None:
        """Count as a reader of the job from now on."""
        ...

    def release(self, job_id: str) -> None:
        """Count as a reader no longer; the job's grace time begins."""
        ...

    def leave(self, job_id: str, caller: str) -> None:
        """Report that a caller cancelled the job."""
        ...

    def watch(self, job_id: str, position_ms: int | None) -> None:
        """Report that the job has a viewer, and where he watches."""
        ...
