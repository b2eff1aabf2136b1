"""Words of a growing transcript that will not change any more."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"\s++|[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|"
    r"[^\s\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]++"
)
"""A space, one character of a script that writes none, or a word."""

_BARE = str.maketrans("", "", " \t\n.,;:!?…。、！？\"'")


class AgreedWords:
    """Yields each word once, as soon as two hypotheses agree on it and on all before it.

    Source: local agreement of two hypotheses, Macháček, Dabre and Bojar, "Turning Whisper into
    Real-Time Transcription System", 2023. The last word of a hypothesis never counts: the
    audio may end within it.
    """

    def __init__(self) -> None:
        self._earlier: list[str] = []
        self._confirmed = 0

    def update(self, text: str) -> str:
        """Take another hypothesis of the audio so far; return the words that are now confirmed."""
        words = _words(text)
        agreed = 0
        for one, other in zip(self._earlier, words[:-1], strict=False):
            if _bare(one) != _bare(other):
                break
            agreed += 1
        self._earlier = words
        confirmed = words[self._confirmed : agreed]
        self._confirmed = max(self._confirmed, agreed)
        return "".join(confirmed)

    def finish(self, text: str) -> str:
        """Take the final hypothesis; return the words that were not confirmed, and begin anew.

        Where it differs in words that were confirmed, those stand: only the transcript of the whole
        utterance corrects them.
        """
        words = _words(text)
        rest = words[self._confirmed :]
        # Where the audio was cut ahead of confirmed words, those come with the next window.
        self._earlier, self._confirmed = [], max(0, self._confirmed - len(words))
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
