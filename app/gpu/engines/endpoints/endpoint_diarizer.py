"""Diarizer on a worker elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import cast

from app.domain.audio import Samples
from app.domain.errors import RemoteEngineError
from app.domain.request import SpeakerCount
from app.domain.time import SAMPLE_RATE_HZ, Span
from app.domain.transcript import SpeakerTurn
from app.gpu.cache_key import cache_key
from app.gpu.calls.answered_speech import number
from app.gpu.calls.call_loop import CallLoop
from app.gpu.engines.endpoints.recorded_sound import RecordedSound
from app.gpu.engines.endpoints.worker_endpoint import endpoint_for
from app.gpu.protocols import ELSEWHERE, DiarizationState
from app.settings import Settings

_SLICE_S = 10

_REST_BYTES = 2_000
"""Of a request besides the sound."""

_MOST_LABEL_CHARS = 100


class EndpointDiarizer:
    """Satisfies `app.gpu.protocols.Diarizer` with a worker whose role is diarization.

    Diarization takes a recording as a whole, so it is sent as a whole, once all of it has
    arrived.

    Attributes:
        device: ``remote``.
        detail: for people; names no address.
        slice_samples: in one call of `process`.
        lanes: calls of `turns` at a time.
        cache_key: see `app.gpu.protocols.Engine`.

    Raises:
        EngineLoadError: no endpoint is configured, or no key.
    """

    name = "endpoint"

    def __init__(self, settings: Settings) -> None:
        endpoints = settings.endpoints
        self._endpoint = endpoint_for("diarization", endpoints)
        self._loop = CallLoop("diarization-endpoint")
        self._most_bytes = int(endpoints.endpoint_max_request_mb * 2**20) - _REST_BYTES
        self.device = ELSEWHERE
        self.detail = "a worker elsewhere"
        self.slice_samples = _SLICE_S * SAMPLE_RATE_HZ
        self.lanes = endpoints.endpoint_concurrency
        self.cache_key = cache_key(self.name, self._endpoint.address, endpoints.endpoint_revision)

    def process(
        self, samples: Samples, state: DiarizationState | None, *, last: bool = False
    ) -> DiarizationState:
        """Spool the next samples; see the protocol.

        Raises:
            StorageError: the disk is full.
        """
        del last
        sound = RecordedSound() if state is None else cast("RecordedSound", state)
        sound.add(samples)
        return cast("DiarizationState", sound)

    def turns(self, state: DiarizationState, speakers: SpeakerCount) -> Sequence[SpeakerTurn]:
        """Return the speaker turns by the worker; see the protocol.

        Raises:
            RemoteEngineError: the worker failed, or the recording is too long to be sent.
        """
        return self.turns_while(state, speakers, lambda: False)

    def turns_while(
        self, state: DiarizationState, speakers: SpeakerCount, is_cancelled: Callable[[], bool]
    ) -> Sequence[SpeakerTurn]:
        """Return the speaker turns, unless they are no longer wanted meanwhile.

        Raises:
            JobCancelledError: they are not; the job was cancelled there.
            RemoteEngineError: see `turns`.
        """
        sound = cast("RecordedSound", state)
        if not sound.duration_ms:
            return ()
        answer = self._loop.run(self._called(sound, speakers), is_cancelled)
        return turns_in(answer, sound.duration_ms)

    async def _called(self, sound: RecordedSound, speakers: SpeakerCount) -> object:
        # Base64 takes four bytes for three.
        data, ending = await sound.encoded(self._most_bytes * 3 // 4)
        job_input: dict[str, object] = {
            "audio": base64.b64encode(data).decode(),
            "audio_format": ending,
        }
        counts = {
            "num_speakers": speakers.exact,
            "min_speakers": speakers.least,
            "max_speakers": speakers.most,
        }
        job_input |= {name: count for name, count in counts.items() if count is not None}
        return await self._endpoint.call(job_input)


def turns_in(answer: object, duration_ms: int) -> list[SpeakerTurn]:
    """Return the turns of an answer, in order of start, speakers named by first appearance.

    Turns without length are left out, and times beyond the recording are brought inside: the
    worker's clock is that of another decoder.

    Args:
        answer: parsed JSON.
        duration_ms: of the recording.

    Raises:
        RemoteEngineError: it holds no turns.
    """
    listed = answer.get("segments") if isinstance(answer, dict) else None
    if not isinstance(listed, list):
        raise RemoteEngineError(
            "The diarization worker answered without speaker turns: is its ROLE diarization?"
        )
    found = sorted(_turn(each, duration_ms) for each in listed)
    names: dict[str, str] = {}
    turns: list[SpeakerTurn] = []
    for span, label in found:
        if span.duration_ms:
            name = names.setdefault(label, f"SPEAKER_{len(names):02}")
            turns.append(SpeakerTurn(span, name))
    return turns


def _turn(fields: object, duration_ms: int) -> tuple[Span, str]:
    if isinstance(fields, dict):
        start_s, end_s = number(fields.get("start")), number(fields.get("end"))
        label = fields.get("speaker")
        if isinstance(label, int) and not isinstance(label, bool):
            label = str(label)
        if start_s is not None and end_s is not None and isinstance(label, str):
            start = min(max(0, round(min(start_s, 1e7) * 1000)), duration_ms)
            end = min(max(start, round(min(end_s, 1e7) * 1000)), duration_ms)
            return Span(start, end), label[:_MOST_LABEL_CHARS]
    raise RemoteEngineError("The diarization worker answered with turns that are none")
