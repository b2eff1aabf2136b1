"""Statistics of letters by which py3langid identifies languages, loaded once for every use."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol, cast


class LanguageIdentifier(Protocol):
    """The library's identifier.

    Source: py3langid 0.4, naive Bayes over byte n-grams of 140 languages; its probabilities are
    calibrated for the length of the text.
    """

    labels: list[str]

    def rank(self, text: str) -> list[tuple[str, float]]:
        """Return every label with its probability, 0..1, the highest first."""
        ...


@lru_cache(maxsize=1)
def language_identifier() -> LanguageIdentifier:
    """Return the identifier; loading it takes a second and 100 MB."""
    from py3langid.langid import MODEL_FILE
    from py3langid.langid import LanguageIdentifier as Loaded

    return cast("LanguageIdentifier", Loaded.from_model_file(MODEL_FILE, norm_probs=True))


def is_loaded() -> bool:
    """Whether the identifier is in memory."""
    return bool(language_identifier.cache_info().currsize)
