"""Uploads that jobs read while they arrive."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.errors import JobInterruptedError
from app.services.uploads import arriving_files
from app.services.uploads.arriving_files import ArrivingUpload


async def test_bytes_come_as_they_are_stored(tmp_path: Path) -> None:
    path = tmp_path / "film.wav"
    path.write_bytes(b"abcdef")
    upload = ArrivingUpload(path, 6)
    upload.grow(4)
    chunks = upload.chunks()
    assert await anext(chunks) == b"abcd"
    upload.grow(6)
    upload.complete("0" * 64)
    assert [chunk async for chunk in chunks] == [b"ef"]


async def test_a_job_does_not_wait_for_bytes_that_come_slower_than_speech(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving_files, "_GRACE_S", 0.01)
    path = tmp_path / "film.wav"
    path.write_bytes(b"abcd")
    upload = ArrivingUpload(path, 100)
    upload.grow(4)
    chunks = upload.chunks()
    assert await anext(chunks) == b"abcd"
    with pytest.raises(JobInterruptedError, match="slower than it is spoken"):
        await anext(chunks)
