"""Catalog of alignment models by language."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from app.domain.errors import EngineLoadError, InvalidLanguageError
from app.domain.language import Language

_OWN_CODES = {"nb": "no", "fil": "tl"}
"""Base tags for which whisperx's tables use another code."""

_TABLES = ("DEFAULT_ALIGN_MODELS_HF", "DEFAULT_ALIGN_MODELS_TORCH", "LANGUAGES_WITHOUT_SPACES")


@dataclass(frozen=True, slots=True)
class ModelCatalog:
    """Models by language, whisperx's own choice unless the owner chose otherwise.

    Attributes:
        chosen: the owner's choice.
        usual: whisperx's.
        unspaced: languages that whisperx aligns character by character.
    """

    chosen: Mapping[str, str]
    usual: Mapping[str, str]
    unspaced: frozenset[str]

    @classmethod
    def of(cls, chosen: Mapping[str, str]) -> ModelCatalog:
        """Read whisperx's tables.

        Args:
            chosen: models by BCP 47 tag.

        Raises:
            ImportError: whisperx is not installed.
            EngineLoadError: a tag is not a language.
            ValueError: the installed whisperx lacks a table.
        """
        from_hub, from_torchaudio, unspaced = _tables()
        own: dict[str, str] = {}
        for tag, model in chosen.items():
            code = code_of(tag)
            if code is None:
                raise EngineLoadError(f"ALIGNMENT_MODELS names {tag!r}, which is no language")
            own[code] = model
        # Where both have a language, whisperx takes torchaudio's.
        return cls(own, {**from_hub, **from_torchaudio}, frozenset(unspaced))

    def model_for(self, code: str) -> str | None:
        """Return the model of a language; None where there is none."""
        return self.chosen.get(code, self.usual.get(code))

    def spaced(self, code: str) -> bool:
        """Whether the language's script puts blanks between words."""
        return code not in self.unspaced


def _tables() -> list[Any]:
    """Read the tables from whisperx's source.

    Importing its module would import transformers, pandas and nltk too, which takes seconds and
    which the default models do not need.
    """
    found = find_spec("whisperx.alignment")
    if found is None or found.origin is None:
        raise ImportError("whisperx has no module for alignment")
    values: dict[str, Any] = {}
    for statement in ast.parse(Path(found.origin).read_text("utf-8")).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in _TABLES:
                values[name] = ast.literal_eval(value)
    if missing := [name for name in _TABLES if name not in values]:
        raise ValueError(f"the installed whisperx has no {', '.join(missing)}")
    return [values[name] for name in _TABLES]


def code_of(tag: str) -> str | None:
    """Return whisperx's code for a BCP 47 tag; None where the tag is no language."""
    try:
        base = Language.parse(tag).base
    except InvalidLanguageError:
        return None
    return _OWN_CODES.get(base, base)
