import io
from pathlib import Path

import pytest

from app.services.media.container_length import StreamLengthParser, expected_length
from app.services.media.mp4_index import StreamLayout, detect_layout
from tests.services.conftest import Make

TONE = ("-f", "lavfi", "-i", "sine=440:duration=3")
FORMATS = {
    "whole.wav": (),
    "wide.wav": ("-rf64", "always"),
    "extra.wav": ("-metadata", "title=a title", "-write_bext", "1"),
    "whole.aiff": (),
    "cbr.mp3": ("-write_id3v2", "1", "-metadata", "title=a title"),
    "vbr.mp3": ("-q:a", "4"),
    "whole.m4a": (),
    "fast.m4a": ("-movflags", "+faststart"),
    "pieces.mp4": ("-movflags", "frag_keyframe+empty_moov", "-frag_duration", "500000"),
    "whole.mkv": (),
    "whole.webm": ("-c:a", "libopus"),
    "whole.avi": (),
}


def length_passing_by(data: bytes, step: int) -> int | None:
    parser = StreamLengthParser()
    for start in range(0, len(data), step):
        parser.feed(data[start : start + step])
    return parser.finish()


@pytest.mark.parametrize("name", FORMATS)
def test_whole_and_cut_files_tell_how_long_they_must_be(make_media: Make, name: str) -> None:
    data = make_media(name, *TONE, *FORMATS[name]).read_bytes()
    assert expected_length(io.BytesIO(data)) == len(data)
    half = data[: len(data) // 2]
    promised = expected_length(io.BytesIO(half))
    assert promised is not None
    assert promised > len(half)
    for step in (1, 7, 1000, 2**20):
        assert length_passing_by(data, step) == len(data)
        assert length_passing_by(half, step) == promised


@pytest.mark.parametrize("name", ["open.wav", "open.webm", "raw.aac", "whole.flac", "whole.ts"])
def test_files_of_open_length_say_nothing(make_media: Make, name: str, tmp_path: Path) -> None:
    live = ("-f", "webm", "-live", "1") if name == "open.webm" else ()
    path = make_media(name, *TONE, *live)
    data = bytearray(path.read_bytes())
    if name == "open.wav":  # as a writer leaves it that cannot seek back
        at = data.index(b"data") + 4
        data[at : at + 4] = b"\xff\xff\xff\xff"
    assert expected_length(io.BytesIO(bytes(data))) is None
    assert length_passing_by(bytes(data), 500) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"R",
        b"RIFF",
        b"RIFF\x10\x00\x00\x00WAVE",
        b"\x1a\x45\xdf\xa3",
        b"\xff",
        b"ID3",
        b"x" * 99,
    ],
)
def test_stumps_are_no_trouble(data: bytes) -> None:
    expected_length(io.BytesIO(data))
    length_passing_by(data, 1)


def test_a_file_of_countless_empty_boxes_is_given_up() -> None:
    boxes = b"\x00\x00\x00\x08free" * 150_000
    assert expected_length(io.BytesIO(boxes)) is None


def test_layouts(make_media: Make) -> None:
    camera = make_media("camera.mp4", *TONE).read_bytes()
    web = make_media("web.mp4", *TONE, "-movflags", "+faststart").read_bytes()
    pieces = make_media("dash.mp4", *TONE, "-movflags", "frag_keyframe+empty_moov").read_bytes()
    wav = make_media("layout.wav", *TONE).read_bytes()
    assert detect_layout(camera) is StreamLayout.INDEX_LAST
    assert detect_layout(web) is StreamLayout.STREAM
    assert detect_layout(pieces) is StreamLayout.FRAGMENTED
    assert detect_layout(wav) is StreamLayout.STREAM
    assert detect_layout(camera[:30]) is StreamLayout.UNDECIDED
    assert detect_layout(web[:60]) is StreamLayout.UNDECIDED
    assert detect_layout(b"RI") is StreamLayout.UNDECIDED


SIZES = [0, 1, 7, 8, 2**31, 2**32 - 1]
LARGE = [0, 1, 7, 15, 2**32, 2**44, 2**62, 2**63 - 1, 2**63, 2**64 - 8, 2**64 - 1]


def box(size: int, name: bytes, body: bytes = b"", *, large: int | None = None) -> bytes:
    wide = b"" if large is None else large.to_bytes(8, "big")
    return size.to_bytes(4, "big") + name + wide + body


@pytest.mark.parametrize("name", [b"mdat", b"moov", b"free", b"moof", b"uuid"])
def test_boxes_of_any_size_are_only_numbers(tmp_path: Path, name: bytes) -> None:
    start = box(16, b"ftyp", b"isomisom")
    hostile = [box(size, name, bytes(64)) for size in SIZES]
    hostile += [box(1, name, bytes(64), large=size) for size in LARGE]
    inner = [box(8 + len(each), b"moov", each) for each in hostile]
    twice = [start + hostile[-1] + each for each in hostile]
    for number, data in enumerate([*(start + each for each in hostile + inner), *twice]):
        path = tmp_path / str(number)
        path.write_bytes(data)
        with path.open("rb") as file:
            promised = expected_length(file)
        assert promised is None or promised >= 0
        for step in (1, 2**20):
            assert length_passing_by(data, step) == promised
        assert detect_layout(data) in StreamLayout


@pytest.mark.parametrize("size", [0, 2**44, 2**63, 2**64 - 1])
def test_wav_and_matroska_sizes_are_only_numbers(tmp_path: Path, size: int) -> None:
    eight = size.to_bytes(8, "little")
    wave = b"RF64" + b"\xff" * 4 + b"WAVE" + b"ds64" + (28).to_bytes(4, "little") + eight * 3
    wave += bytes(4) + b"data" + b"\xff" * 4
    matroska = b"\x1a\x45\xdf\xa3\x01" + (size % 2**56).to_bytes(7, "big")
    for number, data in enumerate((wave, matroska)):
        path = tmp_path / str(number)
        path.write_bytes(data)
        with path.open("rb") as file:
            assert expected_length(file) == length_passing_by(data, 5)
