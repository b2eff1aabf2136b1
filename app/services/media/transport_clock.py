"""One clock for transport streams whose parts begin anew, such as HLS with discontinuities.

ffmpeg corrects such clocks too, but packet by packet: it completes the last packet of a part only
once the next one of its track begins, and takes each such mixture for another jump. Here the times
in the bytes are rewritten, whose order leaves no doubt.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

_PACKET = 188
_SYNC = 0x47
_CLOCK_HZ = 90_000
_WRAP = 2**33
"""Source: ISO/IEC 13818-1 sections 2.4.3.2 (packets), 2.4.3.7 (PES, PTS and DTS)."""

_BACK = _CLOCK_HZ
_AHEAD = 10 * _CLOCK_HZ
"""A track's time that goes back by a second or ahead by ten begins a new part. Source: the same
limits as ffmpeg's ``dts_delta_threshold``; less may be a picture order or a lost segment."""

_MOST_OVERLAP = _CLOCK_HZ // 4
"""Sound of a part that lasts beyond its pictures by less overlaps with the next part's, whose first
frame is of the encoder's making. More is not given up: the next part waits for it."""

_HELD_BYTES = 2**21
"""Bytes of a new part that are held back until the first times of its tracks are known."""


@dataclass(slots=True)
class _Track:
    """Times of one track in one part, on the clock of the part."""

    first: int
    last: int
    latest: int
    count: int = 1

    def add(self, decoded: int, shown: int) -> None:
        self.last = decoded
        self.latest = max(self.latest, shown)
        self.count += 1

    @property
    def end(self) -> int:
        """When its last picture ends, by the usual distance of pictures."""
        return self.latest + (self.latest - self.first) // max(1, self.count - 1)


@dataclass(slots=True)
class _Part:
    video: dict[int, _Track] = field(default_factory=dict)
    audio: dict[int, _Track] = field(default_factory=dict)

    def tracks(self, *, video: bool) -> dict[int, _Track]:
        return self.video if video else self.audio


