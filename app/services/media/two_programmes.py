"""Detection of stereo whose channels hold two programmes, such as one film in two languages."""

from __future__ import annotations

import numpy as np

from app.services.media.channel_measure import BlockMeasure, ChannelSummary

_DECAY = 0.99
"""Weight of a block after the next one: half a second each, so half a minute counts most."""

_LEAST_FRAMES = 40
"""Frames of sound in each channel ahead of a verdict, 1.3 s."""

_OVERLAP = 0.4
"""Share of the quieter channel's sound with sound in the other at once. People who talk with one
another overlap in 3 to 10 % of it. Source: Heldner and Edlund, Pauses, gaps and overlaps in
conversations, 2010."""

_ALIKE_MOST = 0.25
"""More energy in common is one scene on two microphones."""

_SPEECH_RANGE_DB, _LOUDER_DB = 15, 15


class TwoProgrammes:
    """Decides for one stereo recording.

    Attributes:
        now: whether its channels hold two programmes.
        found: whether they have so far.
    """

    def __init__(self) -> None:
        self.now = False
        self.found = False
        self._both = 0.0
        self._each = np.zeros(2)

    def add(self, block: BlockMeasure, heard: ChannelSummary) -> bool:
        """Take a block; return whether the channels hold two programmes now.

        Args:
            block: of two channels.
            heard: the blocks around it.
        """
        loud = block.levels_db > (heard.peak_db + heard.floor_db) / 2
        self._both = self._both * _DECAY + float(loud.all(1).sum())
        self._each = self._each * _DECAY + loud.sum(0)
        least = float(self._each.min())
        self.now = (
            least >= _LEAST_FRAMES
            and self._both > _OVERLAP * least
            and bool((heard.range_db > _SPEECH_RANGE_DB).all())
            and float(np.ptp(heard.peak_db)) < _LOUDER_DB
            and heard.alike[0, 1] < _ALIKE_MOST
            and heard.inverse[0, 1] < _ALIKE_MOST
        )
        self.found = self.found or self.now
        return self.now
