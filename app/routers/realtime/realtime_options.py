"""The session of a Realtime client: its fields, and what they mean to the live engine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app.domain.errors import CuestreamError, InvalidFieldError
from app.services.live.utterance_events import TurnOptions
from app.services.media.pcm_formats import PcmCoding
from app.submission.request_fields import spoken_language

Fields = Mapping[str, object]

_PCM_HZ = 24_000
_TELEPHONE_HZ = 8_000
_FLAT_FORMATS = {"pcm16": "audio/pcm", "g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}
_CODINGS: Mapping[str, PcmCoding] = {"audio/pcm": "s16", "audio/pcmu": "ulaw", "audio/pcma": "alaw"}
_FLAT = ("input_audio_format", "input_audio_transcription", "turn_detection", "include")
"""Source: OpenAI's reference of `transcription_session.update`."""

_EAGERNESS_MS = {"low": 8_000, "medium": 4_000, "auto": 4_000, "high": 2_000}
"""Longest silence. Source: OpenAI's reference of `semantic_vad`."""

_DELAYS_MS = {"minimal": 800, "low": 1_200, "medium": None, "high": 3_000, "xhigh": 5_000}
_MAX_PROMPT_CHARS = 500
_MAX_KEYWORDS = 100
_MAX_MODEL_CHARS = 200
_LOGPROBS = "item.input_audio_transcription.logprobs"


class UnknownValueError(InvalidFieldError):
    """A field of a session has a value that it cannot have.

    Attributes:
        param: path of the field.
    """

    def __init__(self, param: str, message: str) -> None:
        super().__init__(f"{param}: {message}")
        self.param = param


@dataclass(frozen=True, slots=True)
class RealtimeOptions:
    """What a client has set.

    Attributes:
        format: MIME type of the sound.
        rate_hz: of the sound.
        model: as the client names it.
        detection: turn detection as the client reads it back; None for none.
        turns: how the stream is cut and transcribed.
        logprobs: whether probabilities of words are sent.
        transcription: further fields of the transcription that are read back.
    """

    format: str = "audio/pcm"
    rate_hz: int = _PCM_HZ
    model: str = "whisper-1"
    detection: Fields | None = field(
        default_factory=lambda: {
            "type": "server_vad",
            "threshold": 0.5,
            "prefix_padding_ms": 300,
            "silence_duration_ms": 500,
        }
    )
    turns: TurnOptions = field(default_factory=TurnOptions)
    logprobs: bool = False
    transcription: Fields = field(default_factory=dict)

    @property
    def coding(self) -> PcmCoding:
        """Form of a sample."""
        return _CODINGS[self.format]

    def updated(self, session: Fields) -> RealtimeOptions:
        """Return the options after an update, of either shape; absent fields stay.

        Raises:
            UnknownValueError: a value that a field cannot have.
        """
        if session.get("type", "transcription") != "transcription":
            raise UnknownValueError("session.type", "this server has transcription sessions alone")
        changed = self
        for where, fields in _shapes(session):
            changed = changed._with(where, fields)
        return changed

    def _with(self, where: str, fields: Fields) -> RealtimeOptions:
        changed = self
        if (sent := fields.get("format")) is not None:
            changed = changed._with_format(f"{where}.format", sent)
        if (sent := fields.get("transcription")) is not None:
            changed = changed._with_transcription(f"{where}.transcription", sent)
        if "turn_detection" in fields:
            sent = fields["turn_detection"]
            changed = changed._with_detection(f"{where}.turn_detection", sent)
        if "include" in fields:
            included = fields["include"] or []
            if not isinstance(included, list):
                raise UnknownValueError("session.include", "a list")
            changed = replace(changed, logprobs=_LOGPROBS in included)
        return changed

    def _with_format(self, where: str, sent: object) -> RealtimeOptions:
        fields = {"type": sent} if isinstance(sent, str) else _object(where, sent)
        kind = fields.get("type", self.format)
        kind = _FLAT_FORMATS.get(str(kind), kind)
        if not isinstance(kind, str) or kind not in _CODINGS:
            raise UnknownValueError(where, "audio/pcm, audio/pcmu or audio/pcma")
        usual_hz = _PCM_HZ if kind == "audio/pcm" else _TELEPHONE_HZ
        rate_hz = _number(f"{where}.rate", fields.get("rate"), usual_hz, 8_000, 48_000)
        return replace(self, format=kind, rate_hz=round(rate_hz))

    def _with_transcription(self, where: str, sent: object) -> RealtimeOptions:
        fields = _object(where, sent)
        kept = {**self.transcription, **{k: fields[k] for k in _TEXTS if fields.get(k) is not None}}
        model = fields.get("model") or self.model
        if not isinstance(model, str) or len(model) > _MAX_MODEL_CHARS:
            raise UnknownValueError(f"{where}.model", "a name")
        for name in ("language", "prompt", "keywords"):
            if name in fields and not fields[name]:
                kept.pop(name, None)
        turns = replace(
            self.turns,
            language=_language(where, kept),
            prompt=_prompt(where, kept),
            partial_ms=_DELAYS_MS.get(str(kept.get("delay"))),
        )
        return replace(self, model=model, transcription=kept, turns=turns)

    def _with_detection(self, where: str, sent: object) -> RealtimeOptions:
        if sent is None:
            return replace(self, detection=None, turns=replace(self.turns, ends_by="commit"))
        fields = _object(where, sent)
        match fields.get("type", "server_vad"):
            case "server_vad":
                return self._by_silence(where, fields)
            case "semantic_vad":
                eagerness = fields.get("eagerness") or "auto"
                if not isinstance(eagerness, str) or eagerness not in _EAGERNESS_MS:
                    raise UnknownValueError(f"{where}.eagerness", "low, medium, high or auto")
                turns = replace(self.turns, ends_by="meaning", silence_ms=_EAGERNESS_MS[eagerness])
                shown = {"type": "semantic_vad", "eagerness": eagerness}
                return replace(self, detection=shown, turns=turns)
            case _:
                raise UnknownValueError(f"{where}.type", "server_vad or semantic_vad")

    def _by_silence(self, where: str, fields: Fields) -> RealtimeOptions:
        def number(name: str, usual: float, least: float, most: float) -> float:
            return _number(f"{where}.{name}", fields.get(name), usual, least, most)

        threshold = number("threshold", 0.5, 0.0, 1.0)
        padding_ms = round(number("prefix_padding_ms", 300, 0, 5_000))
        silence_ms = round(number("silence_duration_ms", 500, 0, 10_000))
        turns = replace(
            self.turns,
            ends_by="silence",
            threshold=min(max(threshold, 0.01), 0.99),
            padding_ms=padding_ms,
            silence_ms=max(silence_ms, 64),
        )
        shown = {
            "type": "server_vad",
            "threshold": threshold,
            "prefix_padding_ms": padding_ms,
            "silence_duration_ms": silence_ms,
        }
        return replace(self, detection=shown, turns=turns)

    def nested(self) -> dict[str, object]:
        """Return the fields as current clients read them; what is not supported is shown as off."""
        return {
            "type": "transcription",
            "audio": {
                "input": {
                    "format": {"type": self.format, "rate": self.rate_hz}
                    if self.format == "audio/pcm"
                    else {"type": self.format},
                    "transcription": {"model": self.model, **self.transcription},
                    "turn_detection": self.detection,
                    "noise_reduction": None,
                }
            },
            "include": [_LOGPROBS] if self.logprobs else None,
        }

    def flat(self) -> dict[str, object]:
        """Return the fields as clients of the beta read them."""
        names = {kind: name for name, kind in _FLAT_FORMATS.items()}
        return {
            "input_audio_format": names[self.format],
            "input_audio_transcription": {"model": self.model, **self.transcription},
            "turn_detection": self.detection,
            "input_audio_noise_reduction": None,
            "include": [_LOGPROBS] if self.logprobs else None,
        }


