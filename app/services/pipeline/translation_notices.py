"""Notices of translations by the transcriber."""

from __future__ import annotations

from app.domain.events import Notice
from app.domain.language import known_language

_SPEECH_TRANSLATED = "speech_translated"
_BY_TRANSCRIBER = "translated_by_transcriber"

OF_SEGMENTS = frozenset({_SPEECH_TRANSLATED, _BY_TRANSCRIBER})
"""Codes of notices that follow from segments, so that they need not be stored with them."""


def speech_translated(spoken: str) -> Notice:
    """Return the notice that cues hold the English translation of speech alone."""
    text = (
        f"The transcriber translated {_name(spoken)} speech into English; word times are its own, "
        "some tenths of a second less exact"
    )
    return Notice(_SPEECH_TRANSLATED, text)


def translated_by_transcriber(language: str) -> Notice:
    """Return the notice that the translator has no pair for a language."""
    text = (
        f"The translator has no pair for {_name(language)} and English, so the transcriber "
        "translated the speech"
    )
    return Notice(_BY_TRANSCRIBER, text)


def speech_not_translated(language: str) -> Notice:
    """Return the notice that captions took the place of a recording to be translated."""
    text = f"The text comes from captions in {_name(language)}; no speech was translated"
    return Notice("speech_not_translated", text)


def _name(tag: str) -> str:
    language = known_language(tag)
    return language.english_name if language is not None else "an unknown language"
