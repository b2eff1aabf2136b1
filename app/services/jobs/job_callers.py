"""What each caller of a job asked for and holds; callers of equal requests share the job."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from app.services.files.s3_config import S3Config
from app.services.jobs.caller_notes import CallerNotes

_MOST_CALLERS = 1000
"""Callers of one job that are remembered; each needs the job's id, which cannot be guessed."""


class JobCallers:
    """The callers of one job, by the name that `holder` of their requests has.

    Args:
        attach: called for a caller who begins to poll, and counts as a reader from then on.
        detach: called once he does not count any more.
        release: called instead where he may come back.
        notes: of the job's record.

    Attributes:
        changed: called after a change of the notes.
    """

    def __init__(
        self,
        attach: Callable[[], None],
        detach: Callable[[], None],
        release: Callable[[], None],
        notes: CallerNotes,
    ) -> None:
        self._attach = attach
        self._detach = detach
        self._release = release
        self._notes = notes
        self._leases: dict[str, asyncio.TimerHandle] = {}
        self.changed: Callable[[], None] = _nothing

    def renew_lease(self, caller: str, lease_s: float) -> None:
        """Count a caller who polls as a reader; nothing where he cancelled the job.

        Args:
            caller: who polls.
            lease_s: how long he counts from now on, in place of an earlier lease.
        """
        if caller in self._notes.left:
            return
        if (lease := self._leases.pop(caller, None)) is not None:
            lease.cancel()
        elif len(self._leases) < _MOST_CALLERS:
            self._attach()
        else:
            return
        loop = asyncio.get_running_loop()
        self._leases[caller] = loop.call_later(lease_s, self._end_lease, caller)

    def end_lease(self, caller: str) -> None:
        """End a caller's lease before its time; the job's grace time begins with its last one."""
        if caller in self._leases:
            self._leases.pop(caller).cancel()
            self._release()

    def leave(self, caller: str) -> None:
        """Record that a caller cancelled the job, for good; the work stops with its last reader."""
        if caller not in self._notes.left and len(self._notes.left) < _MOST_CALLERS:
            self._notes.left.add(caller)
            self.changed()
        if caller in self._leases:
            self._end_lease(caller)

    def has_left(self, caller: str) -> bool:
        """Whether a caller cancelled the job."""
        return caller in self._notes.left

    def end_leases(self) -> None:
        """Forget the leases, since the job has ended."""
        for lease in self._leases.values():
            lease.cancel()
        self._leases.clear()

    def ask_formats(self, caller: str, formats: Sequence[str]) -> None:
        """Record the subtitle files that a caller wants of the result, however he reads it."""
        wanted = self._notes.formats
        if tuple(formats) == wanted.get(caller, ()):
            return
        if formats and (caller in wanted or len(wanted) < _MOST_CALLERS):
            wanted[caller] = tuple(formats)
            self.changed()

    def formats(self, caller: str) -> tuple[str, ...]:
        """Return the subtitle files that a caller wants; empty unless he asked for some."""
        return self._notes.formats.get(caller, ())

    def ask_files(self, caller: str, own: S3Config | None) -> None:
        """Record that a caller wants his files stored, however he reads the result.

        Args:
            caller: who asks.
            own: his store; None for the server's.
        """
        stores, text = self._notes.stores, "" if own is None else own.to_json()
        if stores.get(caller) == text:
            return
        if caller in stores or len(stores) < _MOST_CALLERS:
            stores[caller] = text
            self.changed()

    def wants_files(self, caller: str) -> bool:
        """Whether a caller wants his files stored."""
        return caller in self._notes.stores

    def own_store(self, caller: str) -> S3Config | None:
        """Return a caller's store; None where his files go to the server's."""
        text = self._notes.stores.get(caller, "")
        return S3Config.of_json(text) if text else None

    def _end_lease(self, caller: str) -> None:
        self._leases.pop(caller).cancel()
        self._detach()


def _nothing() -> None:
    """Do nothing."""
