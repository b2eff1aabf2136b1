"""OpenAI's names of voices, by which clients ask whatever the engine."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.language import Language
from app.services.tts.speech_engine import Gender, Voice

OPENAI_VOICES: dict[str, Gender] = {
    "alloy": "neutral",
    "ash": "male",
    "ballad": "male",
    "cedar": "male",
    "coral": "female",
    "echo": "male",
    "fable": "neutral",
    "marin": "female",
    "nova": "female",
    "onyx": "male",
    "sage": "female",
    "shimmer": "female",
    "verse": "male",
}
"""Source: OpenAI's guide to text to speech."""


def voice_named(name: str, voices: Sequence[Voice], language: Language) -> Voice | None:
    """Return the engine's voice for a name; None where there is none.

    Args:
        name: of the engine, or one of OpenAI's, which stands for a voice of the language.
        voices: of the engine, those of the language first.
        language: of the text.
    """
    own = next((voice for voice in voices if voice.id == name), None)
    if own is not None or name.lower() not in OPENAI_VOICES:
        return own
    gender = OPENAI_VOICES[name.lower()]
    speaking = [each for each in voices if each.lang.partition("-")[0] == language.base]
    fitting = [each for each in speaking if each.gender == gender]
    return next(iter([*fitting, *speaking, *voices]), None)
