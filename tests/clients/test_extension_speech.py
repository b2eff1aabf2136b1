"""Speech from the video's page, which is another origin; numbers are the contract's."""

import base64
from pathlib import Path
from typing import Any

import numpy as np

from tests.clients.extension_client import run_extension
from tests.conftest import read_samples
from tests.server import ServerProcess


def heard(told: dict[str, Any], path: Path) -> float:
    """Decode what was spoken; return the seconds that are not silent."""
    assert told["type"] == "audio/mpeg"
    path.write_bytes(base64.b64decode(told["audio"]))
    return float(np.count_nonzero(np.abs(read_samples(path)) > 0.01) / 16_000)


def test_18_and_20_a_page_may_ask_for_speech_behind_a_base_with_a_slash(
    server: ServerProcess, tmp_path: Path
) -> None:
    base = f"{server.url}/"
    assert run_extension("speechStatus", base=base)["enabled"] is True
    for lang, text in (("en", "The water came up fast."), ("zh_CN", "你好，谢谢。")):
        told = run_extension("speak", base=base, text=text, lang=lang)
        assert heard(told, tmp_path / f"{lang}.mp3") > 0.3


def test_20_a_failure_is_a_text_that_makes_the_browser_speak_itself(server: ServerProcess) -> None:
    told = run_extension("speak", base=server.url, text="", lang="en")
    assert told["status"] == 400
    assert isinstance(told["error"], str)
