"""Sizes in headers of sound files, as their writers leave them."""

import pytest

from app.services.media.header_sizes import corrected_head, is_placeholder
from tests.services.conftest import Make

TONE = ("-f", "lavfi", "-i", "sine=440:duration=3", "-ar", "16000")


@pytest.mark.parametrize(
    "size",
    [0, 2_000_000_000, 2**30, 2**30 - 44, 2**31, 2**31 - 36, 0x7FFFF000, 2**32 - 1, 1_500_000_000],
)
def test_sizes_that_say_nothing(size: int) -> None:
    assert is_placeholder(size)


@pytest.mark.parametrize("size", [96_000, 2_000_000, 123_456_788, 700_123_456, 1_987_654_320])
def test_sizes_that_may_be_true(size: int) -> None:
    assert not is_placeholder(size)


def test_a_right_header_stays(make_media: Make) -> None:
    for name in ("right.wav", "right.aiff", "right.au"):
        data = make_media(name, *TONE).read_bytes()
        assert corrected_head(data[:4096], len(data)) is None


@pytest.mark.parametrize("size", [2_000_000_000, 2**30, 1000, 0, 1_987_654_320])
@pytest.mark.parametrize("name", ["size.wav", "wide.wav", "size.aiff", "size.au"])
def test_case_5_the_head_gets_the_size_that_is_there(
    make_media: Make, name: str, size: int
) -> None:
    wide = ("-rf64", "always") if name == "wide.wav" else ()
    whole = make_media(name, *TONE, *wide).read_bytes()
    data = bytearray(whole)
    extra = 8 if name == "size.aiff" else 0
    if name == "wide.wav":
        at = data.index(b"ds64") + 16
        data[at : at + 8] = size.to_bytes(8, "little")
    elif name == "size.au":
        data[8:12] = size.to_bytes(4, "big")
    else:
        at = data.index(b"SSND" if extra else b"data") + 4
        data[at : at + 4] = (size + extra).to_bytes(4, "big" if extra else "little")
    found = corrected_head(bytes(data[:4096]), len(data))
    assert found is not None
    assert found.is_news == (size != 0 or name == "size.aiff")
    assert corrected_head(found.head, len(data)) is None
    head = bytearray(whole[:4096])
    if name in {"size.wav", "wide.wav"}:  # the whole's own size has other chunks
        head[4:8] = found.head[4:8]
    assert found.head == head


def test_an_end_that_is_missing_stays_missing(make_media: Make) -> None:
    data = make_media("cut.wav", *TONE).read_bytes()
    assert corrected_head(data[:4096], len(data) * 2 // 3) is None


@pytest.mark.parametrize("data", [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"FORM\0\0\0\0AIFF", b".snd"])
def test_heads_without_sizes(data: bytes) -> None:
    assert corrected_head(data, 1000) is None
