"""Test for lines without a word, such as ``♪`` or ``...``, which need no translation."""

from __future__ import annotations


def is_wordless(text: str) -> bool:
    """Whether a text has neither a letter nor a digit.

    Translating such a line costs a request at best; models and Apertium also tend to return
    an empty text for it.
    """
    return not any(character.isalnum() for character in text)
