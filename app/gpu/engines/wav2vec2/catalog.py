"""Which model aligns which language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

from app.domain.errors import EngineLoadError, InvalidLanguageError
from app.domain.language import Language

_OWN_CODES = {"nb": "no", "cmn": "zh", "fil": "tl"}
"""Base tags for which whisperx's tables use another code."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """Models by language, whisperx's own choice unless the owner chose otherwise.

    Attributes:
        chosen: the owner's choice.
        usual: whisperx's.
        unspaced: languages that whisperx takes character by character.
    """

    chosen: Mapping[str, str]
    usual: Mapping[str, str]
    unspaced: frozenset[str]

    @classmethod
    def of(cls, chosen: Mapping[str, str]) -> Catalog:
        """Read whisperx's tables.

        Args:
            chosen: models by BCP 47 tag.

        Raises:
            ImportError: whisperx is not installed.
            EngineLoadError: a tag is not a language.
        """
        tables = import_module("whisperx.alignment")
        # Where both have a language, whisperx takes torchaudio's.
        usual = {**tables.DEFAULT_ALIGN_MODELS_HF, **tables.DEFAULT_ALIGN_MODELS_TORCH}
        own: dict[str, str] = {}
        for tag, model in chosen.items():
            code = code_of(tag)
            if code is None:
                raise EngineLoadError(f"ALIGNMENT_MODELS names {tag!r}, which is no language")
            own[code] = model
        return cls(own, usual, frozenset(tables.LANGUAGES_WITHOUT_SPACES))

    def model_for(self, code: str) -> str | None:
        """Return the model of a language; None where nobody named one."""
        return self.chosen.get(code, self.usual.get(code))

    def spaced(self, code: str) -> bool:
        """Whether the language's script puts blanks between words."""
        return code not in self.unspaced


def code_of(tag: str) -> str | None:
    """Return whisperx's code for a BCP 47 tag; None where the tag is no language."""
    try:
        base = Language.parse(tag).base
    except InvalidLanguageError:
        return None
    return _OWN_CODES.get(base, base)