_TEXTS = ("language", "languages", "prompt", "keywords", "delay")


def _shapes(session: Fields) -> list[tuple[str, Fields]]:
    """Return the fields of both shapes under the names of one, each with its path."""
    flat = {name.removeprefix("input_audio_"): session[name] for name in _FLAT if name in session}
    audio = session.get("audio")
    found: list[tuple[str, Fields]] = [("session", flat)]
    if audio is not None:
        sound = _object("session.audio", audio).get("input")
        if sound is not None:
            found.append(("session.audio.input", _object("session.audio.input", sound)))
    return found


def _object(where: str, sent: object) -> Fields:
    if not isinstance(sent, Mapping):
        raise UnknownValueError(where, "an object")
    return sent


def _number(where: str, sent: object, usual: float, least: float, most: float) -> float:
    if sent is None:
        return usual
    if isinstance(sent, bool) or not isinstance(sent, int | float) or not math.isfinite(sent):
        raise UnknownValueError(where, "a number")
    if not least <= sent <= most:
        raise UnknownValueError(where, f"from {least:g} to {most:g}")
    return float(sent)


def _language(where: str, kept: Fields) -> str | None:
    """Return the one language that is spoken; None where it is to be detected."""
    sent = kept.get("language")
    several = kept.get("languages")
    if sent is None and isinstance(several, list) and len(several) == 1:
        sent = several[0]
    if sent is None:
        return None
    if not isinstance(sent, str):
        raise UnknownValueError(f"{where}.language", "a code such as en")
    try:
        found = spoken_language(sent)
    except CuestreamError as error:
        raise UnknownValueError(f"{where}.language", error.message) from None
    return None if found is None else found.tag


def _prompt(where: str, kept: Fields) -> str:
    """Return the prompt with the keywords behind it."""
    prompt, keywords = kept.get("prompt", ""), kept.get("keywords", [])
    if not isinstance(prompt, str) or len(prompt) > _MAX_PROMPT_CHARS:
        raise UnknownValueError(f"{where}.prompt", f"a text of {_MAX_PROMPT_CHARS} characters")
    if not isinstance(keywords, list) or len(keywords) > _MAX_KEYWORDS:
        raise UnknownValueError(f"{where}.keywords", f"a list of at most {_MAX_KEYWORDS}")
    words = [word for word in keywords if isinstance(word, str)]
    return " ".join(filter(None, (prompt, ", ".join(words))))[:_MAX_PROMPT_CHARS]
