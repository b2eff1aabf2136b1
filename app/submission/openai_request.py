"""Parameters of OpenAI's transcription route, and of servers that follow it.

Sources: the parameters of the Python SDK's ``transcriptions.create``; vLLM's and speaches' own
(``hotwords``, ``stream_include_usage``, ``vad_filter``); Parakeet's workers'.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.domain.errors import (
    InvalidFieldError,
    InvalidFormatError,
    InvalidLanguageError,
    NamedFieldError,
    SeveralSourcesError,
    quoted,
)
from app.domain.language import ENGLISH, Language
from app.gpu.calls.spoken_languages import language_named
from app.submission.audio_body import FORMATS, MAX_SPEAKERS, AudioBody
from app.submission.known_voices import KnownVoice, known_voices
from app.submission.request_fields import base_languages, spoken_language

Fields = Mapping[str, Sequence[str]]

TranscriptionFormat = Literal["json", "text", "srt", "vtt", "verbose_json", "diarized_json"]
ALL_FORMATS = (*FORMATS, "diarized_json")

OTHER_SOURCES = ("url", "audio", "upload_id")
"""Fields that say on other servers, or on another route of ours, what is to be transcribed."""

_STRATEGY = "chunking_strategy"
_STRATEGY_NUMBERS = ("threshold", "prefix_padding_ms", "silence_duration_ms")
_STRATEGY_FIELDS = tuple(f"{_STRATEGY}[{name}]" for name in ("type", *_STRATEGY_NUMBERS))

SINGLE_FIELDS = (
    *("model", "language", "prompt", "response_format", "temperature", "stream", "hotwords"),
    *("timestamps", "word_timestamps", "diarize", "vad_filter", "num_speakers"),
    *("min_speakers", "max_speakers", "stream_include_usage", "vllm_xargs", "without_timestamps"),
    *("stream_continuous_usage_stats", "to_language", _STRATEGY, *_STRATEGY_FIELDS),
)
LIST_FIELDS = (
    *("timestamp_granularities", "include", "languages", "keywords"),
    *("known_speaker_names", "known_speaker_references"),
)

TARGET = "to_language"
"""Of translations alone: a transcription is in the language that is spoken, as vLLM's is."""

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
COUNT_FIELDS = ("num_speakers", "min_speakers", "max_speakers")

_GRANULARITIES = frozenset({"word", "segment"})
_NO_LANGUAGES = frozenset({"auto", "undefined", "null", "none"})
_MAX_TEMPERATURE = 1.0
_MAX_KEYWORD_CHARS = 400


@dataclass(frozen=True, slots=True)
class TranscriptionOptions:
    """Checked parameters of one request.

    Attributes:
        body: what the job and the usual formats depend on.
        kind: the wanted format; ``body`` has ``verbose_json`` in place of ``diarized_json``.
        granularities: what ``verbose_json`` times.
        stream: whether events are wanted.
        chat_chunks: whether these are vLLM's chunks in place of OpenAI's events.
        include_usage: beside ``chat_chunks``: whether a last chunk has the usage.
        running_usage: beside it: whether every chunk has the usage so far.
        logprobs: whether ``json`` has the words' log probabilities.
        voices: speakers whose voices are known.
    """

    body: AudioBody
    kind: TranscriptionFormat
    granularities: frozenset[str]
    stream: bool
    chat_chunks: bool
    include_usage: bool
    running_usage: bool
    logprobs: bool
    voices: tuple[KnownVoice, ...]

    @property
    def diarized(self) -> bool:
        """Whether speakers are needed for the answer."""
        return self.kind == "diarized_json"


def transcription_options(fields: Fields) -> TranscriptionOptions:
    """Check the parameters of a request.

    Args:
        fields: texts by name without brackets; those that are not empty.

    Raises:
        InvalidFormatError: no such response format.
        SeveralSourcesError: another server's field for an address came with the file.
        InvalidFieldError: another parameter is wrong; mostly a `NamedFieldError`.
    """
    kind = _one(fields, "response_format", "json").lower()
    if kind not in ALL_FORMATS:
        raise InvalidFormatError(kind, ALL_FORMATS)
    if others := [name for name in OTHER_SOURCES if fields.get(name)]:
        raise SeveralSourcesError(["file", *others])
    _check_temperature(fields)
    _check_strategy(fields)
    chat_chunks = bool(_one(fields, "stream_include_usage") or _one(fields, "vllm_xargs"))
    return TranscriptionOptions(
        body=_body(fields, kind),
        kind=kind,  # type: ignore[arg-type]
        granularities=_choices(fields, "timestamp_granularities", _GRANULARITIES),
        stream=_flag(fields, "stream"),
        chat_chunks=chat_chunks,
        include_usage=_flag(fields, "stream_include_usage"),
        running_usage=_flag(fields, "stream_continuous_usage_stats"),
        logprobs="logprobs" in _choices(fields, "include", frozenset({"logprobs"})),
        voices=known_voices(
            fields.get("known_speaker_names", ()), fields.get("known_speaker_references", ())
        ),
    )