class TransportClock:
    """Rewrites the times of a transport stream, chunk by chunk.

    Where both parts have pictures, the first one of the new part follows the last one of the part
    before, and its sound keeps its place beside them, as players show it. Parts of sound alone are
    left to the decoder, which counts its samples.

    Attributes:
        restarts: parts that began anew.
        skipped_bytes: bytes that are no packets.
    """

    def __init__(self) -> None:
        self.restarts = 0
        self.skipped_bytes = 0
        self._rest = b""
        self._part = _Part()
        self._before: _Part | None = None
        self._held = bytearray()
        self._places: list[int] = []
        self._offset = 0

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes; return those that are ready."""
        data = self._rest + chunk
        ready = bytearray()
        at = 0
        while len(data) - at >= _PACKET:
            whole = (len(data) - at) // _PACKET * _PACKET
            packets = np.frombuffer(data, np.uint8, whole, at).reshape(-1, _PACKET)
            broken = np.flatnonzero(packets[:, 0] != _SYNC)
            good = int(broken[0]) if len(broken) else len(packets)
            if good:
                ready += self._packets(packets[:good])
                at += good * _PACKET
            else:
                skipped = _bytes_to_sync(data, at)
                self.skipped_bytes += skipped
                ready += self._through(data[at : at + skipped])
                at += skipped
        self._rest = data[at:]
        return bytes(ready)

    def finish(self) -> bytes:
        """Return what was held back, at the end."""
        return self._release() + self._rest

    def _through(self, data: bytes) -> bytes:
        if self._before is None:
            return data
        self._held += data
        return b""

    def _packets(self, packets: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> bytes:
        """Return packets with their times rewritten, as far as they are ready."""
        block = bytearray(packets.tobytes())
        ready = bytearray()
        passed = 0
        begins = np.flatnonzero(packets[:, 1] & 0x40)
        for index in begins.tolist():
            at = index * _PACKET
            place = _pes_place(block, at)
            if place is None:
                continue
            if self._begins_part(block, at, place):
                ready += self._pass(block[passed:at])
                passed = at
                ready += self._release()
                self._before, self._part = self._part, _Part()
                self.restarts += 1
            self._note(block, at, place)
            if self._before is None:
                _shift(block, place, self._offset)
            else:
                self._places.append(len(self._held) + place - passed)
        ready += self._pass(block[passed:])
        if self._before is not None and (self._is_known() or len(self._held) > _HELD_BYTES):
            ready += self._release()
        return bytes(ready)

    def _pass(self, block: bytearray) -> bytes:
        if self._before is None:
            return bytes(block)
        self._held += block
        return b""

    def _begins_part(self, block: bytearray, at: int, place: int) -> bool:
        track = self._track(block, at, place)
        if track is None:
            return False
        ahead = _difference(_decoded(block, place), track.last)
        return ahead < -_BACK or ahead > _AHEAD

    def _track(self, block: bytearray, at: int, place: int) -> _Track | None:
        return self._part.tracks(video=_is_video(block[place + 3])).get(_pid(block, at))

    def _note(self, block: bytearray, at: int, place: int) -> None:
        video = _is_video(block[place + 3])
        if not video and not _is_audio(block[place + 3]):
            return
        track = self._track(block, at, place)
        decoded, shown = _decoded(block, place), _time(block, place + 9)
        if track is None:
            tracks = self._part.tracks(video=video)
            tracks[_pid(block, at)] = _Track(shown, decoded, shown)
        else:
            # Continued beyond the wrap of 33 bits, so that times can be compared.
            decoded = track.last + _difference(decoded, track.last)
            shown = track.latest + _difference(shown, track.latest)
            track.add(decoded, shown)

    def _is_known(self) -> bool:
        """Whether the new part has shown the first times of its tracks, or has none to show."""
        if self._before is None or not self._before.video:
            return True
        return bool(self._part.video) and bool(self._part.audio or not self._before.audio)

    def _release(self) -> bytes:
        """Return what is held, with its times on the clock of the whole."""
        if self._before is None:
            return b""
        if self._before.video and self._part.video:
            shift = _first(self._before.video).end - _first(self._part.video).first
            if self._before.audio and self._part.audio:
                sound = _first(self._before.audio).end - _first(self._part.audio).first
                shift = sound if sound - shift > _MOST_OVERLAP else shift
            self._offset = (self._offset + shift) % _WRAP
        for place in self._places:
            _shift(self._held, place, self._offset)
        released = bytes(self._held)
        self._before = None
        self._held.clear()
        self._places.clear()
        return released


def _first(tracks: dict[int, _Track]) -> _Track:
    return next(iter(tracks.values()))


def _bytes_to_sync(data: bytes, at: int) -> int:
    """Return the bytes up to the next packet that another one follows; all without one."""
    place = data.find(b"G", at + 1)
    while place >= 0:
        if place + _PACKET >= len(data) or data[place + _PACKET] == _SYNC:
            return place - at
        place = data.find(b"G", place + 1)
    return len(data) - at


def _pes_place(block: bytearray, at: int) -> int | None:
    """Return where a packet's PES begins; None where it has none with a time."""
    control = block[at + 3] >> 4 & 3
    place = at + 4 + (1 + block[at + 4] if control & 2 else 0)
    if not control & 1 or place + 19 > at + _PACKET or block[place : place + 3] != b"\0\0\1":
        return None
    timed = block[place + 6] & 0xC0 == 0x80 and block[place + 7] & 0x80
    return place if timed and (_is_video(block[place + 3]) or _may_time(block[place + 3])) else None


def _is_video(stream: int) -> bool:
    return 0xE0 <= stream <= 0xEF


def _is_audio(stream: int) -> bool:
    return 0xC0 <= stream <= 0xDF


def _may_time(stream: int) -> bool:
    """Whether a stream has times: audio, and private ones such as AC-3 and subtitles."""
    return _is_audio(stream) or stream in {0xBD, 0xFD}


def _pid(block: bytearray, at: int) -> int:
    return (block[at + 1] & 0x1F) << 8 | block[at + 2]


def _decoded(block: bytearray, place: int) -> int:
    has_dts = block[place + 7] & 0x40
    return _time(block, place + 14 if has_dts else place + 9)


def _time(block: bytearray, at: int) -> int:
    high, low = block[at + 1] << 7 | block[at + 2] >> 1, block[at + 3] << 7 | block[at + 4] >> 1
    return (block[at] >> 1 & 7) << 30 | high << 15 | low


def _difference(later: int, earlier: int) -> int:
    """Return the shorter way between two times around their wrap, negative where it is back."""
    return (later - earlier + _WRAP // 2) % _WRAP - _WRAP // 2


def _shift(block: bytearray, place: int, offset: int) -> None:
    """Add to the times of a PES."""
    if not offset:
        return
    for at in (place + 9, place + 14)[: 2 if block[place + 7] & 0x40 else 1]:
        time = (_time(block, at) + offset) % _WRAP
        block[at] = block[at] & 0xF1 | time >> 29 & 0x0E
        block[at + 1] = time >> 22 & 0xFF
        block[at + 2] = time >> 14 & 0xFE | 1
        block[at + 3] = time >> 7 & 0xFF
        block[at + 4] = time << 1 & 0xFE | 1
