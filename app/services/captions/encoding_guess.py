"""Guess of a text's encoding, by how well what it says fits a language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from app.domain.language import Language, known_language
from app.services.captions.code_pages import MULTI_BYTE, SINGLE_BYTE, names_of
from app.services.captions.plausibility import (
    east_asian_fit,
    letters_fit,
    shape_fit,
    word_share,
)
from app.system.language_statistics import language_identifier

_SAMPLE_BYTES = 2**16
"""Of the lines beyond ASCII: thousands of captions."""

_EAST_ASIAN_BYTES = 2**16

_WORD = re.compile(rb"[A-Za-z'\x80-\xff]+")

_FITS = 0.35
"""Plausibility from which a text is taken to be in a language."""

_TRIED, _LANGUAGES_TRIED = 12, 2
"""Encodings that are looked at word by word, each in so many languages, the best by letters."""

_ORDER = 1e-6
"""What a place further back in the table of encodings costs: it decides between equal readings."""

_EAST_ASIAN_BONUS = 0.3
"""For the frequent words, which are not told apart there."""

_BROKEN_SHARE = 0.02
"""More undecodable characters than so many of all beyond ASCII speak against an encoding."""

_SURE_MARGIN = 0.5
"""Distance of the second best reading, for each character that it reads otherwise, from which the
best is in no doubt."""

_SURE = 0.8
"""Confidence below which the language is identified."""

_LANGUAGE_WEIGHT = 0.6
_IDENTIFIED_CHARS = 2000
_NO_LETTERS = re.compile(r"[\x00-\x26\x28-\x40]+")

_DEFAULT = "cp1252"


@dataclass(frozen=True, slots=True)
class Guess:
    """An encoding.

    Attributes:
        encoding: as Python names it.
        confidence: 0..1.
        plausibility: 1 for a good text in a language, below 0 for none.
    """

    encoding: str
    confidence: float
    plausibility: float

    @property
    def fits(self) -> bool:
        """Whether the text then looks like one in a language."""
        return self.plausibility >= _FITS


@dataclass(frozen=True, slots=True)
class _Reading:
    encoding: str
    name: str
    score: float
    plausibility: float


def guess_encoding(data: bytes, language: Language | None) -> Guess:
    """Return the encoding in which bytes look most like a text in a language.

    Args:
        data: not UTF-8.
        language: that of the text; its encodings alone are considered where one of them fits.
    """
    sample = _sample(data)
    known = names_of(language) if language is not None else ()
    expected = _best(sample, _readings(sample, known)) if known else None
    if expected is not None and expected.fits:
        return expected
    readings = _readings(sample, (*SINGLE_BYTE, *MULTI_BYTE))
    found = _best(sample, readings)
    if found.confidence < _SURE:
        found = _best(sample, [_with_language(sample, reading) for reading in readings])
    doubtful = expected is not None and not (found.fits and found.confidence >= _SURE)
    return expected if expected is not None and doubtful else found


def _sample(data: bytes) -> bytes:
    """Return the lines beyond ASCII, evenly spread over a long file."""
    lines = [line for line in data.splitlines(keepends=True) if not line.isascii()]
    size = sum(map(len, lines))
    step = -(-size // _SAMPLE_BYTES) or 1
    return b"".join(lines[::step])[: 2 * _SAMPLE_BYTES]


def _readings(sample: bytes, names: Sequence[str]) -> list[_Reading]:
    return [*_single_byte(sample, names), *_multi_byte(sample, names)]


def _with_language(sample: bytes, reading: _Reading) -> _Reading:
    """Add how likely the text is, by the statistics of its letters, in a language of its encoding.

    They need more time and memory than all the rest, so only doubtful texts are judged by them.
    """
    text = sample.decode(reading.encoding, "replace")[:_IDENTIFIED_CHARS]
    ranked = language_identifier().rank(_NO_LETTERS.sub(" ", text))
    likely = sum(share for label, share in ranked if reading.encoding in _encodings_of(label))
    return replace(reading, score=reading.score + _LANGUAGE_WEIGHT * likely)


@lru_cache(maxsize=256)
def _encodings_of(label: str) -> frozenset[str]:
    language = known_language(label)
    names = names_of(language) if language is not None else ()
    tables = (SINGLE_BYTE, MULTI_BYTE)
    return frozenset(each for table in tables for name in names for each in table.get(name, ()))


def _best(sample: bytes, readings: list[_Reading]) -> Guess:
    if not readings:
        return Guess(_DEFAULT, 0.0, -1.0)
    readings = sorted(readings, key=lambda reading: -reading.score)
    best = readings[0]
    clear = min(1.0, 0.5 + 0.5 * _margin(sample, readings) / _SURE_MARGIN)
    return Guess(best.encoding, round(clear * min(1.0, max(0.0, best.score)), 2), best.plausibility)


def _margin(sample: bytes, readings: Sequence[_Reading]) -> float:
    """Return how much better the best reading is than the next one that reads otherwise.

    For each character that differs: two encodings of a language may differ in a few alone.
    """
    text = sample.decode(readings[0].encoding, "replace")
    total = sum(char > "\x7f" for char in text) or 1
    for reading in readings[1:]:
        other = sample.decode(reading.encoding, "replace")
        if other == text:
            continue
        same_length = len(other) == len(text)
        differing = sum(map(str.__ne__, text, other)) if same_length else total
        return (readings[0].score - reading.score) * total / (differing or total)
    return _SURE_MARGIN


def _single_byte(sample: bytes, names: Sequence[str]) -> Iterator[_Reading]:
    """Yield the likeliest readings in encodings of one byte for each character."""
    counts = Counter(byte for byte in sample if byte > 0x7F)
    words = Counter(_WORD.findall(sample))
    pairs = [
        (encoding, name, place)
        for name in names
        for place, encoding in enumerate(SINGLE_BYTE.get(name, ()))
    ]
    read = {encoding: _read_words(words, encoding) for encoding in {pair[0] for pair in pairs}}
    chars = {encoding: _read_chars(counts, encoding) for encoding in read}

    lower = {encoding: _lowered(texts) for encoding, texts in read.items()}
    ranked = sorted(
        (
            (letters_fit(chars[encoding], name), word_share(lower[encoding], name), pair)
            for pair in pairs
            for encoding, name, _ in [pair]
        ),
        key=lambda row: -(row[0] + row[1]),
    )
    seen: Counter[str] = Counter()
    for letters, frequent, (encoding, name, place) in ranked:
        seen[encoding] += 1
        if seen[encoding] > _LANGUAGES_TRIED or len(seen) > _TRIED:
            continue
        plausibility = letters + shape_fit(read[encoding], name)
        yield _Reading(encoding, name, plausibility + frequent - _ORDER * place, plausibility)


def _lowered(words: Counter[str]) -> Counter[str]:
    lowered: Counter[str] = Counter()
    for word, count in words.items():
        lowered[word.lower()] += count
    return lowered


def _read_words(words: Counter[bytes], encoding: str) -> Counter[str]:
    texts = b"\n".join(words).decode(encoding, "replace").split("\n")
    return Counter(dict(zip(texts, words.values(), strict=False)))


def _read_chars(counts: Counter[int], encoding: str) -> Counter[str]:
    table = _high_half(encoding)
    found: Counter[str] = Counter()
    for byte, count in counts.items():
        found[table[byte - 0x80]] += count
    return found


@lru_cache(maxsize=64)
def _high_half(encoding: str) -> tuple[str, ...]:
    return tuple(bytes([byte]).decode(encoding, "replace") for byte in range(0x80, 0x100))


def _multi_byte(sample: bytes, names: Sequence[str]) -> Iterator[_Reading]:
    """Yield the readings in East Asian encodings."""
    if not any(name in MULTI_BYTE for name in names):
        return
    end = sample.rfind(b"\n", 0, _EAST_ASIAN_BYTES) + 1 or len(sample)
    head = sample[:end] if len(sample) > _EAST_ASIAN_BYTES else sample
    for name in names:
        for place, encoding in enumerate(MULTI_BYTE.get(name, ())):
            text = head.decode(encoding, "replace")
            if text.count("\ufffd") > _BROKEN_SHARE * sum(char > "\x7f" for char in text):
                continue
            plausibility = east_asian_fit(text, name)
            score = plausibility + _EAST_ASIAN_BONUS - _ORDER * place
            yield _Reading(encoding, name, score, plausibility)
