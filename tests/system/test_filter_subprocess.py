"""A filter subprocess: bytes in, bytes out, and a clear error when it fails."""

import pytest

from app.domain.errors import SpeechError
from app.system.filter_subprocess import run_filter

LARGE = bytes(range(256)) * 4096
"""More than the pipes hold in both directions."""


async def test_all_of_the_input_passes_through() -> None:
    assert await run_filter(["cat"], LARGE) == LARGE
    assert await run_filter(["true"], b"") == b""


@pytest.mark.parametrize("command", [["false"], ["no-such-program"]])
async def test_a_program_that_fails_or_is_missing_is_a_speech_error(command: list[str]) -> None:
    with pytest.raises(SpeechError, match=command[0]):
        await run_filter(command, b"x")
