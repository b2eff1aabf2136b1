"""espeak-ng's voices by language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from app.domain.language import Language
from app.domain.language_tags import installed_tag, nearest_tag
from app.services.tts.speech_engine import Gender, Voice

FEMALE = "+f3"
"""Suffix of a voice's id that selects its female variant."""

_OVERRIDES: Mapping[str, str] = MappingProxyType(
    {
        "en": "en-us",
        "pt": "pt-br",
        "zh-HK": "yue",
        "zh-MO": "yue",
        # Filipino has no voice; Indonesian has nearly the same sounds and spelling.
        "fil": "id",
    }
)
"""Voices that the distance between languages does not find."""

_REPLACEMENTS: Mapping[str, str] = MappingProxyType({"cmn": "cmn-latn-pinyin"})
"""The plain voice reads the pinyin of its own dictionary as English letters."""

_UNSUPPORTED = frozenset({"ja"})
"""Its voice knows kana alone and says "Chinese letter" for everything else."""

_MAX_DISTANCE = 20
"""Largest language distance at which a voice's language still serves.

Source: CLDR's language matching, where Galician is 20 from Spanish and Nynorsk from Bokmål.
"""


def parse_voices(listing: str) -> list[Voice]:
    """Parse the output of ``espeak-ng --voices``: a male and a female voice of each language."""
    found: dict[str, Voice] = {}
    for line in listing.splitlines()[1:]:
        columns = line.split()
        if len(columns) < 4 or (tag := installed_tag(columns[1])) is None:
            continue
        name = columns[3].replace("_", " ")
        genders: list[tuple[str, Gender]] = [("", "male"), (FEMALE, "female")]
        for ending, gender in genders:
            voice = Voice(columns[1] + ending, name, tag, gender)
            found.setdefault(voice.id, voice)
    return list(found.values())


def voices_for(language: Language, voices: Sequence[Voice]) -> list[Voice]:
    """Return the voices for a language or one that is close to it, the nearest first."""
    if language.base in _UNSUPPORTED:
        return []
    nearest = _nearest(language, voices)
    mine = [voice for voice in voices if voice.id.removesuffix(FEMALE) == nearest]
    base = mine[0].lang.partition("-")[0] if mine else None
    return mine + [v for v in voices if v not in mine and v.lang.partition("-")[0] == base]


def _nearest(language: Language, voices: Sequence[Voice]) -> str | None:
    ids = [voice.id for voice in voices if not voice.id.endswith(FEMALE)]
    # Speech has no script, so zh-Hant and zh-Hans are the same here.
    closest = nearest_tag(language.tag, ids, _MAX_DISTANCE)
    chosen = _OVERRIDES.get(language.tag), language.tag.lower(), _REPLACEMENTS.get(closest), closest
    return next((name for name in (*chosen, _OVERRIDES.get(language.base)) if name in ids), None)
