"""A model's thinking aloud, which some servers leave in front of the answer."""

from __future__ import annotations

_OPEN, _CLOSE = "<think>", "</think>"


class ThoughtFilter:
    """Drops a leading ``<think>...</think>`` from text that arrives in pieces.

    It may hold drafts of the very members that the answer then gives otherwise.
    """

    def __init__(self) -> None:
        self._held = ""
        self._through = False

    def feed(self, text: str) -> str:
        """Return what of this piece belongs to the answer."""
        if self._through:
            return text
        self._held += text
        head = self._held.lstrip()
        if head.startswith(_OPEN):
            _, closed, answer = head.partition(_CLOSE)
            self._through = bool(closed)
            return answer
        if _OPEN.startswith(head):
            return ""
        self._through = True
        return self._held
