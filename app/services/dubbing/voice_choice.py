"""Choice of voices: one for each speaker, the same ones each time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.domain.errors import InvalidFieldError, quoted
from app.services.tts.speech_engine import Voice

Role = tuple[str, bool]
"""A speaker's label, empty where it is not known, and whether somebody else answers him."""


@dataclass(frozen=True, slots=True)
class VoiceChoice:
    """Who speaks with which voice.

    Attributes:
        voices: voice of each role.
        is_shared: whether two roles have one voice, since the language has too few.
        unused: labels for which a voice was given and that nobody has.
    """

    voices: Mapping[Role, Voice]
    is_shared: bool = False
    unused: tuple[str, ...] = ()


def given_voices(given: Mapping[str, str], known: Sequence[Voice]) -> dict[str, Voice]:
    """Return the voices that a caller gives to speakers.

    Args:
        given: voice's id by speaker's label.
        known: every voice of the engine.

    Raises:
        InvalidFieldError: the engine has no such voice.
    """
    by_id = {voice.id: voice for voice in known}
    unknown = [name for name in given.values() if name not in by_id]
    if unknown:
        raise InvalidFieldError(f"voices: no such voice: {quoted(unknown[0])}")
    return {label: by_id[name] for label, name in given.items()}


def choose_voices(
    roles: Collection[Role], voices: Sequence[Voice], given: Mapping[str, Voice]
) -> VoiceChoice:
    """Give every role a voice; it depends on the speakers' labels, not on who speaks first.

    Args:
        roles: that speak.
        voices: of the language, at least one, the default one first.
        given: voices of some speakers.
    """
    free = [voice for voice in voices if voice not in given.values()] or list(voices)
    chosen: dict[Role, Voice] = {}
    without: list[Role] = []
    for role in sorted(set(roles)):
        label, is_answer = role
        if label in given and not is_answer:
            chosen[role] = given[label]
        else:
            chosen[role] = free[len(without) % len(free)]
            without.append(role)
    named = {label for label, _ in roles}
    unused = tuple(sorted(label for label in given if label not in named))
    return VoiceChoice(chosen, len(without) > len(free), unused)
