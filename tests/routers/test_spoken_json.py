"""JSON with sound in it, whatever the pieces that it comes in."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadRequestError, NamedFieldError
from app.routers.openai.spoken_json import SpokenJson

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "input_audio", "format", 'a"\\']) | st.text(), inner
        )
    ),
    max_leaves=8,
)


def read(text: bytes, size: int) -> tuple[Any, bytes, bool]:
    sound = bytearray()
    body = SpokenJson(sound.extend)
    for at in range(0, len(text), size):
        body.write(text[at : at + size])
    return body.value(), bytes(sound), body.has_sound


@given(
    st.binary(min_size=1, max_size=300),
    st.dictionaries(st.text(max_size=5), VALUES, max_size=3),
    st.integers(1, 40),
    st.booleans(),
)
def test_the_sound_is_taken_out_and_all_else_stays(
    sound: bytes, others: dict[str, Any], size: int, is_url: bool
) -> None:
    encoded = ("data:audio/wav;base64," if is_url else "") + base64.b64encode(sound).decode()
    value = {**others, "input_audio": {**others, "data": encoded, "format": "wav"}}
    without = {**others, "input_audio": {**others, "data": "", "format": "wav"}}
    assert read(json.dumps(value).encode(), size) == (without, sound, True)


@given(VALUES, st.integers(1, 20))
def test_what_is_no_sound_stays(value: Any, size: int) -> None:
    whole = {"other": value, "input_audio": [value], "data": "QQ=="}
    assert read(json.dumps(whole).encode(), size) == (whole, b"", False)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_escapes_and_line_breaks_of_other_encoders(size: int) -> None:
    sound = bytes(range(256)) * 3
    encoded = base64.encodebytes(sound).decode().replace("/", "\\/").replace("+", "\\u002B")
    text = '{"input_audio": {"data" : "' + encoded.replace("\n", "\\n") + '"}}'
    assert read(text.encode(), size)[1:] == (sound, True)


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize(
    "data",
    ["%%%%", "QUI", "QQ==QQ==", "data:audio/wav", "QUJD\\\\", "QUJD\\u00e9AAA", "data:" * 80],
)
def test_what_is_no_base64_is_refused(data: str, size: int) -> None:
    with pytest.raises(NamedFieldError, match=r"input_audio\.data: no Base64"):
        read(b'{"input_audio": {"data": "' + data.encode() + b'"}}', size)


def test_sound_twice_and_depth_without_end() -> None:
    with pytest.raises(NamedFieldError, match="once only"):
        read(b'{"input_audio": {"data": "QQ==", "data": "QQ=="}}', 10)
    with pytest.raises(BadRequestError, match="deeply"):
        read(b"[" * 100_000, 65_536)
    with pytest.raises(ValueError, match="EOF while parsing"):
        read(b'{"input_audio": {"data": "QQ=="', 10)
