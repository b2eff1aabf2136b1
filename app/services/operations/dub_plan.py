"""What is mixed in a dub: the tracks of speech and gain, and how loud the speech is to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.services.dubbing.dub_mix import MixPlan, speech_filters, speech_gain_db
from app.services.dubbing.dubbed_lines import DubbedLine
from app.services.dubbing.gain_curve import GainCurve
from app.services.dubbing.programme_sound import measure_sound
from app.services.dubbing.speech_track import write_gain, write_speech
from app.services.operations.dub_input import DubInput
from app.services.operations.dub_programme import Programme
from app.services.operations.operation_context import OperationContext, most_bytes
from app.system.thread_groups import DISK

_MOST_MEASUREMENTS = 3
_NEAR_LU = 0.3
"""EBU R128 wants 0.5 LU of a programme."""


_TRACKS = 3
"""The speech, the gain, and the lines of which the speech is made, which are no longer together."""
_BYTES_PER_SAMPLE = 2


def check_room(context: OperationContext, programme: Programme) -> None:
    """Check that the disk has room for the tracks and the result, before anything is spoken.

    Raises:
        StorageError: it has not.
    """
    copied = programme.facts.size_bytes if programme.facts else 0
    tracks = _TRACKS * _BYTES_PER_SAMPLE * programme.samples
    wanted = tracks + most_bytes(programme.length_ms, copied)
    context.services.ffmpeg.check_room(context.folder, wanted)


async def mix_plan(
    context: OperationContext,
    wanted: DubInput,
    programme: Programme,
    dubbed: Sequence[DubbedLine],
) -> MixPlan:
    """Write the tracks that are mixed, and measure how loud the speech is to be.

    Raises:
        MediaTooLongError: the programme is longer than a track may be.
        StorageError: the disk is full.
        UnreadableMediaError: ffmpeg failed.
    """
    sounds = [line.sound for line in dubbed if line.sound is not None]
    speech, rate = context.folder / "speech.wav", programme.rate_hz
    await DISK.run(write_speech, speech, rate, programme.samples, sounds)
    plan = MixPlan(
        wanted.mode,
        rate,
        programme.layout,
        programme.samples,
        speech,
        original=programme.path if programme.stream is not None else None,
        stream=programme.stream or 0,
    )
    plan = await _as_loud(context, plan, programme.loudness_lufs)
    if wanted.mode != "duck" or plan.original is None:
        return plan
    gain = context.folder / "gain.wav"
    curve = GainCurve(
        [(each.start, each.end) for each in sounds], rate, 10 ** (-wanted.duck_db / 20)
    )
    await DISK.run(write_gain, gain, rate, programme.samples, curve)
    return replace(plan, gain=gain)


async def _as_loud(
    context: OperationContext, plan: MixPlan, programme_lufs: float | None
) -> MixPlan:
    """Return a plan whose speech is as loud as a programme.

    What the limiter takes from the peaks is lost to the loudness, so speech is measured behind it,
    and again with the gain that was found.
    """
    limit_s = context.services.settings.jobs.max_duration_s
    for _ in range(_MOST_MEASUREMENTS):
        measured = await measure_sound(plan.speech, 0, speech_filters(plan), limit_s)
        missing_db = speech_gain_db(programme_lufs, measured.loudness_lufs)
        if abs(missing_db) <= _NEAR_LU:
            break
        plan = replace(plan, speech_gain_db=plan.speech_gain_db + missing_db)
    return plan
