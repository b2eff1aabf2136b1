"""Edited cues of a job as they are stored."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from app.domain.cue import Cue
from app.domain.edited_cue import EditedCue
from app.domain.errors import JobNotFoundError
from app.domain.style import Runs, StyleRun, ink_length
from app.domain.time import Span


@dataclass(frozen=True, slots=True)
class StoredEdits:
    """One owner's edits of one job.

    Attributes:
        version: grows with each write; 0 where nothing was ever written.
        content: see `encode_edits`; None where the cues are the job's own (again).
    """

    version: int
    content: bytes | None = None

    def replaced(
        self, content: bytes | None, versions: Collection[int] | None
    ) -> StoredEdits | None:
        """Return the edits after a write; None where it is refused.

        Args:
            content: of the write.
            versions: of stored edits that it may replace; None for any.
        """
        if versions is not None and self.version not in versions:
            return None
        return StoredEdits(self.version + 1, content)

    @property
    def content_bytes(self) -> int:
        """Size of the content."""
        return len(self.content or b"")


UNEDITED = StoredEdits(0)


def job_removed() -> JobNotFoundError:
    """Return the error of edits of a job that is no longer stored."""
    return JobNotFoundError("The job was removed meanwhile")


def encode_edits(cues: Sequence[EditedCue]) -> bytes:
    """Return edited cues as compact JSON: a list with a list of values for each cue."""
    rows = [
        (cue.id, cue.start_ms, cue.end_ms, cue.text, cue.translation, cue.speaker, cue.origin)
        for cue in cues
    ]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()


def decode_edits(content: bytes) -> list[EditedCue]:
    """Return edited cues; see `encode_edits`."""
    return [EditedCue(*row) for row in json.loads(content)]


def editable_cues(cues: Sequence[Cue]) -> list[EditedCue]:
    """Return a job's own cues as they are before any edit, sorted."""
    return [
        EditedCue(
            cue.id,
            cue.span.start_ms,
            max(cue.span.end_ms, cue.span.start_ms + 1),
            cue.text,
            cue.translation,
            cue.speaker,
            cue.id,
        )
        for cue in sorted(cues, key=lambda cue: cue.span)
    ]


def cues_with_edits(edits: Sequence[EditedCue], cues: Sequence[Cue], language: str) -> list[Cue]:
    """Return edited cues as cues of a result, sorted by time.

    What an editor does not show stays with a cue: its place, lane, language and confidence. Styles
    stay where the letters do, or where the whole text has one style.

    Args:
        edits: in any order.
        cues: the job's own.
        language: BCP 47 tag of the text of cues that were added.
    """
    own = {cue.id: cue for cue in cues}
    added = Cue(0, Span(0, 1), "", language=language)
    made = [_with_edit(own.get(-1 if e.origin is None else e.origin, added), e) for e in edits]
    return sorted(made, key=lambda cue: cue.span)


def _with_edit(cue: Cue, edit: EditedCue) -> Cue:
    translation = edit.translation or None
    return replace(
        cue,
        id=edit.id,
        span=Span(edit.start_ms, edit.end_ms),
        text=edit.text,
        translation=translation,
        speaker=edit.speaker or None,
        turn_speakers=() if edit.speaker else cue.turn_speakers,
        runs=_kept_runs(cue.runs, cue.text, edit.text),
        translation_runs=_kept_runs(
            cue.translation_runs, cue.translation or "", edit.translation or ""
        ),
    )


def _kept_runs(runs: Runs, before: str, after: str) -> Runs:
    """Return the styles of a text that was edited, as far as it is known what they belong to."""
    if not runs or "".join(before.split()) == "".join(after.split()):
        return runs
    ink = ink_length(after)
    if ink and len(runs) == 1 and (runs[0].start, runs[0].end) == (0, ink_length(before)):
        return (StyleRun(0, ink, runs[0].style),)
    return ()
