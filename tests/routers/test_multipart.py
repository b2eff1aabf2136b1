"""Forms with parts, however they are cut."""

from __future__ import annotations

import pytest

from app.domain.errors import BadRequestError, RepeatedFieldError
from app.routers.multipart import MultipartForm

TYPE = "multipart/form-data; boundary=b"


class Sink:
    def __init__(self, *, repeats: bool = False) -> None:
        self.repeats = repeats
        self.name: str | None = None
        self.data = b""
        self.finished = False

    def begin(self, file_name: str | None, media_type: str) -> None:
        self.name = file_name

    def write(self, data: bytes) -> None:
        self.data += data

    def finish(self) -> None:
        self.finished = True


def part(disposition: bytes, data: bytes = b"") -> bytes:
    return b"--b\r\nContent-Disposition: form-data; " + disposition + b"\r\n\r\n" + data + b"\r\n"


FORM = (
    b"preamble-less"[:0]
    + part(b'name="file"; filename="a\xff.mp4"', b"one\r\n--not\r\ntwo")
    + part(b'name="other"', b"dropped")
    + part(b'name="x\xfe"', b"dropped")
    + part(b'name="field"', "\u00e9".encode())
    + b"--b--\r\nepilogue"
)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_form_is_the_same_however_it_is_cut(size: int) -> None:
    file, field = Sink(), Sink()
    form = MultipartForm(TYPE, {"file": file, "field": field})
    for place in range(0, len(FORM), size):
        form.write(FORM[place : place + size])
    assert (file.data, file.name, file.finished) == (b"one\r\n--not\r\ntwo", "a\ufffd.mp4", True)
    assert (field.data.decode(), field.name) == ("\u00e9", None)


@pytest.mark.parametrize(
    "data",
    [
        part(b'name="file"', b"a") + part(b'name="file"', b"b"),
        part(b'name="x"') * 65,
        b"--b\r\n" + b"a" * 5000,
        b"--b\r\nA: " + b"a" * 5000,
        b"--b\r\n" + b"a: b\r\n" * 9,
        b"no boundary at all",
        b"--b\r\nbad header\r\n\r\n",
    ],
    ids=range(7),
)
def test_what_no_client_sends_is_refused(data: bytes) -> None:
    form = MultipartForm(TYPE, {"file": Sink()})
    with pytest.raises(BadRequestError):
        form.write(data)


def test_a_header_without_end_is_not_kept() -> None:
    form = MultipartForm(TYPE, {})
    fed = 0
    with pytest.raises(BadRequestError):
        for piece in [b"--b\r\nA: ", *[b"a" * 512] * 1000]:
            form.write(piece)
            fed += len(piece)
    assert fed <= 5000


@pytest.mark.parametrize(
    "content_type",
    [
        *("multipart/form-data", "multipart/mixed; boundary=b", "multipart/form-data; boundary="),
        *(
            "",
            f"multipart/form-data; boundary={'b' * 2000}",
            "multipart/form-data;" + ';"' * 30_000,
        ),
    ],
    ids=range(6),
)
def test_a_type_without_a_boundary_is_refused(content_type: str) -> None:
    with pytest.raises(BadRequestError):
        MultipartForm(content_type, {})


def test_a_list_comes_as_often_as_it_likes_and_a_file_once() -> None:
    formats, file = Sink(repeats=True), Sink()
    form = MultipartForm(TYPE, {"formats": formats, "file": file})
    for name in (b"formats", b"formats[]", b"file"):
        form.write(part(b'name="' + name + b'"', b"srt"))
    assert formats.data == b"srtsrt"
    with pytest.raises(RepeatedFieldError) as refused:
        form.write(part(b'name="file"', b"again") + b"--b--\r\n")
    assert refused.value.field == "file"