def _body(fields: Fields, kind: str) -> AudioBody:
    diarized = kind == "diarized_json"
    language, allowed = _languages(fields)
    given: dict[str, object] = {
        "audio": "file",
        "language": language,
        "allowed_languages": allowed,
        "prompt": _prompt(fields),
        "response_format": "verbose_json" if diarized else kind,
        "timestamps": _flag(fields, "timestamps"),
        "word_timestamps": _flag(fields, "word_timestamps"),
        "diarize": diarized or _flag(fields, "diarize"),
    }
    return AudioBody.parse(given | speaker_counts(fields))


def speaker_counts(fields: Fields) -> dict[str, int]:
    """Return how many speakers there are, by the names of the fields that say so.

    Raises:
        NamedFieldError: a field is no number that there may be.
    """
    return {
        name: round(_number(name, text, 1, MAX_SPEAKERS, whole=True))
        for name in COUNT_FIELDS
        if (text := _one(fields, name))
    }


def translation_target(fields: Fields) -> Language:
    """Return the language into which a translation is wanted, English unless told otherwise.

    Raises:
        NamedFieldError: not a language.
    """
    text = _one(fields, TARGET)
    if not text or text.lower() in _NO_LANGUAGES:
        return ENGLISH
    try:
        return Language.parse(language_named(text) or text)
    except InvalidLanguageError as error:
        raise NamedFieldError(TARGET, error.message) from None


def _languages(fields: Fields) -> tuple[str | None, list[str] | None]:
    """Return the language, and those that detection chooses from where several are possible."""
    language = _one(fields, "language")
    several = list(dict.fromkeys(fields.get("languages", ())))
    try:
        base_languages(several)
    except InvalidFieldError as error:
        raise NamedFieldError("languages", error.message) from None
    if not language and len(several) == 1:
        language = several[0]
    if not language or language.lower() in _NO_LANGUAGES:
        return None, several if len(several) > 1 else None
    try:
        spoken_language(AudioBody(audio="file", language=language).language_code)
    except (InvalidFieldError, InvalidLanguageError) as error:
        raise NamedFieldError("language", error.message) from None
    return language, None


def _prompt(fields: Fields) -> str | None:
    """Return the prompt with the keywords ahead of it: both are words that are likely to occur."""
    keywords = ", ".join([*fields.get("keywords", ()), *fields.get("hotwords", ())])
    parts = [keywords[:_MAX_KEYWORD_CHARS], _one(fields, "prompt")]
    return ". ".join(part for part in parts if part) or None


def _one(fields: Fields, name: str, default: str = "") -> str:
    found = fields.get(name)
    return found[0] if found else default


def _flag(fields: Fields, name: str) -> bool:
    text = _one(fields, name, "false").lower()
    if text not in _TRUE | _FALSE:
        raise NamedFieldError(name, "true or false")
    return text in _TRUE


def _choices(fields: Fields, name: str, known: frozenset[str]) -> frozenset[str]:
    # One field may have several values, separated by commas or spaces.
    found = frozenset(part for text in fields.get(name, ()) for part in _parts(text))
    if unknown := sorted(found - known):
        wanted = ", ".join(sorted(known))
        raise NamedFieldError(name, f"no {quoted(unknown[0])}; known: {wanted}")
    return found


def _parts(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _number(name: str, value: object, least: float, most: float, *, whole: bool = False) -> float:
    try:
        number = float(str(value))
    except ValueError:
        raise NamedFieldError(name, "a number") from None
    if whole and not number.is_integer():
        raise NamedFieldError(name, "a whole number")
    if not least <= number <= most:
        raise NamedFieldError(name, f"{least:g} to {most:g}")
    return number


def number_field(fields: Fields, name: str, usual: float, least: float, most: float) -> float:
    """Return the number of a field.

    Raises:
        NamedFieldError: it is none, or out of its limits.
    """
    text = _one(fields, name)
    return _number(name, text, least, most) if text else usual


def _check_temperature(fields: Fields) -> None:
    """Check the temperature; it changes nothing, since the transcriber chooses its own."""
    if text := _one(fields, "temperature"):
        _number("temperature", text, 0, _MAX_TEMPERATURE)


def _check_strategy(fields: Fields) -> None:
    """Check how the sound is to be cut; the server's own detection of speech always does it."""
    given = {
        name: _one(fields, f"{_STRATEGY}[{name}]")
        for name in ("type", *_STRATEGY_NUMBERS)
        if _one(fields, f"{_STRATEGY}[{name}]")
    }
    whole = _one(fields, _STRATEGY)
    if whole.startswith("{"):
        given = {**_object(whole), **given}
    elif whole:
        given["type"] = whole
    if not given:
        return
    if given.get("type", "server_vad") not in ("auto", "server_vad"):
        raise NamedFieldError(_STRATEGY, "auto, or an object of the type server_vad")
    for name in _STRATEGY_NUMBERS:
        if name in given:
            most = 1 if name == "threshold" else 60_000
            _number(f"{_STRATEGY}[{name}]", given[name], 0, most)


def _object(text: str) -> dict[str, str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise NamedFieldError(_STRATEGY, "no JSON") from None
    return {str(name): str(each) for name, each in value.items()}
