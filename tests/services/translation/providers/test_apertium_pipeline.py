"""Programs of the real Apertium that run on from batch to batch, and what disturbs them."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from app.domain.errors import TranslationError
from app.services.translation.providers import apertium_pipeline, apertium_process
from app.services.translation.providers.apertium_pipeline import ApertiumPipeline
from app.services.translation.providers.apertium_stream import frame, unframe
from tests.conftest import ROOT
from tests.processes import kill, lives, named, own_children

HOUSE, DOG, CAT = "The house is red.", "The dog eats.", "The cat"
CASA, PERRO, GATO = "La casa es roja.", "El perro come.", "El gato"

STAND_IN = """#!{python}
import pathlib, signal, sys, tempfile, time

file = pathlib.Path(tempfile.mktemp())
file.touch()


def leave(*_):
    file.unlink()
    sys.exit(1)


signal.signal(signal.SIGTERM, leave)
text = b""
while byte := sys.stdin.buffer.read(1):
    text += byte
    if b"hold back" in text:
        text += sys.stdin.buffer.read().replace(b"\\0", b"") + b"\\0"
    if b"end here" in text:
        leave()
    if b"hang" in text:
        time.sleep(600)
    if b"write on" in text:
        text = b"x" * 2**25
    if text.endswith(b"\\0") or len(text) == 2**25:
        sys.stdout.buffer.write(text)
        sys.stdout.flush()
        text = b""
