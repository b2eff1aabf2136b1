"""Comparison of what was said with what was written."""

from __future__ import annotations

import jiwer


def plain(text: str) -> str:
    """Return a text in lower case without punctuation; hyphens part words."""
    kept = "".join(c for c in text.lower().replace("-", " ") if c.isalnum() or c in " '")
    return " ".join(kept.split())


def word_errors(said: str, heard: str) -> float:
    """Return the word error rate, whatever the case and punctuation."""
    return float(jiwer.wer(plain(said), plain(heard)))


def character_errors(said: str, heard: str) -> float:
    """Return the character error rate, for languages without spaces between words."""
    return float(jiwer.cer(plain(said).replace(" ", ""), plain(heard).replace(" ", "")))
