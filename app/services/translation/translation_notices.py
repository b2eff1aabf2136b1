"""Notices of cues that the translator did not translate: something else did, or nobody."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.cue import Cue
from app.domain.events import Notice
from app.domain.language import Language, known_language

_SPEECH_TRANSLATED = "speech_translated"
_BY_TRANSCRIBER = "translated_by_transcriber"

_NOT_TRANSLATED = "language_not_translated"
_STYLE_LOST = "style_not_translated"

_SCRIPT_CONVERTED = "script_converted"
_TIDIED = "translations_tidied"
_DOUBTFUL = "translations_doubtful"

OF_TRANSLATION = frozenset(
    {
        _SPEECH_TRANSLATED,
        _BY_TRANSCRIBER,
        _NOT_TRANSLATED,
        _STYLE_LOST,
        _SCRIPT_CONVERTED,
        _TIDIED,
        _DOUBTFUL,
    }
)
"""Codes of notices that follow from segments and their translation, so that they are not stored
with a transcript."""


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


def not_translated(language: str, target: Language, cues: Sequence[Cue]) -> Notice:
    """Return the notice that cues stay as they were spoken.

    Args:
        language: BCP 47 tag of the cues.
        target: language that was requested.
        cues: at least one.
    """
    what = "1 cue is" if len(cues) == 1 else f"{len(cues)} cues are"
    text = (
        f"{what} shown as spoken, in {_name(language)}, {_between(cues)}: "
        f"the translator has no pair for it and {target.english_name}"
    )
    return Notice(_NOT_TRANSLATED, text)


def style_lost(cues: Sequence[Cue]) -> Notice:
    """Return the notice that words stand out in cues and not in their translations.

    Args:
        cues: at least one, in order.
    """
    what = "1 cue stands" if len(cues) == 1 else f"{len(cues)} cues stand"
    times = ", ".join(f"{cue.span.start_ms / 1000:.1f}" for cue in cues[:_TIMES_TOLD])
    more = " and later" if len(cues) > _TIMES_TOLD else ""
    text = (
        f"A part of {what} out by italics, bold or colour, and it could not be told which words "
        f"of the translation should: at {times}{more} s"
    )
    return Notice(_STYLE_LOST, text)


_TIMES_TOLD = 10


def script_converted(written: Language, target: Language, by: str, cues: Sequence[Cue]) -> Notice:
    """Return the notice that cues were converted into another script, not translated.

    Args:
        written: language with the script that the cues are in.
        target: language that was requested.
        by: what converted them.
        cues: at least one.
    """
    what = "1 cue was" if len(cues) == 1 else f"{len(cues)} cues were"
    text = (
        f"{what} converted from {written.written_name}, into {target.written_name}, "
        f"{_between(cues)}: {by}, no translation"
    )
    return Notice(_SCRIPT_CONVERTED, text)


def _between(cues: Sequence[Cue]) -> str:
    first_ms = min(cue.span.start_ms for cue in cues)
    last_ms = max(cue.span.end_ms for cue in cues)
    return f"between {first_ms / 1000:.1f} and {last_ms / 1000:.1f} s"


def tidied_translations(changes: str) -> Notice:
    """Return the notice of what was removed from translations or put back."""
    text = "What the translator had added to translations was removed, or lost signs put back"
    return Notice(_TIDIED, f"{text}: {changes}")


def doubtful_translations(doubts: str) -> Notice:
    """Return the notice of translations that the model insists on and that may be wrong."""
    text = "The model insisted on translations that may be wrong, since one"
    return Notice(_DOUBTFUL, f"{text} {doubts}")


def _name(tag: str) -> str:
    language = known_language(tag)
    return language.english_name if language is not None else "an unknown language"
