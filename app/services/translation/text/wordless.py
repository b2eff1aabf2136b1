"""Lines without a word, such as ``♪`` or ``...``: they read the same in every language."""

from __future__ import annotations


def is_wordless(text: str) -> bool:
    """Whether a text has neither a letter nor a digit.

    Asking for a translation of such a line costs a call at best; models and Apertium are
    also prone to answer it with nothing.
    """
    return not any(character.isalnum() for character in text)
