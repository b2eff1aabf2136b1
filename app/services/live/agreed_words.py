"""Words of a growing text that will not change any more."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"\s++|[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|"
    r"[^\s\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]++"
)
"""A space, one character of a script that writes none, or a word."""

_BARE = str.maketrans("", "", " \t\n.,;:!?…。、！？\"'")


class AgreedWords:
    """Yields each word once, as soon as two hearings agree on it and on all before it.

    Source: local agreement of two hypotheses, Macháček, Dabre and Bojar, "Turning Whisper into
    Real-Time Transcription System", 2023. The last word of a hearing never counts: the sound may
    end within it.
    """

    def __init__(self) -> None:
        self._earlier: list[str] = []
        self._told = 0

    def hear(self, text: str) -> str:
        """Take another hearing of the sound so far; return the words that are now sure."""
        words = _words(text)
        agreed = 0
        for one, other in zip(self._earlier, words[:-1], strict=False):
            if _bare(one) != _bare(other):
                break
            agreed += 1
        self._earlier = words
        sure = words[self._told : agreed]
        self._told = max(self._told, agreed)
        return "".join(sure)

    def finish(self, text: str) -> str:
        """Take the last hearing; return the words that were not told, and begin anew.

        Where it differs in words that were told, those stand: only whole transcripts correct them.
        """
        words = _words(text)
        rest = words[self._told :]
        # Where the sound was cut ahead of words that were told, those come with the next part.
        self._earlier, self._told = [], max(0, self._told - len(words))
        return "".join(rest)


def _bare(word: str) -> str:
    return word.translate(_BARE).casefold()


def _words(text: str) -> list[str]:
    """Return the words of a text, each with the space before it."""
    words: list[str] = []
    space = ""
    for token in _TOKEN.findall(text):
        if token.isspace():
            space = token
        else:
            words.append(space + token)
            space = ""
    return words
