"""Parameters of Deepgram's `/v1/listen` for live sound, and what they mean to the live engine."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from app.domain.errors import InvalidFieldError, NamedFieldError, UnavailableOptionError
from app.services.live.utterance_events import TurnOptions
from app.submission.request_fields import spoken_language
from app.submission.vendors.listen_query import (
    Items,
    ListenQuery,
    ListenWarning,
    parse_query,
    wish_of,
)

LEAST_SILENCE_MS = 300
"""Shortest silence that ends an utterance: a Whisper needs phrases, not single words."""

_USUAL_SILENCE_MS = 300
_UNENDING_SILENCE_MS = 500
"""Where the client wants no end of speech, what is transcribed is cut at such silences."""

_MOST_SILENCE_MS = 10_000


class StreamQuery(ListenQuery):
    """Parameters of streams."""

    interim_results: bool = Field(False, description="Send what may still change")
    endpointing: str = Field("", max_length=10, description="Silence in ms, or false")
    utterance_end_ms: int | None = Field(None, ge=1000, le=60_000, description="After words")
    vad_events: bool = Field(False, description="Tell when speech begins")
    callback: str = Field("", max_length=2000, description="Not of streams")


@dataclass(frozen=True, slots=True)
class StreamOrder:
    """What a client wants of a stream.

    Attributes:
        query: its parameters.
        turns: how it is cut and transcribed.
        warnings: what has no effect, or another one.
        tells_ends: whether there are events for ends of speech.
    """

    query: StreamQuery
    turns: TurnOptions
    warnings: tuple[ListenWarning, ...]
    tells_ends: bool


def stream_order(items: Items) -> StreamOrder:
    """Return what a query wants of a stream.

    Raises:
        UnavailableOptionError: an option that is not served.
        InvalidFieldError: a value is wrong.
    """
    query, warnings = parse_query(items, StreamQuery)
    if query.wants_speakers:
        raise UnavailableOptionError("diarize: speakers are told apart in recordings alone")
    if query.callback:
        raise UnavailableOptionError("callback: a stream is answered on its own connection")
    wish = wish_of(query, warnings)
    silence_ms = _silence_ms(query, warnings)
    spoken = spoken_language(wish.language or None)
    turns = TurnOptions(
        ends_by="silence",
        silence_ms=silence_ms or _UNENDING_SILENCE_MS,
        language=None if spoken is None else spoken.tag,
        prompt=wish.prompt,
        partial_ms=None if query.interim_results else 0,
        by_window=True,
    )
    return StreamOrder(query, turns, tuple(warnings), silence_ms is not None)


def prompt_for(terms: list[str]) -> tuple[str, list[ListenWarning]]:
    """Return the prompt for other terms, and what has no effect.

    Raises:
        InvalidFieldError: a term is too long.
    """
    query, warnings = parse_query([("keyterm", term) for term in terms], StreamQuery)
    return wish_of(query, warnings).prompt, warnings


def _silence_ms(query: StreamQuery, warnings: list[ListenWarning]) -> int | None:
    """Return the silence that ends speech; None where no end of speech is to be reported."""
    sent = query.endpointing.lower()
    if sent in {"", "true"}:
        return _USUAL_SILENCE_MS
    if sent == "false":
        return None
    if not (sent.isascii() and sent.isdecimal()):
        raise NamedFieldError("endpointing", "milliseconds, true or false")
    if (wanted_ms := int(sent)) > _MOST_SILENCE_MS:
        raise InvalidFieldError(f"endpointing: at most {_MOST_SILENCE_MS}")
    if wanted_ms < LEAST_SILENCE_MS:
        text = f"Speech ends after {LEAST_SILENCE_MS} ms of silence at least"
        warnings.append(ListenWarning("endpointing", "raised", text))
    return max(wanted_ms, LEAST_SILENCE_MS)
