"""Weights of a recording's channels in the mono mix that is transcribed."""

from __future__ import annotations

import numpy as np

from app.services.media.channel_layout import ChannelLayout
from app.services.media.channel_measure import ChannelSummary, Floats

_SILENT_DB = 40
"""A channel that is quieter than the loudest by so much adds nothing."""

_SPEECH_RANGE_DB = 12
"""Range from which a channel may be speech rather than noise."""

_CENTRE_BELOW_DB = 25
"""By how much the centre of a film may be quieter than its effects and still hold its dialogue."""

_BESIDE_CENTRE = 0.25
"""Weight of left and right beside a centre with speech, -12 dB: voices from the side are heard
while the centre is silent, and music stays far below it. ffmpeg gives them -3 dB."""

_MASKING_DB = 30
"""A floor closer to the peaks of speech than that makes it harder to recognise."""

_WORSE_DB = 6
"""Range by which a channel must fall short of the best to be left out."""

_INVERSE_MOST, _INVERSE_SOME = 0.3, 0.12
"""Share of inverse sound from which a sum would cancel speech. Unrelated sounds have about as
much that is alike, so the lower limit counts only beside little of that."""


def mix_weights(heard: ChannelSummary, layout: ChannelLayout, before: int | None) -> Floats:
    """Return a weight for each channel; they add up to 1.

    Channels with the same or with different sounds are averaged, as ever. Left out are channels
    that are silent, whose sound is the inverse of the best one's so that a sum would cancel it,
    and whose floor of noise or music would mask the speech of a better one. The front centre, where
    films have their dialogue, is preferred as long as it holds speech.

    Args:
        heard: the blocks around this moment.
        layout: of the channels.
        before: best channel so far, which is kept among equals; None at the start.
    """
    audible = heard.peak_db > heard.peak_db.max() - _SILENT_DB
    if layout.low is not None and audible.sum() > audible[layout.low]:
        audible[layout.low] = False
    centre = layout.centre
    weights = np.zeros(len(audible), np.float32)
    if centre is not None and audible[centre] and _has_speech(heard, centre):
        weights[centre] = 1
        for side in (0, 1):
            if audible[side] and _adds(heard, centre, side, _BESIDE_CENTRE):
                weights[side] = _BESIDE_CENTRE
    else:
        best = best_channel(heard, audible, before)
        weights[best] = 1
        for other in np.flatnonzero(audible):
            if other != best and _adds(heard, best, int(other), 1):
                weights[other] = 1
    weights /= weights.sum()
    return weights


def best_channel(heard: ChannelSummary, audible: Floats, before: int | None) -> int:
    """Return the channel whose sound is most like clear speech; the first one among equals.

    Args:
        heard: the blocks around this moment.
        audible: which channels may be chosen; one at least.
        before: the choice so far, which is kept among equals.
    """
    quality = np.where(audible, np.minimum(heard.range_db, 30) + heard.peak_db / 2, -np.inf)
    good = quality > quality.max() - _WORSE_DB
    if before is not None and good[before]:
        return before
    return int(np.argmax(good))


def _has_speech(heard: ChannelSummary, channel: int) -> bool:
    loud = heard.peak_db[channel] > heard.peak_db.max() - _CENTRE_BELOW_DB
    return bool(loud and heard.range_db[channel] >= _SPEECH_RANGE_DB)


def _adds(heard: ChannelSummary, best: int, other: int, weight: float) -> bool:
    """Whether another channel can be added to the best one without harm to that."""
    inverse, alike = heard.inverse[best, other], heard.alike[best, other]
    if inverse > _INVERSE_MOST or (inverse > _INVERSE_SOME and inverse > 2 * alike):
        return False
    floor = heard.floor_db[other] + 20 * np.log10(weight)
    masks = floor > heard.peak_db[best] - _MASKING_DB
    worse = heard.range_db[other] < heard.range_db[best] - _WORSE_DB
    return not (masks and worse)
