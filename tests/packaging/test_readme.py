"""The README's example for OpenAI's SDK, and its table of clients."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.document import read_part
from scripts.compatibility_table import CLIENTS, GUIDES, PART, README, ROOT, table
from scripts.compatibility_table import test_sentences as sentences
from tests.server import ServerProcess


def test_the_table_of_clients_is_the_latest() -> None:
    latest = "\n".join(table())
    assert read_part(PART, README) == latest, "run python -m scripts.compatibility_table"


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: f"{client.guide}-{client.file}")
def test_every_number_of_the_table_has_a_test(client: object) -> None:
    assert len(list(sentences(client))) >= len(client.numbers)  # type: ignore[arg-type,attr-defined]


@pytest.mark.parametrize("guide", sorted(GUIDES.glob("*.md")), ids=lambda path: path.stem)
def test_a_guide_names_the_tests_that_replay_it(guide: Path) -> None:
    _, *told = re.split(r"`(tests/[\w/]+\.py)`", guide.read_text())
    assert told, "Replayed by which tests?"
    for file, names in zip(told[::2], told[1::2], strict=True):
        known = re.findall(r"def (test_\w+)\(", (ROOT / file).read_text())
        for name in re.findall(r"\btest_\w+", names):
            assert any(each == name or each.startswith(f"{name}_") for each in known), name


def test_the_example_of_openais_sdk_works_as_it_stands(tmp_path: Path) -> None:
    [example] = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    server = ServerProcess(tmp_path, {}, "tests.audio_engines:application()")
    try:
        server.wait_ready()
        here = example.replace("http://localhost:5001", server.url)
        command = [sys.executable, "-c", here]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("1\n00:00:")
    finally:
        server.stop()