leave()
"""
"""Copies records, but for some: Apertium neither fails nor hangs on any text that is known."""


def programs() -> set[psutil.Process]:
    return named(own_children(), "lt-proc", "apertium")


async def gone(children: set[psutil.Process]) -> None:
    async with asyncio.timeout(20):
        while any(map(lives, children)):
            await asyncio.sleep(0.02)


@pytest.fixture
async def pipeline() -> AsyncIterator[ApertiumPipeline]:
    made = ApertiumPipeline("eng-spa")
    yield made
    await made.close()


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "apertium"
    program.write_text(STAND_IN.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


@pytest.mark.parametrize("mode", ["eng-spa", "spa-eng"])
async def test_batches_in_a_row_are_what_each_is_alone(mode: str):
    known = json.loads((ROOT / "fixtures" / "sentences.json").read_text("utf-8"))
    odd = ["Call Mr", "I like ice", "cream and dogs", "^", "last[", "[begin 2]", "x [end 2]", "..."]
    choose = random.Random(3)
    pipeline = ApertiumPipeline(mode)
    for _ in range(12):
        texts = [each["text"] for each in choose.sample(known, 4)] + choose.sample(odd, 3)
        choose.shuffle(texts)
        command = ["apertium", "-z", "-u", "-f", "none", mode]
        alone = subprocess.run(command, input=frame(texts), check=True, capture_output=True)
        assert await pipeline.translate(texts) == unframe(alone.stdout, len(texts))
    await pipeline.close()


async def test_one_process_serves_batch_after_batch(pipeline: ApertiumPipeline):
    assert await pipeline.translate([HOUSE]) == [CASA]
    first = programs()
    asked = [pipeline.translate([text]) for text in (DOG, CAT, HOUSE)]
    assert await asyncio.gather(*asked) == [[PERRO], [GATO], [CASA]]
    assert programs() == first


async def test_a_caller_that_leaves_disturbs_no_other(pipeline: ApertiumPipeline):
    asked = [asyncio.create_task(pipeline.translate([text])) for text in (HOUSE, DOG, CAT) * 5]
    await asyncio.sleep(0)
    for task in asked[::3]:
        task.cancel()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [answer for answer in answers if isinstance(answer, list)] == [[PERRO], [GATO]] * 5
    assert sum(isinstance(answer, asyncio.CancelledError) for answer in answers) == 5
    assert await pipeline.translate([HOUSE]) == [CASA]


async def test_programs_that_were_killed_are_started_again(pipeline: ApertiumPipeline):
    assert await pipeline.translate([HOUSE]) == [CASA]
    killed = programs()
    kill(killed)
    await gone(killed)
    assert await pipeline.translate([DOG]) == [PERRO]


async def test_programs_end_without_work_and_start_with_it(
    pipeline: ApertiumPipeline, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(apertium_pipeline, "_IDLE_S", 0.05)
    assert await pipeline.translate([HOUSE]) == [CASA]
    await gone(programs())
    assert await pipeline.translate([DOG]) == [PERRO]


async def test_programs_are_changed_after_much_text(
    pipeline: ApertiumPipeline, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(apertium_pipeline, "_MOST_INPUT_BYTES", 1)
    assert await pipeline.translate([HOUSE]) == [CASA]
    first = programs()
    assert await pipeline.translate([DOG]) == [PERRO]
    assert not first & programs()


async def test_a_failing_run_is_a_translation_error():
    pipeline = ApertiumPipeline("eng-nowhere")
    for _ in range(2):
        with pytest.raises(TranslationError, match="Apertium failed"):
            await pipeline.translate([HOUSE])
    await pipeline.close()


async def test_a_missing_program_is_a_translation_error(
    pipeline: ApertiumPipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    with monkeypatch.context() as without:
        without.setenv("PATH", str(tmp_path))
        asked = [asyncio.create_task(pipeline.translate([text])) for text in (HOUSE, DOG)]
        for task in asked:
            with pytest.raises(TranslationError, match="cannot be started"):
                await task
    assert await pipeline.translate([HOUSE]) == [CASA]


@pytest.mark.usefixtures("stand_in")
async def test_a_line_that_ends_the_programs_costs_its_own_batch_alone(pipeline: ApertiumPipeline):
    asked = [["one", "two"], ["three", "end here", "four"], ["five"], ["end here"], ["six"]]
    answers = await asyncio.gather(*map(pipeline.translate, asked), return_exceptions=True)
    failed = answers.pop(3)
    assert answers == [["one", "two"], ["three", None, None], ["five"], ["six"]]
    assert isinstance(failed, TranslationError)


@pytest.mark.usefixtures("stand_in")
async def test_what_is_held_back_comes_with_the_end_of_the_input(
    pipeline: ApertiumPipeline, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(apertium_pipeline, "_FLUSH_S", 0.5)
    assert await pipeline.translate(["one", "hold back", "two"]) == ["one", None, None]
    assert await pipeline.translate(["three"]) == ["three"]


@pytest.mark.usefixtures("stand_in")
async def test_writing_without_end_is_a_translation_error(pipeline: ApertiumPipeline):
    with pytest.raises(TranslationError, match="without end"):
        await pipeline.translate(["write on"])
    assert await pipeline.translate(["one"]) == ["one"]


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("closed", [False, True])
async def test_programs_that_hang_are_ended_and_leave_no_file(
    closed: bool, pipeline: ApertiumPipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "files"))
    (tmp_path / "files").mkdir()
    monkeypatch.setattr(apertium_pipeline, "_LIMIT_S", 60 if closed else 0.5)
    monkeypatch.setattr(apertium_process, "_STOP_S", 0.5)
    assert await pipeline.translate(["one"]) == ["one"]
    children = programs()
    assert children
    waiting = asyncio.create_task(pipeline.translate(["hang"]))
    await asyncio.sleep(0.1)
    if closed:
        await pipeline.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    else:
        with pytest.raises(TranslationError, match="in time"):
            await waiting
    await gone(children)
    async with asyncio.timeout(20):
        while list((tmp_path / "files").iterdir()):
            await asyncio.sleep(0.02)


async def test_closing_leaves_no_process_and_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    pipeline = ApertiumPipeline("eng-spa")
    assert await pipeline.translate([HOUSE]) == [CASA]
    children = programs()
    waiting = asyncio.create_task(pipeline.translate([DOG] * 2000))
    await asyncio.sleep(0.01)
    await pipeline.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await gone(children)
    assert not list(tmp_path.iterdir())


async def test_programs_end_and_clean_up_when_the_server_is_killed(tmp_path: Path):
    program = (
        "import asyncio;"
        "from app.services.translation.providers.apertium_pipeline import ApertiumPipeline;"
        "text = ['The house is red and the dog is big.'] * 100_000;"
        "asyncio.run(ApertiumPipeline('eng-spa').translate(text))"
    )
    command = [sys.executable, "-c", program]
    server = subprocess.Popen(command, env={**os.environ, "TMPDIR": str(tmp_path)})
    async with asyncio.timeout(60):
        # Between making its file and being ready to remove it, the command itself leaves it behind.
        while not named(own_children(), "lt-proc"):
            await asyncio.sleep(0.02)
        children = programs()
        assert list(tmp_path.iterdir())
        server.kill()
        server.wait()
        while any(map(lives, children)) or list(tmp_path.iterdir()):
            await asyncio.sleep(0.02)
