"""How fast a stage is on this device."""

from __future__ import annotations

import threading

_KEEP = 0.9
"""Weight of what was known before each batch: about the last ten count."""


class Pace:
    """Seconds of sound for each second of one lane, smoothed.

    Sound and time are summed apart, so a long batch counts for more than a short one.

    Attributes:
        sound_s: all the sound so far.
        device_s: all the time that lanes have spent on it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sound_s = 0.0
        self._device_s = 0.0
        self.sound_s = 0.0
        self.device_s = 0.0

    def note(self, sound_s: float, device_s: float) -> None:
        """A batch was computed."""
        with self._lock:
            self._sound_s = self._sound_s * _KEEP + sound_s
            self._device_s = self._device_s * _KEEP + device_s
            self.sound_s += sound_s
            self.device_s += device_s

    @property
    def rate(self) -> float | None:
        """Seconds of sound in a second; None while nothing was measured."""
        with self._lock:
            if self._sound_s <= 0 or self._device_s <= 0:
                return None
            return self._sound_s / self._device_s

    @property
    def rtf(self) -> float | None:
        """Real-time factor: the inverse of the rate."""
        rate = self.rate
        return None if rate is None else 1 / rate
