"""Decoder process of pocketsphinx.

pocketsphinx does not release the GIL while it decodes (stalls of 0.66 s were seen), so it may not
run in the process that serves HTTP. The parent writes one JSON line ``{"bytes": n}`` and n bytes of
16-bit mono 16 kHz audio; the child answers one JSON line, a list of
``[word, first_frame, last_frame, probability]`` with frames of 10 ms. It ends at end of file, so
it never outlives its parent by more than one window.
"""

from __future__ import annotations

import json
import sys
from typing import BinaryIO

FRAME_MS = 10
"""Source: pocketsphinx's default frame rate (`-frate 100`)."""


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer windows until the parent closes the pipe."""
    from pocketsphinx import Decoder

    decoder = Decoder(samprate=16000, loglevel="FATAL")
    _answer(answers, [])
    while header := requests.readline():
        pcm = requests.read(json.loads(header)["bytes"])
        decoder.start_utt()
        if pcm:
            # The whole window at once, so that cepstral means are taken over all of it.
            decoder.process_raw(pcm, no_search=False, full_utt=True)
        decoder.end_utt()
        words = decoder.seg() if decoder.hyp() else ()
        _answer(answers, [(w.word, w.start_frame, w.end_frame, w.prob) for w in words or ()])


def _answer(answers: BinaryIO, words: list[tuple[str, int, int, float]]) -> None:
    answers.write(json.dumps(words).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
