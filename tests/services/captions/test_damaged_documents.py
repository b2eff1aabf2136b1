"""TTML and SubStation files with damage made by chance: nothing is lost without a word."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

from app.domain.captions import Captions
from app.domain.errors import InvalidCaptionsError
from app.services.captions.parse import parse_captions

_SENTENCES = 6
_FILES = 150
_STRAY = ("<", "&", ">", '"', "{", "}", ",", ":", "\x01", "é", "\n", "</p>", "<br>", "0", "-")
_PLACES = re.compile(r"(from )?lines? ([0-9]+)(?: to ([0-9]+))?")
_MARKUP = re.compile(r"<p\b|begin=|end=|Dialogue:|-->")


def _ttml() -> str:
    paragraphs = "\n".join(
        f'<p begin="00:00:{at:02}.000" end="00:00:{at:02}.500">Sentence number {at // 3}.</p>'
        for at in range(0, 3 * _SENTENCES, 3)
    )
    return (
        '<?xml version="1.0"?>\n<tt xmlns="http://www.w3.org/ns/ttml" xml:lang="en"><head/>\n'
        f"<body><div>\n{paragraphs}\n</div></body></tt>\n"
    )


def _substation() -> str:
    return (
        "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname\n"
        "Style: Default,Arial\n\n[Events]\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    ) + "".join(
        f"Dialogue: 0,0:00:{at * 3:02}.00,0:00:{at * 3 + 2:02}.50,Default,,0,0,0,,"
        f"Sentence number {at}.\n"
        for at in range(_SENTENCES)
    )


def _damaged(text: str, chance: random.Random) -> str:
    begin = chance.randrange(len(text))
    end = min(len(text), begin + chance.randrange(1, 12))
    lines = text.split("\n")
    line = chance.randrange(len(lines))
    return chance.choice(
        [
            text[:begin] + text[end:],
            text[:begin] + chance.choice(_STRAY) + text[begin:],
            text[:begin] + text[begin:end][::-1] + text[end:],
            text[:end] + text[begin:end] + text[end:],
            text[: max(60, begin)],
            "\n".join(lines[:line] + lines[line + 1 :]),
            "\n".join([*lines[:line], "", *lines[line:]]),
            text[:begin] + chance.choice("A .:：") + text[begin + 1 :],
        ]
    )


def _named_lines(captions: Captions) -> set[int]:
    """Return the numbers of the lines that notices name; all behind the one that they name so."""
    named: set[int] = set()
    for notice in captions.notices:
        for behind, first, last in _PLACES.findall(notice.message):
            end = 100 if behind else int(last or first) + 1
            named.update(range(int(first), end))
    return named


@pytest.mark.parametrize("make", [_ttml, _substation])
def test_a_sentence_that_is_lost_is_told(make: Callable[[], str]) -> None:
    chance = random.Random(12)
    read = lost = 0
    for _ in range(_FILES):
        text = make()
        for _ in range(chance.randrange(1, 4)):
            text = _damaged(text, chance)
        written = set(re.findall(r"Sentence number \d", text))
        try:
            captions = parse_captions(text, None, "en", "manual")
        except InvalidCaptionsError:
            continue
        read += 1
        shown = " ".join(item.text for item in captions.items)
        missing = {sentence for sentence in written if sentence not in shown}
        lost += len(missing)
        assert captions.notices or not missing, text
        named = _named_lines(captions)
        for number, line in enumerate(text.split("\n"), start=1):
            left = [sentence for sentence in missing if f"{sentence}." in line]
            assert not left or any(abs(number - each) <= 1 for each in named), text
        if _MARKUP.search(shown):
            assert captions.notices, text
    assert read > _FILES * 0.7, "most files can be read in spite of their damage"
    assert lost < read, "on the average no sentence of six is lost"
