"""JSON of strangers."""

from __future__ import annotations

import math

import pytest

from app.domain.json_text import MAX_VALUES, read_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'\xef\xbb\xbf{"a": null}', {"a": None}),
        ('"caf\u00e9"', "caf\u00e9"),
        (rb'"\ud83d\ude00"', "\U0001f600"),
        (rb'"x\ud83d"', "x\ufffd"),
        (rb'"\ude00\ud83d"', "\ufffd\ufffd"),
        (rb'["\\ud83d", "\uD83D"]', ["\\ud83d", "\ufffd"]),
        (rb'{"\ud800": {"\udfff": "a"}}', {"\ufffd": {"\ufffd": "a"}}),
        (b"1e400", math.inf),
        (b"9" * 4300, int("9" * 4300)),
    ],
    ids=range(10),
)
def test_what_is_read(text: bytes | str, value: object) -> None:
    assert read_json(text) == value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"9" * 5000,
        b"[" + b"9" * 100_000 + b"]",
        b'"\xff"',
        b'"\xed\xa0\x80"',
        '"\ud800"',
        b'{"a": 1} {',
        b'"' + rb"\ud800" * 20_000 + b'"',
        b"[" + b"1," * MAX_VALUES + b"1]",
        b"[" + b"[]," * MAX_VALUES + b"1]",
        b'["' + b"x" * 2**20 + rb"\q" + b'"]',
    ],
    ids=range(14),
)
def test_what_is_refused(text: bytes | str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_json(text)


def test_half_characters_are_found_in_one_pass() -> None:
    # Every escape could begin a match: a search from each would cost the square.
    text = b'["' + rb"\n" * 200_000 + rb"\ud83d" + b'"]'
    assert read_json(text) == ["\n" * 200_000 + "\ufffd"]
