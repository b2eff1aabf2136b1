"""The recording that is dubbed, as its sound is mixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.cue import Cue
from app.services.dubbing.dub_mix import MIXED_LAYOUTS
from app.services.dubbing.programme_sound import measure_sound, mixing_rate, timed_filters
from app.services.media.media_facts import MediaFacts, OtherStream
from app.services.operations.operation_context import OperationContext

_TAIL_MS = 10_000
"""What follows the last cue where there is no recording: its speech may be longer than the cue."""


@dataclass(frozen=True, slots=True)
class Programme:
    """The recording that is dubbed.

    Attributes:
        path: of its file; None where there are subtitles alone.
        facts: of the file; None likewise.
        rate_hz: at which it is mixed.
        layout: of the mix.
        samples: its length at that rate.
        loudness_lufs: of its sound; None where there is none.
    """

    path: Path | None
    facts: MediaFacts | None
    rate_hz: int
    layout: str
    samples: int
    loudness_lufs: float | None = None

    @property
    def length_ms(self) -> int:
        """Length, rounded up."""
        return -(-self.samples * 1000 // self.rate_hz)

    @property
    def stream(self) -> int | None:
        """Index of the sound that is dubbed; None where there is none."""
        return self.facts.sounds[0].index if self.facts and self.facts.sounds else None


async def measured_programme(
    context: OperationContext,
    media: Path | None,
    facts: MediaFacts | None,
    cues: Sequence[Cue],
) -> Programme:
    """Measure a recording; without one, the programme is as long as the cues.

    Raises:
        UnreadableMediaError: its sound cannot be decoded.
        MediaTooLongError: the cues go on for longer than this server takes.
    """
    rate = mixing_rate(facts.sounds[0].rate_hz if facts and facts.sounds else 0)
    if media is None or facts is None:
        length_ms = max(cue.span.end_ms for cue in cues) + _TAIL_MS
        context.check_length(length_ms)
        return Programme(None, None, rate, "mono", length_ms * rate // 1000)
    if not facts.sounds:
        return Programme(media, facts, rate, "stereo", facts.duration_ms * rate // 1000)
    context.progress("measuring_sound", 0)
    layout = mixed_layout(facts.sounds[0])
    limit_s = context.services.settings.jobs.max_duration_s
    filters = timed_filters(rate, layout)
    found = await measure_sound(media, facts.sounds[0].index, filters, limit_s)
    samples = _with_picture(found.samples, rate, facts)
    return Programme(media, facts, rate, layout, samples, found.loudness_lufs)


def mixed_layout(stream: OtherStream) -> str:
    """Return the layout in which a sound is mixed: its own where it is one of the usual ones."""
    own = stream.layout or {1: "mono", 2: "stereo"}.get(stream.channels, "")
    return own if MIXED_LAYOUTS.get(own) == stream.channels else "stereo"


_LONGER_MS = 500
"""Sound and picture of one length differ by less: a frame of each, and what encoders add."""


def _with_picture(samples: int, rate_hz: int, facts: MediaFacts) -> int:
    """Return the length of a programme whose picture may go on when its sound has ended."""
    shown_ms = facts.duration_ms if facts.video is not None else 0
    if shown_ms - samples * 1000 // rate_hz > _LONGER_MS:
        return shown_ms * rate_hz // 1000
    return samples
